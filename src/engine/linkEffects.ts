import { unreachable } from '../base/index.ts'
import { txid } from '../bitcoin/index.ts'
import { type ChannelEvent, channelIdOf } from '../channel/index.ts'
import type { LinkEffect } from '../link/index.ts'
import type { OnchainEvent } from '../onchain/index.ts'
import { tellClaimed } from './claimed.ts'
import { stepWallet } from './coins.ts'
import { fund } from './funding.ts'
import { mayTell, sendTo } from './peerEntries.ts'
import type { Link } from './types.ts'
import { act, emit, putLink, reply, type Work } from './work.ts'

// What a link wants done to the world, and whom in the node its news are for.

export function performLinkEffects(work: Work, link: Link, effects: readonly LinkEffect[]): void {
  for (const effect of effects) perform(work, link, effect)
}

function perform(work: Work, link: Link, effect: LinkEffect): void {
  const { index, peer } = link
  switch (effect.type) {
    case 'send':
      sendTo(work, peer, effect.message)
      return
    case 'close_connection':
      work.tasks.push({ to: 'peer', nodeId: peer, input: { type: 'hang_up', reason: 'a channel asks for it' } })
      return
    case 'publish':
      publish(work, link, effect)
      return
    case 'withdraw':
      stepWallet(work, { type: 'abandoned', txid: effect.txid })
      return
    case 'fund_channel':
      fund(work, link, effect)
      return
    case 'load_archive': {
      const { prefix, commitmentNumber } = effect
      act(work, { type: 'load_archive', link: index, prefix, commitmentNumber })
      return
    }
    case 'look_up_spend':
    case 'look_up_funding':
      // The node sees every block in its turn, also those that came while it was away: what is on the chain it will be told.
      return
    case 'event':
      tell(work, link, effect.event)
      return
    default:
      unreachable(effect)
      return
  }
}

/** The wallet hears of it too: its coins may be among the inputs, and its addresses among the outputs. */
function publish(
  work: Work,
  link: Link,
  { tx, role, replaces, parent, isAhead }: Extract<LinkEffect, { type: 'publish' }>,
): void {
  if (replaces !== undefined) stepWallet(work, { type: 'replaced', txid: replaces, by: tx })
  if (isAhead !== true) stepWallet(work, { type: 'published', tx })
  act(work, { type: 'publish', tx, role, ...(parent !== undefined && { parent }) })
  if (role === 'commitment' || role === 'mutual-close') putLink(work, { ...link, closingTxid: txid(tx) })
  const { opening, state } = link
  if (role !== 'funding' || opening === undefined || state.channel === undefined || !('durable' in state.channel))
    return
  const { channelId, fundingOutpoint } = state.channel.durable.params
  reply(work, opening.request, { type: 'opened', channelId, fundingOutpoint })
  const { opening: _done, ...opened } = link
  putLink(work, opened)
}

function tell(work: Work, link: Link, event: ChannelEvent | OnchainEvent): void {
  if ('sentence' in event) {
    tellOnchain(work, link, event)
    return
  }
  const { index, peer, state } = link
  switch (event.type) {
    case 'state_changed': {
      const { from, to, reason } = event
      // What is never stored is nobody's news: a stranger could fill the log with openings.
      if (state.channel === undefined || !('durable' in state.channel)) return
      const channelId = channelIdOf(state.channel)
      emit(work, { type: 'channel_state', channelId, peer, from, to, ...(reason !== undefined && { reason }) })
      return
    }
    case 'htlc_received': {
      const { htlc, overDustExposure } = event
      work.tasks.push({ to: 'payments', input: { type: 'htlc_received', link: index, peer, htlc, overDustExposure } })
      return
    }
    case 'htlc_fulfilled': {
      const { id, paymentPreimage, attributionData } = event
      const said = attributionData !== undefined && { attributionData }
      work.tasks.push({ to: 'payments', input: { type: 'htlc_fulfilled', link: index, id, paymentPreimage, ...said } })
      return
    }
    case 'htlc_failed': {
      const { id, resolution } = event
      work.tasks.push({ to: 'payments', input: { type: 'htlc_failed', link: index, id, resolution } })
      return
    }
    case 'htlc_dropped': {
      const forGood = state.channel?.state === 'closing' || state.channel?.state === 'closed'
      work.tasks.push({ to: 'payments', input: { type: 'htlc_dropped', link: index, id: event.id, forGood } })
      return
    }
    case 'htlc_added':
    case 'htlc_signed':
    case 'htlc_settled':
      // Steps on the way of a payment, whose end comes by the events above.
      return
    case 'peer_said': {
      const { kind, text } = event
      if (state.channel === undefined || !('durable' in state.channel) || !mayTell(work, peer)) return
      emit(work, { type: 'peer_said', channelId: channelIdOf(state.channel), peer, kind, text })
      return
    }
    default:
      unreachable(event)
      return
  }
}

function tellOnchain(work: Work, link: Link, event: OnchainEvent): void {
  const { index, peer, state } = link
  if (event.type === 'preimage_found') {
    const { htlcs, paymentPreimage } = event
    for (const { offeredBy, id } of htlcs) {
      if (offeredBy !== 'local') continue
      work.tasks.push({ to: 'payments', input: { type: 'htlc_fulfilled', link: index, id, paymentPreimage } })
    }
  }
  if (event.type === 'htlc_timed_out') {
    const { htlc, cause } = event
    work.tasks.push({ to: 'payments', input: { type: 'htlc_timed_out', link: index, id: htlc.id, cause } })
  }
  if (event.type === 'htlc_claimed') tellClaimed(work, link, event.htlc.id)
  if (event.type === 'htlc_unknown') {
    const { htlc, cause } = event
    work.tasks.push({ to: 'payments', input: { type: 'htlc_unknown', link: index, id: htlc.id, cause } })
  }
  if (state.channel === undefined) return
  const channelId = channelIdOf(state.channel)
  emit(work, { type: 'channel_onchain', channelId, peer, kind: event.type, sentence: event.sentence })
}
