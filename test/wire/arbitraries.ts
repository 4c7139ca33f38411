import fc from 'fast-check'
import {
  type BlockHash,
  blockHashFromWire,
  type ChannelId,
  channelId,
  type FeeratePerKw,
  feeratePerKw,
  type Msat,
  msat,
  type PaymentHash,
  paymentHash,
  type Sat,
  sat,
  type Txid,
  txidFromWire,
} from '../../src/base/index.ts'
import {
  ATTRIBUTION_DATA_LENGTH,
  type Message,
  ONION_ROUTING_PACKET_LENGTH,
  type ShortChannelId,
  shortChannelId,
} from '../../src/wire/index.ts'

// Any value of each message, for the properties of this room and of those that speak to a peer.

export const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
export const u8: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xff })
export const u16: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff })
export const u32: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffffffff })
export const u64: fc.Arbitrary<bigint> = fc.bigInt({ min: 0n, max: (1n << 64n) - 1n })
export const counter: fc.Arbitrary<number> = fc.maxSafeNat()
export const satoshis: fc.Arbitrary<Sat> = u64.map(sat)
export const millisatoshis: fc.Arbitrary<Msat> = u64.map(msat)
export const feerate: fc.Arbitrary<FeeratePerKw> = u32.map(feeratePerKw)
export const arbitraryChannelId: fc.Arbitrary<ChannelId> = bytesOf(32).map(channelId)
export const arbitraryPaymentHash: fc.Arbitrary<PaymentHash> = bytesOf(32).map(paymentHash)
export const arbitraryTxid: fc.Arbitrary<Txid> = bytesOf(32).map(txidFromWire)
export const chainHash: fc.Arbitrary<BlockHash> = bytesOf(32).map(blockHashFromWire)
export const signature: fc.Arbitrary<Uint8Array> = bytesOf(64)
export const someBytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 80 })

/** The form of a compressed point; it need not lie on the curve. */
export const point: fc.Arbitrary<Uint8Array> = fc
  .tuple(fc.constantFrom(2, 3), bytesOf(32))
  .map(([prefix, x]) => Uint8Array.of(prefix, ...x))

/** Long fields repeat 32 arbitrary bytes, which is quicker to make and as good to tell apart. */
export const longBytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  bytesOf(32).map(tile => Uint8Array.from({ length }, (_, at) => tile[at % 32] ?? 0))

export const arbitraryShortChannelId: fc.Arbitrary<ShortChannelId> = fc
  .record({ blockHeight: fc.nat(0xffffff), txIndex: fc.nat(0xffffff), outputIndex: u16 })
  .map(shortChannelId)

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
  channelReserveSatoshis: satoshis,
  htlcMinimumMsat: millisatoshis,
  toSelfDelay: u16,
  maxAcceptedHtlcs: u16,
  ...channelKeys,
}
const openingRecords = { upfrontShutdownScript: someBytes, channelType: someBytes }
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

type Arbitraries = { readonly [name: string]: fc.Arbitrary<unknown> }
type Values<A extends Arbitraries> = { readonly [K in keyof A]: A[K] extends fc.Arbitrary<infer T> ? T : never }

/** Every field of the body is there; every record may be there or not. */
function message<K extends string, B extends Arbitraries, R extends Arbitraries>(
  type: K,
  body: B,
  records: R,
): fc.Arbitrary<{ readonly type: K } & Values<B> & Partial<Values<R>>> {
  return fc.tuple(fc.record(body), fc.record(records, { requiredKeys: [] })).map(
    // fast-check makes these very fields; it names their types another way.
    ([fields, optional]) =>
      ({ type, ...fields, ...optional }) as unknown as { readonly type: K } & Values<B> & Partial<Values<R>>,
  )
}

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
  open_channel: message(
    'open_channel',
    {
      chainHash,
      fundingSatoshis: satoshis,
      pushMsat: millisatoshis,
      feeratePerKw: feerate,
      channelFlags: u8,
      ...terms,
    },
    openingRecords,
  ),
  accept_channel: message('accept_channel', { minimumDepth: u32, ...terms }, openingRecords),
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
}

export const arbitraryMessage: fc.Arbitrary<Message> = fc.oneof(...Object.values(messageArbitraries))
