import { err, fixedBytes, type Msat, ok, type Result, remainder, struct } from '../base/index.ts'
import { type ShortChannelId, shortChannelIdCodec, type TlvRecords, tu32 } from '../wire/index.ts'
import type { KnownFailure } from './failureMessages.ts'
import { pointCodec, truncatedMsat } from './fields.ts'
import { type ReadRecords, readRecords, splitRecords, type TlvRecord, writeRecords } from './records.ts'

// What an onion says to one hop of a payment (BOLT 4, payload format).

/** For a hop that passes the payment on. */
export type IntermediatePayload = PlainIntermediatePayload | BlindedIntermediatePayload

export interface PlainIntermediatePayload {
  readonly type: 'plain'
  readonly amtToForward: Msat
  /** Block height. */
  readonly outgoingCltvValue: number
  /** The channel to the next hop, or another one to the same node (BOLT 4, non-strict forwarding). */
  readonly shortChannelId: ShortChannelId
  readonly unknown: readonly TlvRecord[]
}

export interface BlindedIntermediatePayload {
  readonly type: 'blinded'
  readonly encryptedRecipientData: Uint8Array
  /** For the first node of the path alone; the others get theirs with the HTLC. */
  readonly currentPathKey?: Uint8Array | undefined
}

/** For the hop that is paid. */
export type FinalPayload = PlainFinalPayload | BlindedFinalPayload

export interface PlainFinalPayload {
  readonly type: 'plain'
  readonly amtToForward: Msat
  readonly outgoingCltvValue: number
  /** Of all parts of the payment together; `amtToForward` where the sender does not say. */
  readonly totalMsat: Msat
  readonly paymentSecret?: Uint8Array | undefined
  readonly paymentMetadata?: Uint8Array | undefined
  /** A payment without an invoice brings its own preimage, 32 bytes (in use everywhere, in no BOLT). */
  readonly keysendPreimage?: Uint8Array | undefined
  readonly unknown: readonly TlvRecord[]
}

export interface BlindedFinalPayload {
  readonly type: 'blinded'
  readonly amtToForward: Msat
  readonly outgoingCltvValue: number
  readonly totalMsat: Msat
  readonly encryptedRecipientData: Uint8Array
  readonly currentPathKey?: Uint8Array | undefined
}

/** The payload is wrong: what to tell its origin, and a sentence for our own log. */
export interface PayloadFailure {
  readonly failure: Extract<KnownFailure, { type: 'invalid_onion_payload' }>
  readonly message: string
}

const TABLE = {
  amtToForward: [2n, truncatedMsat],
  outgoingCltvValue: [4n, tu32],
  shortChannelId: [6n, shortChannelIdCodec],
  paymentData: [8n, struct({ paymentSecret: fixedBytes(32), totalMsat: truncatedMsat })],
  encryptedRecipientData: [10n, remainder],
  currentPathKey: [12n, pointCodec],
  paymentMetadata: [16n, remainder],
  totalAmountMsat: [18n, truncatedMsat],
  keysendPreimage: [5482373484n, fixedBytes(32)],
} as const satisfies TlvRecords
type Name = keyof typeof TABLE
type Records = ReadRecords<typeof TABLE>

export function encodeIntermediatePayload(payload: IntermediatePayload): Uint8Array {
  if (payload.type === 'blinded') {
    const { encryptedRecipientData, currentPathKey } = payload
    return writeRecords(TABLE, { encryptedRecipientData, currentPathKey })
  }
  const { amtToForward, outgoingCltvValue, shortChannelId, unknown } = payload
  return writeRecords(TABLE, { amtToForward, outgoingCltvValue, shortChannelId }, unknown)
}

export function encodeFinalPayload(payload: FinalPayload): Uint8Array {
  const { amtToForward, outgoingCltvValue, totalMsat: totalAmountMsat } = payload
  if (payload.type === 'blinded') {
    const { encryptedRecipientData, currentPathKey } = payload
    const fields = { amtToForward, outgoingCltvValue, totalAmountMsat, encryptedRecipientData, currentPathKey }
    return writeRecords(TABLE, fields)
  }
  const { paymentSecret, paymentMetadata, keysendPreimage, unknown } = payload
  // Without a secret there is no payment_data, and a total that says nothing new is left out.
  const total =
    paymentSecret !== undefined
      ? { paymentData: { paymentSecret, totalMsat: totalAmountMsat } }
      : { totalAmountMsat: totalAmountMsat === amtToForward ? undefined : totalAmountMsat }
  return writeRecords(TABLE, { amtToForward, outgoingCltvValue, paymentMetadata, keysendPreimage, ...total }, unknown)
}

/** What came with the onion: the `path_key` of `update_add_htlc`, which only a hop within a blinded path gets. */
export interface PayloadContext {
  readonly pathKey?: Uint8Array | undefined
}

/** Reads the payload of a hop that is not the last one (BOLT 4, payload format, the reader). */
export function decodeIntermediatePayload(
  bytes: Uint8Array,
  { pathKey }: PayloadContext = {},
): Result<IntermediatePayload, PayloadFailure> {
  const read = readPayload(bytes, pathKey)
  if (!read.ok) return read
  const { fields, unknown } = read.value
  const { encryptedRecipientData, currentPathKey, amtToForward, outgoingCltvValue, shortChannelId } = fields
  if (encryptedRecipientData !== undefined) {
    const stranger = strangerTo(read.value, ['encryptedRecipientData', 'currentPathKey'])
    return stranger ?? ok({ type: 'blinded', encryptedRecipientData, ...(currentPathKey && { currentPathKey }) })
  }
  if (amtToForward === undefined) return missing('amtToForward')
  if (outgoingCltvValue === undefined) return missing('outgoingCltvValue')
  if (shortChannelId === undefined) return missing('shortChannelId')
  return ok({ type: 'plain', amtToForward, outgoingCltvValue, shortChannelId, unknown })
}

/** Reads the payload of the last hop (BOLT 4, payload format, the reader). */
export function decodeFinalPayload(
  bytes: Uint8Array,
  { pathKey }: PayloadContext = {},
): Result<FinalPayload, PayloadFailure> {
  const read = readPayload(bytes, pathKey)
  if (!read.ok) return read
  const { fields, unknown } = read.value
  const { amtToForward, outgoingCltvValue, totalAmountMsat, encryptedRecipientData, currentPathKey } = fields
  if (amtToForward === undefined) return missing('amtToForward')
  if (outgoingCltvValue === undefined) return missing('outgoingCltvValue')
  const amounts = { amtToForward, outgoingCltvValue }
  if (encryptedRecipientData !== undefined) {
    if (totalAmountMsat === undefined) return missing('totalAmountMsat')
    const path = { encryptedRecipientData, ...(currentPathKey && { currentPathKey }) }
    const stranger = strangerTo(read.value, BLINDED_FINAL)
    return stranger ?? ok({ type: 'blinded', ...amounts, totalMsat: totalAmountMsat, ...path })
  }
  const { paymentData, paymentMetadata, keysendPreimage } = fields
  return ok({
    type: 'plain',
    ...amounts,
    totalMsat: paymentData?.totalMsat ?? totalAmountMsat ?? amtToForward,
    ...(paymentData && { paymentSecret: paymentData.paymentSecret }),
    ...(paymentMetadata && { paymentMetadata }),
    ...(keysendPreimage && { keysendPreimage }),
    unknown,
  })
}

const BLINDED_FINAL: readonly Name[] = [
  'encryptedRecipientData',
  'currentPathKey',
  'amtToForward',
  'outgoingCltvValue',
  'totalAmountMsat',
]

function readPayload(bytes: Uint8Array, pathKey: Uint8Array | undefined): Result<Records, PayloadFailure> {
  const records = readRecords(TABLE, bytes)
  if (!records.ok) return invalid(records.error.type, records.error.offset, records.error.message)
  const blinded = records.value.fields.encryptedRecipientData !== undefined
  const given = records.value.places.find(({ type }) => type === TABLE.currentPathKey[0])
  if (given !== undefined && (!blinded || pathKey !== undefined)) return unwanted(given)
  if (blinded && given === undefined && pathKey === undefined) return missing('currentPathKey')
  if (!blinded && pathKey !== undefined) return missing('encryptedRecipientData')
  return records
}

/** The failure for the first record that is none of these, or nothing. */
function strangerTo(records: Records, names: readonly Name[]): ReturnType<typeof invalid> | undefined {
  const welcome = names.map(name => TABLE[name][0])
  const stranger = records.places.find(({ type }) => !(welcome as readonly bigint[]).includes(type))
  return stranger && unwanted(stranger)
}

function unwanted({ type, offset }: Records['places'][number]): ReturnType<typeof invalid> {
  return invalid(type, offset, `expected no record of type ${type} in this place`)
}

function missing(name: Name): ReturnType<typeof invalid> {
  return invalid(TABLE[name][0], 0, `expected a record of type ${TABLE[name][0]} (${name}), got none`)
}

function invalid(
  type: bigint,
  offset: number,
  message: string,
): { readonly ok: false; readonly error: PayloadFailure } {
  return err({
    failure: { type: 'invalid_onion_payload', tlvType: type, offset },
    message: `${message}, at byte ${offset} of the payload (BOLT 4, payload format)`,
  })
}

/** Whether a payload has a `current_path_key`, which only the first node of a blinded path gets; also where it is wrong otherwise. */
export function introducesPath(bytes: Uint8Array): boolean {
  const records = splitRecords(bytes)
  return records.ok && records.value.some(({ type }) => type === TABLE.currentPathKey[0])
}
