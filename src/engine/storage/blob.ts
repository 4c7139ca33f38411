import {
  array,
  bytesEqual,
  type Codec,
  concat,
  type DecodeFailure,
  decode,
  encode,
  err,
  fixedBytes,
  fromHex,
  mapped,
  type NodeId,
  nodeId as nodeIdOf,
  ok,
  type Result,
  remainder,
  satToMsat,
  struct,
  u8,
  u16,
  u32,
  u64Number,
  utf8,
  utf8Encode,
} from '../../base/index.ts'
import { type ChannelSketch, channelSketch } from '../../channel/index.ts'
import { chacha20Poly1305Decrypt, chacha20Poly1305Encrypt, hkdfSha256, hmacSha256 } from '../../crypto/index.ts'
import type { PeerAddress } from '../../peer/index.ts'

// What our peers keep for us (BOLT 1, peer_storage), version 1:
//
//     version = 1  salt (32)  sealed list of channels, filled up with zeros: 65,531 bytes in all
//
// where the salt is HMAC-SHA256 of the list under the storage key, so that no two lists share a key, and nothing has to be drawn or
// remembered; the list is under ChaCha20-Poly1305 with HKDF-SHA256(storage key, salt, "bookend/peer-storage/v1"), and what stands before
// it is associated data. Every blob has the same length: a peer does not see how many channels there are.

const VERSION = 1
/** BOLT 1, the sender of `peer_storage`: SHOULD fill it up to that. */
export const BLOB_BYTES = 65_531
const SALT_BYTES = 32
const TAG_BYTES = 16
const HEAD_BYTES = 1 + SALT_BYTES
const CONTENT_BYTES = BLOB_BYTES - HEAD_BYTES - TAG_BYTES
/** Of each peer: those that worked last. */
const MOST_ADDRESSES = 2
const INFO = utf8Encode('bookend/peer-storage/v1')
const NONCE = new Uint8Array(12)

/** One channel, with the one who has its other side. */
export interface StoredChannel {
  readonly peer: NodeId
  /** Where it was reached. None where it has always dialled us. */
  readonly addresses: readonly PeerAddress[]
  /** Milliseconds since 1970. */
  readonly createdAt: number
  /** No block below this one has to be read to know what became of the funding. */
  readonly sinceHeight: number
  readonly channel: ChannelSketch
}

export interface StoredList {
  /** Milliseconds since 1970. */
  readonly createdAt: number
  readonly channels: readonly StoredChannel[]
}

const storedChannel: Codec<StoredChannel> = struct({
  peer: mapped(fixedBytes(33), nodeIdOf, fromHex),
  addresses: array(u8, struct({ host: utf8(u8), port: u16 })),
  createdAt: u64Number,
  sinceHeight: u32,
  channel: channelSketch,
})

const list = struct({ createdAt: u64Number, channels: array(u16, storedChannel), filling: remainder })
const EMPTY_LIST_BYTES = 8 + 2

/**
 * 65,531 bytes. The channels in the order of the list, as many as have room: some 160. `key`: 32 bytes, of the seed and for this alone.
 * Cost: a hash and a cipher over all of it.
 */
export function sealList(
  key: Uint8Array,
  { createdAt, channels }: StoredList,
): { readonly blob: Uint8Array; readonly kept: number } {
  let left = CONTENT_BYTES - EMPTY_LIST_BYTES
  const kept: StoredChannel[] = []
  for (const channel of channels) {
    const short = { ...channel, addresses: channel.addresses.slice(0, MOST_ADDRESSES) }
    left -= encode(storedChannel, short).length
    if (left < 0) break
    kept.push(short)
  }
  const content = new Uint8Array(CONTENT_BYTES)
  content.set(encode(list, { createdAt, channels: kept, filling: new Uint8Array(0) }))
  const head = concat(Uint8Array.of(VERSION), hmacSha256(key, content))
  const sealed = chacha20Poly1305Encrypt({ ...secrets(key, head), associatedData: head }, content)
  return { blob: concat(head, sealed), kept: kept.length }
}

/** What `sealList` made, whoever has kept it; fails for everything else. */
export function openList(key: Uint8Array, blob: Uint8Array): Result<StoredList, DecodeFailure> {
  const head = blob.subarray(0, HEAD_BYTES)
  if (blob.length !== BLOB_BYTES) return invalid(`expected ${BLOB_BYTES} bytes, got ${blob.length}`)
  if (head[0] !== VERSION) return invalid(`expected version ${VERSION}, got ${head[0]}`)
  const content = chacha20Poly1305Decrypt({ ...secrets(key, head), associatedData: head }, blob.subarray(HEAD_BYTES))
  if (content === undefined) return invalid('expected a list that this node has sealed, got another one')
  const opened = decode(list, content)
  if (!opened.ok) return opened
  const { createdAt, channels, filling } = opened.value
  if (!bytesEqual(filling, new Uint8Array(filling.length))) return invalid('expected zeros behind the list')
  const wrong = channels.find(({ channel }) => channel.pushMsat > satToMsat(channel.fundingAmountSat))
  if (wrong !== undefined) return invalid('expected no more pushed than a channel has')
  return ok({ createdAt, channels })
}

function secrets(key: Uint8Array, head: Uint8Array): { readonly key: Uint8Array; readonly nonce: Uint8Array } {
  return { key: hkdfSha256(key, head.subarray(1), INFO, 32), nonce: NONCE }
}

function invalid(message: string): { readonly ok: false; readonly error: DecodeFailure } {
  return err({ code: 'invalid', message })
}
