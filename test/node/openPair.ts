import { onTestFinished } from 'vitest'
import { type ChannelId, msat, sat } from '../../src/base/index.ts'
import { scriptFromAddress } from '../../src/bitcoin/index.ts'
import { type BookendNode, createNode, PipeHub, pipe, regtest } from '../../src/node/index.ts'
import type { Chain } from '../../src/ports/index.ts'
import { createRegtestChain, type RegtestChain } from '../../src/regtest/index.ts'

export interface OpenPair {
  readonly alice: BookendNode
  readonly bob: BookendNode
  readonly chain: RegtestChain
  readonly channelId: ChannelId
}

export const CAPACITY_SAT = sat(1_000_000n)
export const BOBS_MSAT = msat(200_000_000n)

/** Until it holds, and no longer than a test may take. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 20_000 && !(await holds()); i++) await new Promise(resolve => setImmediate(resolve))
  if (!(await holds())) throw new Error('it has not come')
}

/** Two nodes of one process, on one chain, of which Alice has coins. They stop after the test. `ofAlice`: what her chain answers instead. */
export async function fundedPair(ofAlice: Partial<Chain> = {}) {
  const chain = createRegtestChain()
  const hub = new PipeHub()
  const make = (name: string, instead: Partial<Chain> = {}) =>
    createNode({ chain: { ...regtest(chain), ...instead }, net: pipe({ hub, listen: { host: name, port: 9735 } }) })
  const [alice, bob] = [await make('alice', ofAlice), await make('bob')]
  onTestFinished(async () => {
    await alice.stop()
    await bob.stop()
  })
  const script = scriptFromAddress((await alice.newAddress()).address, 'regtest')
  if (!script.ok) throw new Error(script.error.message)
  chain.fund(script.value, sat(3_000_000n))
  await until(async () => (await alice.balance()).onchainConfirmedSat > 0n)
  const peer = { nodeId: bob.nodeId, address: { host: 'bob', port: 9735 } }
  return { alice, bob, chain, peer }
}

/** With an open channel between them. */
export async function openPair(): Promise<OpenPair> {
  const { alice, bob, chain, peer } = await fundedPair()
  const { channelId } = await alice.openChannel({ peer, capacitySat: CAPACITY_SAT, pushMsat: BOBS_MSAT })
  chain.mine(6)
  for (const node of [alice, bob]) await until(async () => (await node.channel({ channelId })).usable)
  return { alice, bob, chain, channelId }
}
