import { prepareLink } from '../link/index.ts'
import { prepareOnion } from '../payment/index.ts'
import type { EngineContext, EngineState, Link } from './types.ts'
import { linkAt } from './work.ts'

/** Onions that are peeled in one go: whatever comes in meanwhile waits so long. */
const AT_ONCE = 4
/** A turn that moved more links than this was no payment: they are left alone. */
const MOST_LINKS = 8

/**
 * What the links that moved last will need next, derived while nothing else is to be done. It fills caches, and changes nothing that
 * anybody could see. A part of it at a time: true where more is left.
 */
export function prepareNext(state: EngineState, context: EngineContext): boolean {
  if (state.movedLast.size > MOST_LINKS) return false
  let left = AT_ONCE
  for (const index of state.movedLast) {
    const link = linkAt({ state }, index)
    if (link === undefined) continue
    prepareLink(link.state, { seed: context.channelSeed, channelKeyIndex: index })
    left -= prepareOnions(link, left, context)
    if (left === 0) return true
  }
  return false
}

/** How many it has peeled. */
function prepareOnions({ state: { channel } }: Link, most: number, context: EngineContext): number {
  if (channel?.state !== 'normal') return 0
  let peeled = 0
  for (const htlc of channel.durable.htlcs) {
    if (peeled === most) break
    const { offeredBy, added, resolution } = htlc
    const isCommitted = added === 'acknowledged' || added === 'countersigned'
    if (offeredBy === 'remote' && isCommitted && resolution === undefined && prepareOnion(htlc, context)) peeled += 1
  }
  return peeled
}
