import { assert, concat, defined, err, ok, type Result } from '../base/index.ts'

/**
 * The even ("required") bit of each feature that we name; the odd ("optional") bit is the next one (BOLT 9).
 * A feature vector is big-endian: bit 0 is the lowest bit of the last byte.
 */
export const FEATURE = {
  option_data_loss_protect: 0,
  option_upfront_shutdown_script: 4,
  gossip_queries: 6,
  var_onion_optin: 8,
  gossip_queries_ex: 10,
  option_static_remotekey: 12,
  payment_secret: 14,
  basic_mpp: 16,
  option_support_large_channel: 18,
  option_anchors: 22,
  option_route_blinding: 24,
  option_shutdown_anysegwit: 26,
  option_dual_fund: 28,
  option_quiesce: 34,
  option_attribution_data: 36,
  option_onion_messages: 38,
  option_provide_storage: 42,
  option_channel_type: 44,
  option_scid_alias: 46,
  option_payment_metadata: 48,
  option_zeroconf: 50,
  option_simple_close: 60,
  option_splice: 62,
} as const

export type FeatureName = keyof typeof FEATURE

/** Our bound on a bit number that we write: a vector of 8 kB, far above any bit in use. */
const MAX_FEATURE_BIT = 65535

/** The channel types that we open and accept, as the bytes of `channel_type` (BOLT 2, defined channel types). */
export const channelTypes = {
  STATIC_REMOTEKEY: featureBits(FEATURE.option_static_remotekey),
  ANCHORS: featureBits(FEATURE.option_static_remotekey, FEATURE.option_anchors),
} as const

/** What a feature asks for beside itself (BOLT 9, the dependencies column). */
const DEPENDENCIES: readonly (readonly [FeatureName, FeatureName])[] = [
  ['basic_mpp', 'payment_secret'],
  ['option_zeroconf', 'option_scid_alias'],
  ['option_simple_close', 'option_shutdown_anysegwit'],
]

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
  return hasFeature(features, FEATURE[feature]) || hasFeature(features, FEATURE[feature] + 1)
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
 * Whether we may talk to a peer with these features: every even bit is one of `supported`, and every known feature
 * comes with what it depends on. Otherwise the connection is closed (BOLT 1, the `init` message, receiver).
 */
export function checkFeatures(features: Uint8Array, supported: readonly FeatureName[]): Result<void, FeatureFailure> {
  const supportedBits = new Set<number>(supported.map(feature => FEATURE[feature]))
  const bit = listFeatures(features).find(set => set % 2 === 0 && !supportedBits.has(set))
  if (bit !== undefined) {
    const message = `the peer requires feature bit ${bit}, which is not supported here (BOLT 1, the init message)`
    return err({ code: 'unknown_required_feature', bit, message })
  }
  for (const [feature, needed] of DEPENDENCIES) {
    if (offersFeature(features, feature) && !offersFeature(features, needed)) {
      const message = `the peer sets ${feature} without ${needed}, which it depends on (BOLT 9)`
      return err({ code: 'missing_dependency', feature, message })
    }
  }
  return ok(undefined)
}

function padded(features: Uint8Array, width: number): Uint8Array {
  return concat(new Uint8Array(width - features.length), features)
}
