import {
  type BookendNode,
  createNode,
  createRegtestChain,
  PipeHub,
  pipe,
  type RegtestChain,
  regtest,
  sat,
} from '../../src/index.ts'
import { giveCoins, isOpen, mineUntil, seen } from './regtest.ts'

/** Two nodes with a channel of a million satoshis, all of it the payer's. `await using` stops both. */
export interface Pair extends AsyncDisposable {
  readonly chain: RegtestChain
  readonly payer: BookendNode
  readonly payee: BookendNode
}

/** What examples/two-nodes.ts shows step by step, for the examples that begin where it ends. */
export async function openPair(): Promise<Pair> {
  const chain = createRegtestChain()
  const hub = new PipeHub()
  const start = (name: string) =>
    createNode({ chain: regtest(chain), net: pipe({ hub, listen: { host: name, port: 9735 } }) })
  const [payer, payee] = [await start('payer'), await start('payee')]
  await giveCoins(chain, payer, 2_000_000n)
  await payer.openChannel({
    peer: { nodeId: payee.nodeId, address: { host: 'payee', port: 9735 } },
    capacitySat: sat(1_000_000n),
  })
  await mineUntil(chain, Promise.all([seen(payer, isOpen), seen(payee, isOpen)]))
  return {
    chain,
    payer,
    payee,
    async [Symbol.asyncDispose]() {
      await Promise.all([payer.stop(), payee.stop()])
    },
  }
}
