import {
  type Codec,
  type DecodeFailure,
  decode,
  encode,
  err,
  ok,
  outPointKey,
  type Result,
  type Txid,
} from '../../base/index.ts'
import { txid } from '../../bitcoin/index.ts'
import type { Coin, Indexes, Lock, OwnTx, WalletContext, WalletState, WalletWrite } from '../types.ts'
import { watchedScripts } from '../watched.ts'
import * as v1 from './v1.ts'

// The state as keyed records. A step writes the records that it changed and no others.
//
//   version           of this layout, with the first record of all
//   height            of the newest block that was read
//   indexes
//   coin/<txid:vout>
//   tx/<txid>         a transaction of ours
//   lock/<txid:vout>

type Records = ReadonlyMap<string, Uint8Array>

/** What has to be written so that the store holds `next` where it held `before`. Cost: one pass over both. */
export function changedRecords(before: WalletState, next: WalletState): readonly WalletWrite[] {
  if (before === next) return []
  const changes = [
    ...(next.height === undefined || next.height === before.height ? [] : [put('height', v1.height, next.height)]),
    ...(next.indexes === before.indexes ? [] : [put('indexes', v1.indexes, next.indexes)]),
    ...mapChanges('coin', v1.coin, before.coins, next.coins),
    ...mapChanges('tx', v1.ownTx, before.transactions, next.transactions),
    ...mapChanges('lock', v1.lock, before.locks, next.locks),
  ]
  return changes.length > 0 && isUnstored(before) ? [put('version', v1.version, v1.VERSION), ...changes] : changes
}

/** Values never change in place, so that the same object needs no write. */
function mapChanges<K extends string, T>(
  folder: string,
  codec: Codec<T>,
  before: ReadonlyMap<K, T>,
  next: ReadonlyMap<K, T>,
): readonly WalletWrite[] {
  if (before === next) return []
  const writes: WalletWrite[] = []
  for (const [key, value] of next) if (before.get(key) !== value) writes.push(put(`${folder}/${key}`, codec, value))
  for (const key of before.keys()) if (!next.has(key)) writes.push({ type: 'delete', key: `${folder}/${key}` })
  return writes
}

function put<T>(key: string, codec: Codec<T>, value: T): WalletWrite {
  return { type: 'put', key, value: encode(codec, value) }
}

/** So little that nothing may have been written yet; the version once more does no harm. */
function isUnstored({ height, indexes, coins, transactions, locks }: WalletState): boolean {
  const { receiveIssued, receiveUsed, changeUsed } = indexes
  return (
    height === undefined &&
    [receiveIssued + receiveUsed + changeUsed, coins.size, transactions.size, locks.size].every(n => n === 0)
  )
}

/** The state from all of its records; of a wallet that has none yet, the new one. Cost: a derivation for each address. */
export function loadWallet(
  records: Records,
  context: Pick<WalletContext, 'keys' | 'limits'>,
): Result<WalletState, DecodeFailure> {
  if (records.size > 0 && records.get('version')?.[0] !== v1.VERSION) {
    return invalid(`expected version ${v1.VERSION} of the stored wallet, got ${records.get('version')?.[0]}`)
  }
  const found: Found = { coins: new Map(), transactions: new Map(), locks: new Map() }
  for (const [key, value] of records) {
    const failure = readRecord(found, key, value)
    if (failure !== undefined) return err(failure)
  }
  const { height, coins, transactions, locks } = found
  const indexes = found.indexes ?? { receiveIssued: 0, receiveUsed: 0, changeUsed: 0 }
  if (!mayBe(indexes))
    return invalid('expected as many addresses as a wallet can have used, each of which was given out')
  const watched = watchedScripts(indexes, context)
  return ok({ indexes, coins, transactions, locks, watched, ...(height !== undefined && { height }) })
}

/** Each is derived at a start, which takes minutes for so many: more of them are a damaged record. */
const MOST_ADDRESSES = 1_000_000

function mayBe({ receiveIssued, receiveUsed, changeUsed }: Indexes): boolean {
  return receiveUsed <= receiveIssued && Math.max(receiveIssued, changeUsed) <= MOST_ADDRESSES
}

interface Found {
  height?: number
  indexes?: Indexes
  readonly coins: Map<string, Coin>
  readonly transactions: Map<Txid, OwnTx>
  readonly locks: Map<string, Lock>
}

/** Reads one record into `found`; a failure where it does not decode, or stands under the key of another one. */
function readRecord(found: Found, key: string, value: Uint8Array): DecodeFailure | undefined {
  const slash = key.indexOf('/')
  const folder = slash < 0 ? key : key.slice(0, slash)
  const name = key.slice(slash + 1)
  switch (folder) {
    case 'version':
      return undefined
    case 'height':
      return read(v1.height, value, height => Object.assign(found, { height }))
    case 'indexes':
      return read(v1.indexes, value, indexes => Object.assign(found, { indexes }))
    case 'coin':
      return read(v1.coin, value, coin => outPointKey(coin.outpoint) === name && found.coins.set(name, coin))
    case 'lock':
      return read(v1.lock, value, lock => outPointKey(lock.outpoint) === name && found.locks.set(name, lock))
    case 'tx':
      return read(v1.ownTx, value, own => {
        const id = txid(own.tx)
        return id === name && found.transactions.set(id, { txid: id, ...own })
      })
    default:
      return { code: 'invalid', message: `unknown record ${key} of the stored wallet` }
  }
}

/** `take` says `false` to a record that is not the one that its key names. */
function read<T>(codec: Codec<T>, bytes: Uint8Array, take: (value: T) => object | false): DecodeFailure | undefined {
  const value = decode(codec, bytes)
  if (!value.ok) return value.error
  if (take(value.value) !== false) return undefined
  return { code: 'invalid', message: 'a record of the stored wallet stands under the key of another one' }
}

function invalid(message: string): { readonly ok: false; readonly error: DecodeFailure } {
  return err({ code: 'invalid', message })
}
