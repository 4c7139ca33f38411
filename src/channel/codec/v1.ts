import {
  array,
  bool,
  type Codec,
  DecodeError,
  type FeeratePerKw,
  fixedBytes,
  lengthPrefixed,
  mapped,
  oneOf,
  optional,
  struct,
  taggedUnion,
  u8,
  u16,
  u32,
  u64Number,
  utf8,
} from '../../base/index.ts'
import { txCodec } from '../../bitcoin/index.ts'
import type { CommitmentFormat } from '../../commitment/index.ts'
import type { ChannelBasepoints, StoredSecret } from '../../keys/index.ts'
import {
  ATTRIBUTION_DATA_LENGTH,
  channelIdCodec,
  feeratePerKwCodec,
  millisatoshis,
  paymentHashCodec,
  type ShortChannelId,
  satoshis,
  shortChannelIdCodec,
  txidCodec,
} from '../../wire/index.ts'
import type {
  ChannelDurable,
  ChannelParams,
  ChannelPhase,
  CloseCause,
  FeeUpdate,
  Htlc,
  HtlcResolution,
  LocalCommit,
  Party,
  PartyTerms,
  RemoteCommit,
  UnconfirmedFunding,
  UpdateRef,
  UpdateStage,
} from '../types.ts'

// Version 1 of the stored form of a channel, record by record. A record that is in use is never changed in place: a new
// shape is a new version with its own file, and a migration that reads this one.

export const VERSION = 1

const point = fixedBytes(33)
const bytes32 = fixedBytes(32)
const signature = fixedBytes(64)
const scriptBytes = lengthPrefixed(u16)

const party: Codec<Party> = oneOf('local', 'remote')
const role: Codec<'opener' | 'accepter'> = oneOf('opener', 'accepter')
const format: Codec<CommitmentFormat> = oneOf('static_remotekey', 'anchors_zero_fee_htlc')
const stage: Codec<UpdateStage> = oneOf('proposed', 'signed', 'acknowledged', 'countersigned', 'irrevocable')

export const basepoints: Codec<ChannelBasepoints> = struct({
  fundingPubkey: point,
  revocationBasepoint: point,
  paymentBasepoint: point,
  delayedPaymentBasepoint: point,
  htlcBasepoint: point,
})

/** All but the keys. */
export const termFields = {
  dustLimitSat: satoshis,
  maxHtlcValueInFlightMsat: millisatoshis,
  channelReserveSat: satoshis,
  htlcMinimumMsat: millisatoshis,
  toSelfDelay: u16,
  maxAcceptedHtlcs: u16,
  upfrontShutdownScript: optional(scriptBytes),
}

const partyTerms: Codec<PartyTerms> = struct({ basepoints, ...termFields })

/** What both sides have agreed on, but for the terms and the ids. */
export const agreedFields = {
  role,
  channelKeyIndex: u64Number,
  format,
  channelType: lengthPrefixed(u16),
  announce: bool,
  fundingOutpoint: struct({ txid: txidCodec, vout: u16 }),
  fundingAmountSat: satoshis,
  pushMsat: millisatoshis,
  minimumDepth: u32,
}

export const params: Codec<ChannelParams> = struct({
  channelId: channelIdCodec,
  temporaryChannelId: channelIdCodec,
  ...agreedFields,
  local: partyTerms,
  remote: partyTerms,
})

const cause: Codec<CloseCause> = struct({
  kind: oneOf('mutual', 'local_force', 'remote_error', 'protocol_failure', 'deadline', 'data_loss', 'spent_by_peer'),
  reason: utf8(u16),
  mayPublishCommitment: bool,
})

type StoredPhase =
  | Exclude<ChannelPhase, { type: 'closing' }>
  | { readonly type: 'closing'; readonly cause: CloseCause }
  | { readonly type: 'held'; readonly cause: CloseCause; readonly heldUntil: number }

const storedPhase = taggedUnion<StoredPhase>({
  wait_for_funding_confirmed: [0, struct({ fundingTx: optional(txCodec), sinceHeight: u32 })],
  wait_for_channel_ready: [1, struct({})],
  normal: [2, struct({})],
  shutting_down: [3, struct({})],
  negotiating: [4, struct({})],
  closing: [5, struct({ cause })],
  closed: [6, struct({ cause })],
  held: [7, struct({ cause, heldUntil: u32 })],
})

export const phase: Codec<ChannelPhase> = mapped(storedPhase, phaseOf, toStoredPhase)

function phaseOf(stored: StoredPhase): ChannelPhase {
  if (stored.type !== 'held') return stored
  return { type: 'closing', cause: stored.cause, heldUntil: stored.heldUntil }
}

function toStoredPhase(value: ChannelPhase): StoredPhase {
  if (value.type !== 'closing') return value
  const { cause, heldUntil } = value
  return heldUntil === undefined ? { type: 'closing', cause } : { type: 'held', cause, heldUntil }
}

const feeUpdate: Codec<FeeUpdate> = struct({ feeratePerKw: feeratePerKwCodec, stage })

/** Updates in their order: neighbours of one kind with ids that count up, which most are, are one item. */
const updateRun = taggedUnion<UpdateRun>({
  add: [0, struct({ id: u64Number, count: u16 })],
  remove: [1, struct({ id: u64Number, count: u16 })],
  fee: [2, struct({ feeratePerKw: feeratePerKwCodec })],
})
const updateRefs: Codec<readonly UpdateRef[]> = mapped(array(u16, updateRun), unfolded, folded)

type UpdateRun =
  | { readonly type: 'add'; readonly id: number; readonly count: number }
  | { readonly type: 'remove'; readonly id: number; readonly count: number }
  | { readonly type: 'fee'; readonly feeratePerKw: FeeratePerKw }

function folded(refs: readonly UpdateRef[]): readonly UpdateRun[] {
  const runs: UpdateRun[] = []
  for (let start = 0; start < refs.length; ) {
    // The loop ends at the length.
    const ref = refs[start] as UpdateRef
    const end = endOfRun(refs, start)
    runs.push(ref.type === 'fee' ? ref : { type: ref.type, id: ref.id, count: end - start })
    start = end
  }
  return runs
}

function endOfRun(refs: readonly UpdateRef[], start: number): number {
  const first = refs[start]
  let end = start + 1
  if (first === undefined || first.type === 'fee') return end
  for (let next = refs[end]; next !== undefined; next = refs[++end]) {
    if (next.type !== first.type || next.id !== first.id + end - start || end - start === MOST_UPDATES) break
  }
  return end
}

/** Far more than a commitment can be short of, and few enough to hold whatever a broken record says. */
const MOST_UPDATES = 0xffff

function unfolded(runs: readonly UpdateRun[]): readonly UpdateRef[] {
  const total = runs.reduce((sum, run) => sum + lengthOf(run), 0)
  if (total > MOST_UPDATES) {
    throw new DecodeError('out_of_range', `expected at most ${MOST_UPDATES} updates, got ${total}`)
  }
  return runs.flatMap((run): readonly UpdateRef[] =>
    run.type === 'fee' ? [run] : Array.from({ length: run.count }, (_, i) => ({ type: run.type, id: run.id + i })),
  )
}

function lengthOf(run: UpdateRun): number {
  if (run.type === 'fee') return 1
  if (run.count > 0 && Number.isSafeInteger(run.id + run.count)) return run.count
  throw new DecodeError('out_of_range', `expected updates with ids below 2^53, got ${run.count} from ${run.id}`)
}

/** The small fields that most steps touch, together; and how many records of the lists there have to be. */
export interface Head
  extends Pick<
    ChannelDurable,
    'ready' | 'settled' | 'feeratePerKw' | 'feeUpdates' | 'nextHtlcId' | 'proposed' | 'lastSent'
  > {
  readonly htlcCount: number
  readonly mutualCloseCount: number
}

export const head: Codec<Head> = struct({
  ready: struct({ local: bool, remote: bool }),
  settled: struct({ localMsat: millisatoshis, remoteMsat: millisatoshis }),
  feeratePerKw: feeratePerKwCodec,
  feeUpdates: array(u16, feeUpdate),
  nextHtlcId: struct({ local: u64Number, remote: u64Number }),
  proposed: updateRefs,
  lastSent: oneOf('neither', 'commitment_signed', 'revoke_and_ack'),
  htlcCount: u16,
  mutualCloseCount: u16,
})

export const localCommit: Codec<LocalCommit> = struct({
  number: u64Number,
  signature,
  htlcSignatures: array(u16, signature),
})

export const remoteCommit: Codec<RemoteCommit> = struct({
  number: u64Number,
  point,
  nextPoint: optional(point),
  awaitingRevocation: optional(updateRefs),
})

/** Attribution data are a record of their own, since this one is written with each move. */
const resolution: Codec<HtlcResolution> = taggedUnion<HtlcResolution>({
  fulfill: [0, struct({ paymentPreimage: bytes32 })],
  fail: [1, struct({ reason: lengthPrefixed(u16) })],
  fail_malformed: [2, struct({ sha256OfOnion: bytes32, failureCode: u16 })],
})

/** What of an HTLC never changes: written once, with its onion. */
export type OfferRecord = Pick<Htlc, 'amountMsat' | 'paymentHash' | 'cltvExpiry' | 'pathKey' | 'onionRoutingPacket'>

export const offer: Codec<OfferRecord> = struct({
  amountMsat: millisatoshis,
  paymentHash: paymentHashCodec,
  cltvExpiry: u32,
  pathKey: optional(point),
  onionRoutingPacket: lengthPrefixed(u16),
})

/** Where an HTLC stands: written with each of its moves, some seven times, so this is small. */
export type HtlcRecord = Omit<Htlc, keyof OfferRecord>

export const htlc: Codec<HtlcRecord> = struct({
  offeredBy: party,
  id: u64Number,
  added: stage,
  removed: optional(stage),
  resolution: optional(resolution),
  remoteFrom: optional(u64Number),
  remoteUntil: optional(u64Number),
})

/** What a penalty has to know of an HTLC that stood on revoked commitments `remoteFrom` to `remoteUntil - 1`. */
export interface ArchivedHtlc {
  readonly offeredBy: Party
  readonly id: number
  readonly amountMsat: Htlc['amountMsat']
  readonly paymentHash: Htlc['paymentHash']
  readonly cltvExpiry: number
  readonly remoteFrom: number
  readonly remoteUntil: number
}

export const archivedHtlc: Codec<ArchivedHtlc> = struct({
  offeredBy: party,
  id: u64Number,
  amountMsat: millisatoshis,
  paymentHash: paymentHashCodec,
  cltvExpiry: u32,
  remoteFrom: u64Number,
  remoteUntil: u64Number,
})

export const secret: Codec<StoredSecret> = struct({ index: u64Number, secret: bytes32 })

export const shutdown: Codec<ChannelDurable['shutdown']> = struct({
  requested: optional(scriptBytes),
  local: optional(scriptBytes),
  remote: optional(scriptBytes),
})

/** These three came later: channels without them have no such record. */
export const attribution: Codec<Uint8Array> = fixedBytes(ATTRIBUTION_DATA_LENGTH)
export const unconfirmed: Codec<UnconfirmedFunding> = struct({ fundingTx: optional(txCodec), sinceHeight: u32 })
export const remoteAlias: Codec<ShortChannelId> = shortChannelIdCodec
export const closeFeerate: Codec<FeeratePerKw> = feeratePerKwCodec

export const mutualClose = txCodec
export const version: Codec<number> = u8
