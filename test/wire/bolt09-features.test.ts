import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BugError, concat, toHex } from '../../src/base/index.ts'
import {
  channelTypes,
  checkFeatures,
  combineFeatures,
  FEATURE,
  type FeatureName,
  featureBits,
  featuresEqual,
  hasFeature,
  listFeatures,
  offersFeature,
} from '../../src/wire/index.ts'

const bitSets = fc.uniqueArray(fc.nat(300)).map(bits => bits.toSorted((a, b) => a - b))
const vectors = fc.uint8Array({ maxLength: 12 })

describe('BOLT 9, feature vectors', () => {
  it.each([
    { bits: [], hex: '' },
    { bits: [0], hex: '01' },
    { bits: [7], hex: '80' },
    { bits: [8], hex: '0100' },
    { bits: [12], hex: '1000' },
    { bits: [12, 22], hex: '401000' },
    { bits: [0, 0, 9], hex: '0201' },
  ])('$bits is $hex', ({ bits, hex }) => expect(toHex(featureBits(...bits))).toBe(hex))

  it('has the channel types that BOLT 2 defines', () => {
    expect(toHex(channelTypes.STATIC_REMOTEKEY)).toBe('1000')
    expect(toHex(channelTypes.ANCHORS)).toBe('401000')
  })

  it('lists the bits that it was made of, in the fewest bytes', () => {
    fc.assert(
      fc.property(bitSets, bits => {
        const features = featureBits(...bits)
        expect(listFeatures(features)).toEqual(bits)
        expect(features[0]).not.toBe(0)
      }),
    )
  })

  it('has a bit exactly where it was set', () => {
    fc.assert(
      fc.property(bitSets, fc.nat(400), (bits, bit) => {
        expect(hasFeature(featureBits(...bits), bit)).toBe(bits.includes(bit))
      }),
    )
  })

  it.each([-1, 0.5, 65536])('has no bit %d', bit => expect(() => featureBits(bit)).toThrow(BugError))

  it('is equal whatever the padding, and only for the same bits', () => {
    fc.assert(
      fc.property(vectors, vectors, fc.nat(4), (a, b, padding) => {
        const wide = concat(new Uint8Array(padding), a)
        expect(featuresEqual(a, wide)).toBe(true)
        expect(featuresEqual(wide, a)).toBe(true)
        expect(featuresEqual(a, b)).toBe(listFeatures(a).join() === listFeatures(b).join())
      }),
    )
    expect(featuresEqual(channelTypes.STATIC_REMOTEKEY, channelTypes.ANCHORS)).toBe(false)
  })

  it('combines to the bits of both', () => {
    fc.assert(
      fc.property(bitSets, bitSets, (a, b) => {
        const both = new Set([...a, ...b])
        expect(new Set(listFeatures(combineFeatures(featureBits(...a), featureBits(...b))))).toEqual(both)
      }),
    )
  })

  it('offers a feature by its even bit or its odd one', () => {
    expect(offersFeature(featureBits(22), 'option_anchors')).toBe(true)
    expect(offersFeature(featureBits(23), 'option_anchors')).toBe(true)
    expect(offersFeature(featureBits(21, 24), 'option_anchors')).toBe(false)
  })

  it('names even bits, each once', () => {
    const bits = Object.values(FEATURE)
    expect(bits.every(bit => bit % 2 === 0)).toBe(true)
    expect(new Set(bits).size).toBe(bits.length)
  })
})

describe('BOLT 1, the init message: the features of a peer', () => {
  const supported: readonly FeatureName[] = [
    'option_static_remotekey',
    'option_simple_close',
    'option_shutdown_anysegwit',
  ]

  it.each([
    { what: 'nothing', bits: [] },
    { what: 'what we support, required', bits: [12, 60, 26] },
    { what: 'an unknown optional bit', bits: [12, 299] },
    { what: 'a dependency met by the other bit of its pair', bits: [61, 26] },
  ])('may be $what', ({ bits }) => {
    expect(checkFeatures(featureBits(...bits), supported)).toEqual({ ok: true, value: undefined })
  })

  it.each([
    { what: 'an unknown required bit', bits: [12, 298], bit: 298 },
    { what: 'a required bit that we know but do not support', bits: [28], bit: 28 },
  ])('may not be $what', ({ bits, bit }) => {
    expect(checkFeatures(featureBits(...bits), supported)).toMatchObject({
      ok: false,
      error: { code: 'unknown_required_feature', bit },
    })
  })

  it.each([
    { feature: 'option_simple_close', bits: [61] },
    { feature: 'basic_mpp', bits: [17] },
    { feature: 'option_zeroconf', bits: [51] },
  ])('may not be $feature without what it depends on', ({ feature, bits }) => {
    expect(checkFeatures(featureBits(...bits), supported)).toMatchObject({
      ok: false,
      error: { code: 'missing_dependency', feature },
    })
  })
})
