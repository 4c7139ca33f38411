/** One row of the table of BOLT 9. */
interface Row {
  /** The even ("required") bit; the odd ("optional") bit is the next one. */
  readonly bit: number
  /** Every node has it, so the table no longer says where it is presented. */
  readonly assumed?: true
  /**
   * Where it is presented, a letter for each place: `I` in `init`, `N` in `node_announcement`, `9` in an invoice of BOLT 11,
   * `T` in a `channel_type`. The letters `C` (`channel_announcement`) and `B` (`allowed_features` of a blinded path) are in
   * no row yet.
   */
  readonly contexts: string
}

const TABLE = {
  option_data_loss_protect: { bit: 0, assumed: true, contexts: '' },
  option_upfront_shutdown_script: { bit: 4, contexts: 'IN' },
  gossip_queries: { bit: 6, contexts: '' },
  var_onion_optin: { bit: 8, assumed: true, contexts: '' },
  gossip_queries_ex: { bit: 10, contexts: 'IN' },
  option_static_remotekey: { bit: 12, assumed: true, contexts: '' },
  payment_secret: { bit: 14, assumed: true, contexts: '' },
  basic_mpp: { bit: 16, contexts: 'IN9', dependencies: ['payment_secret'] },
  option_support_large_channel: { bit: 18, contexts: 'IN' },
  option_anchors: { bit: 22, contexts: 'INT' },
  option_route_blinding: { bit: 24, contexts: 'IN9' },
  option_shutdown_anysegwit: { bit: 26, contexts: 'IN' },
  option_dual_fund: { bit: 28, contexts: 'IN' },
  option_quiesce: { bit: 34, contexts: 'IN' },
  option_attribution_data: { bit: 36, contexts: 'IN9' },
  option_onion_messages: { bit: 38, contexts: 'IN' },
  option_provide_storage: { bit: 42, contexts: 'IN' },
  option_channel_type: { bit: 44, assumed: true, contexts: '' },
  option_scid_alias: { bit: 46, contexts: 'INT' },
  option_payment_metadata: { bit: 48, contexts: '9' },
  option_zeroconf: { bit: 50, contexts: 'INT', dependencies: ['option_scid_alias'] },
  option_simple_close: { bit: 60, contexts: 'IN', dependencies: ['option_shutdown_anysegwit'] },
  option_splice: { bit: 62, contexts: 'IN' },
} as const

export type FeatureName = keyof typeof TABLE

export interface Feature extends Row {
  /** What must be offered beside it. */
  readonly dependencies?: readonly FeatureName[]
}

/** The features of BOLT 9, assigned feature flags, row by row. */
export const FEATURES: { readonly [K in FeatureName]: Feature } = TABLE

export const FEATURE_NAMES: readonly FeatureName[] =
  // The keys are those of the table.
  Object.keys(TABLE) as FeatureName[]
