import { defined, fromHex, type Msat, msat, type NodeId, sat, type Txid } from '../../src/base/index.ts'
import type { HtlcResolution } from '../../src/channel/index.ts'
import { sha256d, signEcdsa } from '../../src/crypto/index.ts'
import { addChannel, EMPTY_GRAPH, editGraph, type Graph, setPolicy } from '../../src/gossip/index.ts'
import {
  buildFailure,
  decodeFinalPayload,
  decodeIntermediatePayload,
  type FailureMessage,
  peelOnion,
  wrapFailure,
} from '../../src/onion/index.ts'
import type { Candidate } from '../../src/payment/index.ts'
import { REGTEST_GENESIS_HASH } from '../../src/regtest/index.ts'
import { type ChannelUpdate, encodeMessage, type ShortChannelId, shortChannelId } from '../../src/wire/index.ts'
import { type AddHtlc, channel, idOf, Node, START, secretOf } from './fixture.ts'

// Alice, who pays, and a network of others that exist as keys alone: channels in a graph, onions that are peeled, failures that come back.

const SECRETS = {
  alice: secretOf(0xa1),
  bob: secretOf(0xb0),
  carol: secretOf(0xca),
  dave: secretOf(0xda),
  erin: secretOf(0xe4),
}
export type Name = keyof typeof SECRETS

export const nodeSecret = (name: Name): Uint8Array => SECRETS[name]
export const of = (name: Name): NodeId => idOf(SECRETS[name])
export const nameOf = (id: NodeId): Name =>
  defined(
    (Object.keys(SECRETS) as Name[]).find(name => of(name) === id),
    `${id} has a name`,
  )

export interface Asks {
  readonly base?: bigint
  readonly millionths?: number
  readonly delta?: number
  readonly least?: bigint
  readonly most?: bigint
  readonly disabled?: boolean
  /** Seconds. */
  readonly timestamp?: number
}

export interface Edge {
  readonly id: number
  readonly between: readonly [Name, Name]
  readonly capacitySat?: bigint
  /** Of both directions. */
  readonly asks?: Asks
}

export const scid = (id: number): ShortChannelId =>
  shortChannelId({ blockHeight: 600_000, txIndex: id, outputIndex: 1 })

const policyOf = (asks: Asks) => ({
  timestamp: asks.timestamp ?? START / 1000 - 1000,
  isDisabled: asks.disabled ?? false,
  cltvExpiryDelta: asks.delta ?? 40,
  htlcMinimumMsat: msat(asks.least ?? 1n),
  htlcMaximumMsat: msat(asks.most ?? 10_000_000_000n),
  feeBaseMsat: msat(asks.base ?? 1_000n),
  feeProportionalMillionths: asks.millionths ?? 100,
  checksum: 0,
})

export function graphOf(edges: readonly Edge[]): Graph {
  return editGraph(EMPTY_GRAPH, draft => {
    for (const { id, between, capacitySat = 1_000_000n, asks = {} } of edges) {
      const [first, second] = between.map(of).toSorted() as [NodeId, NodeId]
      const row = addChannel(draft, {
        shortChannelId: scid(id),
        nodeIds: [first, second],
        capacitySat: sat(capacitySat),
        fundingTxid: String(id).padStart(64, '0') as Txid,
        isRoutable: true,
      })
      for (const direction of [0, 1] as const) setPolicy(draft, row, direction, policyOf(asks))
    }
  })
}

/** What a node says of its channel in a failure, signed by it or by `by`. */
export function updateOf(id: number, [from, to]: readonly [Name, Name], asks: Asks, by: Name = from): Uint8Array {
  const policy = policyOf({ timestamp: START / 1000, ...asks })
  const update: ChannelUpdate = {
    type: 'channel_update',
    signature: new Uint8Array(64),
    chainHash: REGTEST_GENESIS_HASH,
    shortChannelId: scid(id),
    timestamp: policy.timestamp,
    messageFlags: 1,
    channelFlags: (of(from) < of(to) ? 0 : 1) + (policy.isDisabled ? 2 : 0),
    cltvExpiryDelta: policy.cltvExpiryDelta,
    htlcMinimumMsat: policy.htlcMinimumMsat,
    feeBaseMsat: policy.feeBaseMsat,
    feeProportionalMillionths: policy.feeProportionalMillionths,
    htlcMaximumMsat: policy.htlcMaximumMsat,
    unknownFields: new Uint8Array(0),
  }
  const message = encodeMessage(update)
  message.set(signEcdsa(sha256d(message.subarray(66)), nodeSecret(by)), 2)
  return message
}

/** Alice with a channel to each of these peers, who knows these channels of others. */
export function payer(peers: readonly (readonly [Name, bigint])[], edges: readonly Edge[]): Node {
  const alice = new Node(nodeSecret('alice'), { graph: graphOf(edges) })
  alice.candidates = peers.map(([peer, spendable], at): Candidate => channel(at + 1, of(peer), msat(spendable)))
  return alice
}

export interface Stop {
  readonly name: Name
  /** What has reached it. */
  readonly amountMsat: bigint
  readonly cltvExpiry: number
  /** What its onion says. */
  readonly says: object
  readonly sharedSecret: Uint8Array
}

/** Who gets an HTLC of Alice's on its way, and what each is told. */
export function journey(add: AddHtlc, first: Name): readonly Stop[] {
  const stops: Stop[] = []
  let [name, packet]: [Name, Uint8Array] = [first, add.onionRoutingPacket]
  let [amountMsat, cltvExpiry]: [Msat, number] = [add.amountMsat, add.cltvExpiry]
  for (;;) {
    const peeled = peelOnion({ packet, associatedData: fromHex(add.paymentHash), nodeSecret: nodeSecret(name) })
    if (!peeled.ok) throw new Error(`${name}: ${peeled.error.message}`)
    const { payload, sharedSecret, next } = peeled.value
    if (next === undefined) {
      const says = decodeFinalPayload(payload)
      if (!says.ok) throw new Error(says.error.message)
      return [...stops, { name, amountMsat, cltvExpiry, says: says.value, sharedSecret }]
    }
    const says = decodeIntermediatePayload(payload)
    if (!says.ok || says.value.type !== 'plain') throw new Error('it reads its payload')
    stops.push({ name, amountMsat, cltvExpiry, says: says.value, sharedSecret })
    const { shortChannelId: id, amtToForward, outgoingCltvValue } = says.value
    ;[amountMsat, cltvExpiry] = [amtToForward, outgoingCltvValue]
    packet = next
    name = otherEnd(id, name)
  }
}

/** Where channels lead, private ones as well. */
const ends = new Map<ShortChannelId, readonly [Name, Name]>()
export function known(edges: readonly Edge[]): readonly Edge[] {
  for (const { id, between } of edges) ends.set(scid(id), between)
  return edges
}

function otherEnd(id: ShortChannelId, from: Name): Name {
  const between = defined(ends.get(id), `channel ${id} is known`)
  return between[0] === from ? between[1] : between[0]
}

/** A failure that the node at `at` has made, wrapped by those before it. */
export function failedBy(stops: readonly Stop[], at: number, failure: FailureMessage): HtlcResolution {
  const { sharedSecret } = defined(stops[at], 'it came there')
  let { reason } = buildFailure({ sharedSecret, failure })
  for (const stop of stops.slice(0, at).toReversed())
    reason = wrapFailure({ sharedSecret: stop.sharedSecret, reason }).reason
  return { type: 'fail', reason }
}
