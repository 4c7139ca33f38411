import {
  type BlockHash,
  type ChannelId,
  msat,
  type NodeId,
  nodeId,
  type OutPoint,
  sat,
  type Txid,
  toHex,
  utf8Encode,
} from '../../src/base/index.ts'
import { publicKeyFromSecret, sha256, signEcdsa } from '../../src/crypto/index.ts'
import {
  channelAt,
  channelRows,
  DEFAULT_GOSSIP_LIMITS,
  type FundingOutput,
  type GossipContext,
  type GossipEffect,
  type GossipInput,
  type GossipLimits,
  type GossipState,
  type GossipStep,
  type Graph,
  gossipStep,
  newGossip,
  nodeAt,
  nodeRows,
} from '../../src/gossip/index.ts'
import { channelAnnouncementDigest, fundingScriptOf, signedDigest } from '../../src/gossip/messages.ts'
import {
  type ChannelAnnouncement,
  type ChannelUpdate,
  featureBits,
  type GossipMessage,
  type GossipQueryMessage,
  type NodeAnnouncement,
  type ShortChannelId,
  shortChannelId,
} from '../../src/wire/index.ts'

export const CHAIN = '0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206' as BlockHash
export const NOW = 1_760_000_000_000
export const NOW_S = NOW / 1000
export const HEIGHT = 1000
const NOTHING = new Uint8Array(0)

export interface Party {
  readonly name: string
  readonly secret: Uint8Array
  readonly id: NodeId
}

export function party(name: string): Party {
  const secret = sha256(utf8Encode(name))
  return { name, secret, id: nodeId(publicKeyFromSecret(secret)) }
}

export const scid = (blockHeight: number, txIndex = 1, outputIndex = 0): ShortChannelId =>
  shortChannelId({ blockHeight, txIndex, outputIndex })

const bitcoinSecret = ({ name }: Party, id: ShortChannelId) => sha256(utf8Encode(`${name} ${id}`))

/** The announcement of a channel between two parties, signed by all; `change` is made before the signing. */
export function announcement(
  a: Party,
  b: Party,
  id: ShortChannelId,
  change: Partial<ChannelAnnouncement> = {},
): ChannelAnnouncement {
  const [first, second] = a.id < b.id ? [a, b] : [b, a]
  const blank: ChannelAnnouncement = {
    type: 'channel_announcement',
    nodeSignature1: new Uint8Array(64),
    nodeSignature2: new Uint8Array(64),
    bitcoinSignature1: new Uint8Array(64),
    bitcoinSignature2: new Uint8Array(64),
    features: NOTHING,
    chainHash: CHAIN,
    shortChannelId: id,
    nodeId1: first.id,
    nodeId2: second.id,
    bitcoinKey1: publicKeyFromSecret(bitcoinSecret(first, id)),
    bitcoinKey2: publicKeyFromSecret(bitcoinSecret(second, id)),
    unknownFields: NOTHING,
    ...change,
  }
  const digest = channelAnnouncementDigest(blank)
  return {
    ...blank,
    nodeSignature1: signEcdsa(digest, first.secret),
    nodeSignature2: signEcdsa(digest, second.secret),
    bitcoinSignature1: signEcdsa(digest, bitcoinSecret(first, id)),
    bitcoinSignature2: signEcdsa(digest, bitcoinSecret(second, id)),
  }
}

export function update(from: Party, to: Party, id: ShortChannelId, change: Partial<ChannelUpdate> = {}): ChannelUpdate {
  const blank: ChannelUpdate = {
    type: 'channel_update',
    signature: new Uint8Array(64),
    chainHash: CHAIN,
    shortChannelId: id,
    timestamp: NOW_S,
    messageFlags: 1,
    channelFlags: from.id < to.id ? 0 : 1,
    cltvExpiryDelta: 40,
    htlcMinimumMsat: msat(1000n),
    feeBaseMsat: msat(1n),
    feeProportionalMillionths: 10,
    htlcMaximumMsat: msat(900_000_000n),
    unknownFields: NOTHING,
    ...change,
  }
  return { ...blank, signature: signEcdsa(signedDigest(blank), from.secret) }
}

export function nodeAnnouncement(of: Party, change: Partial<NodeAnnouncement> = {}): NodeAnnouncement {
  const blank: NodeAnnouncement = {
    type: 'node_announcement',
    signature: new Uint8Array(64),
    features: featureBits(17),
    timestamp: NOW_S,
    nodeId: of.id,
    rgbColor: new Uint8Array(3),
    alias: new Uint8Array(32),
    addresses: [],
    unknownFields: NOTHING,
    ...change,
  }
  return { ...blank, signature: signEcdsa(signedDigest(blank), of.secret) }
}

export const fundingTxid = (id: ShortChannelId): Txid => toHex(sha256(utf8Encode(`funding ${id}`))) as Txid
export const outpointOf = (id: ShortChannelId, vout = 0): OutPoint => ({ txid: fundingTxid(id), vout })

export function outputOf(of: ChannelAnnouncement, change: Partial<FundingOutput> = {}): FundingOutput {
  const { shortChannelId: id } = of
  return { txid: fundingTxid(id), amountSat: sat(1_000_000), scriptPubkey: fundingScriptOf(of), ...change }
}

export const QUERIES = featureBits(7, 11)

/** One machine with its records and a clock, whose chain has what it is told of. */
export class Gossiper {
  state: GossipState
  readonly records = new Map<string, Uint8Array>()
  readonly outputs = new Map<ShortChannelId, FundingOutput>()
  readonly effects: GossipEffect[] = []
  last: GossipStep | undefined
  now = NOW
  height = HEIGHT
  readonly party: Party
  readonly limits: GossipLimits
  /** A slow chain and a slow store keep what they were asked for. */
  isSlow = false
  readonly waiting: GossipInput[] = []
  readonly fundingSecrets = new Map<ChannelId, Uint8Array>()

  constructor(of: Party, limits: Partial<GossipLimits> = {}, state = newGossip()) {
    this.party = of
    this.limits = { ...DEFAULT_GOSSIP_LIMITS, ...limits }
    this.state = state
  }

  get context(): GossipContext {
    return {
      now: this.now,
      height: this.height,
      chainHash: CHAIN,
      nodeId: this.party.id,
      nodeSecret: this.party.secret,
      fundingSecret: id => this.fundingSecrets.get(id),
      supported: ['basic_mpp', 'gossip_queries', 'gossip_queries_ex'],
      limits: this.limits,
    }
  }

  /** One input and what follows of it at once: the chain and the store answer. Returns all that was asked of the world. */
  do(input: GossipInput): readonly GossipEffect[] {
    const all: GossipEffect[] = []
    const inputs: GossipInput[] = [input]
    const answers = this.isSlow ? this.waiting : inputs
    for (let next = inputs.shift(); next !== undefined; next = inputs.shift()) {
      const step = gossipStep(this.state, next, this.context)
      this.state = step.next
      if (next === input) this.last = step
      for (const write of step.writes) {
        if (write.type === 'put') this.records.set(write.key, write.value)
        else this.records.delete(write.key)
      }
      for (const effect of step.effects) {
        all.push(effect)
        if (effect.type === 'check_funding') {
          const { shortChannelId: id } = effect
          answers.push({ type: 'funding_checked', shortChannelId: id, output: this.outputs.get(id) })
        }
        if (effect.type === 'load') {
          const found = effect.keys.flatMap(key => {
            const record = this.records.get(key)
            return record === undefined ? [] : [[key, record] as const]
          })
          answers.push({ type: 'loaded', load: effect.load, records: new Map(found) })
        }
      }
    }
    this.effects.push(...all)
    return all
  }

  hear(peer: Party, message: GossipMessage | GossipQueryMessage): readonly GossipEffect[] {
    return this.do({ type: 'message', peer: peer.id, message })
  }

  /** Why the last message was not taken. */
  get refused(): string | undefined {
    return this.last?.refused?.code
  }

  meet(peer: Party, features: Uint8Array = QUERIES): readonly GossipEffect[] {
    return this.do({ type: 'peer_up', peer: peer.id, features })
  }

  /** A channel that the chain has, announced by a peer. */
  learn(peer: Party, a: Party, b: Party, id: ShortChannelId): ChannelAnnouncement {
    const message = announcement(a, b, id)
    this.outputs.set(id, outputOf(message))
    this.hear(peer, message)
    return message
  }

  /** Lets time pass, as a driver does that keeps the newest wake. */
  pass(milliseconds: number): readonly GossipEffect[] {
    this.now += milliseconds
    return this.do({ type: 'tick' })
  }
}

export const sentOf = (effects: readonly GossipEffect[], to?: Party) =>
  effects.flatMap(effect =>
    effect.type === 'send' && (to === undefined || effect.peer === to.id) ? [effect.message] : [],
  )

/** What a graph says, whatever the order in which it was learnt. */
export function contentsOf(graph: Graph) {
  return {
    channels: [...channelRows(graph)]
      .map(row => channelAt(graph, row))
      .sort((a, b) => (a.shortChannelId < b.shortChannelId ? -1 : 1)),
    nodes: [...nodeRows(graph)].map(row => nodeAt(graph, row)).sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1)),
    counts: [graph.channelCount, graph.nodeCount],
  }
}

export const channelIdOf = (text: string): ChannelId => toHex(sha256(utf8Encode(text))) as ChannelId
