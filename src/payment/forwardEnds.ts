import { assert, pmapValues, subtract } from '../base/index.ts'
import type { HtlcResolution } from '../channel/index.ts'
import type { FailureMessage } from '../onion/index.ts'
import { resolving } from './answering.ts'
import { withoutForward } from './forwards.ts'
import type { Forward } from './inbound.ts'
import { deleteForward } from './records.ts'
import { type PaymentStep, type PaymentsState, unchanged } from './state.ts'
import type { ForwardEvent, PaymentContext, PaymentInput } from './types.ts'
import { failing, fulfilling, passingBack } from './wayBack.ts'

// How forwards end. Each ends once, in the commit in which the outbound HTLC does; the channel upstream has the answer from there on,
// over restarts and closes. HTLCs are told apart by link and id: another one with the same hash may end otherwise.

type InputOf<T extends PaymentInput['type']> = Extract<PaymentInput, { type: T }>

/** The preimage is there, from the peer or from the chain: it is upstream's at once, and cannot be taken back. */
export function forwardFulfilled(
  state: PaymentsState,
  forward: Forward,
  { paymentPreimage, attributionData }: InputOf<'htlc_fulfilled'>,
  { now }: PaymentContext,
): PaymentStep {
  const { paymentHash, from, to, amountMsat, outboundMsat } = forward
  const feeMsat = subtract(amountMsat, outboundMsat)
  const event: ForwardEvent = { type: 'payment_forwarded', paymentHash, from, to, amountMsat: outboundMsat, feeMsat }
  const said = { paymentPreimage, ...(attributionData !== undefined && { attributionData }) }
  const step = ended(state, forward, fulfilling(forward.wayBack, said, now))
  return { ...step, effects: [...step.effects, { type: 'event', event }] }
}

/** The removal is irrevocable: what the nodes behind us said goes on to the origin. */
export function forwardFailed(
  state: PaymentsState,
  forward: Forward,
  { resolution }: InputOf<'htlc_failed'>,
  { now }: PaymentContext,
): PaymentStep {
  assert(resolution.type !== 'fulfill', 'an HTLC that was fulfilled is not told as failed')
  return ended(state, forward, passingBack(forward.wayBack, resolution, now))
}

/** No commitment ever held it. Whoever sent it finds another way sooner than the peer comes back. */
export function forwardDropped(
  state: PaymentsState,
  forward: Forward,
  { forGood }: InputOf<'htlc_dropped'>,
  { now }: PaymentContext,
): PaymentStep {
  const failure: FailureMessage =
    forGood === true
      ? { type: 'permanent_channel_failure' }
      : { type: 'temporary_channel_failure', channelUpdate: new Uint8Array(0) }
  return ended(state, forward, failing(forward.wayBack, failure, now))
}

/** It ran out on the chain, as deep as is safe. */
export function forwardTimedOut(state: PaymentsState, forward: Forward, { now }: PaymentContext): PaymentStep {
  return ended(state, forward, failing(forward.wayBack, { type: 'permanent_channel_failure' }, now))
}

/**
 * An HTLC that is about to expire upstream goes back, whatever becomes of the one downstream: the preimage could not be used any more,
 * and the channel would be closed for nothing (BOLT 2, forwarding HTLCs). Unless that is closed already: then there is nothing to
 * save, and the preimage may still come in time. Cost: one pass over the forwards.
 */
export function failForwardsInTime(state: PaymentsState, context: PaymentContext): PaymentStep {
  const { height, limits } = context
  let step = unchanged(state)
  const due = [...pmapValues(state.forwards)].filter(
    ({ cltvExpiry }) => height >= cltvExpiry - limits.upstreamDeadlineBlocks,
  )
  for (const forward of due.sort((a, b) => a.link - b.link || a.id - b.id)) {
    const isOver = height >= forward.cltvExpiry + limits.maxCltvExpiryDelta
    if (context.isClosing(forward.link) && !isOver) continue
    const { next, writes, effects } = forwardTimedOut(step.next, forward, context)
    step = { next, writes: [...step.writes, ...writes], effects: [...step.effects, ...effects] }
  }
  return step
}

function ended(state: PaymentsState, forward: Forward, resolution: HtlcResolution): PaymentStep {
  return {
    next: withoutForward(state, forward),
    writes: [deleteForward(forward)],
    effects: [resolving(forward, resolution)],
  }
}
