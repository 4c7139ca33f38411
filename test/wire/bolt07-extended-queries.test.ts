import { describe, expect, it } from 'vitest'
import { BugError, blockHashFromWire, fromHex, toHex } from '../../src/base/index.ts'
import {
  decodeMessage,
  encodeMessage,
  type Message,
  type ReplyChannelRange,
  type ShortChannelId,
} from '../../src/wire/index.ts'
import vectors from './bolt07-extended-queries.vectors.json' with { type: 'json' }
import { chainHash, genesisHex } from './layouts.ts'

type Case = (typeof vectors.cases)[number]
const plain = vectors.cases.filter(({ usesRetiredZlib }) => !usesRetiredZlib)
const zlib = vectors.cases.filter(({ usesRetiredZlib }) => usesRetiredZlib)

describe('BOLT 7, extended queries', () => {
  it('has all the cases of the document', () => expect([plain.length, zlib.length]).toEqual([5, 5]))

  it.each(plain)('$name', ({ bytes, message }) => {
    const value = messageOf(message)
    expect(decodeMessage(fromHex(bytes))).toEqual({ ok: true, value })
    expect(toHex(encodeMessage(value))).toBe(bytes)
  })

  it.each(zlib)('$name is refused: the encoding is retired', ({ bytes }) => {
    const decoded = decodeMessage(fromHex(bytes))
    expect(decoded).toMatchObject({ ok: false, error: { code: 'retired_encoding' } })
    expect(!decoded.ok && decoded.error.message).toContain('expected encoding type 0, got 1')
  })
})

describe('BOLT 7, query messages: arrays behind an encoding type', () => {
  const query = (encodedShortIds: string, tlvs = '') =>
    decodeMessage(
      fromHex(
        `0105${genesisHex}${(encodedShortIds.length / 2).toString(16).padStart(4, '0')}${encodedShortIds}${tlvs}`,
      ),
    )
  const ONE_ID = '000000010000020003'

  it('may be empty', () => {
    expect(query('00')).toEqual({
      ok: true,
      value: { type: 'query_short_channel_ids', chainHash, shortChannelIds: [] },
    })
    expect(query('00', '010100')).toMatchObject({ ok: true, value: { shortChannelIds: [], queryFlags: [] } })
  })

  it('are read in the order in which they came', () => {
    const ids = query('00000002000000000000000100000000' + '00')
    expect(ids).toMatchObject({ ok: true, value: { shortChannelIds: ['2x0x0', '1x0x0'] } })
  })

  it.each([
    { what: 'no encoding type', ids: '', code: 'truncated' },
    { what: 'an id and a half', ids: `${ONE_ID}00000001`, code: 'truncated' },
    { what: 'zlib', ids: '01789c0300000000', code: 'retired_encoding' },
    { what: 'an unknown encoding type', ids: '020000010000020003', code: 'invalid' },
  ])('$what is a failure', ({ ids, code }) => {
    expect(query(ids)).toMatchObject({ ok: false, error: { code } })
  })

  it.each([
    { what: 'no encoding type', flags: '0100', code: 'truncated' },
    { what: 'zlib', flags: '010201ff', code: 'retired_encoding' },
    { what: 'an unknown encoding type', flags: '01020301', code: 'invalid' },
    { what: 'a flag that is not minimal', flags: '010400fd0001', code: 'not_minimal' },
    { what: 'no flag for one channel', flags: '010100', code: 'invalid' },
    { what: 'two flags for one channel', flags: '0103000101', code: 'invalid' },
  ])('query flags with $what are a failure', ({ flags, code }) => {
    expect(query(ONE_ID, '01020001').ok).toBe(true)
    expect(query(ONE_ID, flags)).toMatchObject({ ok: false, error: { code } })
  })

  it('have one pair of timestamps and of checksums for each channel', () => {
    const reply = (tlvs: string) => decodeMessage(fromHex(`0108${genesisHex}0000000100000002010009${ONE_ID}${tlvs}`))
    const pair = '0000000a0000000b'
    expect(reply(`010900${pair}0308${pair}`)).toMatchObject({
      ok: true,
      value: {
        timestamps: [{ timestampNodeId1: 10, timestampNodeId2: 11 }],
        checksums: [{ checksumNodeId1: 10, checksumNodeId2: 11 }],
      },
    })
    expect(reply('010100')).toMatchObject({ ok: false, error: { code: 'invalid' } })
    expect(reply(`010900${pair}0310${pair}${pair}`)).toMatchObject({ ok: false, error: { code: 'invalid' } })
    expect(reply(`010901${pair}`)).toMatchObject({ ok: false, error: { code: 'retired_encoding' } })
    expect(reply(`0307${pair.slice(2)}`)).toMatchObject({ ok: false, error: { code: 'truncated' } })
  })

  it('are never written with another length than the channels', () => {
    const reply: ReplyChannelRange = {
      type: 'reply_channel_range',
      chainHash,
      firstBlocknum: 1,
      numberOfBlocks: 2,
      syncComplete: true,
      shortChannelIds: [],
    }
    expect(() => encodeMessage({ ...reply, checksums: [{ checksumNodeId1: 1, checksumNodeId2: 2 }] })).toThrow(BugError)
    const query = { type: 'query_short_channel_ids', chainHash, shortChannelIds: [], queryFlags: [1n] } as const
    expect(() => encodeMessage(query)).toThrow(BugError)
  })

  it('fill a message and are read in one pass', () => {
    const count = 8000
    const ids = query(`00${ONE_ID.slice(2).repeat(count)}`)
    expect(ids.ok && 'shortChannelIds' in ids.value && ids.value.shortChannelIds.length).toBe(count)
  })
})

/** The message that a case of the document names. */
function messageOf(message: Case['message']): Message {
  const common = { chainHash: blockHashFromWire(fromHex(message.chainHash)) }
  const range = { firstBlocknum: message.firstBlock ?? 0, numberOfBlocks: message.numberOfBlocks ?? 0 }
  // The document prints them as we do.
  const shortChannelIds = (message.shortChannelIds ?? []) as ShortChannelId[]
  const pairs = (values: readonly (readonly number[])[]) => values.map(([first = 0, second = 0]) => ({ first, second }))
  switch (message.type) {
    case 'queryShortChannelIds':
      return { type: 'query_short_channel_ids', ...common, shortChannelIds }
    case 'queryChannelRange':
      return {
        type: 'query_channel_range',
        ...common,
        ...range,
        ...(message.queryOption === undefined ? {} : { queryOption: BigInt(message.queryOption) }),
      }
    default:
      return {
        type: 'reply_channel_range',
        ...common,
        ...range,
        syncComplete: message.syncComplete === 1,
        shortChannelIds,
        ...(message.timestamps && {
          timestamps: pairs(message.timestamps).map(({ first, second }) => ({
            timestampNodeId1: first,
            timestampNodeId2: second,
          })),
        }),
        ...(message.checksums && {
          checksums: pairs(message.checksums).map(({ first, second }) => ({
            checksumNodeId1: first,
            checksumNodeId2: second,
          })),
        }),
      }
  }
}
