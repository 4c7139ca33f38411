import { msat, type NodeId, sat, type Txid, toHex } from '../src/base/index.ts'
import { sha256 } from '../src/crypto/index.ts'
import type { ChannelPolicy, NewChannel } from '../src/gossip/index.ts'
import { shortChannelId } from '../src/wire/index.ts'

// A network that looks like the public one: few nodes have many channels, most have few (each new channel prefers nodes that have
// channels already), capacities and fees over some orders of magnitude. The same seed gives the same network.

export interface SyntheticChannel extends NewChannel {
  readonly policies: readonly [ChannelPolicy, ChannelPolicy]
}

export interface SyntheticNetwork {
  readonly nodes: readonly NodeId[]
  readonly channels: readonly SyntheticChannel[]
}

export const NOW_S = 1_760_000_000

export function syntheticNetwork({
  nodes: nodeCount,
  channels: channelCount,
  seed,
}: {
  readonly nodes: number
  readonly channels: number
  readonly seed: number
}): SyntheticNetwork {
  const random = randomOf(seed)
  const nodes = Array.from({ length: nodeCount }, (_, i) => nodeIdOf(seed, i))
  // Each end of each channel once: to draw from it is to prefer those that have many.
  const ends: number[] = []
  const channels: SyntheticChannel[] = []
  for (let i = 0; i < channelCount; i++) {
    // Every node has one channel at least.
    const first = i < nodeCount ? i : random.next() < 0.7 ? random.of(ends) : random.below(nodeCount)
    let second = first
    while (second === first)
      second = ends.length > 0 && random.next() < 0.85 ? random.of(ends) : random.below(nodeCount)
    ends.push(first, second)
    channels.push(channelBetween(nodes[first] as NodeId, nodes[second] as NodeId, i, random))
  }
  return { nodes, channels }
}

function channelBetween(a: NodeId, b: NodeId, index: number, random: Random): SyntheticChannel {
  // Between 100,000 sat and 10 million, as many in each octave.
  const capacitySat = Math.floor(100_000 * 2 ** (random.next() * 6.6))
  const policy = (): ChannelPolicy => ({
    timestamp: NOW_S - random.below(1_000_000),
    isDisabled: random.next() < 0.05,
    cltvExpiryDelta: random.of([18, 34, 40, 40, 80, 80, 80, 144, 144]),
    htlcMinimumMsat: msat(random.of([1, 1, 1000, 1000, 1000])),
    htlcMaximumMsat: msat(Math.floor(capacitySat * 990)),
    feeBaseMsat: msat(random.of([0, 0, 1000, 1000])),
    feeProportionalMillionths: Math.floor(2 ** (random.next() * 11)),
    checksum: random.below(2 ** 32),
  })
  return {
    shortChannelId: shortChannelId({
      blockHeight: 500_000 + (index >> 3),
      txIndex: 1 + (index & 7),
      outputIndex: index & 1,
    }),
    nodeIds: a < b ? [a, b] : [b, a],
    capacitySat: sat(capacitySat),
    fundingTxid: toHex(sha256(new TextEncoder().encode(`funding ${index}`))) as Txid,
    isRoutable: true,
    policies: [policy(), policy()],
  }
}

function nodeIdOf(seed: number, index: number): NodeId {
  return `0${2 + (index & 1)}${toHex(sha256(new TextEncoder().encode(`node ${seed} ${index}`)))}` as NodeId
}

export interface Random {
  next(): number
  below(end: number): number
  of<T>(items: readonly T[]): T
}

/** The generator of Mulberry: 32 bits of state are enough for a network. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (end: number) => Math.floor(next() * end)
  return { next, below, of: items => items[below(items.length)] as (typeof items)[number] }
}
