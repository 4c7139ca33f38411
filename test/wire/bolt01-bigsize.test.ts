import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BugError, decode, encode, fromHex, toHex } from '../../src/base/index.ts'
import { bigSize, bigSizeNumber } from '../../src/wire/index.ts'
import { u64 } from './arbitraryFields.ts'
import vectors from './bolt01-bigsize.vectors.json' with { type: 'json' }

const CODES: Readonly<Record<string, string>> = {
  notCanonical: 'not_minimal',
  eof: 'truncated',
  unexpectedEof: 'truncated',
}

describe('BOLT 1 appendix A: BigSize', () => {
  it('has all the cases of the document', () => expect(vectors.cases).toHaveLength(26))

  it.each(vectors.cases)('$name', ({ op, bytes, value, error }) => {
    if (op === 'encode') return expect(toHex(encode(bigSize, BigInt(value ?? '')))).toBe(bytes)
    const decoded = decode(bigSize, fromHex(bytes))
    if (error === undefined) expect(decoded).toEqual({ ok: true, value: BigInt(value) })
    else expect(decoded).toMatchObject({ ok: false, error: { code: CODES[error] } })
  })

  it('reads back what it writes, and any other bytes for a value fail', () => {
    fc.assert(
      fc.property(u64, value => {
        const bytes = encode(bigSize, value)
        expect(decode(bigSize, bytes)).toEqual({ ok: true, value })
        const longest = Uint8Array.of(0xff, ...fromHex(value.toString(16).padStart(16, '0')))
        expect(decode(bigSize, longest).ok).toBe(bytes.length === 9)
      }),
    )
  })

  it('does not write what does not fit', () => {
    expect(() => encode(bigSize, -1n)).toThrow(BugError)
    expect(() => encode(bigSize, 1n << 64n)).toThrow(BugError)
  })

  it('holds a number up to 2^53 - 1 and no further', () => {
    const largest = Number.MAX_SAFE_INTEGER
    expect(decode(bigSizeNumber, encode(bigSizeNumber, largest))).toEqual({ ok: true, value: largest })
    expect(decode(bigSizeNumber, encode(bigSize, BigInt(largest) + 1n))).toMatchObject({
      ok: false,
      error: { code: 'out_of_range' },
    })
    expect(() => encode(bigSizeNumber, largest + 1)).toThrow(BugError)
    expect(() => encode(bigSizeNumber, 0.5)).toThrow(BugError)
  })
})
