import { fixedBytes, struct, u16, u32, u64Number, type ValueOf } from '../../base/index.ts'
import {
  bytes32,
  channelIdCodec,
  feeratePerKwCodec,
  millisatoshis,
  paymentHashCodec,
  point,
  shortBytes,
} from '../fundamental.ts'
import { extended } from '../tlv.ts'
import type { MessageTable } from './table.ts'

// Updates of the commitment transactions (BOLT 2, normal operation).

/** Bytes of the onion packet of a payment (BOLT 4, packet structure). */
export const ONION_ROUTING_PACKET_LENGTH = 1366
/** 20 hold times of 4 bytes and 210 HMACs truncated to 4 bytes (BOLT 2, removing an HTLC). */
export const ATTRIBUTION_DATA_LENGTH = 920

const attributionData = fixedBytes(ATTRIBUTION_DATA_LENGTH)

const updateAddHtlcCodec = extended(
  struct({
    channelId: channelIdCodec,
    id: u64Number,
    amountMsat: millisatoshis,
    paymentHash: paymentHashCodec,
    cltvExpiry: u32,
    onionRoutingPacket: fixedBytes(ONION_ROUTING_PACKET_LENGTH),
  }),
  // The record is called blinded_path and holds one field, path_key, by which the text refers to it.
  { pathKey: [0n, point] },
)
/** The sender offers an HTLC (BOLT 2, `update_add_htlc`). */
export interface UpdateAddHtlc extends ValueOf<typeof updateAddHtlcCodec> {
  readonly type: 'update_add_htlc'
}

const updateFulfillHtlcCodec = extended(
  struct({ channelId: channelIdCodec, id: u64Number, paymentPreimage: bytes32 }),
  { attributionData: [1n, attributionData] },
)
/** The preimage of an HTLC that the receiver of this message offered (BOLT 2, removing an HTLC). */
export interface UpdateFulfillHtlc extends ValueOf<typeof updateFulfillHtlcCodec> {
  readonly type: 'update_fulfill_htlc'
}

const updateFailHtlcCodec = extended(struct({ channelId: channelIdCodec, id: u64Number, reason: shortBytes }), {
  attributionData: [1n, attributionData],
})
/** An HTLC failed; `reason` is encrypted for its origin (BOLT 2, removing an HTLC). */
export interface UpdateFailHtlc extends ValueOf<typeof updateFailHtlcCodec> {
  readonly type: 'update_fail_htlc'
}

const updateFailMalformedHtlcCodec = extended(
  struct({ channelId: channelIdCodec, id: u64Number, sha256OfOnion: bytes32, failureCode: u16 }),
  {},
)
/** The onion of an HTLC could not be read (BOLT 2, removing an HTLC). */
export interface UpdateFailMalformedHtlc extends ValueOf<typeof updateFailMalformedHtlcCodec> {
  readonly type: 'update_fail_malformed_htlc'
}

const updateFeeCodec = extended(struct({ channelId: channelIdCodec, feeratePerKw: feeratePerKwCodec }), {})
/** The opener's new feerate for the commitment transactions (BOLT 2, `update_fee`). */
export interface UpdateFee extends ValueOf<typeof updateFeeCodec> {
  readonly type: 'update_fee'
}

/** The updates that `commitment_signed` commits to (BOLT 2, normal operation). */
export type UpdateMessage = UpdateAddHtlc | UpdateFulfillHtlc | UpdateFailHtlc | UpdateFailMalformedHtlc | UpdateFee

export const updateMessages: MessageTable<UpdateMessage> = {
  update_add_htlc: [128, updateAddHtlcCodec],
  update_fulfill_htlc: [130, updateFulfillHtlcCodec],
  update_fail_htlc: [131, updateFailHtlcCodec],
  update_fee: [134, updateFeeCodec],
  update_fail_malformed_htlc: [135, updateFailMalformedHtlcCodec],
}
