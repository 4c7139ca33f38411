import { outPointKey, toHex, unreachable } from '../base/index.ts'
import { LEFT_AFTER_BLOCKS, SAFE_DEPTH } from './limits.ts'
import type { ChannelHtlc, CommitmentName, HtlcRef, OnchainEvent, OnchainEventFacts, OnchainState } from './types.ts'

/** The event with its plain sentence. */
export function told(event: OnchainEventFacts): OnchainEvent {
  return { ...event, sentence: sentenceOf(event) }
}

/** The name under which an event is told once: what it is about, without what may change from block to block. */
export function nameOf(event: OnchainEventFacts): string {
  switch (event.type) {
    case 'commitment_confirmed':
    case 'mutual_close_confirmed':
    case 'revoked_commitment':
    case 'revoked_commitment_waits':
    case 'data_loss':
    case 'unknown_spend':
    case 'anchor_coin_missing':
      return `${event.type}/${event.txid}`
    case 'preimage_found':
      return `${event.type}/${event.paymentHash}`
    case 'htlc_timed_out':
    case 'htlc_unknown':
    case 'htlc_claimed':
    case 'htlc_returned':
    case 'fee_coin_missing':
      return nameOfHtlc(event.type, event.htlc)
    case 'claim_not_worthwhile':
    case 'claim_given_up':
      return `${event.type}/${outPointKey(event.outpoint)}`
    case 'resolved':
      return event.type
    default:
      return unreachable(event)
  }
}

/** Whether `htlc_claimed` was told of an HTLC of the peer, and still holds. */
export function wasClaimed({ reported }: Pick<OnchainState, 'reported'>, id: number): boolean {
  return reported.includes(nameOfHtlc('htlc_claimed', { offeredBy: 'remote', id }))
}

/** Whether nothing was left to be done, and still is. */
export function wasResolved({ reported }: Pick<OnchainState, 'reported'>): boolean {
  return reported.includes('resolved' satisfies OnchainEventFacts['type'])
}

const nameOfHtlc = (type: OnchainEventFacts['type'], { offeredBy, id }: HtlcRef): string => `${type}/${offeredBy}/${id}`

const COMMITMENTS: Readonly<Record<CommitmentName, string>> = {
  local: 'our commitment transaction',
  remote: "the peer's commitment transaction",
  remote_next: "the peer's newest commitment transaction, whose predecessor it has not revoked yet,",
  revoked: 'a revoked commitment transaction of the peer',
  future: 'a commitment transaction of the peer that is newer than our records',
  own_future: 'a commitment transaction of ours that is newer than our records',
}

type TimeoutCause = Extract<OnchainEventFacts, { type: 'htlc_timed_out' }>['cause']

const TIMEOUTS: Readonly<Record<TimeoutCause, string>> = {
  no_output: `has no output in the confirmed commitment, ${SAFE_DEPTH} blocks deep`,
  output_taken_back: `came back to us, ${SAFE_DEPTH} blocks deep`,
  given_up: `ran out ${LEFT_AFTER_BLOCKS} blocks ago, and nobody took its output, which is worth less than its claim costs`,
}

const UNKNOWN: Readonly<Record<Extract<OnchainEventFacts, { type: 'htlc_unknown' }>['cause'], string>> = {
  unclaimed: `ran out ${LEFT_AFTER_BLOCKS} blocks ago, and no wallet coin is there for the fee of taking it back`,
  untold: 'stands in records that are an old copy',
}

const GIVEN_UP: Readonly<Record<Extract<OnchainEventFacts, { type: 'claim_given_up' }>['why'], string>> = {
  waited: `${LEFT_AFTER_BLOCKS} blocks after we could take it, it is still worth less than its claim costs`,
  hopeless: 'it is worth less than its claim costs at any feerate',
}

function sentenceOf(event: OnchainEventFacts): string {
  switch (event.type) {
    case 'commitment_confirmed':
      return `The channel closes by force: ${COMMITMENTS[event.which]} (number ${event.commitmentNumber}) is in block ${event.height}, as ${event.txid}.`
    case 'mutual_close_confirmed':
      return `The channel is closed as both sides agreed: ${event.txid} is in block ${event.height}.`
    case 'revoked_commitment':
      return `The peer tried to cheat with commitment ${event.commitmentNumber}, which it had revoked (${event.txid}): all of its outputs are ours to take.`
    case 'revoked_commitment_waits':
      return `The peer tries to cheat: commitment ${event.commitmentNumber}, which it has revoked, waits for a block (${event.txid}), and its penalty beside it.`
    case 'data_loss':
      return `The commitment ${event.commitmentNumber} (${event.txid}) is newer than all we know, so we have lost data: our main output can be saved, HTLCs cannot.`
    case 'unknown_spend':
      return `The funding output was spent by ${event.txid}, which is no commitment or closing transaction that we know: our keys may have leaked, and the money may be lost (BOLT 5, general requirements).`
    case 'preimage_found':
      return `The chain shows the preimage of ${event.paymentHash}, which belongs to ${namesOf(event.htlcs)}: ${toHex(event.paymentPreimage)}.`
    case 'htlc_timed_out':
      return `${describe(event.htlc)} ${TIMEOUTS[event.cause]}: it has failed.`
    case 'htlc_unknown':
      return `${describe(event.htlc)} ${UNKNOWN[event.cause]}: nobody here can say whether it was paid.`
    case 'htlc_claimed':
      return `${describe(event.htlc)} is taken with its preimage, ${SAFE_DEPTH} blocks deep.`
    case 'htlc_returned':
      return `${describe(event.htlc)} went back to the peer, ${SAFE_DEPTH} blocks deep.`
    case 'claim_not_worthwhile':
      return `Output ${outPointKey(event.outpoint)} of ${event.amountSat} sat is left for now: at this feerate it is worth less than its claim costs.`
    case 'claim_given_up':
      return `Output ${outPointKey(event.outpoint)} of ${event.amountSat} sat is given up: ${GIVEN_UP[event.why]}.`
    case 'fee_coin_missing':
      return `${describe(event.htlc)} cannot be resolved: its transaction needs a wallet coin for a fee of at least ${event.feeSat} sat, and none is free. Send bitcoin to the wallet.`
    case 'anchor_coin_missing':
      return `The commitment transaction ${event.txid} pays less than it should by now: a wallet coin of at least ${event.feeSat} sat would pay for it, and none is free. Send bitcoin to the wallet.`
    case 'resolved':
      return 'Every output of the channel is resolved for good: nothing is left to be done.'
    default:
      return unreachable(event)
  }
}

function describe({ offeredBy, id, amountMsat }: ChannelHtlc): string {
  return `HTLC ${id} of ${amountMsat} msat that ${offeredBy === 'local' ? 'we' : 'the peer'} offered`
}

function namesOf(htlcs: readonly HtlcRef[]): string {
  return htlcs.map(({ offeredBy, id }) => `HTLC ${id} of ${offeredBy === 'local' ? 'ours' : 'the peer'}`).join(' and ')
}
