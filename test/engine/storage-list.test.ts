import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defined, type FeeratePerKw, feeratePerKw, type NodeId, nodeId, sat, toHex } from '../../src/base/index.ts'
import type { ChannelSketch } from '../../src/channel/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import { BLOB_BYTES, openList, type StoredChannel, sealList } from '../../src/engine/storage/blob.ts'
import { linkSketch } from '../../src/link/index.ts'
import { Stage } from './stage.ts'

// The list that peers keep: all of it comes back under its key, and nothing under another one, nor where a bit is another one.

const KEY = sha256(new Uint8Array(32).fill(1))
const CREATED_AT = 1_800_000_000_000

/** Of a real channel, whose bytes the others vary. */
const SKETCH: ChannelSketch = (() => {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  const id = stage.ready(alice, bob)
  return defined(linkSketch(alice.link(id).state), 'a channel has a sketch').sketch
})()
const nodeOf = (number: number): NodeId =>
  nodeId(publicKeyFromSecret(sha256(Uint8Array.of(number & 255, number >> 8, 3))))

const channels = fc
  .record({
    peer: fc.nat(40).map(nodeOf),
    addresses: fc.array(fc.record({ host: fc.domain(), port: fc.nat(65_535) }), { maxLength: 2 }),
    createdAt: fc.nat(),
    sinceHeight: fc.nat(1_000_000),
    index: fc.nat(),
    vout: fc.nat(65_535),
    feerate: fc.integer({ min: 253, max: 100_000 }),
    isOpener: fc.boolean(),
  })
  .map(
    ({ index, vout, feerate, isOpener, ...about }): StoredChannel => ({
      ...about,
      channel: {
        ...SKETCH,
        channelKeyIndex: index,
        role: isOpener ? 'opener' : 'accepter',
        fundingOutpoint: { ...SKETCH.fundingOutpoint, vout },
        feeratePerKw: feeratePerKw(feerate) as FeeratePerKw,
      },
    }),
  )

const many = (count: number): StoredChannel[] =>
  Array.from({ length: count }, (_, index) => ({
    peer: nodeOf(index),
    addresses: [{ host: '203.0.113.7', port: 9735 }],
    createdAt: CREATED_AT,
    sinceHeight: index,
    channel: { ...SKETCH, channelKeyIndex: index },
  }))

const blobOf = (list: readonly StoredChannel[], key = KEY): Uint8Array =>
  sealList(key, { createdAt: CREATED_AT, channels: list }).blob

describe('the list of channels that peers keep', () => {
  it('comes back as it was, and is as long whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(channels, { maxLength: 8 }), list => {
        const blob = blobOf(list)
        expect(blob.length).toBe(BLOB_BYTES)
        expect(openList(KEY, blob)).toEqual({ ok: true, value: { createdAt: CREATED_AT, channels: list } })
      }),
      { numRuns: 20 },
    )
  })

  it('holds more than 150 channels, and of more the first ones', () => {
    const list = many(400)
    const { blob, kept } = sealList(KEY, { createdAt: CREATED_AT, channels: list })
    expect(kept).toBeGreaterThan(150)
    expect(kept).toBeLessThan(220)
    const opened = openList(KEY, blob)
    expect(opened.ok && opened.value.channels).toEqual(list.slice(0, kept))
    const whole = sealList(KEY, { createdAt: CREATED_AT, channels: list.slice(0, kept) })
    expect(whole.kept).toBe(kept)
  })

  it('shows nothing: neither its channels nor their number, and no two lists share a key', () => {
    const [none, one] = [blobOf([]), blobOf(many(1))]
    const hex = toHex(one)
    for (const secret of [nodeOf(0), SKETCH.fundingOutpoint.txid, toHex(SKETCH.firstPoint)])
      expect(hex).not.toContain(secret)
    expect(one.length).toBe(none.length)
    expect(toHex(none.subarray(0, 33))).not.toBe(toHex(one.subarray(0, 33)))
    expect(blobOf(many(1))).toEqual(one)
  })

  it('is not opened under another key, cut, lengthened, or with any bit turned', () => {
    const blob = blobOf(many(3))
    const isRefused = (changed: Uint8Array, key = KEY) => expect(openList(key, changed).ok).toBe(false)
    isRefused(blob, sha256(KEY))
    isRefused(blob.subarray(0, -1))
    isRefused(new Uint8Array([...blob, 0]))
    isRefused(new Uint8Array(0))
    isRefused(new Uint8Array(BLOB_BYTES))
    fc.assert(
      fc.property(fc.nat(BLOB_BYTES * 8 - 1), bit => {
        const changed = blob.slice()
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        isRefused(changed)
      }),
      { numRuns: 40 },
    )
  })

  it('of a version that nobody knows, or that says what cannot be, is refused', () => {
    const later = blobOf([]).slice()
    later[0] = 2
    const refused = openList(KEY, later)
    expect(refused.ok ? '' : refused.error.message).toBe('expected version 1, got 2')
    const [channel] = many(1)
    const pushed = {
      ...defined(channel, 'one'),
      channel: { ...SKETCH, fundingAmountSat: sat(1), pushMsat: 1_001n as never },
    }
    const wrong = openList(KEY, blobOf([pushed]))
    expect(wrong.ok ? '' : wrong.error.message).toBe('expected no more pushed than a channel has')
  })
})
