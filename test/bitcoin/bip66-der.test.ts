import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/index.ts'
import { SIGHASH_ALL, signatureFromDer, signatureToDer, witnessSignature } from '../../src/bitcoin/index.ts'

const one = '00'.repeat(31)

/** A sequence of two integers given as their contents. */
function der(r: string, s: string): string {
  const integer = (hex: string) => `02${length(hex)}${hex}`
  const body = integer(r) + integer(s)
  return `30${length(body)}${body}`
}

function length(hex: string): string {
  return (hex.length / 2).toString(16).padStart(2, '0')
}

describe('BIP 66 strict DER', () => {
  it.each([
    ['01', '02', `${one}01${one}02`],
    ['7f', '0080', `${one}7f${one}80`],
    ['00', '01', `${one}00${one}01`],
    [`00${'ff'.repeat(32)}`, 'aa'.repeat(0) + '55'.repeat(32), 'ff'.repeat(32) + '55'.repeat(32)],
    ['11'.repeat(31), '22'.repeat(30), `00${'11'.repeat(31)}0000${'22'.repeat(30)}`],
  ])('r %s, s %s', (r, s, compact) => {
    expect(toHex(signatureToDer(fromHex(compact)))).toBe(der(r, s))
    const back = signatureFromDer(fromHex(der(r, s)))
    expect(back.ok && toHex(back.value)).toBe(compact)
  })

  it('every signature of 64 bytes goes there and back, in the bounds of BIP 66', () => {
    const any = fc.uint8Array({ minLength: 64, maxLength: 64 })
    const zeros = fc.tuple(fc.nat(31), fc.nat(31)).map(([a, b]) => {
      const bytes = new Uint8Array(64).fill(0x80)
      bytes.fill(0, 0, a)
      return bytes.fill(0, 32, 32 + b)
    })
    fc.assert(
      fc.property(fc.oneof(any, zeros), signature => {
        const encoded = signatureToDer(signature)
        expect(encoded.length).toBeLessThanOrEqual(72)
        expect(signatureFromDer(encoded)).toEqual({ ok: true, value: signature })
        expect(witnessSignature(signature, SIGHASH_ALL)).toEqual(concat(encoded, Uint8Array.of(1)))
      }),
    )
  })

  it.each([
    ['nothing', ''],
    ['no sequence', `31${der('01', '02').slice(2)}`],
    ['a length that is too large', '3007020101020102'],
    ['a length that is too small', '3005020101020102'],
    ['bytes after S', '300702010102010200'],
    ['R not an integer', '3006030101020102'],
    ['S not an integer', '3006020101030102'],
    ['R empty', der('', '02')],
    ['S empty', der('01', '')],
    ['S missing', '3003020101'],
    ['R beyond the end', '3006022001020102'],
    ['S beyond the end', '3006020101022002'],
    ['R negative', der('80', '02')],
    ['S negative', der('01', 'ff')],
    ['R with a needless zero', der('0001', '02')],
    ['S with a needless zero', der('01', '007f')],
    ['R of two zeros', der('0000', '02')],
    ['R of 33 bytes', der('01'.repeat(33), '02')],
    ['S of 33 bytes above the zero', der('01', `00${'ff'.repeat(33)}`)],
  ])('refuses %s', (_, hex) => {
    expect(signatureFromDer(fromHex(hex))).toMatchObject({ ok: false, error: { code: 'invalid' } })
  })

  it('reads one encoding of each signature only: a changed byte gives a failure or another signature', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (signature, at, flip) => {
          const bytes = signatureToDer(signature)
          const index = at % bytes.length
          bytes[index] = (bytes[index] ?? 0) ^ flip
          const result = signatureFromDer(bytes)
          if (result.ok) expect(signatureToDer(result.value)).toEqual(bytes)
        },
      ),
    )
  })

  it('a signature has 64 bytes', () => {
    expect(() => signatureToDer(new Uint8Array(63))).toThrow('bug')
  })
})
