import { type FeatureName, type Message, offersFeature } from '../wire/index.ts'
import { isNegotiated } from './features.ts'

// Messages that belong to a feature: who has not negotiated it does not know them, and treats them by their number, odd or even,
// like any unknown message (BOLT 1, Lightning message format). So the floors above see no message of a protocol that is off.

const SIMPLE_CLOSE: readonly FeatureName[] = ['option_simple_close']
const DUAL_FUND: readonly FeatureName[] = ['option_dual_fund']
const SPLICE: readonly FeatureName[] = ['option_splice']
const INTERACTIVE_TX: readonly FeatureName[] = ['option_dual_fund', 'option_splice']
const QUIESCE: readonly FeatureName[] = ['option_quiesce', 'option_splice']
const ONION_MESSAGES: readonly FeatureName[] = ['option_onion_messages']

/** The features of which one has to be negotiated for a message of this type. */
const FEATURES_OF: ReadonlyMap<Message['type'], readonly FeatureName[]> = new Map<
  Message['type'],
  readonly FeatureName[]
>([
  ['closing_complete', SIMPLE_CLOSE],
  ['closing_sig', SIMPLE_CLOSE],
  ['open_channel2', DUAL_FUND],
  ['accept_channel2', DUAL_FUND],
  ['tx_add_input', INTERACTIVE_TX],
  ['tx_add_output', INTERACTIVE_TX],
  ['tx_remove_input', INTERACTIVE_TX],
  ['tx_remove_output', INTERACTIVE_TX],
  ['tx_complete', INTERACTIVE_TX],
  ['tx_signatures', INTERACTIVE_TX],
  ['tx_init_rbf', INTERACTIVE_TX],
  ['tx_ack_rbf', INTERACTIVE_TX],
  ['tx_abort', INTERACTIVE_TX],
  ['stfu', QUIESCE],
  ['splice_init', SPLICE],
  ['splice_ack', SPLICE],
  ['splice_locked', SPLICE],
  ['start_batch', SPLICE],
  ['onion_message', ONION_MESSAGES],
])

/** What somebody keeps for somebody: of the two, the one who keeps it has to offer that. */
const STORAGE: ReadonlySet<Message['type']> = new Set(['peer_storage', 'peer_storage_retrieval'])

/** Whether a message of this type may be sent between nodes with these features. */
export function mayBeSent(type: Message['type'], local: Uint8Array, remote: Uint8Array): boolean {
  if (STORAGE.has(type)) return [local, remote].some(each => offersFeature(each, 'option_provide_storage'))
  const features = FEATURES_OF.get(type)
  return features === undefined || features.some(feature => isNegotiated(local, remote, feature))
}
