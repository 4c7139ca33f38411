import { assert, byteAt } from '../base/index.ts'
import { chacha20Start, nextChacha20Block, wordOf } from './chacha20Block.ts'
import { absorbPadded, finishPoly1305, startPoly1305 } from './poly1305.ts'

const TAG_BYTES = 16
const BLOCK_BYTES = 64
const NOTHING = new Uint8Array(0)

// Written here and not taken from a library, because a connection uses it twice for each message, and most are short: setting
// a cipher up costs a library three to ten times what the work itself does. The figures are in docs/decisions/0001.

/** One use of the cipher: a key of 32 bytes and a nonce of 12 that is never used twice with it. */
export interface AeadContext {
  readonly key: Uint8Array
  readonly nonce: Uint8Array
  /** Bytes that the tag covers but that are not encrypted; none when left out. */
  readonly associatedData?: Uint8Array
}

/** ChaCha20-Poly1305 (RFC 8439): the ciphertext, then the tag of 16 bytes. */
export function chacha20Poly1305Encrypt(context: AeadContext, plaintext: Uint8Array): Uint8Array {
  const { stream, oneTimeKey } = begin(context)
  const { length } = plaintext
  const sealed = new Uint8Array(length + TAG_BYTES)
  applyStream(stream, plaintext, sealed, length)
  const tag = tagOf(oneTimeKey, context.associatedData ?? NOTHING, sealed, length)
  for (let i = 0; i < TAG_BYTES; i++) sealed[length + i] = byteOf(tag, i)
  return sealed
}

/** The plaintext, or `undefined` when the tag does not fit the bytes. */
export function chacha20Poly1305Decrypt(context: AeadContext, ciphertext: Uint8Array): Uint8Array | undefined {
  const { stream, oneTimeKey } = begin(context)
  const length = ciphertext.length - TAG_BYTES
  if (length < 0) return undefined
  const tag = tagOf(oneTimeKey, context.associatedData ?? NOTHING, ciphertext, length)
  // Every byte is looked at, so the time says nothing about how much of a forged tag was right.
  let difference = 0
  for (let i = 0; i < TAG_BYTES; i++) difference |= byteAt(ciphertext, length + i) ^ byteOf(tag, i)
  if (difference !== 0) return undefined
  const plaintext = new Uint8Array(length)
  applyStream(stream, ciphertext, plaintext, length)
  return plaintext
}

/** The one-time key of Poly1305 is block 0 of the stream, the message begins at block 1 (RFC 8439, sections 2.6 and 2.8). */
function begin({ key, nonce }: AeadContext): { readonly stream: Uint32Array; readonly oneTimeKey: Uint32Array } {
  assert(key.length === 32 && nonce.length === 12, `expected a key of 32 bytes and a nonce of 12`)
  const stream = chacha20Start(key, nonce)
  const oneTimeKey = new Uint32Array(16)
  nextChacha20Block(stream, oneTimeKey)
  return { stream, oneTimeKey }
}

/** Writes the first `length` bytes of `input`, XORed with the stream, into `output`. */
function applyStream(stream: Uint32Array, input: Uint8Array, output: Uint8Array, length: number): void {
  const block = new Uint32Array(16)
  for (let start = 0; start < length; start += BLOCK_BYTES) {
    nextChacha20Block(stream, block)
    const whole = Math.min(16, (length - start) >> 2)
    let at = start
    for (let i = 0; i < whole; i++, at += 4) {
      const word = wordOf(block, i)
      output[at] = byteAt(input, at) ^ word
      output[at + 1] = byteAt(input, at + 1) ^ (word >>> 8)
      output[at + 2] = byteAt(input, at + 2) ^ (word >>> 16)
      output[at + 3] = byteAt(input, at + 3) ^ (word >>> 24)
    }
    for (const end = Math.min(length, start + BLOCK_BYTES); at < end; at++) {
      output[at] = byteAt(input, at) ^ byteOf(block, at - start)
    }
  }
}

/** The tag of associated data and of the first `length` bytes of a ciphertext, then both lengths (RFC 8439, section 2.8). */
function tagOf(
  oneTimeKey: Uint32Array,
  associatedData: Uint8Array,
  ciphertext: Uint8Array,
  length: number,
): Uint32Array {
  const mac = startPoly1305(oneTimeKey)
  absorbPadded(mac, associatedData, associatedData.length)
  absorbPadded(mac, ciphertext, length)
  const lengths = new Uint8Array(16)
  writeLength(lengths, 0, associatedData.length)
  writeLength(lengths, 8, length)
  absorbPadded(mac, lengths, 16)
  return finishPoly1305(mac)
}

/** The lower half of the 64 bits: no array is longer than that. */
function writeLength(bytes: Uint8Array, at: number, length: number): void {
  for (let i = 0; i < 4; i++) bytes[at + i] = length >>> (8 * i)
}

/** A byte of words in little endian. */
function byteOf(words: Uint32Array, index: number): number {
  return (wordOf(words, index >> 2) >>> (8 * (index & 3))) & 0xff
}
