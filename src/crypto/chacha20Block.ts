import { byteAt } from '../base/index.ts'

// The block function of ChaCha20 (RFC 8439, section 2.3). Words are 32 bits in little endian, here as in all of the cipher.

/** The four words that every start begins with: "expand 32-byte k". */
const CONSTANTS = [0x61707865, 0x3320646e, 0x79622d32, 0x6b206574]

/** Which of the 16 words of a start counts the blocks. */
const COUNTER = 12

/** What the blocks of one key (32 bytes) and nonce (12 bytes) are made from: 16 words, the counter at zero. */
export function chacha20Start(key: Uint8Array, nonce: Uint8Array): Uint32Array {
  const start = new Uint32Array(16)
  start.set(CONSTANTS)
  for (let i = 0; i < 8; i++) start[4 + i] = wordAt(key, 4 * i)
  for (let i = 0; i < 3; i++) start[13 + i] = wordAt(nonce, 4 * i)
  return start
}

/**
 * The next 64 bytes of the key stream, into the 16 words of `block`; the counter of `start` goes on by one.
 *
 * All 16 words are variables of their own and the eight quarter rounds are written out, four over the columns and four over the
 * diagonals, because a connection spends most of its time here: with the words in an array it takes three times as long.
 */
export function nextChacha20Block(start: Uint32Array, block: Uint32Array): void {
  let x0 = wordOf(start, 0)
  let x1 = wordOf(start, 1)
  let x2 = wordOf(start, 2)
  let x3 = wordOf(start, 3)
  let x4 = wordOf(start, 4)
  let x5 = wordOf(start, 5)
  let x6 = wordOf(start, 6)
  let x7 = wordOf(start, 7)
  let x8 = wordOf(start, 8)
  let x9 = wordOf(start, 9)
  let x10 = wordOf(start, 10)
  let x11 = wordOf(start, 11)
  let x12 = wordOf(start, 12)
  let x13 = wordOf(start, 13)
  let x14 = wordOf(start, 14)
  let x15 = wordOf(start, 15)
  for (let i = 0; i < 10; i++) {
    x0 = (x0 + x4) | 0
    x12 = rotateLeft(x12 ^ x0, 16)
    x8 = (x8 + x12) | 0
    x4 = rotateLeft(x4 ^ x8, 12)
    x0 = (x0 + x4) | 0
    x12 = rotateLeft(x12 ^ x0, 8)
    x8 = (x8 + x12) | 0
    x4 = rotateLeft(x4 ^ x8, 7)
    x1 = (x1 + x5) | 0
    x13 = rotateLeft(x13 ^ x1, 16)
    x9 = (x9 + x13) | 0
    x5 = rotateLeft(x5 ^ x9, 12)
    x1 = (x1 + x5) | 0
    x13 = rotateLeft(x13 ^ x1, 8)
    x9 = (x9 + x13) | 0
    x5 = rotateLeft(x5 ^ x9, 7)
    x2 = (x2 + x6) | 0
    x14 = rotateLeft(x14 ^ x2, 16)
    x10 = (x10 + x14) | 0
    x6 = rotateLeft(x6 ^ x10, 12)
    x2 = (x2 + x6) | 0
    x14 = rotateLeft(x14 ^ x2, 8)
    x10 = (x10 + x14) | 0
    x6 = rotateLeft(x6 ^ x10, 7)
    x3 = (x3 + x7) | 0
    x15 = rotateLeft(x15 ^ x3, 16)
    x11 = (x11 + x15) | 0
    x7 = rotateLeft(x7 ^ x11, 12)
    x3 = (x3 + x7) | 0
    x15 = rotateLeft(x15 ^ x3, 8)
    x11 = (x11 + x15) | 0
    x7 = rotateLeft(x7 ^ x11, 7)
    x0 = (x0 + x5) | 0
    x15 = rotateLeft(x15 ^ x0, 16)
    x10 = (x10 + x15) | 0
    x5 = rotateLeft(x5 ^ x10, 12)
    x0 = (x0 + x5) | 0
    x15 = rotateLeft(x15 ^ x0, 8)
    x10 = (x10 + x15) | 0
    x5 = rotateLeft(x5 ^ x10, 7)
    x1 = (x1 + x6) | 0
    x12 = rotateLeft(x12 ^ x1, 16)
    x11 = (x11 + x12) | 0
    x6 = rotateLeft(x6 ^ x11, 12)
    x1 = (x1 + x6) | 0
    x12 = rotateLeft(x12 ^ x1, 8)
    x11 = (x11 + x12) | 0
    x6 = rotateLeft(x6 ^ x11, 7)
    x2 = (x2 + x7) | 0
    x13 = rotateLeft(x13 ^ x2, 16)
    x8 = (x8 + x13) | 0
    x7 = rotateLeft(x7 ^ x8, 12)
    x2 = (x2 + x7) | 0
    x13 = rotateLeft(x13 ^ x2, 8)
    x8 = (x8 + x13) | 0
    x7 = rotateLeft(x7 ^ x8, 7)
    x3 = (x3 + x4) | 0
    x14 = rotateLeft(x14 ^ x3, 16)
    x9 = (x9 + x14) | 0
    x4 = rotateLeft(x4 ^ x9, 12)
    x3 = (x3 + x4) | 0
    x14 = rotateLeft(x14 ^ x3, 8)
    x9 = (x9 + x14) | 0
    x4 = rotateLeft(x4 ^ x9, 7)
  }
  block[0] = x0 + wordOf(start, 0)
  block[1] = x1 + wordOf(start, 1)
  block[2] = x2 + wordOf(start, 2)
  block[3] = x3 + wordOf(start, 3)
  block[4] = x4 + wordOf(start, 4)
  block[5] = x5 + wordOf(start, 5)
  block[6] = x6 + wordOf(start, 6)
  block[7] = x7 + wordOf(start, 7)
  block[8] = x8 + wordOf(start, 8)
  block[9] = x9 + wordOf(start, 9)
  block[10] = x10 + wordOf(start, 10)
  block[11] = x11 + wordOf(start, 11)
  block[12] = x12 + wordOf(start, 12)
  block[13] = x13 + wordOf(start, 13)
  block[14] = x14 + wordOf(start, 14)
  block[15] = x15 + wordOf(start, 15)
  start[COUNTER] = wordOf(start, COUNTER) + 1
}

/** Four bytes as a word, which may be negative. The bytes reach that far. */
export function wordAt(bytes: Uint8Array, offset: number): number {
  return (
    byteAt(bytes, offset) |
    (byteAt(bytes, offset + 1) << 8) |
    (byteAt(bytes, offset + 2) << 16) |
    (byteAt(bytes, offset + 3) << 24)
  )
}

/** The word at an index that the surrounding code keeps inside. */
export function wordOf(words: Uint32Array, index: number): number {
  // A typed array has a number at each index below its length.
  return words[index] as number
}

function rotateLeft(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits))
}
