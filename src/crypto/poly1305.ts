import { wordAt, wordOf } from './chacha20Block.ts'

// Poly1305 (RFC 8439, section 2.5): the blocks of a message are the coefficients of a polynomial, which is evaluated at a
// secret point modulo 2^130 - 5, by Horner's rule.
//
// A number is six limbs of 22 bits, held as doubles. Limbs of `h` stay below 2^24, those of `r` below 2^22 and the folded ones
// (times 20) below 2^27, so that a sum of six products stays below 2^53 and every step is exact.

const LIMB = 2 ** 22
const LIMB_MASK = LIMB - 1
/** 2^132, where six limbs are full, is 4 · 2^130, and 2^130 is 5 modulo the prime. */
const FOLD = 20
/** Above the highest bit of a block, in the top limb, which begins at bit 110: 2^128. */
const ABOVE_BLOCK = 2 ** 18
/** Where 2^130 is in the top limb. */
const TOP = 2 ** 20

/** A sum under way. It holds the one-time key. */
export interface Poly1305 {
  /** The point, clamped. */
  readonly r0: number
  readonly r1: number
  readonly r2: number
  readonly r3: number
  readonly r4: number
  readonly r5: number
  /** What is added at the end: four words, from the fifth word of the key on. */
  readonly key: Uint32Array
  h0: number
  h1: number
  h2: number
  h3: number
  h4: number
  h5: number
}

/** Begins with a one-time key: 32 bytes, as the first eight words of `key`. */
export function startPoly1305(key: Uint32Array): Poly1305 {
  // Clamped (RFC 8439, section 2.5): some bits of the point are always zero.
  const t0 = wordOf(key, 0) & 0x0fffffff
  const t1 = wordOf(key, 1) & 0x0ffffffc
  const t2 = wordOf(key, 2) & 0x0ffffffc
  const t3 = wordOf(key, 3) & 0x0ffffffc
  const r1 = ((t0 >>> 22) | (t1 << 10)) & LIMB_MASK
  const r2 = ((t1 >>> 12) | (t2 << 20)) & LIMB_MASK
  const r4 = ((t2 >>> 24) | (t3 << 8)) & LIMB_MASK
  const point = { r0: t0 & LIMB_MASK, r1, r2, r3: (t2 >>> 2) & LIMB_MASK, r4, r5: t3 >>> 14 }
  return { ...point, key, h0: 0, h1: 0, h2: 0, h3: 0, h4: 0, h5: 0 }
}

/** Takes the first `length` bytes in, with zeros up to a multiple of 16, as the AEAD has it (RFC 8439, section 2.8). */
export function absorbPadded(mac: Poly1305, bytes: Uint8Array, length: number): void {
  const whole = length - (length % 16)
  absorbBlocks(mac, bytes, whole)
  if (whole === length) return
  const last = new Uint8Array(16)
  for (let i = whole; i < length; i++) last[i - whole] = bytes[i] ?? 0
  absorbBlocks(mac, last, 16)
}

/** For each block: `h = (h + block + 2^128) · r`. Carried only so far that the limbs stay within their bounds. */
function absorbBlocks(mac: Poly1305, bytes: Uint8Array, length: number): void {
  const { r0, r1, r2, r3, r4, r5 } = mac
  const f1 = FOLD * r1
  const f2 = FOLD * r2
  const f3 = FOLD * r3
  const f4 = FOLD * r4
  const f5 = FOLD * r5
  let { h0, h1, h2, h3, h4, h5 } = mac
  for (let offset = 0; offset < length; offset += 16) {
    const t0 = wordAt(bytes, offset)
    const t1 = wordAt(bytes, offset + 4)
    const t2 = wordAt(bytes, offset + 8)
    const t3 = wordAt(bytes, offset + 12)
    h0 += t0 & LIMB_MASK
    h1 += ((t0 >>> 22) | (t1 << 10)) & LIMB_MASK
    h2 += ((t1 >>> 12) | (t2 << 20)) & LIMB_MASK
    h3 += (t2 >>> 2) & LIMB_MASK
    h4 += ((t2 >>> 24) | (t3 << 8)) & LIMB_MASK
    h5 += (t3 >>> 14) | ABOVE_BLOCK
    const d0 = h0 * r0 + h1 * f5 + h2 * f4 + h3 * f3 + h4 * f2 + h5 * f1
    const c0 = Math.floor(d0 / LIMB)
    const d1 = h0 * r1 + h1 * r0 + h2 * f5 + h3 * f4 + h4 * f3 + h5 * f2 + c0
    const c1 = Math.floor(d1 / LIMB)
    const d2 = h0 * r2 + h1 * r1 + h2 * r0 + h3 * f5 + h4 * f4 + h5 * f3 + c1
    const c2 = Math.floor(d2 / LIMB)
    const d3 = h0 * r3 + h1 * r2 + h2 * r1 + h3 * r0 + h4 * f5 + h5 * f4 + c2
    const c3 = Math.floor(d3 / LIMB)
    const d4 = h0 * r4 + h1 * r3 + h2 * r2 + h3 * r1 + h4 * r0 + h5 * f5 + c3
    const c4 = Math.floor(d4 / LIMB)
    const d5 = h0 * r5 + h1 * r4 + h2 * r3 + h3 * r2 + h4 * r1 + h5 * r0 + c4
    const c5 = Math.floor(d5 / LIMB)
    const low = d0 - c0 * LIMB + FOLD * c5
    const carry = Math.floor(low / LIMB)
    h0 = low - carry * LIMB
    h1 = d1 - c1 * LIMB + carry
    h2 = d2 - c2 * LIMB
    h3 = d3 - c3 * LIMB
    h4 = d4 - c4 * LIMB
    h5 = d5 - c5 * LIMB
  }
  mac.h0 = h0
  mac.h1 = h1
  mac.h2 = h2
  mac.h3 = h3
  mac.h4 = h4
  mac.h5 = h5
}

/** The tag, 16 bytes as four words: `h` modulo the prime, plus the second half of the key, modulo 2^128. */
export function finishPoly1305({ h0, h1, h2, h3, h4, h5, key }: Poly1305): Uint32Array {
  const limbs = [h0, h1, h2, h3, h4, h5] as const
  // The first round leaves at most 2^130 and a little, the second less than 2^130.
  const [a0, a1, a2, a3, a4, a5] = reduceTop(reduceTop(limbs))
  // Adding 5 carries out of the 130 bits exactly where the number is not below the prime; then it is what is left.
  const [b0, b1, b2, b3, b4, b5] = carried([a0 + 5, a1, a2, a3, a4, a5])
  const over = -Math.floor(b5 / TOP)
  const pick = (a: number, b: number) => (a & ~over) | (b & over)
  const [l0, l1, l2] = [pick(a0, b0), pick(a1, b1), pick(a2, b2)]
  const [l3, l4, l5] = [pick(a3, b3), pick(a4, b4), pick(a5, b5)]
  const tag = new Uint32Array(4)
  let sum = ((l0 | (l1 << 22)) >>> 0) + wordOf(key, 4)
  tag[0] = sum
  sum = (((l1 >>> 10) | (l2 << 12)) >>> 0) + wordOf(key, 5) + Math.floor(sum / 2 ** 32)
  tag[1] = sum
  sum = (((l2 >>> 20) | (l3 << 2) | (l4 << 24)) >>> 0) + wordOf(key, 6) + Math.floor(sum / 2 ** 32)
  tag[2] = sum
  sum = (((l4 >>> 8) | (l5 << 14)) >>> 0) + wordOf(key, 7) + Math.floor(sum / 2 ** 32)
  tag[3] = sum
  return tag
}

type Limbs = readonly [number, number, number, number, number, number]

/** The same modulo the prime: what is above 2^130 comes back at the bottom, times 5. */
function reduceTop([h0, h1, h2, h3, h4, h5]: Limbs): Limbs {
  const above = Math.floor(h5 / TOP)
  return carried([h0 + 5 * above, h1, h2, h3, h4, h5 - above * TOP])
}

/** The same number, each limb but the top one below 2^22. */
function carried([h0, h1, h2, h3, h4, h5]: Limbs): Limbs {
  const s1 = h1 + Math.floor(h0 / LIMB)
  const s2 = h2 + Math.floor(s1 / LIMB)
  const s3 = h3 + Math.floor(s2 / LIMB)
  const s4 = h4 + Math.floor(s3 / LIMB)
  const s5 = h5 + Math.floor(s4 / LIMB)
  return [h0 % LIMB, s1 % LIMB, s2 % LIMB, s3 % LIMB, s4 % LIMB, s5]
}
