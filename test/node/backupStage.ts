import { expect, onTestFinished } from 'vitest'
import { type ChannelId, type Msat, msat, type OutPoint, outPointKey, sat } from '../../src/base/index.ts'
import { scriptFromAddress, type Tx } from '../../src/bitcoin/index.ts'
import { type SeedPhrase, seedPhraseFromEntropy } from '../../src/keys/index.ts'
import { type BookendNode, createNode, type NodeOptions, PipeHub, pipe, regtest } from '../../src/node/index.ts'
import type { Chain } from '../../src/ports/index.ts'
import { createRegtestChain, type RegtestChain, type RegtestOptions } from '../../src/regtest/index.ts'
import { type MemoryStore, memoryStore } from '../../src/storage/index.ts'

// Whole nodes that can be lost and come back: one chain, one hub, and a record of everything that each of them gives to the chain.

export interface Actor {
  readonly name: string
  readonly phrase: SeedPhrase
  readonly node: BookendNode
  readonly store: MemoryStore
  /** What this node, since it was started, has asked the chain to take. */
  readonly published: readonly Tx[]
}

/** Longer than any step takes on a machine that has much else to do. */
const PATIENCE_MS = 60_000
const QUICK_DIALS = { minBackoffMs: 20, maxBackoffMs: 100 }

export class Stage {
  readonly chain: RegtestChain
  readonly hub = new PipeHub()

  constructor(options: RegtestOptions = {}) {
    this.chain = createRegtestChain(options)
  }

  async start(
    name: string,
    store: MemoryStore = memoryStore(),
    seed = name.charCodeAt(0),
    more: Pick<NodeOptions, 'watchtowers'> = {},
  ): Promise<Actor> {
    const phrase = phraseOf(seed)
    const published: Tx[] = []
    const chain = regtest(this.chain)
    const recording: Chain = {
      tip: () => chain.tip(),
      hashAt: height => chain.hashAt(height),
      block: hash => chain.block(hash),
      outputAt: place => chain.outputAt(place),
      testAccept: tx => chain.testAccept(tx),
      waitingSpends: async () => [],
      feerate: blocks => chain.feerate(blocks),
      onChange: listener => chain.onChange(listener),
      publish: (tx, parent) => {
        published.push(tx)
        return chain.publish(tx, parent)
      },
      close: () => chain.close(),
    }
    const node = await createNode({
      chain: recording,
      store,
      phrase,
      net: pipe({ hub: this.hub, listen: { host: name, port: 9735 } }),
      limits: { peer: QUICK_DIALS },
      ...more,
    })
    onTestFinished(() => node.stop())
    return { name, phrase, node, store, published }
  }

  async fund({ node }: Actor, amountSat: bigint): Promise<void> {
    const { address } = await node.newAddress()
    const script = scriptFromAddress(address, 'regtest')
    if (!script.ok) throw new Error(script.error.message)
    expect(this.chain.fund(script.value, sat(amountSat)).ok).toBe(true)
    await this.until(async () => (await node.balance()).onchainConfirmedSat >= amountSat)
  }

  /** A channel that both can use. */
  async open(from: Actor, to: Actor, capacitySat: bigint, pushMsat = 0n): Promise<OutPoint & { channelId: ChannelId }> {
    const opened = await from.node.openChannel({
      peer: { nodeId: to.node.nodeId, address: { host: to.name, port: 9735 } },
      capacitySat: sat(capacitySat),
      pushMsat: msat(pushMsat),
    })
    this.chain.mine(3)
    const isUsable = async ({ node }: Actor) =>
      (await node.channels()).some(({ channelId, usable }) => channelId === opened.channelId && usable)
    await this.until(async () => (await isUsable(from)) && (await isUsable(to)))
    return { ...opened.fundingOutpoint, channelId: opened.channelId }
  }

  async pay(from: Actor, to: Actor, amountMsat: bigint): Promise<void> {
    const paid = await from.node.pay({ nodeId: to.node.nodeId, amountMsat: msat(amountMsat) })
    expect(paid.status).toBe('succeeded')
  }

  async until(holds: () => Promise<boolean>, minesBetween = 0): Promise<void> {
    const end = Date.now() + PATIENCE_MS
    while (!(await holds())) {
      if (Date.now() > end) throw new Error(`it never came to hold: ${holds}`)
      if (minesBetween > 0) this.chain.mine(minesBetween)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  /** The confirmed transaction that spends an output. */
  spenderOf(outpoint: OutPoint): Tx | undefined {
    const found = this.chain.spendingTx(outpoint)
    return found !== undefined && found.confirmations > 0 ? found.tx : undefined
  }
}

export function phraseOf(seed: number): SeedPhrase {
  return seedPhraseFromEntropy(new Uint8Array(32).fill(seed))
}

export function spends(tx: Tx, key: string): boolean {
  return tx.inputs.some(({ outpoint }) => outPointKey(outpoint) === key)
}

/** The balance of one side as it is when nothing is in flight. */
export async function localMsat({ node }: Actor, id: ChannelId): Promise<Msat> {
  const { localMsat: now } = await node.channel({ channelId: id })
  return now
}

/** What the log of a node says of the ends of its channels. */
export async function onchainKinds({ node }: Actor): Promise<readonly string[]> {
  const kinds: string[] = []
  const last = (await node.info()).lastEvent
  if (last === 0) return kinds
  for await (const { number, event } of node.events({ after: 0 })) {
    if (event.type === 'channel_onchain') kinds.push(event.kind)
    if (number === last) break
  }
  return kinds
}
