import { concat } from '../../../src/base/index.ts'
import { editGraph, type Graph, loadGossip } from '../../../src/gossip/index.ts'
import {
  type ChannelUpdate,
  decodeMessage,
  encodeMessage,
  type GossipMessage,
  type GossipQueryMessage,
  type NodeAnnouncement,
} from '../../../src/wire/index.ts'
import {
  announcement,
  CHAIN,
  channelIdOf,
  contentsOf,
  Gossiper,
  NOW_S,
  nodeAnnouncement,
  outputOf,
  party,
  scid,
  update,
} from '../../gossip/fixture.ts'
import { mutateBytes } from '../mutate.ts'
import { nudge } from '../nudge.ts'
import { claim, claimSame, type Target } from '../target.ts'

// BOLT 7: a machine that knows two channels hears a message that is nearly right, signed by those whom it names where the first byte
// says so, and asks for everything afterwards.

const [US, PEER, A, B, C] = ['us', 'peer', 'a', 'b', 'c'].map(party) as [
  ReturnType<typeof party>,
  ReturnType<typeof party>,
  ReturnType<typeof party>,
  ReturnType<typeof party>,
  ReturnType<typeof party>,
]
const KNOWN = scid(500)
const NEW = scid(600)
type Heard = GossipMessage | GossipQueryMessage
const TYPES: readonly Heard['type'][] = [
  'announcement_signatures',
  'channel_announcement',
  'channel_update',
  'gossip_timestamp_filter',
  'node_announcement',
  'query_channel_range',
  'query_short_channel_ids',
  'reply_channel_range',
  'reply_short_channel_ids_end',
]

const GOOD: readonly Heard[] = [
  announcement(A, B, KNOWN),
  announcement(A, C, NEW),
  update(A, B, KNOWN, { timestamp: NOW_S + 5 }),
  update(B, A, KNOWN),
  update(A, C, NEW),
  nodeAnnouncement(A),
  nodeAnnouncement(C),
  {
    type: 'announcement_signatures',
    channelId: channelIdOf('any'),
    shortChannelId: KNOWN,
    nodeSignature: new Uint8Array(64),
    bitcoinSignature: new Uint8Array(64),
  },
  { type: 'query_short_channel_ids', chainHash: CHAIN, shortChannelIds: [KNOWN, NEW], queryFlags: [31n, 1n] },
  { type: 'query_channel_range', chainHash: CHAIN, firstBlocknum: 0, numberOfBlocks: 1000, queryOption: 3n },
  {
    type: 'reply_channel_range',
    chainHash: CHAIN,
    firstBlocknum: 0,
    numberOfBlocks: 1001,
    syncComplete: true,
    shortChannelIds: [KNOWN, NEW],
    timestamps: [
      { timestampNodeId1: NOW_S + 9, timestampNodeId2: 1 },
      { timestampNodeId1: 0, timestampNodeId2: 0 },
    ],
  },
  { type: 'reply_short_channel_ids_end', chainHash: CHAIN, fullInformation: true },
  { type: 'gossip_timestamp_filter', chainHash: CHAIN, firstTimestamp: 0, timestampRange: 0xffffffff },
]

let start: Gossiper | undefined

/** The same for each input. */
function fresh(): Gossiper {
  if (start === undefined) {
    start = new Gossiper(US)
    start.meet(PEER)
    start.learn(PEER, A, B, KNOWN)
    start.learn(PEER, B, C, scid(501))
    start.hear(PEER, update(A, B, KNOWN))
  }
  const copy = new Gossiper(US, {}, start.state)
  for (const [key, record] of start.records) copy.records.set(key, record)
  for (const [id, output] of start.outputs) copy.outputs.set(id, output)
  copy.outputs.set(NEW, outputOf(announcement(A, C, NEW)))
  return copy
}

function signed(message: Heard): Heard {
  switch (message.type) {
    case 'channel_announcement':
      return announcement(
        A,
        message.nodeId2 === B.id || message.nodeId1 === B.id ? B : C,
        message.shortChannelId,
        message,
      )
    case 'channel_update':
      return update(
        message.channelFlags % 2 === (A.id < B.id ? 0 : 1) ? A : B,
        C,
        message.shortChannelId,
        copyOf(message),
      )
    case 'node_announcement':
      return nodeAnnouncement(message.nodeId === C.id ? C : A, copyOf(message))
    default:
      return message
  }
}

const copyOf = <T extends ChannelUpdate | NodeAnnouncement>(message: T): Partial<T> => ({ ...message })

function judge(input: Uint8Array): string {
  const decoded = decodeMessage(input.subarray(1))
  if (!decoded.ok) return decoded.error.code
  const read = decoded.value as Heard
  if (!TYPES.includes(read.type)) return 'no gossip'
  const gossiper = fresh()
  gossiper.hear(PEER, (input[0] ?? 0) % 2 === 1 ? signed(read) : read)
  const { refused } = gossiper
  gossiper.pass(60_000)
  const { state, records } = gossiper
  claim(
    state.wanted.size <= gossiper.limits.maxWanted && state.pending.size === 0,
    () => 'nothing grows beyond its bound',
  )
  const loaded = loadGossip(
    [...records].sort(([a], [b]) => (a < b ? -1 : 1)),
    gossiper.context.supported,
  )
  claim(loaded.ok, () => `the records do not read: ${loaded.ok ? '' : loaded.error.message}`)
  if (loaded.ok) claimSame(contentsOf(loaded.value.graph), contentsOf(state.graph), 'after a restart')
  claimSame(contentsOf(untouched(state.graph)), contentsOf(state.graph), 'an edit of nothing')
  return `${read.type} ${refused ?? 'ok'} ${state.graph.channelCount}`
}

const untouched = (graph: Graph): Graph => editGraph(graph, () => undefined)

const machine: Target = {
  name: 'gossip.machine',
  runs: 250,
  seeds: () => GOOD.flatMap(message => [0, 1].map(sign => concat(Uint8Array.of(sign), encodeMessage(message)))),
  mutate(input, random, others) {
    const decoded = decodeMessage(input.subarray(1))
    if (random.next() < 0.6 && decoded.ok && decoded.value.type !== 'unknown') {
      try {
        return concat(Uint8Array.of(random.between(0, 1)), encodeMessage(nudge(decoded.value, random)))
      } catch {
        // A nudged value may be none that can be written.
        return input
      }
    }
    return concat(input.subarray(0, 3), mutateBytes(input.subarray(3), random, others))
  },
  judge,
}

export const GOSSIP_TARGETS: readonly Target[] = [machine]
