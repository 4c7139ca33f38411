import { pmapValues } from '../base/index.ts'
import { isFailedOpening } from '../link/index.ts'
import { isLocked } from './locked.ts'
import type { SimNode } from './node.ts'
import type { WatchedWorld } from './observer.ts'

// When a world has come to its end. Time and blocks are two things: one that waits for blocks is not helped by time.

/**
 * Nothing more happens at this node by itself, apart from pings that are answered: it runs and has seen the chain, it waits for no dial,
 * no `init` and no `pong`, and no payment waits for its deadline.
 */
export function isAtEase(node: SimNode): boolean {
  if (!node.isListening || !node.isIdle || node.blocksBehind !== 0) return false
  const { payments, peers } = node.state
  if (payments.waiting.size > 0 || payments.session.deadlineAt !== undefined) return false
  for (const {
    state: { dial, line },
  } of pmapValues(peers)) {
    if (line.type === 'handshaking' || (line.type === 'up' && line.ping.type !== 'idle')) return false
    // What an earlier dial that is still under way brings is judged when it comes.
    if (dial.phase.type !== 'idle') return false
  }
  return true
}

/** No payment is under way, and no channel waits for the chain, but for those that nobody can end (`isLocked`). */
export function isResolved(world: WatchedWorld & { readonly honest: readonly SimNode[] }): boolean {
  return world.honest.every(node => {
    if (node.state.payments.inFlight.size > 0) return false
    for (const { peer, state } of pmapValues(node.state.links)) {
      if (state.channel !== undefined && 'durable' in state.channel && isLocked(state.channel, peer, world)) continue
      const isQuiet = state.channel === undefined || QUIET.has(state.channel.state) || isFailedOpening(state)
      if (!isQuiet) return false
      // Where a lie has made it impossible to go on, the deadline of the HTLC ends the channel.
      if (state.channel?.state === 'normal' && state.channel.durable.htlcs.length > 0) return false
    }
    return true
  })
}

export function isAllClosed(nodes: readonly SimNode[]): boolean {
  return nodes.every(node =>
    node.links.every(
      ({ state }) =>
        state.channel === undefined ||
        state.channel.state === 'closed' ||
        state.channel.state === 'aborted' ||
        isFailedOpening(state),
    ),
  )
}

/** States of a channel in which nothing is awaited. */
const QUIET: ReadonlySet<string> = new Set(['normal', 'closed', 'aborted'])
