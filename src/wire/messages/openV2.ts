import { struct, u8, u16, u32, type ValueOf } from '../../base/index.ts'
import {
  chainHash,
  channelIdCodec,
  feeratePerKwCodec,
  millisatoshis,
  point,
  present,
  satoshis,
} from '../fundamental.ts'
import { extended } from '../tlv.ts'
import { channelKeys, openingRecords } from './open.ts'
import type { MessageTable } from './table.ts'

// Channel establishment v2 (BOLT 2): both sides may pay, and the reserve follows from the amounts.

const openingRecords2 = { ...openingRecords, requireConfirmedInputs: [2n, present] } as const

const openChannel2Codec = extended(
  struct({
    chainHash,
    temporaryChannelId: channelIdCodec,
    fundingFeeratePerkw: feeratePerKwCodec,
    commitmentFeeratePerkw: feeratePerKwCodec,
    fundingSatoshis: satoshis,
    dustLimitSatoshis: satoshis,
    maxHtlcValueInFlightMsat: millisatoshis,
    htlcMinimumMsat: millisatoshis,
    toSelfDelay: u16,
    maxAcceptedHtlcs: u16,
    locktime: u32,
    ...channelKeys,
    secondPerCommitmentPoint: point,
    channelFlags: u8,
  }),
  openingRecords2,
)
/** The opener's terms and what it pays (BOLT 2, the `open_channel2` message). */
export interface OpenChannel2 extends ValueOf<typeof openChannel2Codec> {
  readonly type: 'open_channel2'
}

const acceptChannel2Codec = extended(
  struct({
    temporaryChannelId: channelIdCodec,
    fundingSatoshis: satoshis,
    dustLimitSatoshis: satoshis,
    maxHtlcValueInFlightMsat: millisatoshis,
    htlcMinimumMsat: millisatoshis,
    minimumDepth: u32,
    toSelfDelay: u16,
    maxAcceptedHtlcs: u16,
    ...channelKeys,
    secondPerCommitmentPoint: point,
  }),
  openingRecords2,
)
/** The accepter's terms and what it pays, which may be nothing (BOLT 2, the `accept_channel2` message). */
export interface AcceptChannel2 extends ValueOf<typeof acceptChannel2Codec> {
  readonly type: 'accept_channel2'
}

/** Opening a channel that both sides may fund (BOLT 2, channel establishment v2). */
export type DualFundingMessage = OpenChannel2 | AcceptChannel2

export const dualFundingMessages: MessageTable<DualFundingMessage> = {
  open_channel2: [64, openChannel2Codec],
  accept_channel2: [65, acceptChannel2Codec],
}
