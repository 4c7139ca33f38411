import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BugError, type Codec, concat, decode, encode, fromHex, struct, toHex, u16, u64 } from '../../src/base/index.ts'
import { point } from '../../src/wire/fundamental.ts'
import { bigSize, shortChannelIdCodec, tlvStream, tu32, tu64 } from '../../src/wire/index.ts'
import {
  u16 as anyU16,
  u64 as anyU64,
  point as arbitraryPoint,
  arbitraryShortChannelId,
  u32,
} from './arbitraryFields.ts'
import vectors from './bolt01-tlv.vectors.json' with { type: 'json' }

// The two namespaces of the appendix.
const n1 = tlvStream({
  tlv1: [1n, struct({ amountMsat: tu64 })],
  tlv2: [2n, struct({ scid: shortChannelIdCodec })],
  tlv3: [3n, struct({ nodeId: point, amount1Msat: u64, amount2Msat: u64 })],
  tlv4: [254n, struct({ cltvDelta: u16 })],
})
const n2 = tlvStream({ tlv1: [0n, struct({ amountMsat: tu64 })], tlv2: [11n, struct({ cltvExpiry: tu32 })] })
const NAMESPACES: Readonly<Record<string, Codec<object>>> = { n1: n1 as Codec<object>, n2: n2 as Codec<object> }

const CODES: Readonly<Record<string, readonly string[]>> = {
  typeTruncated: ['truncated'],
  typeNotMinimal: ['not_minimal'],
  lengthMissing: ['truncated'],
  lengthTruncated: ['truncated'],
  lengthNotMinimal: ['not_minimal'],
  valueMissing: ['truncated'],
  valueTruncated: ['truncated'],
  valueTooShort: ['truncated'],
  valueTooLong: ['trailing_bytes', 'out_of_range'],
  unknownEvenType: ['unknown_even_type'],
  truncatedIntNotMinimal: ['not_minimal'],
  invalidPoint: ['invalid'],
  typesNotIncreasing: ['not_increasing'],
  duplicateType: ['not_increasing'],
}

const cases = vectors.cases.flatMap(vector =>
  vector.namespaces.map(namespace => {
    const codec = NAMESPACES[namespace]
    if (codec === undefined) throw new Error(`no namespace ${namespace}`)
    return { ...vector, namespace, codec }
  }),
)

describe('BOLT 1 appendix B: TLV streams', () => {
  it('has all the cases of the document', () => expect(vectors.cases).toHaveLength(57))

  it.each(cases)('$namespace, $name', ({ codec, stream, valid, records, error }) => {
    const decoded = decode(codec, fromHex(stream))
    if (!valid) {
      expect(decoded.ok).toBe(false)
      if (!decoded.ok) expect(CODES[error ?? '']).toContain(decoded.error.code)
      return
    }
    const expected = Object.fromEntries((records ?? []).map(({ name, values }) => [name, values]))
    expect(decoded).toMatchObject({ ok: true })
    if (decoded.ok) {
      expect(printed(decoded.value)).toEqual(expected)
      // Ignored records are gone; all others are written as they came.
      if (records?.length !== 0) expect(toHex(encode(codec, decoded.value))).toBe(stream)
    }
  })

  it('a valid stream followed by an invalid one fails', () => {
    for (const first of cases.filter(({ valid }) => valid)) {
      for (const second of cases.filter(({ valid, namespace }) => !valid && namespace === first.namespace)) {
        const stream = concat(fromHex(first.stream), fromHex(second.stream))
        expect(decode(first.codec, stream).ok, `${first.stream} ${second.stream}`).toBe(false)
      }
    }
  })

  it('a valid stream followed by one of higher types succeeds', () => {
    const typeOf = (stream: string): bigint => {
      const head = decode(
        struct({ type: bigSize, rest: { write: () => {}, read: r => r.bytes(r.remaining) } }),
        fromHex(stream),
      )
      return head.ok ? head.value.type : -1n
    }
    let pairs = 0
    for (const first of cases.filter(({ valid }) => valid)) {
      for (const second of cases.filter(({ valid, namespace }) => valid && namespace === first.namespace)) {
        const stream = concat(fromHex(first.stream), fromHex(second.stream))
        const increasing = first.stream === '' || second.stream === '' || typeOf(first.stream) < typeOf(second.stream)
        expect(decode(first.codec, stream).ok, `${first.stream} ${second.stream}`).toBe(increasing)
        pairs++
      }
    }
    expect(pairs).toBeGreaterThan(100)
  })
})

describe('TLV streams', () => {
  const optional = { requiredKeys: [] }
  const n1Values = fc.record(
    {
      tlv1: fc.record({ amountMsat: anyU64 }),
      tlv2: fc.record({ scid: arbitraryShortChannelId }),
      tlv3: fc.record({ nodeId: arbitraryPoint, amount1Msat: anyU64, amount2Msat: anyU64 }),
      tlv4: fc.record({ cltvDelta: anyU16 }),
    },
    optional,
  )
  const n2Values = fc.record(
    { tlv1: fc.record({ amountMsat: anyU64 }), tlv2: fc.record({ cltvExpiry: u32 }) },
    optional,
  )

  it('read back what they write', () => {
    fc.assert(
      fc.property(n1Values, value => {
        expect(decode(n1, encode(n1, value))).toEqual({ ok: true, value })
      }),
    )
    fc.assert(
      fc.property(n2Values, value => {
        expect(decode(n2, encode(n2, value))).toEqual({ ok: true, value })
      }),
    )
  })

  it('decode any bytes to a value or a failure', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        const decoded = decode(n1, bytes)
        if (decoded.ok) expect(decode(n1, encode(n1, decoded.value))).toEqual(decoded)
        else expect(decoded.error.message).not.toBe('')
      }),
      { numRuns: 2000 },
    )
  })

  it('write their records by type, in whatever order they are defined', () => {
    const codec = tlvStream({ later: [300n, u16], sooner: [2n, u16] })
    expect(toHex(encode(codec, { later: 1, sooner: 2 }))).toBe('02020002fd012c020001')
  })

  it('bound a length by the bytes that are left, whatever it claims', () => {
    expect(decode(n1, fromHex('01ffffffffffffffffff'))).toMatchObject({ ok: false, error: { code: 'out_of_range' } })
    expect(decode(n1, fromHex('01ff001fffffffffffff'))).toMatchObject({ ok: false, error: { code: 'truncated' } })
    expect(decode(n1, fromHex('2102ff'))).toMatchObject({ ok: false, error: { code: 'truncated' } })
  })

  it('name the record and the field that failed', () => {
    expect(decode(n1, fromHex('fd00fe0101'))).toEqual({
      ok: false,
      error: { code: 'truncated', message: 'tlv4: cltvDelta: expected 2 more bytes, got 1' },
    })
  })

  it('have one record per type', () => {
    expect(() => tlvStream({ a: [1n, u16], b: [1n, u16] })).toThrow(BugError)
  })
})

/** Values as the vectors print them: integers above 32 bits in decimal, bytes in hex. */
function printed(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (value instanceof Uint8Array) return toHex(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, printed(inner)]))
}
