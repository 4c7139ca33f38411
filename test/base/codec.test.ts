import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  array,
  BugError,
  bool,
  type Codec,
  DecodeError,
  decode,
  decodeWithin,
  encode,
  fixedBytes,
  fromHex,
  lengthPrefixed,
  mapped,
  optional,
  Reader,
  remainder,
  struct,
  taggedUnion,
  toHex,
  u8,
  u16,
  u32,
  u64,
  u64Number,
  Writer,
} from '../../src/base/index.ts'

type Shape = { type: 'dot'; x: number } | { type: 'line'; from: number; to?: number }
const shape = taggedUnion<Shape>({
  dot: [1, struct({ x: u16 })],
  line: [7, struct({ from: u8, to: optional(u8) })],
})
const samples: readonly { name: string; codec: Codec<unknown>; values: fc.Arbitrary<unknown> }[] = [
  sample('u8', u8, fc.nat(0xff)),
  sample('u16', u16, fc.nat(0xffff)),
  sample('u32', u32, fc.nat(0xffffffff)),
  sample('u64', u64, fc.bigInt(0n, (1n << 64n) - 1n)),
  sample('u64Number', u64Number, fc.maxSafeNat()),
  sample('bool', bool, fc.boolean()),
  sample('fixedBytes', fixedBytes(5), fc.uint8Array({ minLength: 5, maxLength: 5 })),
  sample('lengthPrefixed', lengthPrefixed(u16), fc.uint8Array({ maxLength: 600 })),
  sample('remainder', remainder, fc.uint8Array()),
  sample('array', array(u8, u16), fc.array(fc.nat(0xffff), { maxLength: 255 })),
  sample('optional', optional(u32), fc.option(fc.nat(0xffffffff), { nil: undefined })),
  sample('mapped', mapped(u8, String, Number), fc.nat(0xff).map(String)),
  sample(
    'struct',
    struct({ a: u8, b: optional(bool) }),
    fc.record({ a: fc.nat(255), b: fc.boolean() }, { requiredKeys: ['a'] }),
  ),
  sample(
    'taggedUnion',
    shape,
    fc.oneof(
      fc.record({ type: fc.constant('dot' as const), x: fc.nat(0xffff) }),
      fc.record(
        { type: fc.constant('line' as const), from: fc.nat(255), to: fc.nat(255) },
        { requiredKeys: ['type', 'from'] },
      ),
    ),
  ),
]

describe.each(samples)('$name', ({ codec, values }) => {
  it('reads back what it writes', () => {
    fc.assert(
      fc.property(values, value => {
        expect(decode(codec, encode(codec, value))).toEqual({ ok: true, value })
      }),
    )
  })

  it('judges any bytes without throwing, and has one form for each value', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), bytes => {
        const decoded = decode(codec, bytes)
        if (decoded.ok) expect(encode(codec, decoded.value)).toEqual(bytes)
        else expect(decoded.error.message).not.toBe('')
      }),
      { numRuns: 500 },
    )
  })
})

describe('the bytes of each codec', () => {
  it.each([
    { what: 'u8', bytes: encode(u8, 0xab), hex: 'ab' },
    { what: 'u16, big-endian', bytes: encode(u16, 0x0102), hex: '0102' },
    { what: 'u32', bytes: encode(u32, 0xfffefdfc), hex: 'fffefdfc' },
    { what: 'u64', bytes: encode(u64, 0x0102030405060708n), hex: '0102030405060708' },
    { what: 'u64 of a number', bytes: encode(u64Number, 2 ** 53 - 1), hex: '001fffffffffffff' },
    { what: 'bool', bytes: encode(array(u8, bool), [true, false]), hex: '020100' },
    { what: 'a length, then bytes', bytes: encode(lengthPrefixed(u16), fromHex('aabb')), hex: '0002aabb' },
    { what: 'an absent value', bytes: encode(optional(u16), undefined), hex: '00' },
    { what: 'a present value', bytes: encode(optional(u16), 5), hex: '010005' },
    { what: 'fields in their order', bytes: encode(struct({ b: u8, a: u16 }), { a: 1, b: 2 }), hex: '020001' },
    { what: 'a tag, then the shape', bytes: encode(shape, { type: 'line', from: 1, to: 2 }), hex: '07010102' },
  ])('$what: $hex', ({ bytes, hex }) => expect(toHex(bytes)).toBe(hex))
})

describe('what does not decode', () => {
  it.each([
    { what: 'too few bytes', failure: decode(u32, fromHex('010203')), code: 'truncated' },
    { what: 'bytes left over', failure: decode(u16, fromHex('010203')), code: 'trailing_bytes' },
    { what: 'a boolean of 2', failure: decode(bool, fromHex('02')), code: 'invalid' },
    { what: 'a presence byte of 2', failure: decode(optional(u8), fromHex('0201')), code: 'invalid' },
    { what: 'an integer of 2^53', failure: decode(u64Number, fromHex('0020000000000000')), code: 'out_of_range' },
    { what: 'a length beyond the end', failure: decode(lengthPrefixed(u32), fromHex('ffffffff00')), code: 'truncated' },
    { what: 'a count beyond the end', failure: decode(array(u32, u8), fromHex('ffffffff00')), code: 'truncated' },
    { what: 'an unknown tag', failure: decode(shape, fromHex('0201')), code: 'invalid' },
  ])('$what', ({ failure, code }) => expect(failure).toMatchObject({ ok: false, error: { code } }))

  it('names the way to the field', () => {
    const nested = struct({ outer: struct({ inner: u16 }) })
    expect(decode(nested, fromHex('01'))).toEqual({
      ok: false,
      error: { code: 'truncated', message: 'outer: inner: expected 2 more bytes, got 1' },
    })
  })

  it('a nested value has to take all of its bytes', () => {
    expect(() => decodeWithin(u8, new Reader(fromHex('0102')), 'record')).toThrow(DecodeError)
    expect(decodeWithin(u8, new Reader(fromHex('01')), 'record')).toBe(1)
  })

  it('a bug inside a codec stays a bug', () => {
    const broken = struct({
      field: mapped(
        u8,
        () => fromHex('x'),
        () => 0,
      ),
    })
    expect(() => decode(broken, fromHex('01'))).toThrow(BugError)
    expect(() =>
      decode(
        mapped(
          u8,
          () => fromHex('x'),
          () => 0,
        ),
        fromHex('01'),
      ),
    ).toThrow(BugError)
  })
})

describe('what does not encode is a bug of ours', () => {
  it.each([
    ['u8 of 256', () => encode(u8, 256)],
    ['u8 of -1', () => encode(u8, -1)],
    ['u16 of a half', () => encode(u16, 0.5)],
    ['u64 of -1', () => encode(u64, -1n)],
    ['u64 of 2^64', () => encode(u64, 1n << 64n)],
    ['u64Number of 2^53', () => encode(u64Number, 2 ** 53)],
    ['u64Number of -1', () => encode(u64Number, -1)],
    ['4 bytes for 5', () => encode(fixedBytes(5), new Uint8Array(4))],
    ['256 bytes under a length of one byte', () => encode(lengthPrefixed(u8), new Uint8Array(256))],
    ['256 items under a count of one byte', () => encode(array(u8, u8), new Array(256).fill(0))],
    ['a tag used twice', () => taggedUnion<Shape>({ dot: [1, struct({ x: u16 })], line: [1, struct({ from: u8 })] })],
  ])('%s', (_, run) => expect(run).toThrow(BugError))
})

describe('Writer and Reader', () => {
  it('keep every byte while the buffer grows, whatever was written at its edge', () => {
    fc.assert(
      fc.property(fc.nat(4), fc.array(fc.oneof(fc.nat(255), fc.uint8Array({ maxLength: 5 }))), (capacity, parts) => {
        const writer = new Writer(capacity)
        for (const part of parts) typeof part === 'number' ? writer.u8(part) : writer.bytes(part)
        const expected = parts.flatMap(part => (typeof part === 'number' ? [part] : [...part]))
        expect([...writer.finish()]).toEqual(expected)
        expect(writer.length).toBe(expected.length)
      }),
    )
  })

  it('keep apart what several of them write at the same time, and what was finished from what comes next', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ which: fc.nat(2), bytes: fc.uint8Array({ maxLength: 9 }) })), parts => {
        const writers = [new Writer(), new Writer(4), new Writer(9_000)]
        const expected: number[][] = [[], [], []]
        const seen: { readonly bytes: Uint8Array; readonly held: readonly number[] }[] = []
        for (const { which, bytes } of parts) {
          writers[which]?.bytes(bytes)
          expected[which]?.push(...bytes)
          const finished = writers[which]?.finish()
          if (finished !== undefined) seen.push({ bytes: finished, held: [...finished] })
          const other = new Writer()
          other.bytes(new Uint8Array(20).fill(0xee))
          other.finish()
        }
        expect(writers.map(writer => [...writer.finish()])).toEqual(expected)
        for (const { bytes, held } of seen) expect([...bytes]).toEqual(held)
      }),
    )
  })

  it('write and read little-endian integers', () => {
    const writer = new Writer(1)
    writer.uintLE(0x010203, 4)
    expect(toHex(writer.finish())).toBe('03020100')
    expect(new Reader(writer.finish()).uintLE(4)).toBe(0x010203)
  })

  it('keep a reader over a part inside that part', () => {
    const reader = new Reader(fromHex('0102030405'))
    const part = reader.sub(2)
    expect(part.uint(2)).toBe(0x0102)
    expect(part.remaining).toBe(0)
    expect(() => part.u8()).toThrow(DecodeError)
    expect(reader.remaining).toBe(3)
    expect(() => reader.sub(4)).toThrow(DecodeError)
  })

  it('copy what they read, also out of a Buffer of Node', () => {
    const packet = Buffer.from('0102', 'hex')
    const bytes = new Reader(packet).bytes(2)
    packet.fill(9)
    expect(toHex(bytes)).toBe('0102')
    expect(bytes.constructor).toBe(Uint8Array)
  })
})

/** A table of codecs of different types has to forget them. */
function sample<T>(
  name: string,
  codec: Codec<T>,
  values: fc.Arbitrary<T>,
): { name: string; codec: Codec<unknown>; values: fc.Arbitrary<unknown> } {
  return { name, codec: codec as Codec<unknown>, values }
}
