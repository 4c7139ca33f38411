import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  BugError,
  bytesEqual,
  compareBytes,
  concat,
  fromHex,
  parseHex,
  reverseBytes,
  toHex,
  utf8Encode,
} from '../../src/base/index.ts'

const anyBytes = fc.uint8Array({ maxLength: 40 })

describe('hexadecimal', () => {
  it('agrees with Node on what is longer than one call takes', () => {
    for (const length of [2_047, 2_048, 2_049, 10_000]) {
      const bytes = new Uint8Array(length).map((_, index) => index * 7)
      expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'))
    }
  })

  it('agrees with Node both ways', () => {
    fc.assert(
      fc.property(anyBytes, bytes => {
        const hex = Buffer.from(bytes).toString('hex')
        expect(toHex(bytes)).toBe(hex)
        expect(fromHex(hex)).toEqual(bytes)
        expect(parseHex(hex.toUpperCase())).toEqual({ ok: true, value: bytes })
      }),
    )
  })

  it.each(['0', 'abc', '0g', ' 00', '0x00', '00 '])('"%s" is not hexadecimal', text => {
    expect(parseHex(text)).toEqual({ ok: false, error: 'not_hex' })
    expect(() => fromHex(text)).toThrow(BugError)
  })
})

describe('bytes', () => {
  it('concat like Node', () => {
    fc.assert(
      fc.property(fc.array(anyBytes), parts => {
        expect(concat(...parts)).toEqual(Uint8Array.from(Buffer.concat(parts)))
      }),
    )
  })

  it('compare like Node', () => {
    const short = fc.uint8Array({ maxLength: 3, max: 2 })
    fc.assert(
      fc.property(short, short, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
        expect(bytesEqual(a, b)).toBe(Buffer.compare(a, b) === 0)
      }),
      { numRuns: 500 },
    )
  })

  it('put a prefix first', () => {
    expect(compareBytes(fromHex('01'), fromHex('0100'))).toBeLessThan(0)
    expect(bytesEqual(fromHex('01'), fromHex('0100'))).toBe(false)
  })

  it('reverse a copy', () => {
    const bytes = fromHex('010203')
    expect(toHex(reverseBytes(bytes))).toBe('030201')
    expect(toHex(bytes)).toBe('010203')
  })
})

describe('utf8Encode', () => {
  it('agrees with the TextEncoder, half surrogate pairs included', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.nat(0xffff)).map(units => String.fromCharCode(...units)),
    )
    fc.assert(
      fc.property(texts, text => {
        expect(utf8Encode(text)).toEqual(Uint8Array.from(new TextEncoder().encode(text)))
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    ['a', '61'],
    ['é', 'c3a9'],
    ['€', 'e282ac'],
    ['𝄞', 'f09d849e'],
    ['\ud834', 'efbfbd'],
    ['\ufffd\ue000', 'efbfbdee8080'],
  ])('"%s" is %s', (text, hex) => expect(toHex(utf8Encode(text))).toBe(hex))
})
