import fc from 'fast-check'
import { ATTRIBUTION_DATA_LENGTH, type Message, ONION_ROUTING_PACKET_LENGTH } from '../../src/wire/index.ts'
import {
  arbitraryChannelId,
  arbitraryPaymentHash,
  arbitraryShortChannelId,
  arbitraryTxid,
  bytesOf,
  chainHash,
  counter,
  feerate,
  longBytesOf,
  message,
  millisatoshis,
  point,
  present,
  satoshis,
  signature,
  someBytes,
  u8,
  u16,
  u32,
} from './arbitraryFields.ts'
import { gossipArbitraries } from './arbitraryGossip.ts'
import { transactionArbitraries } from './arbitraryTransactions.ts'

// Any value of each message, for the properties of this room and of those that speak to a peer.

const channelKeys = {
  fundingPubkey: point,
  revocationBasepoint: point,
  paymentBasepoint: point,
  delayedPaymentBasepoint: point,
  htlcBasepoint: point,
  firstPerCommitmentPoint: point,
}
const terms = {
  temporaryChannelId: arbitraryChannelId,
  dustLimitSatoshis: satoshis,
  maxHtlcValueInFlightMsat: millisatoshis,
  htlcMinimumMsat: millisatoshis,
  toSelfDelay: u16,
  maxAcceptedHtlcs: u16,
  ...channelKeys,
}
const openingRecords = { upfrontShutdownScript: someBytes, channelType: someBytes }
const openingRecords2 = { ...openingRecords, requireConfirmedInputs: present }
const simpleClose = {
  channelId: arbitraryChannelId,
  closerScriptpubkey: someBytes,
  closeeScriptpubkey: someBytes,
  feeSatoshis: satoshis,
  locktime: u32,
}
const closingRecords = { closerOutputOnly: signature, closeeOutputOnly: signature, closerAndCloseeOutputs: signature }
const attribution = { attributionData: longBytesOf(ATTRIBUTION_DATA_LENGTH) }
const diagnosis = { channelId: arbitraryChannelId, data: someBytes }

/** One arbitrary for each message type. */
export const messageArbitraries: { readonly [K in Message['type']]: fc.Arbitrary<Extract<Message, { type: K }>> } = {
  init: message(
    'init',
    { globalfeatures: someBytes, features: someBytes },
    { networks: fc.array(chainHash, { maxLength: 3 }), remoteAddr: someBytes },
  ),
  error: message('error', diagnosis, {}),
  warning: message('warning', diagnosis, {}),
  ping: message('ping', { numPongBytes: u16, ignored: someBytes }, {}),
  pong: message('pong', { ignored: someBytes }, {}),
  peer_storage: message('peer_storage', { blob: someBytes }, {}),
  peer_storage_retrieval: message('peer_storage_retrieval', { blob: someBytes }, {}),
  open_channel: message(
    'open_channel',
    {
      chainHash,
      fundingSatoshis: satoshis,
      pushMsat: millisatoshis,
      feeratePerKw: feerate,
      channelReserveSatoshis: satoshis,
      channelFlags: u8,
      ...terms,
    },
    openingRecords,
  ),
  accept_channel: message(
    'accept_channel',
    { minimumDepth: u32, channelReserveSatoshis: satoshis, ...terms },
    openingRecords,
  ),
  open_channel2: message(
    'open_channel2',
    {
      chainHash,
      fundingFeeratePerkw: feerate,
      commitmentFeeratePerkw: feerate,
      fundingSatoshis: satoshis,
      locktime: u32,
      secondPerCommitmentPoint: point,
      channelFlags: u8,
      ...terms,
    },
    openingRecords2,
  ),
  accept_channel2: message(
    'accept_channel2',
    { fundingSatoshis: satoshis, minimumDepth: u32, secondPerCommitmentPoint: point, ...terms },
    openingRecords2,
  ),
  funding_created: message(
    'funding_created',
    { temporaryChannelId: arbitraryChannelId, fundingTxid: arbitraryTxid, fundingOutputIndex: u16, signature },
    {},
  ),
  funding_signed: message('funding_signed', { channelId: arbitraryChannelId, signature }, {}),
  channel_ready: message(
    'channel_ready',
    { channelId: arbitraryChannelId, secondPerCommitmentPoint: point },
    { shortChannelId: arbitraryShortChannelId },
  ),
  shutdown: message('shutdown', { channelId: arbitraryChannelId, scriptpubkey: someBytes }, {}),
  closing_signed: message(
    'closing_signed',
    { channelId: arbitraryChannelId, feeSatoshis: satoshis, signature },
    { feeRange: fc.record({ minFeeSatoshis: satoshis, maxFeeSatoshis: satoshis }) },
  ),
  closing_complete: message('closing_complete', simpleClose, closingRecords),
  closing_sig: message('closing_sig', simpleClose, closingRecords),
  update_add_htlc: message(
    'update_add_htlc',
    {
      channelId: arbitraryChannelId,
      id: counter,
      amountMsat: millisatoshis,
      paymentHash: arbitraryPaymentHash,
      cltvExpiry: u32,
      onionRoutingPacket: longBytesOf(ONION_ROUTING_PACKET_LENGTH),
    },
    { pathKey: point },
  ),
  update_fulfill_htlc: message(
    'update_fulfill_htlc',
    { channelId: arbitraryChannelId, id: counter, paymentPreimage: bytesOf(32) },
    attribution,
  ),
  update_fail_htlc: message(
    'update_fail_htlc',
    { channelId: arbitraryChannelId, id: counter, reason: someBytes },
    attribution,
  ),
  update_fail_malformed_htlc: message(
    'update_fail_malformed_htlc',
    { channelId: arbitraryChannelId, id: counter, sha256OfOnion: bytesOf(32), failureCode: u16 },
    {},
  ),
  update_fee: message('update_fee', { channelId: arbitraryChannelId, feeratePerKw: feerate }, {}),
  commitment_signed: message(
    'commitment_signed',
    { channelId: arbitraryChannelId, signature, htlcSignatures: fc.array(signature, { maxLength: 4 }) },
    { fundingTxid: arbitraryTxid },
  ),
  revoke_and_ack: message(
    'revoke_and_ack',
    { channelId: arbitraryChannelId, perCommitmentSecret: bytesOf(32), nextPerCommitmentPoint: point },
    {},
  ),
  channel_reestablish: message(
    'channel_reestablish',
    {
      channelId: arbitraryChannelId,
      nextCommitmentNumber: counter,
      nextRevocationNumber: counter,
      yourLastPerCommitmentSecret: bytesOf(32),
      myCurrentPerCommitmentPoint: point,
    },
    {
      nextFunding: fc.record({ nextFundingTxid: arbitraryTxid, retransmitFlags: u8 }),
      myCurrentFundingLocked: fc.record({ myCurrentFundingLockedTxid: arbitraryTxid, retransmitFlags: u8 }),
    },
  ),
  onion_message: message('onion_message', { pathKey: point, onionMessagePacket: someBytes }, {}),
  ...transactionArbitraries,
  ...gossipArbitraries,
}

export const arbitraryMessage: fc.Arbitrary<Message> = fc.oneof(...Object.values(messageArbitraries))
