import { assert, concat, defined, err, ok, type Result } from '../base/index.ts'

import { FEATURE_NAMES, FEATURES, type FeatureName } from './featureTable.ts'

// A feature vector is big-endian: bit 0 is the lowest bit of the last byte (BOLT 1, the `init` message).

/** Our bound on a bit number that we write: a vector of 8 kB, far above any bit in use. */
const MAX_FEATURE_BIT = 65535

/** The channel types that we open and accept, as the bytes of `channel_type` (BOLT 2, defined channel types). */
export const channelTypes = {
  STATIC_REMOTEKEY: featureBits(FEATURES.option_static_remotekey.bit),
  ANCHORS: featureBits(FEATURES.option_static_remotekey.bit, FEATURES.option_anchors.bit),
} as const

/** The shortest vector with exactly these bits set. */
export function featureBits(...bits: readonly number[]): Uint8Array {
  for (const bit of bits)
    assert(Number.isInteger(bit) && bit >= 0 && bit <= MAX_FEATURE_BIT, () => `no feature bit: ${bit}`)
  const bytes = new Uint8Array(bits.length === 0 ? 0 : Math.floor(Math.max(...bits) / 8) + 1)
  for (const bit of bits) {
    const at = bytes.length - 1 - Math.floor(bit / 8)
    bytes[at] = defined(bytes[at], 'the vector reaches its highest bit') | (1 << (bit % 8))
  }
  return bytes
}

/** Whether exactly this bit is set. */
export function hasFeature(features: Uint8Array, bit: number): boolean {
  const byte = features[features.length - 1 - Math.floor(bit / 8)]
  return byte !== undefined && (byte & (1 << (bit % 8))) !== 0
}

/** Whether the feature is offered: its even or its odd bit is set (BOLT 1, the `init` message). */
export function offersFeature(features: Uint8Array, feature: FeatureName): boolean {
  const { bit } = FEATURES[feature]
  return hasFeature(features, bit) || hasFeature(features, bit + 1)
}

/** The bits that are set, lowest first. */
export function listFeatures(features: Uint8Array): readonly number[] {
  const bits: number[] = []
  for (let bit = 0; bit < 8 * features.length; bit++) if (hasFeature(features, bit)) bits.push(bit)
  return bits
}

/** Whether the same bits are set, whatever the padding with zeros. */
export function featuresEqual(a: Uint8Array, b: Uint8Array): boolean {
  const width = Math.max(a.length, b.length)
  const [wideA, wideB] = [padded(a, width), padded(b, width)]
  return wideA.every((byte, at) => byte === wideB[at])
}

/** All the bits of both, as `init` wants its two vectors to be read (BOLT 1, the `init` message, receiver). */
export function combineFeatures(a: Uint8Array, b: Uint8Array): Uint8Array {
  const width = Math.max(a.length, b.length)
  const wideB = padded(b, width)
  return padded(a, width).map((byte, at) => byte | defined(wideB[at], 'both are of one width'))
}

export type FeatureFailure =
  | { readonly code: 'unknown_required_feature'; readonly bit: number; readonly message: string }
  | { readonly code: 'missing_dependency'; readonly feature: FeatureName; readonly message: string }

/**
 * The even bits that ask for what we lack, lowest first: neither one of `supported` nor a feature that every node is
 * assumed to have (BOLT 9). Any vector is judged so, in `init`, in gossip or elsewhere; unknown odd bits never matter.
 */
export function unknownRequiredBits(features: Uint8Array, supported: readonly FeatureName[]): readonly number[] {
  const known = FEATURE_NAMES.filter(name => FEATURES[name].assumed === true || supported.includes(name))
  const bits = new Set(known.map(name => FEATURES[name].bit))
  return listFeatures(features).filter(bit => bit % 2 === 0 && !bits.has(bit))
}

/**
 * Whether we may talk to a peer with these features: every even bit is one that we support or every node has, and every
 * known feature comes with what it depends on. Otherwise the connection is closed (BOLT 1, the `init` message, receiver).
 */
export function checkFeatures(features: Uint8Array, supported: readonly FeatureName[]): Result<void, FeatureFailure> {
  const [bit] = unknownRequiredBits(features, supported)
  if (bit !== undefined) {
    const message = `the peer requires feature bit ${bit}, which is not supported here (BOLT 1, the init message)`
    return err({ code: 'unknown_required_feature', bit, message })
  }
  // Each step of a chain of dependencies is asked for, and so all of it is.
  for (const feature of FEATURE_NAMES.filter(name => offersFeature(features, name))) {
    const missing = FEATURES[feature].dependencies?.find(needed => !offersFeature(features, needed))
    if (missing !== undefined) {
      const message = `the peer sets ${feature} without ${missing}, which it depends on (BOLT 9)`
      return err({ code: 'missing_dependency', feature, message })
    }
  }
  return ok(undefined)
}

function padded(features: Uint8Array, width: number): Uint8Array {
  return concat(new Uint8Array(width - features.length), features)
}
