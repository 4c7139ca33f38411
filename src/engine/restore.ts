import {
  type DecodeFailure,
  decode,
  encode,
  jsonEncode,
  ok,
  outPointKey,
  type Result,
  u32,
  u64Number,
} from '../base/index.ts'
import { recalledLink, recordsWithoutTrust } from '../link/index.ts'
import {
  BIRTH_HEIGHT,
  BLOCKS,
  CHANNELS,
  IN_FLIGHT,
  linkPeerKey,
  NEXT_LINK,
  peerKey,
  STORAGE_OF,
  TOKENS,
  TOWER_ACKED,
  WALLET,
} from './keys.ts'
import { aliasOf } from './shortIds.ts'
import type { StoredChannel, StoredList } from './storage/blob.ts'

// What a node begins with whose own records are lost: those of a backup, which may be old, or none at all.

type Records = ReadonlyMap<string, Uint8Array>

export interface RestoreOptions {
  /** Milliseconds since 1970. */
  readonly now: number
  /** Where to read the chain from. Absent: from the newest block that the records know. */
  readonly birthHeight?: number
  /** Kept with each channel that is given up, and told to its peer. */
  readonly reason: string
}

export interface Restored {
  readonly records: Records
  /** Channels that their peers will be asked to close. */
  readonly channelsToClose: number
}

/**
 * The records of a backup, as a node may go on from them without harm:
 *
 * - channels whose end had not begun ask their peers to close, since what the copy says of them may be revoked by now;
 * - the keys of the next channel are ones that no channel ever had, also those that were opened since;
 * - what was in flight is forgotten, so that nothing is paid twice or called failed that went through; the chain decides about the
 *   money in it;
 * - what was kept for peers is in no backup: they give it again;
 * - tokens are gone: one that was revoked since, or has spent its budget, would be good again.
 */
export function restoredRecords(backup: Records, options: RestoreOptions): Result<Restored, DecodeFailure> {
  const { now, birthHeight, reason } = options
  const kept = new Map<string, Uint8Array>()
  const channels = new Map<string, Map<string, Uint8Array>>()
  for (const [key, value] of backup) {
    if (FORGOTTEN.some(prefix => key.startsWith(prefix)) || key === BIRTH_HEIGHT) continue
    if (birthHeight !== undefined && isOfBlocks(key)) continue
    if (key.startsWith(CHANNELS)) {
      const id = key.slice(0, key.indexOf('/', CHANNELS.length))
      channels.set(id, (channels.get(id) ?? new Map<string, Uint8Array>()).set(key, value))
    } else kept.set(key, value)
  }
  let channelsToClose = 0
  for (const records of channels.values()) {
    const safe = recordsWithoutTrust(records, reason)
    if (!safe.ok) return safe
    if (safe.value !== records) channelsToClose += 1
    for (const [key, value] of safe.value) kept.set(key, value)
  }
  const next = backup.get(NEXT_LINK)
  const before = next === undefined ? ok(0) : decode(u64Number, next)
  if (!before.ok) return before
  kept.set(NEXT_LINK, encode(u64Number, Math.max(before.value, unusedLinkIndex(now))))
  if (birthHeight !== undefined) kept.set(BIRTH_HEIGHT, encode(u32, birthHeight))
  return ok({ records: kept, channelsToClose })
}

const FORGOTTEN = [IN_FLIGHT, TOKENS, STORAGE_OF, TOWER_ACKED]

/** What peers have kept of a node that has nothing left but its seed. */
export interface Recalled extends Restored {
  /** Where the chain is read from. */
  readonly birthHeight: number
}

/**
 * The same from lists that peers have given back: the channels that any of them names, each as it was opened, so that its peer is asked to
 * close. Of two that name one channel the newer one counts. Nothing where no channel is named.
 */
export function recalledRecords(
  lists: readonly StoredList[],
  options: RestoreOptions & { readonly channelSeed: Uint8Array },
): Result<Recalled, DecodeFailure> | undefined {
  const { channelSeed: seed, reason } = options
  const channels = new Map<string, StoredChannel>()
  for (const list of [...lists].sort((a, b) => a.createdAt - b.createdAt)) {
    for (const stored of list.channels) channels.set(outPointKey(stored.channel.fundingOutpoint), stored)
  }
  if (channels.size === 0) return undefined
  const records = new Map<string, Uint8Array>()
  for (const { peer, addresses, createdAt, channel } of channels.values()) {
    const recalled = recalledLink(channel, { seed, reason })
    for (const [key, value] of recalled.records) records.set(key, value)
    const alias = aliasOf(seed, recalled.channelId)
    records.set(linkPeerKey(recalled.channelId), jsonEncode({ peer, createdAt, alias }))
    records.set(peerKey(peer), jsonEncode({ asked: false, addresses }))
  }
  const birthHeight = options.birthHeight ?? Math.min(...[...channels.values()].map(({ sinceHeight }) => sinceHeight))
  const restored = restoredRecords(records, { ...options, birthHeight })
  return restored.ok ? ok({ ...restored.value, birthHeight, channelsToClose: channels.size }) : restored
}

/** The height that a restore has named, if one has. */
export function restoredBirthHeight(records: Records): number | undefined {
  const stored = records.get(BIRTH_HEIGHT)
  const height = stored === undefined ? undefined : decode(u32, stored)
  return height?.ok === true ? height.value : undefined
}

/** What blocks have said of the wallet is read from them anew; which addresses were given out, they do not say. */
function isOfBlocks(key: string): boolean {
  if (key.startsWith(BLOCKS)) return true
  return key.startsWith(WALLET) && key !== `${WALLET}version` && key !== `${WALLET}indexes`
}

/**
 * An index that was never used: the milliseconds since 1970. Indexes count up from 0, or from the time of the last restore, by one
 * for each channel that somebody begins to open, which takes longer than that. A peer that has seen the secrets of an index would
 * otherwise know those of a new channel.
 */
const unusedLinkIndex = (now: number): number => Math.floor(now)
