import { BookendError, type NodeId, sat, toHex } from '../base/index.ts'
import {
  type ChannelPolicy,
  channelAt,
  channelsOf,
  findNode,
  type GossipState,
  type Graph,
  isLive,
  nodeAt,
  nodeKey,
} from '../gossip/index.ts'
import type { Store } from '../ports/index.ts'
import { decodeMessage, type NodeAnnouncement } from '../wire/index.ts'
import { addressText, aliasText } from './announcedText.ts'
import { checkNodeId } from './checkNodeId.ts'
import type {
  GraphChannelInfo,
  GraphNodeInfo,
  GraphPage,
  GraphPageRequest,
  GraphPolicy,
  GraphSummary,
} from './types.ts'

// The network as users see it: what others have announced and the chain has confirmed.

export const MAX_GRAPH_LISTED = 1_000
const DEFAULT_GRAPH_LISTED = 100

/** Cost: a look at every channel. */
export function graphSummary({ graph, sync }: GossipState): GraphSummary {
  let capacitySat = 0n
  let newest = 0
  for (let row = 0; row < graph.channels.rows; row++) {
    if (!isLive(graph, row)) continue
    const channel = channelAt(graph, row)
    capacitySat += channel.capacitySat
    for (const policy of channel.policies) newest = Math.max(newest, policy?.timestamp ?? 0)
  }
  return {
    nodes: graph.nodeCount,
    channels: graph.channelCount,
    capacitySat: sat(capacitySat),
    newestUpdateAt: newest > 0 ? newest * 1000 : undefined,
    syncedAt: sync.doneAt,
  }
}

/** From the place `after` on. A channel that comes or goes while somebody pages may be missed, or seen twice. */
export function graphPage({ graph }: GossipState, { limit, after }: GraphPageRequest = {}): GraphPage {
  const most = Math.min(limit ?? DEFAULT_GRAPH_LISTED, MAX_GRAPH_LISTED)
  const channels: GraphChannelInfo[] = []
  let row = after ?? 0
  for (; row < graph.channels.rows && channels.length < most; row++) {
    if (isLive(graph, row)) channels.push(channelInfo(graph, row))
  }
  return { channels, next: row < graph.channels.rows ? row : undefined }
}

/** Cost: a look at every channel. */
export async function graphNode({ graph }: GossipState, store: Store, nodeId: NodeId): Promise<GraphNodeInfo> {
  checkNodeId(nodeId)
  const row = findNode(graph, nodeId)
  if (row === undefined) {
    throw new BookendError('not_found', `No announced channel leads to node ${nodeId}.`, {
      advice:
        'Nodes with private channels alone are never announced. A node that has just started learns of others within minutes.',
    })
  }
  const rows = [...channelsOf(graph, row)]
  const { channelCount, timestamp, offersMpp } = nodeAt(graph, row)
  const said = await announcementOf(store, nodeId)
  return {
    nodeId,
    channelCount,
    capacitySat: sat(rows.reduce((sum, each) => sum + channelAt(graph, each).capacitySat, 0n)),
    offersMpp,
    announcedAt: timestamp === undefined ? undefined : timestamp * 1000,
    alias: said === undefined ? undefined : aliasText(said.alias),
    color: said === undefined ? undefined : `#${toHex(said.rgbColor)}`,
    addresses: said?.addresses.flatMap(address => addressText(address) ?? []) ?? [],
    channels: rows.slice(0, MAX_GRAPH_LISTED).map(each => channelInfo(graph, each)),
  }
}

async function announcementOf(store: Store, nodeId: NodeId): Promise<NodeAnnouncement | undefined> {
  const key = nodeKey(nodeId)
  const record = (await store.loadPage(key, { limit: 1 })).get(key)
  const message = record === undefined ? undefined : decodeMessage(record)
  return message?.ok === true && message.value.type === 'node_announcement' ? message.value : undefined
}

function channelInfo(graph: Graph, row: number): GraphChannelInfo {
  const { shortChannelId, nodeIds, capacitySat, policies, spentHeight } = channelAt(graph, row)
  return {
    shortChannelId,
    nodeIds,
    capacitySat,
    policies: [policyInfo(policies[0]), policyInfo(policies[1])],
    spentHeight,
  }
}

function policyInfo(policy: ChannelPolicy | undefined): GraphPolicy | undefined {
  if (policy === undefined) return undefined
  const { timestamp, isDisabled, checksum: _checksum, ...asked } = policy
  return { ...asked, disabled: isDisabled, updatedAt: timestamp * 1000 }
}
