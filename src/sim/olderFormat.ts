import { pmapSet, pmapValues } from '../base/index.ts'
import { channelTypes, decodeMessage, encodeMessage } from '../wire/index.ts'
import type { SimNode } from './node.ts'

/**
 * The next opening of this node is of a channel without anchors, as older software asks for (BOLT 2, channel types). Both sides are real
 * nodes of ours, which take such channels, and never ask for one.
 */
export function openWithoutAnchors(node: SimNode): void {
  const { outgoing } = node
  node.outgoing = bytes => {
    const changed = withoutAnchors(node, bytes)
    if (changed === undefined) return outgoing(bytes)
    node.outgoing = outgoing
    return outgoing(changed)
  }
}

/** The same open_channel with the other type, which the opener then believes to have asked for. */
function withoutAnchors(node: SimNode, bytes: Uint8Array): Uint8Array | undefined {
  const decoded = decodeMessage(bytes)
  if (!decoded.ok || decoded.value.type !== 'open_channel') return undefined
  const { temporaryChannelId } = decoded.value
  const { state } = node
  for (const link of pmapValues(state.links)) {
    const { channel } = link.state
    if (channel?.state !== 'wait_for_accept_channel' || channel.format !== 'anchors_zero_fee_htlc') continue
    if (channel.temporaryChannelId !== temporaryChannelId) continue
    const channelType = channelTypes.STATIC_REMOTEKEY
    const opening = { ...channel, format: 'static_remotekey', channelType } as const
    const next = { ...link, state: { ...link.state, channel: opening } }
    node.state = { ...state, links: pmapSet(state.links, `${link.index}`, next) }
    return encodeMessage({ ...decoded.value, channelType })
  }
  return undefined
}
