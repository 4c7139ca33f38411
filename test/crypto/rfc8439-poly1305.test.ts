import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, reverseBytes, toHex } from '../../src/base/index.ts'
import { absorbPadded, finishPoly1305, startPoly1305 } from '../../src/crypto/poly1305.ts'
import { toInteger } from './backends.ts'

/** The tag of the bytes, padded with zeros to a multiple of 16. */
function poly1305(key: Uint8Array, bytes: Uint8Array): Uint8Array {
  const view = new DataView(key.buffer, key.byteOffset)
  const mac = startPoly1305(Uint32Array.from({ length: 8 }, (_, i) => view.getUint32(4 * i, true)))
  absorbPadded(mac, bytes, bytes.length)
  const tag = finishPoly1305(mac)
  return Uint8Array.from({ length: 16 }, (_, i) => (tag[i >> 2] ?? 0) >>> (8 * (i & 3)))
}

const littleEndian = (bytes: Uint8Array) => toInteger(reverseBytes(bytes))

/** The definition (RFC 8439, section 2.5.1), in integers of any size. */
function defined1305(key: Uint8Array, bytes: Uint8Array): bigint {
  const r = littleEndian(key.slice(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn
  let sum = 0n
  for (let at = 0; at < bytes.length; at += 16) {
    sum = ((sum + littleEndian(bytes.slice(at, at + 16)) + (1n << 128n)) * r) % ((1n << 130n) - 5n)
  }
  return (sum + littleEndian(key.slice(16))) % (1n << 128n)
}

describe('RFC 8439, Poly1305', () => {
  const zeros = (count: number) => '00'.repeat(count)
  const ones = (count: number) => 'ff'.repeat(count)
  const two = `02${zeros(15)}`
  const one = `01${zeros(15)}`
  const far = `01${zeros(7)}04${zeros(7)}`
  const first = `e33594d7505e43b9${zeros(8)}`
  const second = `3394d7505e4379cd01${zeros(7)}`

  // Appendix A.3, test vectors 7 to 13: sums around the prime and around the powers of two of implementations.
  test.each([
    { vector: 7, r: two, s: zeros(16), data: ones(16), tag: `03${zeros(15)}` },
    { vector: 8, r: two, s: ones(16), data: two, tag: `03${zeros(15)}` },
    { vector: 9, r: one, s: zeros(16), data: `${ones(16)}f0${ones(15)}11${zeros(15)}`, tag: `05${zeros(15)}` },
    {
      vector: 10,
      r: one,
      s: zeros(16),
      data: `${ones(16)}fb${'fe'.repeat(15)}${'01'.repeat(16)}`,
      tag: zeros(16),
    },
    { vector: 11, r: two, s: zeros(16), data: `fd${ones(15)}`, tag: `fa${ones(15)}` },
    {
      vector: 12,
      r: far,
      s: zeros(16),
      data: `${first}${second}${zeros(16)}${one}`,
      tag: `14${zeros(7)}55${zeros(7)}`,
    },
    { vector: 13, r: far, s: zeros(16), data: `${first}${second}${zeros(16)}`, tag: `13${zeros(15)}` },
  ])('appendix A.3, test vector $vector', ({ r, s, data, tag }) => {
    expect(toHex(poly1305(fromHex(r + s), fromHex(data)))).toBe(tag)
  })

  // Where a limb is full or empty, carries are at their largest.
  const extreme = fc.oneof(fc.constantFrom(0, 0xff, 0xfe, 0xfb, 1), fc.integer({ min: 0, max: 255 }))
  const bytes = (min: number, max: number) =>
    fc.oneof(
      fc.uint8Array({ minLength: min, maxLength: max }),
      fc.array(extreme, { minLength: min, maxLength: max }).map(list => Uint8Array.from(list)),
    )
  const blocks = fc.nat({ max: 12 }).chain(count => bytes(16 * count, 16 * count))

  test('is what the definition says', () => {
    fc.assert(
      fc.property(bytes(32, 32), blocks, (key, data) => {
        expect(littleEndian(poly1305(key, data))).toBe(defined1305(key, data))
      }),
      { numRuns: 3000 },
    )
  })

  test('is what the definition says, also for the largest numbers there are', () => {
    for (const key of [ones(32), `${ones(16)}${zeros(16)}`, `fffffffcffff0ffffcffff0ffcffff0f${ones(16)}`]) {
      for (const block of ['ff', '00', 'fe', '80', '7f']) {
        for (let count = 0; count < 70; count++) {
          const data = fromHex(block.repeat(16 * count))
          expect(littleEndian(poly1305(fromHex(key), data))).toBe(defined1305(fromHex(key), data))
        }
      }
    }
  })

  test('is what the definition says where the sum meets the prime', () => {
    // With the point 1 the sum is that of the blocks: two of them, 2^128 above each, and 2^130 - 5 is in reach.
    const key = fromHex(one + zeros(16))
    const prime = (1n << 130n) - 5n
    const write = (value: bigint) => Uint8Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
    for (let distance = -12n; distance <= 12n; distance++) {
      // Three blocks carry 3 · 2^128; their values make up the rest.
      const rest = prime + distance - 3n * (1n << 128n)
      const half = rest / 2n
      const data = concat(write(half), write(rest - half), write(0n))
      expect(littleEndian(poly1305(key, data))).toBe(defined1305(key, data))
    }
  })

  test('pads with zeros', () => {
    const key = fromHex(`${two}${ones(16)}`)
    for (let length = 0; length <= 48; length++) {
      const data = new Uint8Array(length).fill(0x5a)
      const padded = concat(data, new Uint8Array((16 - (length % 16)) % 16))
      expect(poly1305(key, data)).toEqual(poly1305(key, padded))
    }
  })
})
