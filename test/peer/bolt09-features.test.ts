import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type FeatureOptions, localFeatures, negotiate, supportedFeatures } from '../../src/peer/index.ts'
import { checkFeatures, FEATURES, featureBits, listFeatures } from '../../src/wire/index.ts'

// BOLT 9, assigned feature flags; BOLT 1, the init message: offered and negotiated.

const optional = (...names: readonly (keyof typeof FEATURES)[]) =>
  featureBits(...names.map(name => FEATURES[name].bit + 1))

const everyOption: fc.Arbitrary<FeatureOptions> = fc.record(
  {
    requireAnchors: fc.boolean(),
    largeChannels: fc.boolean(),
    upfrontShutdownScript: fc.boolean(),
    simpleClose: fc.boolean(),
    basicMpp: fc.boolean(),
    gossip: fc.boolean(),
    scidAlias: fc.boolean(),
    zeroConf: fc.boolean(),
    attributionData: fc.boolean(),
    routeBlinding: fc.boolean(),
    onionMessages: fc.boolean(),
  },
  { requiredKeys: [] },
)

describe('our features', () => {
  it.each<{ options: FeatureOptions; bits: readonly number[] }>([
    { options: {}, bits: [0, 5, 7, 8, 11, 12, 14, 19, 23, 25, 27, 37, 44, 47, 51, 61] },
    {
      options: { requireAnchors: true, basicMpp: true },
      bits: [0, 5, 7, 8, 11, 12, 14, 17, 19, 22, 25, 27, 37, 44, 47, 51, 61],
    },
    {
      options: { largeChannels: false, upfrontShutdownScript: false, simpleClose: false },
      bits: [0, 7, 8, 11, 12, 14, 23, 25, 27, 37, 44, 47, 51],
    },
    { options: { gossip: false }, bits: [0, 5, 8, 12, 14, 19, 23, 25, 27, 37, 44, 47, 51, 61] },
    { options: { zeroConf: false }, bits: [0, 5, 7, 8, 11, 12, 14, 19, 23, 25, 27, 37, 44, 47, 61] },
    { options: { onionMessages: true }, bits: [0, 5, 7, 8, 11, 12, 14, 19, 23, 25, 27, 37, 39, 44, 47, 51, 61] },
    { options: { routeBlinding: false }, bits: [0, 5, 7, 8, 11, 12, 14, 19, 23, 27, 37, 44, 47, 51, 61] },
    { options: { attributionData: false }, bits: [0, 5, 7, 8, 11, 12, 14, 19, 23, 25, 27, 44, 47, 51, 61] },
    // Channels that nobody can name before they are confirmed could not be used (BOLT 9, dependencies).
    { options: { scidAlias: false, zeroConf: true }, bits: [0, 5, 7, 8, 11, 12, 14, 19, 23, 25, 27, 37, 44, 61] },
  ])('with $options are bits $bits', ({ options, bits }) => {
    expect(listFeatures(localFeatures(options))).toEqual(bits)
  })

  it('are well formed, whatever is chosen: never both bits of a pair, each dependency there', () => {
    fc.assert(
      fc.property(everyOption, options => {
        const features = localFeatures(options)
        const pairs = listFeatures(features).map(bit => bit >> 1)
        expect(new Set(pairs).size).toBe(pairs.length)
        expect(features[0]).not.toBe(0)
        expect(checkFeatures(features, supportedFeatures(features))).toEqual({ ok: true, value: undefined })
      }),
    )
  })

  it('have names', () => {
    expect(supportedFeatures(featureBits(12, 23))).toEqual(['option_static_remotekey', 'option_anchors'])
    expect(supportedFeatures(new Uint8Array(0))).toEqual([])
  })
})

describe('what is negotiated', () => {
  const NAMES = {
    upfrontShutdownScript: 'option_upfront_shutdown_script',
    shutdownAnySegwit: 'option_shutdown_anysegwit',
    simpleClose: 'option_simple_close',
    largeChannels: 'option_support_large_channel',
    scidAlias: 'option_scid_alias',
    zeroConf: 'option_zeroconf',
    attributionData: 'option_attribution_data',
  } as const
  const none = {
    upfrontShutdownScript: false,
    shutdownAnySegwit: false,
    simpleClose: false,
    largeChannels: false,
    scidAlias: false,
    zeroConf: false,
    attributionData: false,
  }
  // The keys are those of the object.
  const fields = Object.keys(NAMES) as (keyof typeof NAMES)[]

  it.each(fields)('%s is what both offer, by either bit', field => {
    const name = NAMES[field]
    const required = featureBits(FEATURES[name].bit)
    expect(negotiate(optional(name), optional(name))).toEqual({ ...none, [field]: true })
    expect(negotiate(optional(name), required)).toEqual({ ...none, [field]: true })
    expect(negotiate(optional(name), new Uint8Array(0))).toEqual(none)
    expect(negotiate(new Uint8Array(0), required)).toEqual(none)
  })

  it.each(fields)('%s is what we require: a peer without it would have left', field => {
    expect(negotiate(featureBits(FEATURES[NAMES[field]].bit), new Uint8Array(0))).toEqual({ ...none, [field]: true })
  })

  it('is the same at both ends where nothing is required', () => {
    const bits = fc.uniqueArray(fc.constantFrom(5, 19, 27, 47, 51, 61)).map(some => featureBits(...some))
    fc.assert(
      fc.property(bits, bits, (a, b) => {
        expect(negotiate(a, b)).toEqual(negotiate(b, a))
      }),
    )
  })
})
