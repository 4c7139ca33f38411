import {
  type BlockHash,
  bool,
  type Codec,
  type DecodeFailure,
  decode,
  fixedBytes,
  fromHex,
  lengthPrefixed,
  mapped,
  type NodeId,
  nodeId as nodeIdOf,
  type OutPoint,
  ok,
  optional,
  outPointKey,
  type Result,
  struct,
  toHex,
  u8,
  u16,
  u32,
  u64Number,
} from '../base/index.ts'
import { txidCodec } from '../wire/index.ts'
import { justiceOutputCodec } from './blob.ts'
import type { ClientUse, JusticeCase, TowerState } from './types.ts'

// Where a tower's records are.
//
//   blob/<hint>/<client>/<sequence>-<part>         what is kept: found by its hint alone
//   tag/<client>/<tag>/<hint>/<sequence>-<part>    the same by its channel, with its length: for the day on which it is forgotten
//   client/<client>                                what it has stored, in all
//   case/<outpoint>                                what is being punished
//   block/<height>                                 the hash of a block that was seen: the newest ones

const BLOBS = 'blob/'
const TAGS = 'tag/'
const CLIENTS = 'client/'
const CASES = 'case/'
const BLOCKS = 'block/'
/** What a start loads. The blobs are read when their hint is in a block. */
export const TOWER_PREFIXES = [CLIENTS, CASES, BLOCKS]

const NUMBER_DIGITS = 16

export interface BlobPlace {
  readonly client: NodeId
  readonly tag: Uint8Array
  readonly hint: Uint8Array
  readonly sequence: number
  readonly part: number
}

const placeOf = ({ sequence, part }: BlobPlace): string => `${String(sequence).padStart(NUMBER_DIGITS, '0')}-${part}`
export const hintPrefix = (hint: Uint8Array): string => `${BLOBS}${toHex(hint)}/`
export const blobKey = (place: BlobPlace): string => `${hintPrefix(place.hint)}${place.client}/${placeOf(place)}`
export const tagPrefix = (client: NodeId, tag: Uint8Array): string => `${TAGS}${client}/${toHex(tag)}/`
export const tagKey = (place: BlobPlace): string =>
  `${tagPrefix(place.client, place.tag)}${toHex(place.hint)}/${placeOf(place)}`
/** Of a key under a tag: that of the blob. */
export function blobKeyOfTag(client: NodeId, key: string): string {
  const [hint = '', place = ''] = key.split('/').slice(-2)
  return `${BLOBS}${hint}/${client}/${place}`
}
/** Whose blob it is. */
export const clientOfBlob = (key: string): NodeId => (key.split('/')[2] ?? '') as NodeId // our own key
export const clientKey = (client: NodeId): string => `${CLIENTS}${client}`
export const caseKey = (outpoint: OutPoint): string => `${CASES}${outPointKey(outpoint)}`
export const blockKey = (height: number): string => `${BLOCKS}${String(height).padStart(10, '0')}`

export const useCodec: Codec<ClientUse> = struct({ blobs: u32, bytes: u64Number })
export const blobLength: Codec<number> = u32

export const caseCodec: Codec<JusticeCase> = struct({
  client: mapped(fixedBytes(33), nodeIdOf, fromHex),
  outpoint: struct({ txid: txidCodec, vout: u16 }),
  openedAt: u32,
  destinationScript: lengthPrefixed(u8),
  output: justiceOutputCodec,
  rung: optional(u8),
  since: optional(u32),
  spent: optional(struct({ height: u32, isOurs: bool })),
}) as Codec<JusticeCase> // a record without a field is written as one whose field is undefined

/** A tower from its records. */
export function loadTower(records: ReadonlyMap<string, Uint8Array>): Result<TowerState, DecodeFailure> {
  const clients = new Map<NodeId, ClientUse>()
  const cases = new Map<string, JusticeCase>()
  const blocks: { height: number; hash: BlockHash }[] = []
  for (const [key, value] of [...records].sort(([a], [b]) => (a < b ? -1 : 1))) {
    // The keys and hashes are our own.
    if (key.startsWith(CLIENTS)) {
      const use = decode(useCodec, value)
      if (!use.ok) return use
      clients.set(key.slice(CLIENTS.length) as NodeId, use.value)
    } else if (key.startsWith(CASES)) {
      const found = decode(caseCodec, value)
      if (!found.ok) return found
      cases.set(outPointKey(found.value.outpoint), found.value)
    } else if (key.startsWith(BLOCKS)) {
      blocks.push({ height: Number(key.slice(BLOCKS.length)), hash: toHex(value) as BlockHash })
    }
  }
  return ok({ blocks, clients, cases, recent: [] })
}
