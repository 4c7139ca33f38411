import { type Codec, type DecodeFailure, decode, encode, err, ok, type Result } from '../../base/index.ts'
import { FIRST_SECRET_INDEX, type SecretStore, type StoredSecret } from '../../keys/index.ts'
import { differenceOf } from '../htlcList.ts'
import { breachOf } from '../invariants.ts'
import type { Channel, ChannelDurable, ChannelWrite, Htlc, Party } from '../types.ts'
import * as v1 from './v1.ts'

// The durable drawer as keyed records. A step writes the records that it changed and no others: what a payment costs on
// disk does not grow with the history, nor with the HTLCs that did not move, but for the signatures that each commitment of
// ours has anew for each of its HTLCs.
//
//   version                      of this layout
//   params, phase, head, shutdown, local-commit, remote-commit
//   unconfirmed, remote-alias, close-feerate   where there are any
//   htlc/<l|r>/<id>              where each live HTLC stands
//   offer/<l|r>/<id>             what it is, with its onion: written once
//   attribution/<l|r>/<id>       how long those behind have held it, where its end says so: written once
//   secret/<slot>                the peer's revealed secrets, at most 49
//   mutual-close/<n>             fully signed closing transactions
//   archive/<until>/<l|r>/<id>   a finished HTLC that stood on commitments which are now revoked; never rewritten

type Records = ReadonlyMap<string, Uint8Array>

/** What has to be written so that the store holds `next` where it held `before`. Cost: one pass over the live HTLCs. */
export function changedRecords(before: Channel | undefined, next: Channel): readonly ChannelWrite[] {
  if (!('durable' in next)) return []
  const old = before !== undefined && 'durable' in before ? before.durable : undefined
  if (old === next.durable) return []
  const { durable } = next
  const writes: ChannelWrite[] = old === undefined ? [put('version', v1.version, v1.VERSION)] : []
  if (old?.params !== durable.params) writes.push(put('params', v1.params, durable.params))
  if (old?.phase !== durable.phase) writes.push(put('phase', v1.phase, durable.phase))
  if (old === undefined || headChanged(old, durable)) writes.push(put('head', v1.head, headOf(durable)))
  if (old?.shutdown !== durable.shutdown) writes.push(put('shutdown', v1.shutdown, durable.shutdown))
  if (old?.localCommit !== durable.localCommit) writes.push(put('local-commit', v1.localCommit, durable.localCommit))
  if (old?.remoteCommit !== durable.remoteCommit)
    writes.push(put('remote-commit', v1.remoteCommit, durable.remoteCommit))
  writes.push(...maybe('unconfirmed', v1.unconfirmed, old?.unconfirmed, durable.unconfirmed))
  writes.push(...maybe('remote-alias', v1.remoteAlias, old?.remoteAlias, durable.remoteAlias))
  writes.push(...maybe('close-feerate', v1.closeFeerate, old?.closeFeeratePerKw, durable.closeFeeratePerKw))
  writes.push(...htlcWrites(old?.htlcs ?? [], durable))
  writes.push(...listWrites('secret', v1.secret, old?.remoteSecrets.slots ?? [], durable.remoteSecrets.slots))
  writes.push(...listWrites('mutual-close', v1.mutualClose, old?.mutualCloses ?? [], durable.mutualCloses))
  return writes
}

function put<T>(key: string, codec: Codec<T>, value: T): ChannelWrite {
  return { type: 'put', key, value: encode(codec, value) }
}

/** A record that is there as long as what it is about. */
function maybe<T>(key: string, codec: Codec<T>, old: T | undefined, next: T | undefined): readonly ChannelWrite[] {
  if (old === next) return []
  return next === undefined ? [{ type: 'delete', key }] : [put(key, codec, next)]
}

function headChanged(old: ChannelDurable, next: ChannelDurable): boolean {
  return (
    old.ready !== next.ready ||
    old.settled !== next.settled ||
    old.feeratePerKw !== next.feeratePerKw ||
    old.feeUpdates !== next.feeUpdates ||
    old.nextHtlcId !== next.nextHtlcId ||
    old.proposed !== next.proposed ||
    old.lastSent !== next.lastSent ||
    old.htlcs.length !== next.htlcs.length ||
    old.mutualCloses.length !== next.mutualCloses.length
  )
}

function headOf(durable: ChannelDurable): v1.Head {
  return { ...durable, htlcCount: durable.htlcs.length, mutualCloseCount: durable.mutualCloses.length }
}

/** Both lists are in the order of their keys, so one walk along both finds what is new, changed or gone. */
function htlcWrites(old: readonly Htlc[], { htlcs }: ChannelDurable): readonly ChannelWrite[] {
  const { start, oldEnd, nextEnd } = differenceOf(old, htlcs)
  const writes: ChannelWrite[] = []
  let index = start
  for (const htlc of htlcs.slice(start, nextEnd)) {
    let was = old[index]
    for (; index < oldEnd && was !== undefined && comesBefore(was, htlc); was = old[++index])
      writes.push(...gone(was), ...attributionGone(was))
    if (index < oldEnd && was !== undefined && !comesBefore(htlc, was)) index++
    else was = undefined
    if (was !== htlc) writes.push(...changed(was, htlc))
  }
  for (const htlc of old.slice(index, oldEnd)) writes.push(...gone(htlc), ...attributionGone(htlc))
  return writes
}

function comesBefore(a: Htlc, b: Htlc): boolean {
  return a.offeredBy === b.offeredBy ? a.id < b.id : a.offeredBy === 'local'
}

function changed(was: Htlc | undefined, htlc: Htlc): readonly ChannelWrite[] {
  const key = htlcKey(htlc)
  const record = put(`htlc/${key}`, v1.htlc, htlc)
  const said = maybe(`attribution/${key}`, v1.attribution, was && attributionOf(was), attributionOf(htlc))
  const isOffered = was !== undefined && isSameOffer(was, htlc)
  return isOffered ? [record, ...said] : [record, put(`offer/${key}`, v1.offer, htlc), ...said]
}

function attributionOf({ resolution }: Htlc): Uint8Array | undefined {
  return resolution === undefined || resolution.type === 'fail_malformed' ? undefined : resolution.attributionData
}

/** By references: what moves an HTLC hands on what it does not change. */
function isSameOffer(a: Htlc, b: Htlc): boolean {
  return (
    a.onionRoutingPacket === b.onionRoutingPacket &&
    a.paymentHash === b.paymentHash &&
    a.amountMsat === b.amountMsat &&
    a.cltvExpiry === b.cltvExpiry &&
    a.pathKey === b.pathKey
  )
}

function gone(htlc: Htlc): readonly ChannelWrite[] {
  const key = htlcKey(htlc)
  return [{ type: 'delete', key: `htlc/${key}` }, { type: 'delete', key: `offer/${key}` }, ...archive(htlc)]
}

function attributionGone(htlc: Htlc): readonly ChannelWrite[] {
  return maybe(`attribution/${htlcKey(htlc)}`, v1.attribution, attributionOf(htlc), undefined)
}

/** An HTLC is gone with its removal irrevocable; one that never stood on a commitment of the peer leaves no trace. */
function archive(htlc: Htlc): readonly ChannelWrite[] {
  const { remoteFrom, remoteUntil } = htlc
  if (remoteFrom === undefined || remoteUntil === undefined) return []
  return [
    put(`archive/${paddedNumber(remoteUntil)}/${htlcKey(htlc)}`, v1.archivedHtlc, { ...htlc, remoteFrom, remoteUntil }),
  ]
}

/** Items of a list that only grows or replaces single items, each under its place. */
function listWrites<T>(
  prefix: string,
  codec: Codec<T>,
  old: readonly T[],
  next: readonly T[],
): readonly ChannelWrite[] {
  if (old === next) return []
  const writes: ChannelWrite[] = []
  for (const [index, item] of next.entries()) {
    if (old[index] !== item) writes.push(put(`${prefix}/${paddedNumber(index)}`, codec, item))
  }
  for (let index = next.length; index < old.length; index++) {
    writes.push({ type: 'delete', key: `${prefix}/${paddedNumber(index)}` })
  }
  return writes
}

const KEY_OF: Readonly<Record<Party, string>> = { local: 'l', remote: 'r' }

function htlcKey({ offeredBy, id }: Pick<Htlc, 'offeredBy' | 'id'>): string {
  return `${KEY_OF[offeredBy]}/${paddedNumber(id)}`
}

/** Digits of a fixed width, so that keys sort as their numbers do. */
function paddedNumber(value: number): string {
  return value.toString(16).padStart(14, '0')
}

/** The durable drawer of a channel from all of its records, in any order; archived ones may be left out. */
export function loadDurable(records: Records): Result<ChannelDurable, DecodeFailure> {
  try {
    const version = one(records, 'version', v1.version)
    if (version !== v1.VERSION) {
      return err(invalid(`expected a channel of version ${v1.VERSION}, got version ${version}`))
    }
    const { htlcCount, mutualCloseCount, ...head } = one(records, 'head', v1.head)
    const remoteCommit = one(records, 'remote-commit', v1.remoteCommit)
    const unconfirmed = ifThere(records, 'unconfirmed', v1.unconfirmed)
    const remoteAlias = ifThere(records, 'remote-alias', v1.remoteAlias)
    const closeFeeratePerKw = ifThere(records, 'close-feerate', v1.closeFeerate)
    const durable: ChannelDurable = {
      params: one(records, 'params', v1.params),
      phase: one(records, 'phase', v1.phase),
      ...head,
      shutdown: one(records, 'shutdown', v1.shutdown),
      ...(unconfirmed !== undefined && { unconfirmed }),
      ...(remoteAlias !== undefined && { remoteAlias }),
      ...(closeFeeratePerKw !== undefined && { closeFeeratePerKw }),
      localCommit: one(records, 'local-commit', v1.localCommit),
      remoteCommit,
      htlcs: expectCount('htlc', htlcCount, loadHtlcs(records)),
      remoteSecrets: loadSecrets(records, remoteCommit.number),
      mutualCloses: expectCount('mutual-close', mutualCloseCount, all(records, 'mutual-close/', v1.mutualClose)),
    }
    const breach = breachOf(durable)
    return breach === undefined ? ok(durable) : err(invalid(`expected a channel that may be: ${breach}`))
  } catch (error) {
    if (error instanceof RecordError) return err(error.failure)
    throw error
  }
}

/** The HTLCs of a revoked commitment of the peer: those still live, and those in the archive. */
export function htlcsOfRevoked(
  durable: ChannelDurable,
  records: Records,
  commitmentNumber: number,
): Result<readonly v1.ArchivedHtlc[], DecodeFailure> {
  try {
    const archived = all(records, 'archive/', v1.archivedHtlc)
    const live = durable.htlcs.flatMap(htlc =>
      htlc.remoteFrom === undefined
        ? []
        : [{ ...htlc, remoteFrom: htlc.remoteFrom, remoteUntil: htlc.remoteUntil ?? Number.MAX_SAFE_INTEGER }],
    )
    return ok(
      [...archived, ...live].filter(htlc => htlc.remoteFrom <= commitmentNumber && commitmentNumber < htlc.remoteUntil),
    )
  } catch (error) {
    if (error instanceof RecordError) return err(error.failure)
    throw error
  }
}

/** Travels inside this file only. */
class RecordError extends Error {
  readonly failure: DecodeFailure
  constructor(failure: DecodeFailure) {
    super(failure.message)
    this.failure = failure
  }
}

function one<T>(records: Records, key: string, codec: Codec<T>): T {
  const bytes = records.get(key)
  if (bytes === undefined) throw new RecordError({ code: 'truncated', message: `expected a record ${key}, got none` })
  const decoded = decode(codec, bytes)
  if (!decoded.ok) throw new RecordError({ ...decoded.error, message: `record ${key}: ${decoded.error.message}` })
  return decoded.value
}

function ifThere<T>(records: Records, key: string, codec: Codec<T>): T | undefined {
  return records.has(key) ? one(records, key, codec) : undefined
}

function all<T>(records: Records, prefix: string, codec: Codec<T>): readonly T[] {
  const keys = [...records.keys()].filter(key => key.startsWith(prefix)).sort()
  return keys.map(key => one(records, key, codec))
}

function invalid(message: string): DecodeFailure {
  return { code: 'invalid', message }
}

function expectCount<T>(kind: string, count: number, found: readonly T[]): readonly T[] {
  if (found.length === count) return found
  throw new RecordError(invalid(`expected ${count} records ${kind}/, got ${found.length}`))
}

function loadHtlcs(records: Records): readonly Htlc[] {
  const keys = [...records.keys()].filter(key => key.startsWith('htlc/')).sort()
  return keys.map(key => {
    const htlc = one(records, key, v1.htlc)
    // Or this HTLC would count twice, and the one that the key names not at all.
    if (key !== `htlc/${htlcKey(htlc)}`) throw new RecordError(invalid(`${key} has the record of another HTLC`))
    const offer = one(records, `offer/${htlcKey(htlc)}`, v1.offer)
    const said = ifThere(records, `attribution/${htlcKey(htlc)}`, v1.attribution)
    return said === undefined ? { ...htlc, ...offer } : { ...withAttribution(htlc, said), ...offer }
  })
}

function withAttribution(htlc: v1.HtlcRecord, attributionData: Uint8Array): v1.HtlcRecord {
  const { resolution } = htlc
  if (resolution?.type === 'fulfill' || resolution?.type === 'fail') {
    return { ...htlc, resolution: { ...resolution, attributionData } }
  }
  const { offeredBy, id } = htlc
  throw new RecordError(invalid(`attribution/${htlcKey({ offeredBy, id })} is of an HTLC whose end has none`))
}

/** Those that `revoked` secrets leave in their slots, no more and no fewer: the others derive from them. */
function loadSecrets(records: Records, revoked: number): SecretStore {
  const slots: readonly StoredSecret[] = all(records, 'secret/', v1.secret)
  const expected = slotIndexes(FIRST_SECRET_INDEX + 1 - revoked)
  const same = slots.length === expected.length && slots.every(({ index }, slot) => index === expected[slot])
  if (same) return { slots }
  const got = slots.map(({ index }) => index).join(', ')
  throw new RecordError(
    invalid(`expected in secret/ those of the indexes ${expected.join(', ')}, got ${got || 'none'}`),
  )
}

/** Of the indexes from `last` up, the lowest with 0 zero bits at its end, with 1, with 2, as far as there are any. */
function slotIndexes(last: number): readonly number[] {
  const indexes: number[] = []
  for (let step = 1; step <= FIRST_SECRET_INDEX; step *= 2) {
    const multiple = Math.ceil(last / step)
    const index = (multiple % 2 === 0 ? multiple + 1 : multiple) * step
    if (index > FIRST_SECRET_INDEX) break
    indexes.push(index)
  }
  return indexes
}
