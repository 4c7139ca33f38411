import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { jsonDecode, jsonEncode, msat, sat, utf8Encode } from '../../src/base/index.ts'

describe('records in JSON', () => {
  test('come back as they were, amounts as bigints', () => {
    const record = {
      amountMsat: msat(12n),
      capacitySat: sat(21n * 10n ** 14n),
      note: 'für é 😀 \u0000 "',
      list: [1, null, true],
    }
    expect(jsonDecode(jsonEncode(record))).toEqual({ ok: true, value: record })
    fc.assert(
      fc.property(
        fc.dictionary(
          fc.string({ minLength: 1 }).map(key => `k${key}x`),
          fc.jsonValue(),
        ),
        value => {
          const through = JSON.parse(JSON.stringify(value))
          expect(jsonDecode(jsonEncode(value))).toEqual({ ok: true, value: through })
        },
      ),
    )
  })

  test('are what JSON.stringify makes of them, in ASCII', () => {
    const values = [
      {},
      [],
      null,
      17,
      -0.5,
      Number.NaN,
      true,
      '',
      'a "quoted" \\ line\n',
      [undefined, [{}], { a: undefined, b: null }],
      { 'a "key"': 1, 'last\t': { deep: ['x'] } },
      { long: 'a'.repeat(10_000), longer: ['b'.repeat(100_000), { c: 'd' }] },
      { after: 'the long one' },
    ]
    for (const value of values) expect(jsonEncode(value)).toEqual(utf8Encode(JSON.stringify(value)))
  })

  test('are ASCII', () => {
    expect(jsonEncode('é\n').every(byte => byte >= 0x20 && byte < 0x7f)).toBe(true)
  })

  test('text under a key that ends in a unit stays text', () => {
    expect(jsonDecode(jsonEncode({ wantedSat: 'all', labelSat: '007' }))).toEqual({
      ok: true,
      value: { wantedSat: 'all', labelSat: '007' },
    })
  })

  test('bytes that are none give a failure', () => {
    for (const bytes of [new Uint8Array(0), Uint8Array.of(0x7b), Uint8Array.of(0xff, 0xfe)]) {
      expect(jsonDecode(bytes)).toMatchObject({ ok: false, error: { code: 'invalid' } })
    }
  })

  test('bytes that are nested deeper than anybody writes give one, too', () => {
    const deep = utf8Encode(`${'['.repeat(100_000)}${']'.repeat(100_000)}`)
    expect(jsonDecode(deep)).toMatchObject({ ok: false, error: { code: 'invalid' } })
  })
})
