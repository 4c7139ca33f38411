import { type CloseCause, channelIdOf, DEFAULT_LIMITS, type FundedChannel } from '../../channel/index.ts'
import { decodeMessage } from '../../wire/index.ts'
import { linksOf } from '../node.ts'
import type { Complaint, Observer, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { changedLinks, fundedOf } from './changedLinks.ts'

/** As many blocks as there may be before a node sees one. */
const BLOCKS_UNSEEN = 6
/** So near to its expiry an HTLC is a reason to go on chain. */
const BLOCKS_OF_A_DEADLINE = DEFAULT_LIMITS.fulfillDeadlineBlocks + BLOCKS_UNSEEN

/**
 * Invariants 6 and 7: among honest nodes a crash, a cut or a stall ends in a channel that goes on. No error, no warning, and no
 * commitment on chain without a cause that is stated and allowed: a user who forced it, or an HTLC whose time had come.
 */
export function continuity(world: World): Observer {
  const lost = new Set<WatchedNode>()
  const isHonest = (node: WatchedNode) => !node.plan.isAdversary
  const excused = (node: WatchedNode, peer: WatchedNode | undefined) =>
    peer === undefined || lost.has(node) || lost.has(peer)
  const peers = new Map<string, WatchedNode | undefined>()
  return {
    name: 'continuity',
    deed: ({ deed }) => {
      if (deed.type === 'old_image') lost.add(world.nodeAt(deed.who))
      return undefined
    },
    connected: (node, connection, peer) => {
      peers.set(
        `${node.name} ${connection}`,
        world.honest.find(({ id }) => id === peer),
      )
      return undefined
    },
    sent: (node, connection, bytes) => {
      const peer = peers.get(`${node.name} ${connection}`)
      // `error` is message 17, `warning` message 1 (BOLT 1).
      const type = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0)
      if ((type !== 17 && type !== 1) || !isHonest(node) || excused(node, peer)) return undefined
      const message = decodeMessage(bytes)
      if (!message.ok || (message.value.type !== 'error' && message.value.type !== 'warning')) return undefined
      const { channelId, data } = message.value
      if (world.workload.forced.has(channelId) || isEnding(node, channelId)) return undefined
      return `${node.name} has sent ${peer?.name} ${message.value.type === 'error' ? 'an error' : 'a warning'}: ${String.fromCharCode(...data)}`
    },
    durable: (node, turn) => {
      if (!isHonest(node)) return undefined
      for (const { before, after } of changedLinks(turn)) {
        const channel = fundedOf(after)
        const cause = causeOf(channel)
        // Judged when it is stated: blocks that are reorganised away later do not make it wrong.
        if (channel === undefined || cause === undefined || isSame(cause, causeOf(fundedOf(before)))) continue
        const peer = world.honest.find(({ id }) => id === after.peer)
        if (excused(node, peer) || world.workload.forced.has(channelIdOf(channel))) continue
        const complaint = causeComplaint(node, channel, cause, turn.after.blocks.at(-1)?.height ?? 0)
        if (complaint !== undefined) return complaint
      }
      return undefined
    },
  }
}

function causeOf(channel: FundedChannel | undefined): CloseCause | undefined {
  const phase = channel?.durable.phase
  return phase?.type === 'closing' ? phase.cause : undefined
}

function isSame(a: CloseCause, b: CloseCause | undefined): boolean {
  return a.kind === b?.kind && a.reason === b.reason
}

function isEnding(node: WatchedNode, channelId: string): boolean {
  const link = linksOf(node.state).find(
    ({ state: { channel } }) => channel !== undefined && channelIdOf(channel) === channelId,
  )
  return link === undefined || link.state.channel?.state === 'closing' || link.state.channel?.state === 'closed'
}

function causeComplaint(node: WatchedNode, channel: FundedChannel, cause: CloseCause, height: number): Complaint {
  const name = `channel ${channelIdOf(channel).slice(0, 8)} of ${node.name}`
  switch (cause.kind) {
    case 'mutual':
    // The peer is honest too, and answers for its own cause.
    case 'spent_by_peer':
    case 'remote_error':
    case 'local_force':
      return undefined
    case 'deadline': {
      const isDue = channel.durable.htlcs.some(({ cltvExpiry }) => cltvExpiry <= height + BLOCKS_OF_A_DEADLINE)
      return isDue ? undefined : `${name} was closed for a deadline that no HTLC has: ${cause.reason}`
    }
    case 'protocol_failure':
    case 'data_loss':
      return `${name} was closed although both are honest (${cause.kind}): ${cause.reason}`
  }
}
