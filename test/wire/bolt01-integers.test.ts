import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BugError, type Codec, decode, encode, fromHex, mapped, toHex } from '../../src/base/index.ts'
import { s8, s16, s32, s64, tu16, tu32, tu64 } from '../../src/wire/index.ts'
import { u16, u32, u64 } from './arbitraryFields.ts'
import vectors from './bolt01-signed-integers.vectors.json' with { type: 'json' }

const big = (codec: Codec<number>): Codec<bigint> => mapped(codec, BigInt, Number)
const SIGNED: Readonly<Record<string, Codec<bigint>>> = { s8: big(s8), s16: big(s16), s32: big(s32), s64 }
const TRUNCATED = [
  { name: 'tu16', width: 2, codec: big(tu16), values: u16.map(BigInt) },
  { name: 'tu32', width: 4, codec: big(tu32), values: u32.map(BigInt) },
  { name: 'tu64', width: 8, codec: tu64, values: u64 },
]

describe('BOLT 1 appendix D: signed integers', () => {
  it('has all the cases of the document', () => expect(vectors.cases).toHaveLength(23))

  it.each(vectors.cases)('$name', ({ encoding, value, bytes }) => {
    const codec = SIGNED[encoding]
    if (codec === undefined) throw new Error(`no codec for ${encoding}`)
    expect(toHex(encode(codec, BigInt(value)))).toBe(bytes)
    expect(decode(codec, fromHex(bytes))).toEqual({ ok: true, value: BigInt(value) })
  })

  it.each(Object.entries(SIGNED))('%s does not write what does not fit', (name, codec) => {
    const bound = 1n << (BigInt(name.slice(1)) - 1n)
    expect(() => encode(codec, bound)).toThrow(BugError)
    expect(() => encode(codec, -bound - 1n)).toThrow(BugError)
  })

  it('takes integers only', () => expect(() => encode(s8, 0.5)).toThrow(BugError))
})

describe.each(TRUNCATED)('BOLT 1, fundamental types: $name', ({ width, codec, values }) => {
  it('writes no leading zeros, and reads back what it writes', () => {
    fc.assert(
      fc.property(values, value => {
        const bytes = encode(codec, value)
        expect(toHex(bytes).replace(/^0/, '')).toBe(value === 0n ? '' : value.toString(16))
        expect(decode(codec, bytes)).toEqual({ ok: true, value })
      }),
    )
  })

  it('writes nothing for zero', () => {
    expect(encode(codec, 0n)).toHaveLength(0)
    expect(decode(codec, new Uint8Array(0))).toEqual({ ok: true, value: 0n })
  })

  it('refuses a leading zero', () => {
    expect(decode(codec, Uint8Array.of(0))).toMatchObject({ ok: false, error: { code: 'not_minimal' } })
    expect(decode(codec, Uint8Array.of(0, 1))).toMatchObject({ ok: false, error: { code: 'not_minimal' } })
  })

  it('is full at its width', () => {
    const largest = new Uint8Array(width).fill(0xff)
    expect(decode(codec, largest)).toEqual({ ok: true, value: (1n << BigInt(8 * width)) - 1n })
    const longer = new Uint8Array(width + 1).fill(0xff)
    expect(decode(codec, longer)).toMatchObject({ ok: false, error: { code: 'out_of_range' } })
    expect(() => encode(codec, 1n << BigInt(8 * width))).toThrow(BugError)
    expect(() => encode(codec, -1n)).toThrow(BugError)
  })
})
