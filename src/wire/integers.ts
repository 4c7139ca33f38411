import { assert, type Codec, DecodeError, mapped, type Reader, u8, u16, u32, u64 } from '../base/index.ts'

// Truncated integers close a TLV value: big-endian without leading zeros, and zero is no bytes at all
// (BOLT 1, fundamental types). Signed integers are two's complement (BOLT 1, appendix D).

export const tu16: Codec<number> = truncated(2)
export const tu32: Codec<number> = truncated(4)
export const tu64: Codec<bigint> = {
  write(writer, value) {
    assert(value >= 0n && value < 1n << 64n, () => `${value} does not fit in 8 bytes`)
    let length = 0
    while (value >> BigInt(8 * length) > 0n) length++
    for (let left = length - 1; left >= 0; left--) writer.u8(Number((value >> BigInt(8 * left)) & 0xffn))
  },
  read(reader) {
    let value = 0n
    for (const byte of truncatedBytes(reader, 8)) value = (value << 8n) | BigInt(byte)
    return value
  },
}

export const s8: Codec<number> = signed(u8, 8)
export const s16: Codec<number> = signed(u16, 16)
export const s32: Codec<number> = signed(u32, 32)
export const s64: Codec<bigint> = mapped(
  u64,
  value => BigInt.asIntN(64, value),
  value => {
    assert(value === BigInt.asIntN(64, value), () => `${value} does not fit in 8 signed bytes`)
    return BigInt.asUintN(64, value)
  },
)

function truncated(width: number): Codec<number> {
  return {
    write(writer, value) {
      assert(
        Number.isInteger(value) && value >= 0 && value < 256 ** width,
        () => `${value} does not fit in ${width} bytes`,
      )
      let length = 0
      while (value >= 256 ** length) length++
      writer.uint(value, length)
    },
    read(reader) {
      let value = 0
      for (const byte of truncatedBytes(reader, width)) value = value * 256 + byte
      return value
    },
  }
}

function truncatedBytes(reader: Reader, width: number): Uint8Array {
  if (reader.remaining > width) {
    throw new DecodeError('out_of_range', `expected at most ${width} bytes, got ${reader.remaining}`)
  }
  const bytes = reader.bytes(reader.remaining)
  if (bytes[0] === 0) {
    throw new DecodeError('not_minimal', 'expected no leading zeros (BOLT 1, fundamental types)')
  }
  return bytes
}

function signed(unsigned: Codec<number>, bits: number): Codec<number> {
  const bound = 2 ** (bits - 1)
  return mapped(
    unsigned,
    value => (value < bound ? value : value - 2 * bound),
    value => {
      assert(
        Number.isInteger(value) && value >= -bound && value < bound,
        `${value} does not fit in ${bits} signed bits`,
      )
      return value < 0 ? value + 2 * bound : value
    },
  )
}
