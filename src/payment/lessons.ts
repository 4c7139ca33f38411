import { satToMsat } from '../base/index.ts'
import { channelAt, findChannel } from '../gossip/index.ts'
import { type Lesson, learn, type RouteHop } from '../routing/index.ts'
import { type PaymentsState, type SentPart, withSession } from './state.ts'
import type { PaymentContext } from './types.ts'

/** What a channel of others on the way has shown. */
export interface Shown {
  readonly hop: RouteHop
  readonly outcome: Lesson['outcome']
}

/** Remembers it of those that are announced: of the others nobody knows how much they hold. */
export function learnt(state: PaymentsState, shown: readonly Shown[], context: PaymentContext): PaymentsState {
  const { graph, now } = context
  let { liquidity } = state.session
  for (const { hop, outcome } of shown) {
    const { shortChannelId, direction, amountMsat } = hop
    const row = findChannel(graph, shortChannelId)
    if (direction === undefined || row === undefined) continue
    const capacityMsat = satToMsat(channelAt(graph, row).capacitySat)
    liquidity = learn(liquidity, { shortChannelId, direction, amountMsat, capacityMsat, outcome, now })
  }
  return liquidity === state.session.liquidity ? state : withSession(state, { liquidity })
}

/** It went all the way, and moved what the channels hold. */
export function settledWith(state: PaymentsState, { hops }: SentPart, context: PaymentContext): PaymentsState {
  return learnt(
    state,
    hops.slice(1).map(hop => ({ hop, outcome: 'settled' })),
    context,
  )
}
