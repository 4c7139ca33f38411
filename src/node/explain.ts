import { defined } from '../base/index.ts'
import type { EngineContext, EngineState, Link } from '../engine/index.ts'
import { linkContext } from '../engine/index.ts'
import { channelSpends } from '../link/index.ts'
import type { SpendPath } from '../onchain/index.ts'
import { channelInfo } from './channelViews.ts'
import type { ChannelExplanation, ExplainedSpend } from './types.ts'

/** A channel in plain words: where it stands, what each side could do on chain now, and why it was closed if it was. */
export function explain(link: Link, state: EngineState, context: EngineContext): ChannelExplanation {
  const { channel } = link.state
  const open = defined(channel === undefined || channel.state === 'aborted' ? undefined : channel, 'there is a channel')
  const spends = (party: 'local' | 'remote') =>
    channelSpends(link.state, party, linkContext({ state, context }, link)).map(path => explained(path, state))
  return {
    channel: channelInfo(link, open),
    summary: SUMMARIES[open.state],
    local: spends('local'),
    remote: spends('remote'),
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

function explained(path: SpendPath, state: EngineState): ExplainedSpend {
  const next = (state.blocks.at(-1)?.height ?? 0) + 1
  const waits = path.earliestHeight > next ? `, from block ${path.earliestHeight} on` : ''
  const needs =
    path.preimage !== undefined && path.preimage.known === undefined ? ', with a preimage that nobody has shown' : ''
  const unconfirmed = path.confirmed || path.on === 'funding' ? '' : ', once that has confirmed'
  return {
    sentence: `${WAYS[path.way]}${placeOf(path)}${waits}${needs}${unconfirmed}.`,
    amountSat: path.yieldSat,
    now: path.available && path.confirmed,
    afterHeight: path.earliestHeight > next ? path.earliestHeight : undefined,
  }
}

/** Both commitments exist at once, and only one of them will ever be on the chain: so it matters which one holds the output. */
function placeOf({ on, way }: SpendPath): string {
  if (way === 'commitment' || way === 'mutual_close' || way === 'mutual_close_output') return ''
  return ` (on ${PLACES[on]})`
}

const PLACES: Readonly<Record<SpendPath['on'], string>> = {
  local: 'our commitment',
  remote: "the peer's commitment",
  remote_next: "the peer's next commitment",
  revoked: 'a revoked commitment of the peer',
  future: "a commitment of the peer's that is newer than what we know",
  own_future: 'a commitment of ours that is newer than what we know',
  mutual_close: 'the closing transaction',
  funding: 'the funding transaction',
}

const WAYS: Readonly<Record<SpendPath['way'], string>> = {
  commitment: 'Publish the commitment transaction: the channel ends, with each balance as it stands',
  mutual_close: 'Publish the closing transaction that both have signed',
  mutual_close_output: 'The output of the closing transaction is in the wallet',
  to_local: 'Take the own balance after its delay',
  to_remote: 'Take the own balance',
  anchor: 'Spend the own anchor, to pay for the commitment',
  anchor_anyone: 'Sweep an anchor that anyone may take',
  htlc_preimage: 'Take an HTLC with its preimage',
  htlc_expired: 'Take back an HTLC that has expired',
  second_stage: 'Take the delayed output of an HTLC transaction',
  to_local_revoked: 'Take the whole balance of a cheater, by the revocation key',
  htlc_revoked: "Take an HTLC of a cheater's commitment, by the revocation key",
  second_stage_revoked: "Take the output of a cheater's HTLC transaction, by the revocation key",
  htlc_timeout: 'Publish the HTLC-timeout transaction: what was offered comes back',
  htlc_success: 'Publish the HTLC-success transaction: an HTLC is taken with its preimage',
}

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
