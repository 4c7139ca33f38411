import { concat } from '../../src/base/index.ts'
import type { Random } from '../processes/random.ts'

// Inputs made of others by changing bytes. Targets whose format would hide behind this (a checksum, a record that has a length) say
// for themselves what a change is.

/** What programs get wrong, in 1, 2, 4 and 8 bytes. */
const INTERESTING: readonly (readonly number[])[] = [
  [0],
  [1],
  [0x7f],
  [0x80],
  [0xfc],
  [0xfd],
  [0xfe],
  [0xff],
  [0, 0],
  [0, 0xfc],
  [0, 0xfd],
  [0x01, 0x00],
  [0x7f, 0xff],
  [0x80, 0x00],
  [0xff, 0xff],
  [0xfd, 0x00, 0xfc],
  [0xfd, 0x00, 0xfd],
  [0xfd, 0xff, 0xff],
  [0, 0, 0, 0],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff],
  [0xfe, 0x00, 0x01, 0x00, 0x00],
  [0xfe, 0xff, 0xff, 0xff, 0xff],
  [0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0, 0x20, 0, 0, 0, 0, 0, 0],
  [0x80, 0, 0, 0, 0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xff, 0x00, 0x20, 0, 0, 0, 0, 0, 0],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
]
const LONGEST_INPUT = 1 << 16
const LONGEST_INSERT = 24

export function someBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.between(0, 255))
}

/** One to four changes. */
export function mutateBytes(input: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  let bytes: Uint8Array = input.slice()
  for (let edits = random.between(1, 4); edits > 0; edits--) bytes = editBytes(bytes, random, others)
  return bytes.length > LONGEST_INPUT ? bytes.slice(0, LONGEST_INPUT) : bytes
}

function editBytes(bytes: Uint8Array, random: Random, others: readonly Uint8Array[]): Uint8Array {
  const at = random.between(0, Math.max(0, bytes.length - 1))
  switch (random.between(0, 10)) {
    case 0:
    case 1:
      if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.between(0, 7))
      return bytes
    case 2:
      if (bytes.length > 0) bytes[at] = random.between(0, 255)
      return bytes
    case 3:
    case 4:
      return nudgeInteger(bytes, at, random)
    case 5:
      return written(bytes, at, Uint8Array.from(random.of(INTERESTING)))
    case 6:
      return concat(bytes.subarray(0, at), Uint8Array.from(random.of(INTERESTING)), bytes.subarray(at))
    case 7:
      return concat(bytes.subarray(0, at), someBytes(random, random.between(1, LONGEST_INSERT)), bytes.subarray(at))
    case 8:
      return concat(bytes.subarray(0, at), bytes.subarray(Math.min(bytes.length, at + lengthOfCut(bytes, random))))
    case 9: {
      const end = Math.min(bytes.length, at + lengthOfCut(bytes, random))
      return concat(bytes.subarray(0, end), bytes.subarray(at, end), bytes.subarray(end))
    }
    default: {
      if (others.length === 0) return bytes
      const other = random.of(others)
      const from = random.between(0, Math.max(0, other.length - 1))
      // In step where the formats are in step, anywhere else otherwise.
      return concat(bytes.subarray(0, at), other.subarray(random.chance(0.6) ? Math.min(at, other.length) : from))
    }
  }
}

/** Mostly small, sometimes all the rest. */
function lengthOfCut(bytes: Uint8Array, random: Random): number {
  return random.chance(0.7) ? random.between(1, 8) : random.between(1, Math.max(1, bytes.length))
}

function written(bytes: Uint8Array, at: number, value: Uint8Array): Uint8Array {
  bytes.set(value.subarray(0, Math.max(0, bytes.length - at)), at)
  return bytes
}

/** An integer of 1, 2, 4 or 8 bytes, a little more or less, in either order of bytes. */
function nudgeInteger(bytes: Uint8Array, at: number, random: Random): Uint8Array {
  const width = random.of([1, 1, 2, 4, 8])
  if (at + width > bytes.length) return bytes
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, width)
  const little = random.chance(0.3)
  const by = random.chance(0.7) ? random.of([-1, 1]) : random.between(-32, 32)
  if (width === 1) view.setUint8(0, view.getUint8(0) + by)
  else if (width === 2) view.setUint16(0, view.getUint16(0, little) + by, little)
  else if (width === 4) view.setUint32(0, view.getUint32(0, little) + by, little)
  else view.setBigUint64(0, BigInt.asUintN(64, view.getBigUint64(0, little) + BigInt(by)), little)
  return bytes
}

/** Text changed as people and programs change it: characters of its alphabet, of its neighbours, other case, cuts, repetitions. */
export function mutateText(input: Uint8Array, random: Random, alphabet: string): Uint8Array {
  let text = new TextDecoder().decode(input)
  for (let edits = random.between(1, 3); edits > 0; edits--) {
    const at = random.between(0, text.length)
    const character = random.chance(0.9) ? random.of([...alphabet]) : random.of(STRANGE)
    const way = random.between(0, 5)
    if (way === 0) text = text.slice(0, at) + character + text.slice(at + 1)
    else if (way === 1) text = text.slice(0, at) + character + text.slice(at)
    else if (way === 2) text = text.slice(0, at) + text.slice(at + random.between(1, 3))
    else if (way === 3) text = text.slice(0, at) + text.slice(Math.max(0, at - random.between(1, 12)))
    else if (way === 4) text = random.chance(0.5) ? text.toUpperCase() : text.toLowerCase()
    else text = text.slice(0, at)
  }
  return new TextEncoder().encode(text)
}

const STRANGE = [
  ' ',
  '\0',
  '\n',
  '\u00e9',
  '\u212a',
  '\ud83d\ude00',
  '\u200b',
  '\u0131',
  '-',
  '+',
  '.',
  'e',
  '_',
  '%',
  '١',
]
