import { feeratePerKw, msat, type PaymentHash, paymentHash, unreachable } from '../../src/base/index.ts'
import type { ChannelCommand } from '../../src/channel/index.ts'
import type { CommitmentFormat } from '../../src/commitment/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { Scribe } from './scribe.ts'
import { CAPACITY_SAT, NAMES, type Name, otherName, PUSH_MSAT, Stage } from './stage.ts'

// A life of fifty updates between Alice and Bob, with a copy of each side's records at every moment of it.

/** A payment's secret is a small number, so that two payments may share one. */
export const preimageOf = (secret: number): Uint8Array => sha256(Uint8Array.of(secret, 0x5a))
export const hashOf = (secret: number): PaymentHash => paymentHash(sha256(preimageOf(secret)))
const SECRETS = 40
const PREIMAGES = new Map(Array.from({ length: SECRETS }, (_, secret) => [hashOf(secret), preimageOf(secret)]))

export function preimageFor(hash: PaymentHash): Uint8Array {
  const preimage = PREIMAGES.get(hash)
  if (preimage === undefined) throw new Error(`nobody knows the preimage of ${hash}`)
  return preimage
}

type Act =
  | { readonly type: 'add'; readonly amountMsat: number; readonly secret: number; readonly blocks: number }
  | { readonly type: 'fulfill' | 'fail' | 'malformed'; readonly id: number }
  | { readonly type: 'fee'; readonly feeratePerKw: number }

/** Satoshis, secret, and in how many blocks from the start of the life it expires. */
const add = (amountSat: number, secret: number, blocks: number): Act => ({
  type: 'add',
  amountMsat: Math.round(amountSat * 1000),
  secret,
  blocks,
})
/** An HTLC of the other side, by its id. */
const fulfill = (id: number): Act => ({ type: 'fulfill', id })
const fail = (id: number): Act => ({ type: 'fail', id })
const malformed = (id: number): Act => ({ type: 'malformed', id })
const fee = (feeratePerKw: number): Act => ({ type: 'fee', feeratePerKw })

/**
 * One round: what each side does at once, then their signatures cross, and messages go one by one until all is quiet. `late`:
 * what is done after as many messages, in the middle of the dance.
 */
interface Round {
  readonly alice?: readonly Act[]
  readonly bob?: readonly Act[]
  readonly late?: { readonly after: number; readonly by: Name; readonly acts: readonly Act[] }
}

/** The last of the HTLCs that end within the life has expired then, and none of those that are left. */
export const OLD_HTLCS_EXPIRED = 40

const ROUNDS: readonly Round[] = [
  { alice: [add(30_000, 1, 30)] },
  { bob: [add(22_000.5, 2, 32)] },
  { bob: [fulfill(0)] },
  // Both at once, with fractions of a satoshi.
  { alice: [add(15_000.999, 3, 34)], bob: [add(12_000.001, 4, 30)] },
  { alice: [fulfill(0)] },
  // Two of one hash, amount and expiry, and later a third one the other way.
  { alice: [add(25_000, 5, 36), add(25_000, 5, 36)] },
  { bob: [add(25_000, 5, 38)], late: { after: 2, by: 'alice', acts: [fail(1)] } },
  { bob: [fulfill(2)] },
  // Dust for both, dust for one, and just above.
  { alice: [add(200, 6, 30), add(400, 7, 30)] },
  { bob: [add(1_060, 8, 33)] },
  { alice: [fee(1_400)] },
  { bob: [fail(1), malformed(4)], alice: [add(18_000, 9, 37)] },
  { alice: [fulfill(2)], bob: [fulfill(3)] },
  { bob: [fulfill(5), add(9_000, 10, 35)] },
  { alice: [fulfill(3)], late: { after: 1, by: 'bob', acts: [add(31_000, 11, 39)] } },
  { bob: [fulfill(6)], alice: [fail(4)] },
  // The same hash and amount again, at two expiries, and one more from the other side.
  { alice: [add(21_000, 12, 34)], bob: [add(21_000, 12, 36)] },
  { alice: [add(21_000, 12, 35)] },
  { alice: [fee(900)], late: { after: 3, by: 'bob', acts: [fulfill(7)] } },
  { bob: [fail(8)], alice: [fail(5)] },
  { alice: [fulfill(6), add(11_000, 13, 38)] },
  { bob: [fulfill(9), add(13_500, 14, 37)] },
  { alice: [fulfill(7)] },
  { alice: [add(17_000, 22, 33)], bob: [add(16_000, 21, 33)] },
  { alice: [fulfill(8)], late: { after: 1, by: 'bob', acts: [fulfill(10)] } },
  { alice: [fee(1_000)] },
  // These stay on their way to the end.
  { alice: [add(40_000, 15, 60)], bob: [add(33_000, 16, 62)] },
  { bob: [add(27_000, 17, 64), add(27_000, 17, 64)] },
  { alice: [add(350, 18, 61), add(5_000, 19, 63)], late: { after: 2, by: 'bob', acts: [add(700, 20, 61)] } },
]

/** A side's records at one moment. */
export interface Snapshot {
  readonly name: Name
  readonly records: ReadonlyMap<string, Uint8Array>
  /** Its own commitment, and the peer's that is not revoked. */
  readonly localNumber: number
  readonly remoteNumber: number
  /** It has signed the peer's next commitment, and the one before is not revoked yet. */
  readonly isAwaiting: boolean
  /** How many preimages had been sent by anybody. */
  readonly reveals: number
  /** The HTLCs of its own whose fulfilment it was told of. */
  readonly fulfilled: ReadonlySet<number>
}

export interface History {
  readonly format: CommitmentFormat
  /** The chain, which stands still while the life goes on. */
  readonly chain: Uint8Array
  readonly height: number
  readonly scribe: Scribe
  readonly snapshots: readonly Snapshot[]
}

export function playHistory(format: CommitmentFormat): History {
  const stage = new Stage(format).ready()
  const start = { alice: CAPACITY_SAT * 1000n - PUSH_MSAT, bob: PUSH_MSAT as bigint }
  const scribe = new Scribe(start)
  stage.onSent = (from, bytes) => scribe.heard(from, bytes)
  const snapshots: Snapshot[] = []
  const keep = () => {
    for (const name of NAMES) snapshots.push(snapshotOf(stage, name, scribe))
  }
  keep()
  for (const round of ROUNDS) playRound(stage, round, keep)
  return { format, chain: stage.chain.save(), height: stage.chain.height, scribe, snapshots }
}

function playRound(stage: Stage, round: Round, keep: () => void): void {
  for (const name of NAMES) act(stage, name, round[name] ?? [])
  endTurns(stage, keep)
  for (let passed = 0; ; passed++) {
    if (round.late?.after === passed) act(stage, round.late.by, round.late.acts)
    const to = passed % 2 === 0 ? 'alice' : 'bob'
    if (!stage.deliver(to) && !stage.deliver(otherName(to))) break
    keep()
    endTurns(stage, keep)
  }
}

function endTurns(stage: Stage, keep: () => void): void {
  for (const name of NAMES) {
    if (stage.sides[name].give({ type: 'end_of_turn' }).writes.length > 0) keep()
  }
}

function act(stage: Stage, name: Name, acts: readonly Act[]): void {
  for (const each of acts) stage.sides[name].command(commandOf(each, stage, name))
}

function commandOf(act: Act, stage: Stage, name: Name): ChannelCommand {
  switch (act.type) {
    case 'add': {
      const { secret, blocks, amountMsat } = act
      const onionRoutingPacket = new Uint8Array(1366).fill(secret)
      const offer = { amountMsat: msat(amountMsat), paymentHash: hashOf(secret), onionRoutingPacket }
      return { type: 'add_htlc', ...offer, cltvExpiry: stage.chain.height + blocks }
    }
    case 'fee':
      return { type: 'update_fee', feeratePerKw: feeratePerKw(act.feeratePerKw) }
    case 'fail':
      return { type: 'resolve_htlc', id: act.id, resolution: { type: 'fail', reason: Uint8Array.of(1, 2, 3) } }
    case 'malformed': {
      const malformed = {
        type: 'fail_malformed',
        sha256OfOnion: sha256(new Uint8Array(1366)),
        failureCode: 0xc005,
      } as const
      return { type: 'resolve_htlc', id: act.id, resolution: malformed }
    }
    case 'fulfill': {
      const htlc = stage.sides[name].durable.htlcs.find(each => each.offeredBy === 'remote' && each.id === act.id)
      if (htlc === undefined) throw new Error(`${name} has no HTLC ${act.id} to fulfil`)
      const paymentPreimage = preimageFor(htlc.paymentHash)
      return { type: 'resolve_htlc', id: act.id, resolution: { type: 'fulfill', paymentPreimage } }
    }
    default:
      return unreachable(act)
  }
}

function snapshotOf(stage: Stage, name: Name, scribe: Scribe): Snapshot {
  const side = stage.sides[name]
  const { localCommit, remoteCommit } = side.durable
  return {
    name,
    records: new Map(side.records),
    localNumber: localCommit.number,
    remoteNumber: remoteCommit.number,
    isAwaiting: remoteCommit.awaitingRevocation !== undefined,
    reveals: scribe.reveals,
    fulfilled: new Set(side.eventsOf('htlc_fulfilled').map(({ id }) => id)),
  }
}
