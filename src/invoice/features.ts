import { checkFeatures, FEATURES, type FeatureName, featureBits, listFeatures } from '../wire/index.ts'
import { refuse } from './failure.ts'
import { bitsToWords, wordsToBits } from './words.ts'

/** What an invoice may require of us: what BOLT 9 presents in invoices, context `9`. */
const SUPPORTED: readonly FeatureName[] = [
  'basic_mpp',
  'option_route_blinding',
  'option_attribution_data',
  'option_payment_metadata',
]

/** What each payee requires, as all the examples of BOLT 11 do. */
export const PAYEE_FEATURES: Uint8Array = featureBits(FEATURES.var_onion_optin.bit, FEATURES.payment_secret.bit)

const SECTION = 'Feature Bits'

/** The vector of a `9` field: no even bit that we do not know, and nothing without what it depends on. */
export function readFeatures(words: Uint8Array): Uint8Array {
  const features = featureBits(...wordsToBits(words))
  const checked = checkFeatures(features, SUPPORTED)
  if (checked.ok) return features
  const failure = checked.error
  if (failure.code === 'unknown_required_feature')
    refuse(
      'unknown_required_feature',
      'features known here to be the only ones required',
      `bit ${failure.bit}`,
      SECTION,
    )
  const needed = FEATURES[failure.feature].dependencies?.join(' and ') ?? 'what it depends on'
  return refuse('missing_feature_dependency', `${failure.feature} together with ${needed}`, 'it alone', SECTION)
}

export function writeFeatures(features: Uint8Array): Uint8Array {
  return bitsToWords(listFeatures(features))
}
