import {
  array,
  type Codec,
  fixedBytes,
  lengthPrefixed,
  oneOf,
  struct,
  u8,
  u16,
  u32,
  u64Number,
} from '../../base/index.ts'
import { txCodec } from '../../bitcoin/index.ts'
import { millisatoshis, paymentHashCodec, txidCodec } from '../../wire/index.ts'
import type { ChannelHtlc, Claim, ConfirmedTx, RevokedHtlcs, SpentCoin } from '../types.ts'

// Version 1 of the stored form of enforcement, record by record. A record that is in use is never changed in place: a new shape
// is a new version with its own file, and a migration that reads this one.

export const VERSION = 1

export const version: Codec<number> = u8

/** The txid is in the key. */
export const confirmedTx: Codec<Pick<ConfirmedTx, 'height' | 'tx'>> = struct({ height: u32, tx: txCodec })

/** The hash is in the key. */
export const preimage: Codec<Uint8Array> = fixedBytes(32)

/** What an HTLC is on the chain. */
export const channelHtlc: Codec<ChannelHtlc> = struct({
  offeredBy: oneOf('local', 'remote'),
  id: u64Number,
  amountMsat: millisatoshis,
  paymentHash: paymentHashCodec,
  cltvExpiry: u32,
})

export const revokedHtlcs: Codec<RevokedHtlcs> = struct({ commitmentNumber: u64Number, htlcs: array(u16, channelHtlc) })

const spentCoin: Codec<SpentCoin> = struct({
  outpoint: struct({ txid: txidCodec, vout: u32 }),
  script: lengthPrefixed(u16),
})

/** The txid is in the key. */
export const claim: Codec<Pick<Claim, 'role' | 'feeCoins' | 'tx'>> = struct({
  role: oneOf('claim', 'penalty', 'htlc-timeout', 'htlc-success', 'anchor'),
  feeCoins: array(u16, spentCoin),
  tx: txCodec,
})
