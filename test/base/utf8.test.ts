import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode, oneOf, u16, utf8, utf8Encode } from '../../src/base/index.ts'

const text = utf8(u16)

function behindLength(...bytes: readonly number[]): Uint8Array {
  return Uint8Array.of(0, bytes.length, ...bytes)
}

describe('utf8', () => {
  it('any text without half characters comes back, in the bytes of the platform', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), value => {
        expect(utf8Encode(value)).toEqual(new Uint8Array(new TextEncoder().encode(value)))
        expect(decode(text, encode(text, value))).toEqual({ ok: true, value })
      }),
    )
  })

  it.each([
    ['an overlong slash', [0xc0, 0xaf]],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80]],
    ['a stray continuation byte', [0x80]],
    ['a first byte without its second', [0xc3]],
    ['a second byte that is none', [0xc3, 0x28]],
    ['a number beyond the last character', [0xf7, 0xbf, 0xbf, 0xbf]],
  ])('%s does not decode', (_name, bytes) => {
    expect(decode(text, behindLength(...bytes)).ok).toBe(false)
  })

  it('any bytes decode exactly where the platform decodes them', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), bytes => {
        const decoded = decode(text, behindLength(...bytes))
        let platform: string | undefined
        try {
          platform = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
        } catch {
          platform = undefined
        }
        expect(decoded.ok ? decoded.value : undefined).toBe(platform)
      }),
      { numRuns: 5000 },
    )
  })

  it('takes text of any length', () => {
    expect(utf8Encode('é'.repeat(300_000))).toHaveLength(600_000)
  })
})

describe('oneOf', () => {
  const colour = oneOf('red', 'green', 'blue')
  it('a name is its place in the list', () => {
    expect(encode(colour, 'green')).toEqual(Uint8Array.of(1))
    expect(decode(colour, Uint8Array.of(2))).toEqual({ ok: true, value: 'blue' })
  })
  it('a number without a name does not decode, a name without a number is a bug', () => {
    expect(decode(colour, Uint8Array.of(3))).toMatchObject({ ok: false, error: { code: 'invalid' } })
    expect(() => encode(colour, 'pink' as 'red')).toThrow('none of red, green, blue')
  })
})
