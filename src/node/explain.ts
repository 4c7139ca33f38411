import { defined } from '../base/index.ts'
import type { EngineContext, EngineState, Link } from '../engine/index.ts'
import { linkContext } from '../engine/index.ts'
import { channelOutputs, channelSpends } from '../link/index.ts'
import { channelInfo } from './channelViews.ts'
import { explainedOutputs } from './explainOutputs.ts'
import { explainedSpend } from './explainSpend.ts'
import type { ChannelExplanation } from './types.ts'

/** A channel in plain words: where it stands, what each side could do on chain now, and why it was closed if it was. */
export function explain(link: Link, state: EngineState, context: EngineContext): ChannelExplanation {
  const { channel } = link.state
  const open = defined(channel === undefined || channel.state === 'aborted' ? undefined : channel, 'there is a channel')
  const inNow = linkContext({ state, context }, link)
  const spends = (party: 'local' | 'remote') =>
    channelSpends(link.state, party, inNow).map(path => explainedSpend(path, state))
  return {
    channel: channelInfo(link, open),
    summary: SUMMARIES[open.state],
    local: spends('local'),
    remote: spends('remote'),
    outputs: explainedOutputs(channelOutputs(link.state, inNow), state),
    closing: closingOf(link),
  }
}

const SUMMARIES = {
  wait_for_accept_channel: 'We have asked for this channel; the peer has not answered yet. Nothing is at stake.',
  wait_for_funding_transaction:
    'The terms are agreed; our wallet is making the funding transaction. Nothing is at stake.',
  wait_for_funding_created:
    'The peer has asked for this channel and we agreed; its funding is awaited. Nothing is at stake.',
  wait_for_funding_signed: 'The funding transaction is made and kept back until the peer has signed our way out of it.',
  wait_for_funding_confirmed: 'The funding transaction is out and waits for its confirmations.',
  wait_for_channel_ready: 'The funding transaction is deep enough for us; the peer has not said so yet.',
  normal: 'The channel is open. Both sides can pay while both are connected.',
  shutting_down: 'The channel is being closed by agreement: what is in flight is finished first.',
  negotiating:
    'The channel is being closed by agreement: the closing transaction is being signed, or waits for its block.',
  closing: 'The end on chain has begun. Whatever is ours is taken as soon as the chain allows it.',
  closed: 'The channel is closed, and every output has found its owner for good.',
} as const

function closingOf({ state: { channel, onchain } }: Link): readonly string[] {
  if (channel === undefined || !('durable' in channel)) return []
  const { phase } = channel.durable
  const cause = phase.type === 'closing' || phase.type === 'closed' ? [`Closed because: ${phase.cause.reason}.`] : []
  const seen = (onchain?.facts.transactions ?? []).map(
    ({ txid, height }) => `Transaction ${txid} confirmed in block ${height}.`,
  )
  const waiting = (onchain?.claims ?? []).map(({ txid, role }) => `Our ${role} transaction ${txid} waits for a block.`)
  return [...cause, ...seen, ...waiting]
}
