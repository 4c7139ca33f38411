import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BugError, concat, toHex } from '../../src/base/index.ts'
import {
  channelTypes,
  checkFeatures,
  combineFeatures,
  FEATURES,
  type FeatureName,
  featureBits,
  featuresEqual,
  hasFeature,
  listFeatures,
  offersFeature,
  unknownRequiredBits,
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
})

describe('BOLT 9, assigned feature flags', () => {
  // The table of the document: bit, name, contexts, dependencies.
  const DOCUMENT = `
    0 option_data_loss_protect ASSUMED
    4 option_upfront_shutdown_script IN
    6 gossip_queries
    8 var_onion_optin ASSUMED
    10 gossip_queries_ex IN
    12 option_static_remotekey ASSUMED
    14 payment_secret ASSUMED
    16 basic_mpp IN9 payment_secret
    18 option_support_large_channel IN
    22 option_anchors INT
    24 option_route_blinding IN9
    26 option_shutdown_anysegwit IN
    28 option_dual_fund IN
    34 option_quiesce IN
    36 option_attribution_data IN9
    38 option_onion_messages IN
    42 option_provide_storage IN
    44 option_channel_type ASSUMED
    46 option_scid_alias INT
    48 option_payment_metadata 9
    50 option_zeroconf INT option_scid_alias
    60 option_simple_close IN option_shutdown_anysegwit
    62 option_splice IN`

  it('are those of the document', () => {
    const rows = Object.entries(FEATURES).map(([name, { bit, assumed, contexts, dependencies }]) =>
      [bit, name, assumed ? 'ASSUMED' : contexts, ...(dependencies ?? [])].filter(part => part !== '').join(' '),
    )
    expect(rows).toEqual(DOCUMENT.trim().split(/\n */))
  })

  it('bring what they depend on before themselves', () => {
    for (const { bit, dependencies } of Object.values(FEATURES)) {
      for (const needed of dependencies ?? []) expect(FEATURES[needed].bit).toBeLessThan(bit)
    }
  })
})

describe('BOLT 9, it is OK to be odd', () => {
  it.each([
    { what: 'no bit', bits: [], unknown: [] },
    { what: 'odd bits', bits: [1, 3, 29, 299], unknown: [] },
    { what: 'what every node is assumed to have', bits: [0, 8, 12, 14, 44], unknown: [] },
    { what: 'what we support', bits: [60], unknown: [] },
    { what: 'what we know but do not support', bits: [28, 29], unknown: [28] },
    { what: 'bits of no feature', bits: [2, 60, 298], unknown: [2, 298] },
  ])('$what', ({ bits, unknown }) => {
    expect(unknownRequiredBits(featureBits(...bits), ['option_simple_close'])).toEqual(unknown)
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
    { what: 'what is assumed, required', bits: [0, 8, 14, 44] },
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
