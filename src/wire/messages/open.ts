import { remainder, struct, u8, u16, u32, type ValueOf } from '../../base/index.ts'
import {
  chainHash,
  channelIdCodec,
  feeratePerKwCodec,
  millisatoshis,
  point,
  satoshis,
  signature,
  txidCodec,
} from '../fundamental.ts'
import { shortChannelIdCodec } from '../shortChannelId.ts'
import { extended } from '../tlv.ts'
import type { MessageTable } from './table.ts'

// Channel establishment v1 (BOLT 2).

/** The keys that both sides state in the same order when a channel is opened. */
export const channelKeys = {
  fundingPubkey: point,
  revocationBasepoint: point,
  paymentBasepoint: point,
  delayedPaymentBasepoint: point,
  htlcBasepoint: point,
  firstPerCommitmentPoint: point,
}

export const openingRecords = {
  upfrontShutdownScript: [0n, remainder],
  channelType: [1n, remainder],
} as const

const openChannelCodec = extended(
  struct({
    chainHash,
    temporaryChannelId: channelIdCodec,
    fundingSatoshis: satoshis,
    pushMsat: millisatoshis,
    dustLimitSatoshis: satoshis,
    maxHtlcValueInFlightMsat: millisatoshis,
    channelReserveSatoshis: satoshis,
    htlcMinimumMsat: millisatoshis,
    feeratePerKw: feeratePerKwCodec,
    toSelfDelay: u16,
    maxAcceptedHtlcs: u16,
    ...channelKeys,
    channelFlags: u8,
  }),
  openingRecords,
)
/** The opener's terms (BOLT 2, the `open_channel` message). */
export interface OpenChannel extends ValueOf<typeof openChannelCodec> {
  readonly type: 'open_channel'
}

const acceptChannelCodec = extended(
  struct({
    temporaryChannelId: channelIdCodec,
    dustLimitSatoshis: satoshis,
    maxHtlcValueInFlightMsat: millisatoshis,
    channelReserveSatoshis: satoshis,
    htlcMinimumMsat: millisatoshis,
    minimumDepth: u32,
    toSelfDelay: u16,
    maxAcceptedHtlcs: u16,
    ...channelKeys,
  }),
  openingRecords,
)
/** The accepter's terms (BOLT 2, the `accept_channel` message). */
export interface AcceptChannel extends ValueOf<typeof acceptChannelCodec> {
  readonly type: 'accept_channel'
}

const fundingCreatedCodec = extended(
  struct({ temporaryChannelId: channelIdCodec, fundingTxid: txidCodec, fundingOutputIndex: u16, signature }),
  {},
)
/** The funding outpoint, and the signature for the accepter's first commitment (BOLT 2, `funding_created`). */
export interface FundingCreated extends ValueOf<typeof fundingCreatedCodec> {
  readonly type: 'funding_created'
}

const fundingSignedCodec = extended(struct({ channelId: channelIdCodec, signature }), {})
/** The signature for the opener's first commitment (BOLT 2, `funding_signed`). */
export interface FundingSigned extends ValueOf<typeof fundingSignedCodec> {
  readonly type: 'funding_signed'
}

const channelReadyCodec = extended(struct({ channelId: channelIdCodec, secondPerCommitmentPoint: point }), {
  shortChannelId: [1n, shortChannelIdCodec],
})
/** The funding is deep enough for the sender; `shortChannelId` is an alias (BOLT 2, `channel_ready`). */
export interface ChannelReady extends ValueOf<typeof channelReadyCodec> {
  readonly type: 'channel_ready'
}

/** Opening a channel in which one side pays (BOLT 2, channel establishment v1). */
export type OpeningMessage = OpenChannel | AcceptChannel | FundingCreated | FundingSigned | ChannelReady

export const openingMessages: MessageTable<OpeningMessage> = {
  open_channel: [32, openChannelCodec],
  accept_channel: [33, acceptChannelCodec],
  funding_created: [34, fundingCreatedCodec],
  funding_signed: [35, fundingSignedCodec],
  channel_ready: [36, channelReadyCodec],
}
