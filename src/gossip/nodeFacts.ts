import { type FeatureName, type NodeAnnouncement, offersFeature, unknownRequiredBits } from '../wire/index.ts'
import type { NodeFacts } from './edit.ts'

/** What the graph holds of a node, out of what it has announced. */
export function nodeFacts(
  { features, timestamp }: Pick<NodeAnnouncement, 'features' | 'timestamp'>,
  supported: readonly FeatureName[],
): NodeFacts {
  return {
    timestamp,
    isRoutable: unknownRequiredBits(features, supported).length === 0,
    offersMpp: offersFeature(features, 'basic_mpp'),
    offersOnionMessages: offersFeature(features, 'option_onion_messages'),
    offersAttribution: offersFeature(features, 'option_attribution_data'),
  }
}
