import { assert, type Brand, type Codec } from '../base/index.ts'

/** Where a funding output stands, printed as `block x transaction x output`, e.g. `539268x845x1` (BOLT 7). */
export type ShortChannelId = Brand<string, 'ShortChannelId'>

/** The parts: a block height and a transaction index of 3 bytes each, an output index of 2 bytes. */
export interface ShortChannelIdParts {
  readonly blockHeight: number
  readonly txIndex: number
  readonly outputIndex: number
}

export function shortChannelId(parts: ShortChannelIdParts): ShortChannelId {
  const { blockHeight, txIndex, outputIndex } = checked(parts)
  return `${blockHeight}x${txIndex}x${outputIndex}` as ShortChannelId
}

export function shortChannelIdParts(id: ShortChannelId): ShortChannelIdParts {
  assert(/^\d+x\d+x\d+$/.test(id), () => `not a short channel id: ${id}`)
  const [blockHeight, txIndex, outputIndex] = id.split('x').map(Number)
  // The pattern has three numbers.
  return checked({ blockHeight, txIndex, outputIndex } as ShortChannelIdParts)
}

/** 8 bytes (BOLT 7, definition of short_channel_id). */
export const shortChannelIdCodec: Codec<ShortChannelId> = {
  write(writer, id) {
    const { blockHeight, txIndex, outputIndex } = shortChannelIdParts(id)
    writer.uint(blockHeight, 3)
    writer.uint(txIndex, 3)
    writer.uint(outputIndex, 2)
  },
  read: reader => shortChannelId({ blockHeight: reader.uint(3), txIndex: reader.uint(3), outputIndex: reader.uint(2) }),
}

function checked(parts: ShortChannelIdParts): ShortChannelIdParts {
  const { blockHeight, txIndex, outputIndex } = parts
  assert(
    fits(blockHeight, 3) && fits(txIndex, 3) && fits(outputIndex, 2),
    'a part of a short channel id is out of range',
  )
  return parts
}

function fits(value: number, width: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < 256 ** width
}
