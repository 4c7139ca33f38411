import {
  type Codec,
  concat,
  decode,
  encode,
  fixedBytes,
  lengthPrefixed,
  Reader,
  remainder,
  struct,
  u16,
  u32,
  type ValueOf,
} from '../base/index.ts'
import { bigSize, millisatoshis } from '../wire/index.ts'
import { joinRecords, splitRecords, type TlvRecord } from './records.ts'

/** Flags in the top byte of a failure code (BOLT 4, failure messages). */
export const BADONION = 0x8000
export const PERM = 0x4000
export const NODE = 0x2000
export const UPDATE = 0x1000

const nothing = struct({})
const sha256OfOnion = struct({ sha256OfOnion: fixedBytes(32) })
/** Mostly empty today. Whoever wrote it may have led it with the type of the message, 258, or not. */
const channelUpdate = lengthPrefixed(u16)

/**
 * What may be wrong, by the names of BOLT 4, failure messages: the code and the data behind it, in the order in which an erring
 * node that finds several takes the first. Amounts are in millisatoshis.
 */
const TABLE = {
  temporary_node_failure: [NODE | 2, nothing],
  permanent_node_failure: [PERM | NODE | 2, nothing],
  required_node_feature_missing: [PERM | NODE | 3, nothing],
  invalid_onion_version: [BADONION | PERM | 4, sha256OfOnion],
  invalid_onion_hmac: [BADONION | PERM | 5, sha256OfOnion],
  invalid_onion_key: [BADONION | PERM | 6, sha256OfOnion],
  temporary_channel_failure: [UPDATE | 7, struct({ channelUpdate })],
  permanent_channel_failure: [PERM | 8, nothing],
  required_channel_feature_missing: [PERM | 9, nothing],
  unknown_next_peer: [PERM | 10, nothing],
  amount_below_minimum: [UPDATE | 11, struct({ htlcMsat: millisatoshis, channelUpdate })],
  fee_insufficient: [UPDATE | 12, struct({ htlcMsat: millisatoshis, channelUpdate })],
  incorrect_cltv_expiry: [UPDATE | 13, struct({ cltvExpiry: u32, channelUpdate })],
  expiry_too_soon: [UPDATE | 14, struct({ channelUpdate })],
  incorrect_or_unknown_payment_details: [PERM | 15, struct({ htlcMsat: millisatoshis, height: u32 })],
  final_incorrect_cltv_expiry: [18, struct({ cltvExpiry: u32 })],
  final_incorrect_htlc_amount: [19, struct({ incomingHtlcAmt: millisatoshis })],
  channel_disabled: [UPDATE | 20, struct({ disabledFlags: u16, channelUpdate })],
  expiry_too_far: [21, nothing],
  /** The record that was wrong and where it starts in the payload, both 0 where it was no single record. */
  invalid_onion_payload: [PERM | 22, struct({ tlvType: bigSize, offset: u16 })],
  mpp_timeout: [23, nothing],
  invalid_onion_blinding: [BADONION | PERM | 24, sha256OfOnion],
} as const

export type FailureName = keyof typeof TABLE

/** Each failure with its data, and the records of the TLV stream that may follow. */
export type KnownFailure = {
  [K in FailureName]: { readonly type: K; readonly tlvs?: readonly TlvRecord[] } & ValueOf<(typeof TABLE)[K][1]>
}[FailureName]

/** A code that the table does not have, or data that does not fit its code: the flags of the code still mean something. */
export interface UnknownFailure {
  readonly type: 'unknown'
  /** 16 bits; 0 where there were not even two bytes. */
  readonly code: number
  readonly data: Uint8Array
}

export type FailureMessage = KnownFailure | UnknownFailure

type Row = readonly [code: number, codec: Codec<object>]
// The same table with the codecs seen from a place that does not know which failure it has.
const ROWS = TABLE as unknown as Readonly<Record<FailureName, Row>>
const NAME_OF_CODE: ReadonlyMap<number, FailureName> = new Map(
  // The keys are those of the table.
  (Object.keys(ROWS) as FailureName[]).map(name => [ROWS[name][0], name]),
)

/** The `failure_code` of a failure: its flags and its number. */
export function failureCode(failure: FailureName | FailureMessage): number {
  if (typeof failure === 'string') return ROWS[failure][0]
  return failure.type === 'unknown' ? failure.code : ROWS[failure.type][0]
}

/** The failure that a code stands for, flags included; undefined where BOLT 4 has none. */
export const failureName = (code: number): FailureName | undefined => NAME_OF_CODE.get(code)

/** The `failuremsg`: code, data, and the TLV stream where there is one. */
export function encodeFailureMessage(failure: FailureMessage): Uint8Array {
  const code = encode(u16, failureCode(failure))
  if (failure.type === 'unknown') return concat(code, failure.data)
  return concat(code, encode(ROWS[failure.type][1], failure), joinRecords(failure.tlvs ?? []))
}

/**
 * Reads a `failuremsg`, which may be anything that the erring node wrote: never fails. Bytes behind the data that are no TLV
 * stream are ignored (BOLT 4, receiving failure codes).
 */
export function decodeFailureMessage(bytes: Uint8Array): FailureMessage {
  if (bytes.length < 2) return { type: 'unknown', code: 0, data: bytes }
  const code = new Reader(bytes).uint(2)
  const data = bytes.slice(2)
  const name = NAME_OF_CODE.get(code)
  const known = name && decode(struct({ body: ROWS[name][1], rest: remainder }), data)
  if (known === undefined || !known.ok) return { type: 'unknown', code, data }
  const tlvs = splitRecords(known.value.rest)
  const extra = tlvs.ok && tlvs.value.length > 0 ? { tlvs: tlvs.value.map(({ type, value }) => ({ type, value })) } : {}
  // The table pairs each name with the data of its own shape.
  return { type: name, ...known.value.body, ...extra } as unknown as KnownFailure
}
