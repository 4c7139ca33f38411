import {
  array,
  BookendError,
  bytesEqual,
  type Codec,
  concat,
  decode,
  encode,
  err,
  fixedBytes,
  fromHex,
  lengthPrefixed,
  mapped,
  type NodeId,
  nodeId as nodeIdOf,
  ok,
  oneOf,
  type Result,
  struct,
  u16,
  u32,
  u64Number,
  utf8,
  utf8Encode,
} from '../base/index.ts'
import { chacha20Poly1305Decrypt, chacha20Poly1305Encrypt, publicKeyFromSecret, sha256 } from '../crypto/index.ts'
import { LOADED_PREFIXES } from '../engine/index.ts'
import { keysFromPhrase, type SeedPhrase } from '../keys/index.ts'
import type { Store } from '../ports/index.ts'
import type { NetworkName } from './types.ts'

// The file of a backup, version 1:
//
//     "bookend backup\n"  version = 1  node id  network  nonce  sealed records  SHA-256 of all before
//
// where the records are under ChaCha20-Poly1305 with a key of the seed, and everything before them is associated data. The node id
// says which seed opens it; the hash tells a damaged file from a wrong seed. It holds no seed.

const MAGIC = utf8Encode('bookend backup\n')
const VERSION = 1
const HASH_BYTES = 32
/** A hundred thousand channels take less. */
export const MAX_BACKUP_BYTES = 2 ** 30

interface Header {
  readonly nodeId: NodeId
  readonly network: NetworkName
  /** Fresh for each backup. */
  readonly nonce: Uint8Array
}

const header: Codec<Header> = struct({
  nodeId: mapped(fixedBytes(33), nodeIdOf, fromHex),
  network: oneOf<NetworkName>('regtest', 'signet', 'testnet4', 'bitcoin'),
  nonce: fixedBytes(12),
})
const HEADER_BYTES = 33 + 1 + 12

const content = struct({
  createdAt: u64Number,
  records: array(u32, struct({ key: utf8(u16), value: lengthPrefixed(u32) })),
})

/** What was in a backup. */
export interface Backup {
  readonly nodeId: NodeId
  readonly network: NetworkName
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly records: ReadonlyMap<string, Uint8Array>
}

export interface SealOptions {
  readonly store: Store
  /** 32 bytes, out of the seed. */
  readonly key: Uint8Array
  /** 12 bytes, fresh. */
  readonly nonce: Uint8Array
  readonly nodeId: NodeId
  readonly network: NetworkName
  /** Milliseconds since 1970. */
  readonly createdAt: number
}

/** All records that a start loads, as they were in one instant, in the bytes of a file. */
export async function sealBackup({ store, key, createdAt, ...about }: SealOptions): Promise<Uint8Array> {
  // Asked for in the same instant, so that no commit comes between two of them.
  const loaded = await Promise.all(LOADED_PREFIXES.map(prefix => store.load(prefix)))
  const records = loaded.flatMap(part => [...part].map(([name, value]) => ({ key: name, value })))
  const associatedData = concat(MAGIC, Uint8Array.of(VERSION), encode(header, about))
  const plaintext = encode(content, { createdAt, records })
  const sealed = chacha20Poly1305Encrypt({ key, nonce: about.nonce, associatedData }, plaintext)
  const body = concat(associatedData, sealed)
  return concat(body, sha256(body))
}

/** What `sealBackup` made, all of it or none; where it cannot be opened, the error says why and what to do. */
export function openBackup(bytes: Uint8Array, phrase: SeedPhrase): Result<Backup, BookendError> {
  if (bytes.length > MAX_BACKUP_BYTES) return refuse('too_large', `It has more than ${MAX_BACKUP_BYTES} bytes`, COPY)
  if (!bytesEqual(bytes.subarray(0, MAGIC.length), MAGIC))
    return refuse('not_a_backup', 'It is no backup of Bookend', COPY)
  const version = bytes[MAGIC.length]
  if (version !== undefined && version !== VERSION) {
    const message = `It is of version ${version}, and this Bookend reads version ${VERSION}`
    return refuse('other_version', message, 'Use the version of Bookend that made it, or a later one.')
  }
  const body = bytes.subarray(0, Math.max(0, bytes.length - HASH_BYTES))
  const start = MAGIC.length + 1
  const about = decode(header, body.subarray(start, start + HEADER_BYTES))
  if (!about.ok || !bytesEqual(sha256(body), bytes.subarray(body.length))) return damaged()
  const { nodeId, network, nonce } = about.value
  const keys = keysFromPhrase(phrase)
  const ours = nodeIdOf(publicKeyFromSecret(keys.nodeSecret))
  if (nodeId !== ours) {
    const message = `The file belongs to node ${nodeId}, and these words to node ${ours}`
    return refuse('wrong_seed', message, 'Take the words of that node, or the backup of this one.')
  }
  const context = { key: keys.backupKey, nonce, associatedData: body.subarray(0, start + HEADER_BYTES) }
  const plaintext = chacha20Poly1305Decrypt(context, body.subarray(start + HEADER_BYTES))
  const opened = plaintext === undefined ? undefined : decode(content, plaintext)
  if (opened?.ok !== true) return damaged()
  const records = new Map(opened.value.records.map(({ key, value }) => [key, value]))
  return ok({ nodeId, network, createdAt: opened.value.createdAt, records })
}

const COPY = 'Name the file that `bookend backup` wrote.'

function damaged(): { readonly ok: false; readonly error: BookendError } {
  return refuse('damaged', 'The file is damaged or not all there', 'Take another copy of it, or an older backup.')
}

function refuse(reason: string, message: string, advice: string): { readonly ok: false; readonly error: BookendError } {
  return err(new BookendError('bad_request', `The backup cannot be used. ${message}.`, { advice, facts: { reason } }))
}
