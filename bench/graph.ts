import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type BlockHash, fromHex, msat, type NodeId } from '../src/base/index.ts'
import { type ChannelPolicy, editGraph, findChannel, type Graph, loadGossip, setPolicy } from '../src/gossip/index.ts'
import { channelKey, encodeChannelRecord, nodeKey, updateKey } from '../src/gossip/records.ts'
import { type FirstHop, findRoute, findRoutes, type RouteRequest } from '../src/routing/index.ts'
import { encodeMessage } from '../src/wire/index.ts'
import { median, quantile } from './quantile.ts'
import type { Figure } from './report.ts'
import { NOW_S, randomOf, type SyntheticChannel, type SyntheticNetwork, syntheticNetwork } from './syntheticGraph.ts'

// The network in memory: what a start with its records takes, what a channel holds, and how long a route is looked for. The processor's
// time, since other programs run beside.

const NODES = 20_000
const CHANNELS = 80_000
const CHAIN = '00'.repeat(32) as BlockHash
const NOTHING = new Uint8Array(0)
const BYTES_64 = new Uint8Array(64)
/** The clock of the processor is coarse. */
const UPDATES_AT_ONCE = 100

export function benchGraph({ quick }: { readonly quick: boolean }): readonly Figure[] {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const network = syntheticNetwork({ nodes: NODES, channels: CHANNELS, seed: 1 })
  const records = recordsOf(network)
  const firstHops = firstHopsOf(network)
  const before = heldBytes(collect)
  const [graph, loadMs] = timed(() => load(records))
  const loaded = heldBytes(collect)
  const random = randomOf(2)
  const request = (amountSat: number): RouteRequest => someRequest(network, firstHops, random, amountSat)
  findRoute(graph, request(1000))
  const searching = heldBytes(collect)
  const rounds = quick ? 100 : 1000
  // The compiler warms up.
  for (let i = 0; i < 100; i++) findRoute(graph, request(1000))
  const routes = timesOf(rounds, () => findRoute(graph, request(Math.floor(10 ** (1 + 4 * random.next())))))
  const parts = timesOf(rounds / 10, () => findRoutes(graph, request(2_000_000 + random.below(2_000_000))))
  const updates = updateTimes(graph, network, rounds / 10)
  const name = (what: string) =>
    `${what}, ${NODES.toLocaleString('en')} nodes, ${CHANNELS.toLocaleString('en')} channels`
  return [
    { name: name('graph from its records'), value: loadMs / 1000, unit: 's', better: 'less' },
    { name: name('memory per channel'), value: (loaded - before) / CHANNELS, unit: 'bytes', better: 'less', goal: 200 },
    {
      name: name('memory per channel, with what a search keeps'),
      value: (searching - before) / CHANNELS,
      unit: 'bytes',
      better: 'less',
      goal: 200,
    },
    { name: name('route, median'), value: median(routes), unit: 'ms', better: 'less', goal: 9.9 },
    { name: name('route, p99'), value: quantile(routes, 0.99), unit: 'ms', better: 'less' },
    { name: name('routes of 2 to 4 million sat in parts, median'), value: median(parts), unit: 'ms', better: 'less' },
    { name: name('policy changed'), value: (median(updates) * 1000) / UPDATES_AT_ONCE, unit: 'us', better: 'less' },
  ]
}

function load(records: ReadonlyMap<string, Uint8Array>): Graph {
  const loaded = loadGossip(records, [])
  if (!loaded.ok) throw new Error(loaded.error.message)
  return loaded.value.graph
}

/** As a store has them, in the order of their keys. Nobody has signed: what was stored was verified before. */
function recordsOf({ nodes, channels }: SyntheticNetwork): ReadonlyMap<string, Uint8Array> {
  const key = fromHex(`02${'11'.repeat(32)}`)
  const records: [string, Uint8Array][] = []
  for (const channel of channels) {
    const { shortChannelId, nodeIds, fundingTxid, capacitySat, policies } = channel
    const message = encodeMessage({
      type: 'channel_announcement',
      nodeSignature1: BYTES_64,
      nodeSignature2: BYTES_64,
      bitcoinSignature1: BYTES_64,
      bitcoinSignature2: BYTES_64,
      features: NOTHING,
      chainHash: CHAIN,
      shortChannelId,
      nodeId1: nodeIds[0],
      nodeId2: nodeIds[1],
      bitcoinKey1: key,
      bitcoinKey2: key,
      unknownFields: NOTHING,
    })
    records.push([channelKey(shortChannelId), encodeChannelRecord({ fundingTxid, capacitySat, message })])
    for (const direction of [0, 1] as const) {
      records.push([updateKey(shortChannelId, direction), updateOf(channel, direction, policies[direction])])
    }
  }
  for (const nodeId of nodes) {
    const alias = new Uint8Array(32)
    const fields = {
      timestamp: NOW_S,
      nodeId,
      rgbColor: new Uint8Array(3),
      alias,
      addresses: [],
      unknownFields: NOTHING,
    }
    const message = encodeMessage({ type: 'node_announcement', signature: BYTES_64, features: NOTHING, ...fields })
    records.push([nodeKey(nodeId), message])
  }
  return new Map(records.sort(([a], [b]) => (a < b ? -1 : 1)))
}

function updateOf({ shortChannelId }: SyntheticChannel, direction: 0 | 1, policy: ChannelPolicy): Uint8Array {
  const { isDisabled, checksum: _, ...fields } = policy
  return encodeMessage({
    type: 'channel_update',
    signature: BYTES_64,
    chainHash: CHAIN,
    shortChannelId,
    messageFlags: 1,
    channelFlags: direction + (isDisabled ? 2 : 0),
    unknownFields: NOTHING,
    ...fields,
  })
}

/** Each node could be us: half of each of its channels is its own. */
function firstHopsOf({ channels }: SyntheticNetwork): ReadonlyMap<NodeId, readonly FirstHop[]> {
  const byNode = new Map<NodeId, FirstHop[]>()
  for (const { nodeIds, shortChannelId, capacitySat } of channels) {
    for (const [end, id] of nodeIds.entries()) {
      const hop: FirstHop = {
        nodeId: nodeIds[end === 0 ? 1 : 0],
        shortChannelId,
        spendableMsat: msat(capacitySat * 500n),
        htlcMinimumMsat: msat(1n),
      }
      byNode.set(id, [...(byNode.get(id) ?? []), hop])
    }
  }
  return byNode
}

/** Between two nodes by chance; who pays much has channels that have it together. */
function someRequest(
  { nodes }: SyntheticNetwork,
  firstHops: ReadonlyMap<NodeId, readonly FirstHop[]>,
  random: ReturnType<typeof randomOf>,
  amountSat: number,
): RouteRequest {
  const enough = (id: NodeId) =>
    (firstHops.get(id) ?? []).reduce((sum, hop) => sum + hop.spendableMsat, 0n) > BigInt(amountSat) * 1200n
  let payer = random.of(nodes)
  while (!enough(payer)) payer = random.of(nodes)
  let payee = payer
  while (payee === payer || !enough(payee)) payee = random.of(nodes)
  return {
    payer,
    destination: { type: 'node', nodeId: payee, finalCltvExpiryDelta: 18 },
    amountMsat: msat(amountSat * 1000),
    height: 900_000,
    maxFeeMsat: msat(amountSat * 50 + 5000),
    firstHops: firstHops.get(payer) ?? [],
    now: 0,
  }
}

/** What a new policy costs beside its signature: copies of the pages that it changes. */
function updateTimes(from: Graph, { channels }: SyntheticNetwork, rounds: number): readonly number[] {
  const random = randomOf(3)
  let graph = from
  return timesOf(rounds, () => {
    for (let i = 0; i < UPDATES_AT_ONCE; i++) {
      const { shortChannelId, policies } = random.of(channels)
      graph = editGraph(graph, draft => {
        const row = findChannel(draft, shortChannelId)
        if (row !== undefined) setPolicy(draft, row, 0, policies[0])
      })
    }
  })
}

function timesOf(rounds: number, work: () => void): readonly number[] {
  return Array.from({ length: rounds }, () => timed(work)[1])
}

/** What the work gives, and the milliseconds of processor time that it took. */
function timed<T>(work: () => T): readonly [T, number] {
  const before = process.cpuUsage()
  const result = work()
  const { user, system } = process.cpuUsage(before)
  return [result, (user + system) / 1000]
}

function heldBytes(collect: () => void): number {
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
