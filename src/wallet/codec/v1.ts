import { bool, type Codec, type OutPoint, oneOf, optional, struct, u8, u32 } from '../../base/index.ts'
import { txCodec } from '../../bitcoin/index.ts'
import { satoshis, txidCodec } from '../../wire/index.ts'
import type { KeyPath } from '../keys.ts'
import type { Coin, Indexes, Lock, OwnTx, SeenIn } from '../types.ts'

// Version 1 of the stored form of the wallet, record by record. A record that is in use is never changed in place: a new shape
// is a new version with its own file, and a migration that reads this one.

export const VERSION = 1

export const version: Codec<number> = u8

export const height: Codec<number> = u32

export const indexes: Codec<Indexes> = struct({ receiveIssued: u32, receiveUsed: u32, changeUsed: u32 })

const outpoint: Codec<OutPoint> = struct({ txid: txidCodec, vout: u32 })
const path: Codec<KeyPath> = struct({ branch: oneOf('receive', 'change'), index: u32 })
const seenIn: Codec<SeenIn> = struct({ txid: txidCodec, height: u32 })

export const coin: Codec<Coin> = struct({
  outpoint,
  amountSat: satoshis,
  path,
  height: u32,
  coinbase: bool,
  spent: optional(seenIn),
})

/** The txid is in the key. */
export const ownTx: Codec<Omit<OwnTx, 'txid'>> = struct({
  tx: txCodec,
  standing: oneOf('held', 'published'),
  purpose: oneOf('funding', 'send', 'other'),
  confirmedHeight: optional(u32),
  conflict: optional(seenIn),
})

export const lock: Codec<Lock> = struct({ outpoint, reason: oneOf('channel', 'user') })
