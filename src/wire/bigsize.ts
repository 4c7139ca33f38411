import { assert, type Codec, DecodeError, mapped } from '../base/index.ts'

/** BigSize: an unsigned integer in 1, 3, 5 or 9 bytes, the shortest form only (BOLT 1, appendix A). */
export const bigSize: Codec<bigint> = {
  write(writer, value) {
    assert(value >= 0n && value < 1n << 64n, () => `${value} does not fit in a BigSize`)
    if (value < 0xfdn) return writer.u8(Number(value))
    if (value < 0x10000n) {
      writer.u8(0xfd)
      return writer.uint(Number(value), 2)
    }
    if (value < 0x100000000n) {
      writer.u8(0xfe)
      return writer.uint(Number(value), 4)
    }
    writer.u8(0xff)
    writer.uint(Number(value >> 32n), 4)
    writer.uint(Number(value & 0xffffffffn), 4)
  },
  read(reader) {
    const first = reader.u8()
    if (first < 0xfd) return BigInt(first)
    if (first === 0xfd) return atLeast(0xfdn, BigInt(reader.uint(2)))
    if (first === 0xfe) return atLeast(0x10000n, BigInt(reader.uint(4)))
    return atLeast(0x100000000n, (BigInt(reader.uint(4)) << 32n) | BigInt(reader.uint(4)))
  },
}

/** A BigSize that the program holds as a number: below 2^53, as lengths and counts are. */
export const bigSizeNumber: Codec<number> = mapped(
  bigSize,
  value => {
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new DecodeError('out_of_range', `expected a BigSize below 2^53, got ${value}`)
    }
    return Number(value)
  },
  value => {
    assert(Number.isSafeInteger(value), () => `${value} is not a safe integer`)
    return BigInt(value)
  },
)

function atLeast(minimum: bigint, value: bigint): bigint {
  if (value < minimum) {
    throw new DecodeError('not_minimal', `expected the shortest form of ${value} (BOLT 1, appendix A)`)
  }
  return value
}
