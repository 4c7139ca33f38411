import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BugError, decode, encode, fromHex, toHex } from '../../src/base/index.ts'
import { type ShortChannelId, shortChannelId, shortChannelIdCodec, shortChannelIdParts } from '../../src/wire/index.ts'
import { arbitraryShortChannelId } from './arbitraryFields.ts'

describe('BOLT 7, definition of short_channel_id', () => {
  it('prints block, transaction and output', () => {
    const id = shortChannelId({ blockHeight: 539268, txIndex: 845, outputIndex: 1 })
    expect(id).toBe('539268x845x1')
    expect(toHex(encode(shortChannelIdCodec, id))).toBe('083a8400034d0001')
    expect(decode(shortChannelIdCodec, fromHex('083a8400034d0001'))).toEqual({ ok: true, value: id })
    expect(shortChannelIdParts(id)).toEqual({ blockHeight: 539268, txIndex: 845, outputIndex: 1 })
  })

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(arbitraryShortChannelId, id => {
        expect(decode(shortChannelIdCodec, encode(shortChannelIdCodec, id))).toEqual({ ok: true, value: id })
      }),
    )
  })

  it.each([
    { blockHeight: 2 ** 24, txIndex: 0, outputIndex: 0 },
    { blockHeight: 0, txIndex: 2 ** 24, outputIndex: 0 },
    { blockHeight: 0, txIndex: 0, outputIndex: 2 ** 16 },
    { blockHeight: -1, txIndex: 0, outputIndex: 0 },
    { blockHeight: 0, txIndex: 0.5, outputIndex: 0 },
  ])('has no room for %o', parts => expect(() => shortChannelId(parts)).toThrow(BugError))

  it('takes no text of another form', () => {
    for (const text of ['', '1', '1x2', '1x2x', '1x2x3x4', 'axbxc', '1x2x65536']) {
      expect(() => shortChannelIdParts(text as ShortChannelId), text).toThrow(BugError)
    }
  })
})
