import { describe, expect, it } from 'vitest'
import { BugError, fromHex, msat, nodeId, toHex } from '../../src/base/index.ts'
import {
  decodeMessage,
  encodeMessage,
  type GossipMessage,
  type GossipQueryMessage,
  type Message,
  shortChannelId,
} from '../../src/wire/index.ts'
import {
  chainHash,
  describeLayouts,
  describeUnknownRecords,
  fill,
  genesisHex,
  hex,
  id,
  idHex,
  type Layouts,
  pointHex,
  pointOf,
} from './layouts.ts'

const scid = shortChannelId({ blockHeight: 1, txIndex: 2, outputIndex: 3 })
const scidHex = '0000010000020003'
const otherScid = shortChannelId({ blockHeight: 0xffffff, txIndex: 0, outputIndex: 0xffff })
const otherScidHex = 'ffffff000000ffff'
const none = new Uint8Array(0)

/** Signed as a whole, so what follows the known fields is kept. */
type Signed = Exclude<GossipMessage, { type: 'announcement_signatures' }>
const SIGNED: Layouts<Signed> = {
  channel_announcement: {
    message: {
      type: 'channel_announcement',
      nodeSignature1: fill(1, 64),
      nodeSignature2: fill(2, 64),
      bitcoinSignature1: fill(3, 64),
      bitcoinSignature2: fill(4, 64),
      features: fromHex('0102'),
      chainHash,
      shortChannelId: scid,
      nodeId1: nodeId(pointOf(5)),
      nodeId2: nodeId(pointOf(6)),
      bitcoinKey1: pointOf(7),
      bitcoinKey2: pointOf(8),
      unknownFields: none,
    },
    bytes: [
      ...['0100', hex(1, 64), hex(2, 64), hex(3, 64), hex(4, 64), '0002', '0102', genesisHex, scidHex],
      ...[pointHex(5), pointHex(6), pointHex(7), pointHex(8)],
    ],
  },
  node_announcement: {
    message: {
      type: 'node_announcement',
      signature: fill(1, 64),
      features: fromHex('02'),
      timestamp: 0x11121314,
      nodeId: nodeId(pointOf(3)),
      rgbColor: fromHex('aabbcc'),
      alias: fill(0x41, 32),
      addresses: [
        { type: 'ipv4', address: fromHex('7f000001'), port: 9735 },
        { type: 'ipv6', address: fill(0x61, 16), port: 9736 },
        { type: 'tor_v2', address: fill(0x62, 10), port: 9737 },
        { type: 'tor_v3', address: fill(0x63, 35), port: 9738 },
        { type: 'dns', address: fromHex('612e6f7267'), port: 0 },
        { type: 'unknown', descriptorType: 6, data: fromHex('017f0000012607') },
      ],
      unknownFields: none,
    },
    bytes: [
      ...['0101', hex(1, 64), '0001', '02', '11121314', pointHex(3), 'aabbcc', hex(0x41, 32), '005e'],
      ...['01', '7f000001', '2607', '02', hex(0x61, 16), '2608', '03', hex(0x62, 10), '2609'],
      ...['04', hex(0x63, 35), '260a', '05', '05', '612e6f7267', '0000', '06', '017f0000012607'],
    ],
  },
  channel_update: {
    message: {
      type: 'channel_update',
      signature: fill(1, 64),
      chainHash,
      shortChannelId: scid,
      timestamp: 0x11121314,
      messageFlags: 1,
      channelFlags: 2,
      cltvExpiryDelta: 80,
      htlcMinimumMsat: msat(0x21),
      feeBaseMsat: msat(0x22),
      feeProportionalMillionths: 0x23,
      htlcMaximumMsat: msat(0x24),
      unknownFields: none,
    },
    bytes: [
      ...['0102', hex(1, 64), genesisHex, scidHex, '11121314', '01', '02', '0050'],
      ...['0000000000000021', '00000022', '00000023', '0000000000000024'],
    ],
  },
}

const UNSIGNED: Layouts<Exclude<GossipMessage, Signed> | GossipQueryMessage> = {
  announcement_signatures: {
    message: {
      type: 'announcement_signatures',
      channelId: id,
      shortChannelId: scid,
      nodeSignature: fill(1, 64),
      bitcoinSignature: fill(2, 64),
    },
    bytes: ['0103', idHex, scidHex, hex(1, 64), hex(2, 64)],
  },
  query_short_channel_ids: {
    message: {
      type: 'query_short_channel_ids',
      chainHash,
      shortChannelIds: [scid, otherScid],
      queryFlags: [0x1fn, 0xfdn],
    },
    bytes: ['0105', genesisHex, '0011', '00', scidHex, otherScidHex, '0105', '00', '1f', 'fd00fd'],
  },
  reply_short_channel_ids_end: {
    message: { type: 'reply_short_channel_ids_end', chainHash, fullInformation: true },
    bytes: ['0106', genesisHex, '01'],
  },
  query_channel_range: {
    message: {
      type: 'query_channel_range',
      chainHash,
      firstBlocknum: 0x31,
      numberOfBlocks: 0xffffffff,
      queryOption: 3n,
    },
    bytes: ['0107', genesisHex, '00000031', 'ffffffff', '0101', '03'],
  },
  reply_channel_range: {
    message: {
      type: 'reply_channel_range',
      chainHash,
      firstBlocknum: 0x31,
      numberOfBlocks: 0x32,
      syncComplete: false,
      shortChannelIds: [scid, otherScid],
      timestamps: [
        { timestampNodeId1: 0x41, timestampNodeId2: 0x42 },
        { timestampNodeId1: 0x43, timestampNodeId2: 0 },
      ],
      checksums: [
        { checksumNodeId1: 0x51, checksumNodeId2: 0x52 },
        { checksumNodeId1: 0x53, checksumNodeId2: 0xffffffff },
      ],
    },
    bytes: [
      ...['0108', genesisHex, '00000031', '00000032', '00', '0011', '00', scidHex, otherScidHex],
      ...['0111', '00', '00000041', '00000042', '00000043', '00000000'],
      ...['0310', '00000051', '00000052', '00000053', 'ffffffff'],
    ],
  },
  gossip_timestamp_filter: {
    message: { type: 'gossip_timestamp_filter', chainHash, firstTimestamp: 0x61, timestampRange: 0xffffffff },
    bytes: ['0109', genesisHex, '00000061', 'ffffffff'],
  },
}

describeLayouts('BOLT 7, signed as a whole', SIGNED)
describeLayouts('BOLT 7', UNSIGNED)
describeUnknownRecords('BOLT 7', UNSIGNED)

describe('BOLT 7: what follows the fields of a signed message', () => {
  const signed = Object.values(SIGNED).map(({ message, bytes }) => ({ type: message.type, message, bytes }))

  // An odd record, an even one, and what is no record at all: signatures cover them alike.
  it.each(signed.flatMap(row => ['c9012a', 'ca012a', 'ff'].map(tail => ({ ...row, tail }))))(
    '$type keeps $tail',
    ({ message, bytes, tail }) => {
      const whole = bytes.join('') + tail
      const value: Message = { ...message, unknownFields: fromHex(tail) }
      expect(decodeMessage(fromHex(whole))).toEqual({ ok: true, value })
      expect(toHex(encodeMessage(value))).toBe(whole)
    },
  )

  it('features keep their padding', () => {
    const bytes = SIGNED.channel_announcement.bytes.map(part => (part === '0102' ? '0002' : part)).join('')
    const decoded = decodeMessage(fromHex(bytes))
    expect(decoded).toMatchObject({ ok: true, value: { features: fromHex('0002') } })
    expect(decoded.ok && decoded.value.type !== 'unknown' && toHex(encodeMessage(decoded.value))).toBe(bytes)
  })

  it.each([5, 6, 7, 8])('a key of an announcement is a compressed point (field with %d)', byte => {
    const bytes = SIGNED.channel_announcement.bytes.join('').replace(pointHex(byte), `04${hex(byte, 32)}`)
    expect(decodeMessage(fromHex(bytes))).toMatchObject({ ok: false, error: { code: 'invalid' } })
  })

  it('a base fee has four bytes', () => {
    const update = SIGNED.channel_update.message
    expect(encodeMessage({ ...update, feeBaseMsat: msat(0xffffffff) })).toHaveLength(138)
    expect(() => encodeMessage({ ...update, feeBaseMsat: msat(0x100000000) })).toThrow(BugError)
  })
})
