import {
  defined,
  type Msat,
  mapped,
  msat,
  ok,
  type Result,
  remainder,
  struct,
  u16,
  u32,
  type ValueOf,
} from '../base/index.ts'
import { shortChannelIdCodec, type TlvFields, type TlvRecords, tu32 } from '../wire/index.ts'
import { nodeIdOnCurve, pointCodec, truncatedMsat } from './fields.ts'
import { type RecordFailure, readRecords, type TlvRecord, writeRecords } from './records.ts'

// What the maker of a blinded path says to each node on it: encrypted_data_tlv (BOLT 4, inside encrypted_recipient_data).

const feeBaseMsat = mapped(tu32, (amount): Msat => msat(amount), Number)
const paymentRelay = struct({ cltvExpiryDelta: u16, feeProportionalMillionths: u32, feeBaseMsat })
const paymentConstraints = struct({ maxCltvExpiry: u32, htlcMinimumMsat: truncatedMsat })

/** What a node takes for passing a payment on: a delta in blocks, a base in millisatoshis, millionths of what it passes on. */
export interface PaymentRelay extends ValueOf<typeof paymentRelay> {}

/** For which payments the path may be used: until a block height, from an amount on. */
export interface PaymentConstraints extends ValueOf<typeof paymentConstraints> {}

const TABLE = {
  padding: [1n, remainder],
  shortChannelId: [2n, shortChannelIdCodec],
  nextNodeId: [4n, nodeIdOnCurve],
  pathId: [6n, remainder],
  nextPathKeyOverride: [8n, pointCodec],
  paymentRelay: [10n, paymentRelay],
  paymentConstraints: [12n, paymentConstraints],
  allowedFeatures: [14n, remainder],
} as const satisfies TlvRecords

export interface RecipientData extends TlvFields<typeof TABLE> {
  readonly unknown?: readonly TlvRecord[]
}

export function encodeRecipientData({ unknown = [], ...fields }: RecipientData): Uint8Array {
  return writeRecords(TABLE, fields, unknown)
}

export function decodeRecipientData(bytes: Uint8Array): Result<RecipientData, RecordFailure> {
  const read = readRecords(TABLE, bytes)
  if (!read.ok) return read
  const { fields, unknown } = read.value
  return ok({ ...fields, ...(unknown.length > 0 && { unknown }) })
}

/**
 * The same data, padded so that all encode to one length: a path whose hops differ in length would tell where it ends (BOLT 4,
 * route blinding, requirements).
 */
export function padRecipientData(hops: readonly RecipientData[]): readonly RecipientData[] {
  const bare = hops.map(({ padding: _, ...data }) => data)
  const lengths = bare.map(data => encodeRecipientData(data).length)
  let target = Math.max(...lengths)
  // A record cannot take every number of bytes, so the target may have to be a little further.
  while (lengths.some(length => !isRecordLength(target - length))) target++
  return bare.map((data, i) => {
    const missing = target - defined(lengths[i], 'each hop has a length')
    return missing === 0 ? data : { padding: new Uint8Array(missing - headerLength(missing)), ...data }
  })
}

/** Whether a record, its type and its length included, can take so many bytes; none is what no record takes. */
const isRecordLength = (bytes: number): boolean => bytes === 0 || (bytes >= 2 && bytes !== 255 && bytes !== 256)

/** The type takes one byte, the length one or, from 253 on, three (BOLT 1, appendix A). */
const headerLength = (recordLength: number): number => (recordLength < 255 ? 2 : 4)
