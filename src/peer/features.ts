import type { NegotiatedFeatures } from '../channel/index.ts'
import { FEATURES, type FeatureName, featureBits, hasFeature, offersFeature } from '../wire/index.ts'

/** What a node may choose of its features. */
export interface FeatureOptions {
  /** Peers without anchor channels are turned away. Default: they may connect, though no channel can be opened with them. */
  readonly requireAnchors?: boolean
  /** Channels above the bound of `open_channel` (BOLT 2). Default: yes. */
  readonly largeChannels?: boolean
  /** Where a mutual close pays to may be fixed when the channel is opened. Default: yes. */
  readonly upfrontShutdownScript?: boolean
  /** `closing_complete` and `closing_sig` instead of `closing_signed`. Default: yes. */
  readonly simpleClose?: boolean
  /** We know channels of others, and tell of them. Default: yes. */
  readonly gossip?: boolean
  /** Payments in parts. Default: no. */
  readonly basicMpp?: boolean
  /** Channels that payments name by an alias. Default: yes. */
  readonly scidAlias?: boolean
  /** Channels that are used before they are confirmed: with peers that our user trusts. Default: yes, where there are aliases. */
  readonly zeroConf?: boolean
  /** How long we have held HTLCs is said with their ends, and passed on. Default: yes. */
  readonly attributionData?: boolean
  /** Payments along blinded paths pass through us. Default: yes. */
  readonly routeBlinding?: boolean
  /** What peers with a channel want kept for them is kept. Default: no. */
  readonly provideStorage?: boolean
  /** Messages without a payment, from peers to peers of ours, are passed on. Default: no. */
  readonly onionMessages?: boolean
}

/**
 * Our feature vector for `init`, in the fewest bytes. The features that every node is assumed to have are set as required,
 * although BOLT 9 no longer asks for them: others look for the bits still. The rest is optional, as BOLT 9 advises.
 */
export function localFeatures(options: FeatureOptions = {}): Uint8Array {
  const { largeChannels = true, upfrontShutdownScript = true, simpleClose = true, scidAlias = true } = options
  const { zeroConf = scidAlias } = options
  const required: readonly FeatureName[] = [
    'option_data_loss_protect',
    'var_onion_optin',
    'option_static_remotekey',
    'payment_secret',
    'option_channel_type',
    ...chosen(options.requireAnchors === true, 'option_anchors'),
  ]
  const optional: readonly FeatureName[] = [
    ...chosen(options.requireAnchors !== true, 'option_anchors'),
    'option_shutdown_anysegwit',
    ...chosen(upfrontShutdownScript, 'option_upfront_shutdown_script'),
    ...chosen(options.gossip !== false, 'gossip_queries', 'gossip_queries_ex'),
    ...chosen(largeChannels, 'option_support_large_channel'),
    ...chosen(simpleClose, 'option_simple_close'),
    ...chosen(options.basicMpp === true, 'basic_mpp'),
    ...chosen(scidAlias, 'option_scid_alias'),
    ...chosen(scidAlias && zeroConf, 'option_zeroconf'),
    ...chosen(options.attributionData !== false, 'option_attribution_data'),
    ...chosen(options.routeBlinding !== false, 'option_route_blinding'),
    ...chosen(options.provideStorage === true, 'option_provide_storage'),
    ...chosen(options.onionMessages === true, 'option_onion_messages'),
  ]
  return featureBits(...required.map(name => FEATURES[name].bit), ...optional.map(name => FEATURES[name].bit + 1))
}

/** The features that a vector of ours offers, by name: what a peer may require of us. */
export function supportedFeatures(local: Uint8Array): readonly FeatureName[] {
  // The keys are those of the table.
  const names = Object.keys(FEATURES) as FeatureName[]
  return names.filter(name => offersFeature(local, name))
}

/** What both sides' features allow (BOLT 1, the `init` message: negotiated). */
export function negotiate(local: Uint8Array, remote: Uint8Array): NegotiatedFeatures {
  return {
    upfrontShutdownScript: isNegotiated(local, remote, 'option_upfront_shutdown_script'),
    shutdownAnySegwit: isNegotiated(local, remote, 'option_shutdown_anysegwit'),
    simpleClose: isNegotiated(local, remote, 'option_simple_close'),
    largeChannels: isNegotiated(local, remote, 'option_support_large_channel'),
    scidAlias: isNegotiated(local, remote, 'option_scid_alias'),
    zeroConf: isNegotiated(local, remote, 'option_zeroconf'),
    attributionData: isNegotiated(local, remote, 'option_attribution_data'),
  }
}

/** Both offer it, or we require it: a peer that cannot would not have stayed (BOLT 1, the `init` message). */
export function isNegotiated(local: Uint8Array, remote: Uint8Array, feature: FeatureName): boolean {
  return hasFeature(local, FEATURES[feature].bit) || (offersFeature(local, feature) && offersFeature(remote, feature))
}

const chosen = (yes: boolean, ...features: readonly FeatureName[]): readonly FeatureName[] => (yes ? features : [])
