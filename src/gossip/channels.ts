import {
  bytesEqual,
  emptyPMap,
  type NodeId,
  pmapDelete,
  pmapGet,
  pmapHas,
  pmapSet,
  type Sat,
  type Txid,
} from '../base/index.ts'
import {
  type ChannelAnnouncement,
  encodeMessage,
  type ShortChannelId,
  shortChannelIdParts,
  unknownRequiredBits,
} from '../wire/index.ts'
import { addChannel, removeChannel, setSpentHeight } from './edit.ts'
import { closing, type GossipFailure, ignored, warned } from './failure.ts'
import { channelAt, channelsOf, findChannel, findNode, fingerprintOf, scidAt } from './graph.ts'
import { CHANNEL } from './layout.ts'
import { channelAnnouncementHolds, fundingScriptOf } from './messages.ts'
import { tellNoMore } from './news.ts'
import { blacklistKey, channelKey, encodeChannelRecord, encodeSpent, nodeKey, spentKey, updateKey } from './records.ts'
import { readWord } from './table.ts'
import { change, changeGraph, changePeer, forget, mayVerify, put, refuse, type Turn } from './turn.ts'
import type { FundingOutput, Pending } from './types.ts'

// How a channel becomes known, and how it goes (BOLT 7, channel_announcement).

/** Everything that can be seen without the chain; then the chain is asked. */
export function onChannelAnnouncement(turn: Turn, peer: NodeId, announcement: ChannelAnnouncement): void {
  const failure = complaintAbout(turn, peer, announcement)
  if (failure !== undefined) {
    refuse(turn, peer, failure)
    return
  }
  const { shortChannelId } = announcement
  const pending: Pending = { announcement, from: peer, held: [] }
  change(turn, { pending: pmapSet(turn.state.pending, shortChannelId, pending) })
  countChecks(turn, peer, 1)
  changePeer(turn, peer, { lastAnnounced: shortChannelId })
  turn.effects.push({ type: 'check_funding', shortChannelId })
}

/** How many announcements of a peer wait for the chain: one that was away meanwhile begins with none. */
function countChecks(turn: Turn, peer: NodeId, change: 1 | -1): void {
  const checking = pmapGet(turn.state.peers, peer)?.checking
  if (checking !== undefined) changePeer(turn, peer, { checking: Math.max(checking + change, 0) })
}

/** The cheap questions first. Cost: 4 verifications, which the peer's budget pays. */
function complaintAbout(turn: Turn, peer: NodeId, announcement: ChannelAnnouncement): GossipFailure | undefined {
  const { state, context } = turn
  const { limits } = context
  const { shortChannelId, nodeId1, nodeId2, unknownFields } = announcement
  const known = findChannel(state.graph, shortChannelId)
  if (announcement.chainHash !== context.chainHash) return ignored('other_chain', 'the channel is on another chain')
  if (nodeId1 >= nodeId2)
    return warned('node_order', `expected node_id_1 below node_id_2, got ${nodeId1} and ${nodeId2}`)
  if (unknownFields.length > limits.maxUnknownBytes)
    return ignored('too_long', 'the announcement is longer than is kept')
  if (known !== undefined && channelAt(state.graph, known).nodeIds.join() === `${nodeId1},${nodeId2}`) {
    return ignored('known_already', `channel ${shortChannelId} is known`)
  }
  if (pmapHas(state.pending, shortChannelId))
    return ignored('known_already', `channel ${shortChannelId} is being checked`)
  if (pmapHas(state.blacklist, nodeId1) || pmapHas(state.blacklist, nodeId2)) {
    return ignored('blacklisted', 'the keys of one of the nodes have leaked')
  }
  if ((pmapGet(state.refused, shortChannelId) ?? 0) > context.now) {
    return ignored('refused_by_chain', `the chain has no funding for ${shortChannelId}`)
  }
  const { minConfirmations, confirmationSlack } = limits
  const depth = context.height - shortChannelIdParts(shortChannelId).blockHeight + 1
  if (depth < minConfirmations - confirmationSlack) {
    return ignored('too_few_confirmations', `expected ${minConfirmations} confirmations, got ${depth}`)
  }
  const full = ignored('too_many', 'too many announcements wait for the chain, or channels are known')
  if (state.pending.size >= limits.maxPending || state.graph.channelCount >= limits.maxChannels) return full
  if ((pmapGet(state.peers, peer)?.checking ?? 0) >= limits.maxPendingOfPeer) return full
  if (!mayVerify(turn, peer, 4)) return ignored('rate', 'the peer sends more than is looked at')
  if (channelAnnouncementHolds(announcement)) return undefined
  return closing('invalid_signature', `a signature of the announcement of ${shortChannelId} does not hold (BOLT 7)`)
}

/** What the chain says of a channel that is new, or of one that may have been spent. What waited for it is returned. */
export function onFundingChecked(
  turn: Turn,
  id: ShortChannelId,
  answer: FundingOutput | 'unknown' | undefined,
): Pending | undefined {
  const known = findChannel(turn.state.graph, id)
  const pending = pmapGet(turn.state.pending, id)
  if (pending === undefined) {
    // Of what a chain cannot say nothing is believed, and nothing that was believed is forgotten.
    if (known !== undefined && answer !== 'unknown') recheck(turn, known, id, answer)
    return undefined
  }
  const output = answer === 'unknown' ? undefined : answer
  change(turn, { pending: pmapDelete(turn.state.pending, id) })
  countChecks(turn, pending.from, -1)
  const { announcement } = pending
  const isFunded =
    output !== undefined &&
    output.spentHeight === undefined &&
    bytesEqual(output.scriptPubkey, fundingScriptOf(announcement))
  if (!isFunded) {
    refuseForAWhile(turn, id)
    turn.refused = ignored(
      'refused_by_chain',
      `the chain has no unspent funding for ${id} (BOLT 7, channel_announcement)`,
    )
    return undefined
  }
  if (known !== undefined) {
    blacklist(turn, [...channelAt(turn.state.graph, known).nodeIds, announcement.nodeId1, announcement.nodeId2])
    return undefined
  }
  believe(turn, announcement, { fundingTxid: output.txid, capacitySat: output.amountSat })
  return pending
}

/** The channel is part of the network from now on. */
export function believe(
  turn: Turn,
  announcement: ChannelAnnouncement,
  { fundingTxid, capacitySat }: { readonly fundingTxid: Txid; readonly capacitySat: Sat },
): void {
  const { shortChannelId, nodeId1, nodeId2, features } = announcement
  changeGraph(turn, draft => {
    const isRoutable = unknownRequiredBits(features, turn.context.supported).length === 0
    addChannel(draft, { shortChannelId, nodeIds: [nodeId1, nodeId2], capacitySat, fundingTxid, isRoutable })
  })
  const message = encodeMessage(announcement)
  put(turn, channelKey(shortChannelId), encodeChannelRecord({ fundingTxid, capacitySat, message }))
}

/** A channel that we know, after a block that seemed to spend it or took it back: another output may stand in its place now. */
function recheck(turn: Turn, row: number, id: ShortChannelId, output: FundingOutput | undefined): void {
  const isOther =
    output === undefined || fingerprintOf(output.txid) !== readWord(turn.state.graph.channels, row, CHANNEL.FUNDING)
  if (isOther) removeChannels(turn, [row])
  else setSpent(turn, row, id, output.spentHeight ?? 0)
}

function setSpent(turn: Turn, row: number, id: ShortChannelId, height: number): void {
  if ((channelAt(turn.state.graph, row).spentHeight ?? 0) === height) return
  changeGraph(turn, draft => setSpentHeight(draft, row, height))
  if (height > 0) put(turn, spentKey(id), encodeSpent(height))
  else forget(turn, spentKey(id))
}

/** Channels, and nodes that have none left, with their records. */
export function removeChannels(turn: Turn, rows: readonly number[]): void {
  if (rows.length === 0) return
  changeGraph(turn, draft => {
    for (const row of rows) {
      const id = scidAt(draft, row)
      const nodes = removeChannel(draft, row)
      for (const key of [channelKey(id), spentKey(id), updateKey(id, 0), updateKey(id, 1), ...nodes.map(nodeKey)]) {
        forget(turn, key)
        tellNoMore(turn, key)
      }
    }
  })
}

/** Two announcements for one funding, all signed: keys have leaked. Ourselves excepted, who would be forgotten by ourselves. */
function blacklist(turn: Turn, nodes: readonly NodeId[]): void {
  for (const id of nodes) {
    if (id === turn.context.nodeId || turn.state.blacklist.size >= turn.context.limits.maxBlacklisted) continue
    change(turn, { blacklist: pmapSet(turn.state.blacklist, id, true) })
    put(turn, blacklistKey(id), new Uint8Array(0))
    const node = findNode(turn.state.graph, id)
    if (node !== undefined) removeChannels(turn, [...channelsOf(turn.state.graph, node)])
  }
  turn.refused = ignored('blacklisted', 'two announcements name the same funding: their nodes are forgotten (BOLT 7)')
}

function refuseForAWhile(turn: Turn, id: ShortChannelId): void {
  const { maxRefused, refusedForMs } = turn.context.limits
  // All at once, where they are too many: then some are asked for again.
  const before = turn.state.refused.size >= maxRefused ? emptyPMap<number>() : turn.state.refused
  change(turn, { refused: pmapSet(before, id, turn.context.now + refusedForMs) })
}
