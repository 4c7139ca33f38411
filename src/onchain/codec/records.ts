import {
  type Codec,
  type DecodeFailure,
  decode,
  encode,
  err,
  ok,
  type PaymentHash,
  type Result,
  type Txid,
} from '../../base/index.ts'
import { byHeight } from '../absorb.ts'
import type { Claim, ConfirmedTx, OnchainState, OnchainWrite } from '../types.ts'
import * as v1 from './v1.ts'

// The state as keyed records. A step writes the records that it changed and no others.
//
//   version                  of this layout
//   tx/<txid>                a confirmed transaction and its height
//   preimage/<hash>
//   revoked                  the HTLCs of the revoked commitment
//   claim/<txid>             a transaction of ours
//   reported/<name>          an event that was told

type Records = ReadonlyMap<string, Uint8Array>

/** What has to be written so that the store holds `next` where it held `before`. Cost: one pass over both. */
export function changedRecords(before: OnchainState, next: OnchainState): readonly OnchainWrite[] {
  if (before === next) return []
  const changes = [
    ...mapChanges('tx', v1.confirmedTx, byTxid(before.facts.transactions), byTxid(next.facts.transactions)),
    ...mapChanges('preimage', v1.preimage, before.facts.preimages, next.facts.preimages),
    ...mapChanges('claim', v1.claim, byTxid(before.claims), byTxid(next.claims)),
    ...reportedChanges(before.reported, next.reported),
    ...revokedChange(before, next),
  ]
  if (changes.length === 0 || !isEmpty(before)) return changes
  return [put('version', v1.version, v1.VERSION), ...changes]
}

function byTxid<T extends ConfirmedTx | Claim>(values: readonly T[]): ReadonlyMap<Txid, T> {
  return new Map(values.map(value => [value.txid, value]))
}

/** Values never change in place, so that the same object needs no write. */
function mapChanges<K extends string, T>(
  folder: string,
  codec: Codec<T>,
  before: ReadonlyMap<K, T>,
  next: ReadonlyMap<K, T>,
): readonly OnchainWrite[] {
  if (before === next) return []
  const writes: OnchainWrite[] = []
  for (const [key, value] of next) if (before.get(key) !== value) writes.push(put(`${folder}/${key}`, codec, value))
  for (const key of before.keys()) if (!next.has(key)) writes.push({ type: 'delete', key: `${folder}/${key}` })
  return writes
}

function reportedChanges(before: readonly string[], next: readonly string[]): readonly OnchainWrite[] {
  const [old, now] = [new Set(before), new Set(next)]
  const told = next.filter(name => !old.has(name))
  const gone = before.filter(name => !now.has(name))
  return [
    ...told.map((name): OnchainWrite => ({ type: 'put', key: `reported/${name}`, value: new Uint8Array(0) })),
    ...gone.map((name): OnchainWrite => ({ type: 'delete', key: `reported/${name}` })),
  ]
}

/** The archive's answer is only ever replaced by another one. */
function revokedChange(before: OnchainState, next: OnchainState): readonly OnchainWrite[] {
  const { revoked } = next.facts
  return revoked === undefined || revoked === before.facts.revoked ? [] : [put('revoked', v1.revokedHtlcs, revoked)]
}

function put<T>(key: string, codec: Codec<T>, value: T): OnchainWrite {
  return { type: 'put', key, value: encode(codec, value) }
}

function isEmpty({ facts, claims, reported }: OnchainState): boolean {
  const { transactions, preimages, revoked } = facts
  return [transactions, claims, reported].every(each => each.length === 0) && preimages.size === 0 && !revoked
}

/** The state from all of its records; of a channel that has none yet, the empty one. */
export function loadOnchainState(records: Records): Result<OnchainState, DecodeFailure> {
  const transactions: ConfirmedTx[] = []
  const preimages = new Map<PaymentHash, Uint8Array>()
  const claims: Claim[] = []
  const reported: string[] = []
  let revoked: OnchainState['facts']['revoked']
  if (records.size > 0 && records.get('version')?.[0] !== v1.VERSION) {
    return invalid(`expected version ${v1.VERSION} of the stored enforcement, got ${records.get('version')?.[0]}`)
  }
  for (const [key, value] of [...records].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const slash = key.indexOf('/')
    const folder = slash < 0 ? key : key.slice(0, slash)
    const name = key.slice(slash + 1)
    // The keys are our own, so that a name is what its folder says.
    if (folder === 'tx') {
      const read = decode(v1.confirmedTx, value)
      if (!read.ok) return read
      transactions.push({ ...read.value, txid: name as Txid })
    } else if (folder === 'claim') {
      const read = decode(v1.claim, value)
      if (!read.ok) return read
      claims.push({ ...read.value, txid: name as Txid })
    } else if (folder === 'preimage') {
      const read = decode(v1.preimage, value)
      if (!read.ok) return read
      preimages.set(name as PaymentHash, read.value)
    } else if (folder === 'revoked') {
      const read = decode(v1.revokedHtlcs, value)
      if (!read.ok) return read
      revoked = read.value
    } else if (folder === 'reported') reported.push(name)
    else if (folder !== 'version') return invalid(`unknown record ${key} of the stored enforcement`)
  }
  transactions.sort(byHeight)
  return ok({ facts: { transactions, preimages, ...(revoked && { revoked }) }, claims, reported })
}

function invalid(message: string): { readonly ok: false; readonly error: DecodeFailure } {
  return err({ code: 'invalid', message })
}
