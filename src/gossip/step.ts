import { type NodeId, pmapGet, pmapHas, pmapValues, unreachable } from '../base/index.ts'
import type { GossipMessage, GossipQueryMessage } from '../wire/index.ts'
import { onBlock, onBlockUndone, pruneStale } from './chain.ts'
import { onChannelAnnouncement, onFundingChecked } from './channels.ts'
import { flush, goOn, onLoaded } from './jobs.ts'
import { trimNews } from './news.ts'
import {
  advanceAll,
  announceWhereDeep,
  onAnnouncementSignatures,
  onLine,
  onOwnChannel,
  onOwnChannelGone,
  onUpdateOfPeer,
  ownOf,
} from './own.ts'
import { announceNode, onOwnNode } from './ownNode.ts'
import { onFilter, onPeerDown, onPeerUp } from './peers.ts'
import {
  askWhereDue,
  giveUpWhereLate,
  onQueryChannelRange,
  onQueryShortChannelIds,
  onReplyChannelRange,
  onReplyEnd,
} from './queries.ts'
import { change, changePeer, type Turn } from './turn.ts'
import type { GossipContext, GossipInput, GossipState, GossipStep } from './types.ts'
import { onChannelUpdate, onNodeAnnouncement } from './updates.ts'

/** How often time is looked at while somebody waits to be told something. */
const WAIT_FOR_BUDGET_MS = 1000

/** What peers, the chain, the store, our channels or the clock say, and what follows. Throws for bugs of ours only. */
export function gossipStep(state: GossipState, input: GossipInput, context: GossipContext): GossipStep {
  const turn: Turn = { state, context, effects: [], writes: [], refused: undefined }
  dispatch(turn, input)
  askForWake(turn)
  const { effects, writes, refused } = turn
  return { next: turn.state, effects, writes, ...(refused !== undefined && { refused }) }
}

function dispatch(turn: Turn, input: GossipInput): void {
  switch (input.type) {
    case 'peer_up':
      // What was under way with it has ended with the connection before this one.
      if (pmapHas(turn.state.peers, input.peer)) onPeerDown(turn, input.peer)
      onPeerUp(turn, input.peer, input.features)
      onLine(turn, input.peer, true)
      askWhereDue(turn)
      return
    case 'peer_down':
      onPeerDown(turn, input.peer)
      onLine(turn, input.peer, false)
      return
    case 'message':
      // A peer that is not up has nothing to say.
      if (pmapHas(turn.state.peers, input.peer)) onMessage(turn, input.peer, input.message)
      return
    case 'funding_checked': {
      const believed = onFundingChecked(turn, input.shortChannelId, input.output)
      for (const held of believed?.held ?? []) onMessage(turn, believed?.from ?? turn.context.nodeId, held)
      return
    }
    case 'loaded':
      onLoaded(turn, input.load, input.records)
      return
    case 'block':
      onBlock(turn, input.height, input.spent)
      announceWhereDeep(turn)
      announceNode(turn)
      return
    case 'block_undone':
      onBlockUndone(turn, input.height)
      return
    case 'own_channel':
      onOwnChannel(turn, input.facts)
      announceNode(turn)
      return
    case 'own_channel_gone':
      onOwnChannelGone(turn, input.channelId)
      return
    case 'own_node':
      onOwnNode(turn, input.node)
      return
    case 'tick':
      onTick(turn)
      return
    default:
      unreachable(input)
  }
}

function onMessage(turn: Turn, peer: NodeId, message: GossipMessage | GossipQueryMessage): void {
  switch (message.type) {
    case 'channel_announcement':
      noteProgress(turn, peer)
      onChannelAnnouncement(turn, peer, message)
      return
    case 'channel_update': {
      noteProgress(turn, peer)
      const own = ownOf(turn, peer, message)
      if (own !== undefined) onUpdateOfPeer(turn, own, message)
      // What is said of a private channel is for us alone.
      if (own === undefined || own.progress.isAnnounced) onChannelUpdate(turn, peer, message)
      return
    }
    case 'node_announcement':
      noteProgress(turn, peer)
      onNodeAnnouncement(turn, peer, message)
      return
    case 'announcement_signatures':
      onAnnouncementSignatures(turn, peer, message)
      announceNode(turn)
      return
    case 'query_short_channel_ids':
      onQueryShortChannelIds(turn, peer, message)
      return
    case 'reply_short_channel_ids_end':
      onReplyEnd(turn, peer, message)
      return
    case 'query_channel_range':
      onQueryChannelRange(turn, peer, message)
      return
    case 'reply_channel_range':
      onReplyChannelRange(turn, peer, message)
      return
    case 'gossip_timestamp_filter':
      onFilter(turn, peer, message)
      return
    default:
      unreachable(message)
  }
}

/** An answer of many messages is not late as long as they come. */
function noteProgress(turn: Turn, peer: NodeId): void {
  const query = pmapGet(turn.state.peers, peer)?.query
  if (query?.type === 'channels' && query.since !== turn.context.now) {
    changePeer(turn, peer, { query: { ...query, since: turn.context.now } })
  }
}

function onTick(turn: Turn): void {
  const { now, limits } = turn.context
  if (turn.state.wakeAt !== undefined && now >= turn.state.wakeAt) change(turn, { wakeAt: undefined })
  if (now - turn.state.prunedAt >= limits.pruneMs) {
    change(turn, { prunedAt: now })
    pruneStale(turn)
  }
  if (now - turn.state.ownAt >= limits.ownMs) {
    change(turn, { ownAt: now })
    advanceAll(turn)
    announceNode(turn)
  }
  giveUpWhereLate(turn)
  askWhereDue(turn)
  for (const { nodeId } of pmapValues(turn.state.peers)) {
    flush(turn, nodeId)
    goOn(turn, nodeId)
  }
  trimNews(turn)
}

/** News go out at times that say nothing of when they came (BOLT 7, rebroadcasting). */
function nextFlush(flushAt: number, { now, limits }: GossipContext): number {
  const missed = flushAt > now ? 0 : Math.floor((now - flushAt) / limits.flushMs) + 1
  return flushAt + missed * limits.flushMs
}

/** The next time at which something is due; asked for only where no earlier wake is under way. */
function askForWake(turn: Turn): void {
  const { state, context } = turn
  const { now, limits } = context
  let at = Math.max(state.prunedAt, now) + limits.pruneMs
  for (const { jobs, loading, newsSent, flushAt, query } of pmapValues(state.peers)) {
    if (newsSent < state.nextNews - 1) at = Math.min(at, nextFlush(flushAt, context))
    if (jobs.length > 0 && loading === undefined) at = Math.min(at, now + WAIT_FOR_BUDGET_MS)
    if (query !== undefined) at = Math.min(at, query.since + limits.queryTimeoutMs)
  }
  if (state.wakeAt !== undefined && state.wakeAt <= at) return
  change(turn, { wakeAt: at })
  turn.effects.push({ type: 'wake', at })
}
