import { type Codec, DecodeError } from '../base/index.ts'

/** Bitcoin's CompactSize: a count or length in 1, 3, 5 or 9 bytes, little-endian, always in the shortest form. */
export const compactSize: Codec<number> = {
  write(writer, value) {
    if (value < 0xfd) writer.u8(value)
    else if (value <= 0xffff) {
      writer.u8(0xfd)
      writer.uintLE(value, 2)
    } else if (value <= 0xffffffff) {
      writer.u8(0xfe)
      writer.uintLE(value, 4)
    } else {
      writer.u8(0xff)
      writer.uintLE(value, 8)
    }
  },
  read(reader) {
    const first = reader.u8()
    if (first < 0xfd) return first
    const width = first === 0xfd ? 2 : first === 0xfe ? 4 : 8
    const value = reader.uintLE(width)
    const smallest = first === 0xfd ? 0xfd : first === 0xfe ? 0x10000 : 0x100000000
    if (value < smallest) throw new DecodeError('not_minimal', `CompactSize ${value} is not in its shortest form`)
    if (!Number.isSafeInteger(value)) throw new DecodeError('out_of_range', 'expected a CompactSize below 2^53')
    return value
  },
}

/** How many bytes the CompactSize of `value` takes. */
export function compactSizeLength(value: number): number {
  if (value < 0xfd) return 1
  if (value <= 0xffff) return 3
  return value <= 0xffffffff ? 5 : 9
}
