import { type ChannelId, channelIdFromOutPoint } from '../base/index.ts'
import { type ChannelSketch, recallChannel, sketchOf } from '../channel/index.ts'
import { channelBasepoints } from '../keys/index.ts'
import { statePrefix } from './keys.ts'
import { secretsOf } from './secrets.ts'
import type { LinkState } from './types.ts'

// What a node has others keep of a link, so that it can ask for its end when it has lost all else.

/** Nothing where there is no channel yet, or none any more. `fundingHeight`: where a block holds its funding, once one does. */
export function linkSketch({
  channel,
  funding,
}: LinkState): { readonly sketch: ChannelSketch; readonly fundingHeight?: number } | undefined {
  if (channel === undefined || !('durable' in channel) || channel.state === 'closed') return undefined
  const sketch = sketchOf(channel.durable)
  return { sketch, ...(funding !== undefined && { fundingHeight: funding.height }) }
}

/** The records of the channel of a sketch, with their whole keys: known to be old, as in `recordsWithoutTrust`. */
export function recalledLink(
  sketch: ChannelSketch,
  { seed, reason }: { readonly seed: Uint8Array; readonly reason: string },
): { readonly channelId: ChannelId; readonly records: ReadonlyMap<string, Uint8Array> } {
  const channelId = channelIdFromOutPoint(sketch.fundingOutpoint)
  const basepoints = channelBasepoints(secretsOf(seed, sketch.channelKeyIndex))
  const { writes } = recallChannel(sketch, basepoints, reason)
  const prefix = statePrefix(channelId)
  const records = writes.flatMap(write => (write.type === 'put' ? [[prefix + write.key, write.value] as const] : []))
  return { channelId, records: new Map(records) }
}
