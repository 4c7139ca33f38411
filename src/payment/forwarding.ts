import { defined, pmapDelete, pmapGet, pmapSet } from '../base/index.ts'
import { type FailureMessage, type ForwardedOnion, relayAmounts } from '../onion/index.ts'
import { resolving } from './answering.ts'
import { amountsOf, channelUpdateFor } from './channelUpdate.ts'
import { usageOf, withForward } from './forwards.ts'
import { type Forward, htlcKey } from './inbound.ts'
import { feeFor, isAlike, policyOf } from './policy.ts'
import { putForward } from './records.ts'
import { type Offer, type PaymentStep, type PaymentsState, unchanged, withSession } from './state.ts'
import type { Outgoing, PaymentContext, PaymentInput, Policy } from './types.ts'
import { failing, type WayBack } from './wayBack.ts'

// An HTLC that is for somebody behind us, on its way out:
//
//     htlc_received -> forward_htlc -> forwarded | (not_forwarded -> forward_htlc …) | resolve_htlc
//
// all in one step of the engine. Its record is in one commit with the offer, before anything is signed.

type InputOf<T extends PaymentInput['type']> = Extract<PaymentInput, { type: T }>

/** Passes it on, or says why not (BOLT 4, failure messages, requirements of a forwarding node). Cost: a signature, where it is refused. */
export function forward(
  state: PaymentsState,
  input: InputOf<'htlc_received'>,
  { onion, wayBack }: { readonly onion: ForwardedOnion; readonly wayBack: WayBack },
  context: PaymentContext,
): PaymentStep {
  const { link, peer: from, htlc } = input
  const ways = waysFor(onion, context)
  const [named] = ways
  const refuse = (failure: FailureMessage) =>
    unchanged(state, resolving({ link, id: htlc.id }, failing(wayBack, failure, context.now)))
  if (named === undefined) return refuse({ type: 'unknown_next_peer' })
  const policy = policyOf(state, named.channelId, context)
  const channelUpdate = () => updateOf(onion, named, policy, context)
  const refusal = policyRefusal(input, onion, { named, policy, channelUpdate }, context)
  if (refusal !== undefined) return refuse(refusal)
  const { amtToForward: outboundMsat, outgoingCltvValue: outboundExpiry } = onion
  const forwarded = {
    link,
    id: htlc.id,
    from,
    to: named.peer,
    paymentHash: htlc.paymentHash,
    amountMsat: htlc.amountMsat,
    cltvExpiry: htlc.cltvExpiry,
    outboundMsat,
    outboundExpiry,
    isDust: outboundMsat < named.dustLimitMsat,
    wayBack,
  }
  if (isTooMuch(state, forwarded, context))
    return refuse({ type: 'temporary_channel_failure', channelUpdate: channelUpdate() })
  if (ways.every(({ standing }) => standing === 'closing')) return refuse({ type: 'permanent_channel_failure' })
  const left = ways.filter(
    way =>
      way.standing === 'usable' &&
      (onion.nextPathKey === undefined || way.takesPathKey) &&
      way.spendableMsat >= outboundMsat &&
      (way === named || isAlike(policyOf(state, way.channelId, context), policy)),
  )
  const { packet: onionRoutingPacket, nextPathKey: pathKey } = onion
  const offer: Offer = { forward: forwarded, onionRoutingPacket, ...(pathKey && { pathKey }), left, onion, named }
  return offerNext(state, offer, context)
}

/** The one that the onion names first. Where it names a node, and so no channel, that is one which could take it now. */
function waysFor({ nextHop }: ForwardedOnion, context: PaymentContext): readonly Outgoing[] {
  const ways = context.outgoing(nextHop)
  if (nextHop.type === 'channel') return ways
  const isUsable = ({ standing }: Outgoing) => standing === 'usable'
  return [...ways.filter(isUsable), ...ways.filter(way => !isUsable(way))]
}

interface Ground {
  readonly named: Outgoing
  readonly policy: Policy
  readonly channelUpdate: () => Uint8Array
}

/** Why this HTLC does not go through this channel, the first reason in the order of BOLT 4. */
function policyRefusal(
  { htlc }: InputOf<'htlc_received'>,
  onion: ForwardedOnion,
  { named, policy, channelUpdate }: Ground,
  { height, limits }: PaymentContext,
): FailureMessage | undefined {
  const { amtToForward, outgoingCltvValue } = onion
  const { htlcMinimumMsat, htlcMaximumMsat } = amountsOf(named, policy)
  if (amtToForward < htlcMinimumMsat) {
    return { type: 'amount_below_minimum', htlcMsat: amtToForward, channelUpdate: channelUpdate() }
  }
  if (!coversFee(htlc, onion, policy)) {
    return { type: 'fee_insufficient', htlcMsat: htlc.amountMsat, channelUpdate: channelUpdate() }
  }
  if (htlc.cltvExpiry < outgoingCltvValue + policy.cltvExpiryDelta) {
    return { type: 'incorrect_cltv_expiry', cltvExpiry: outgoingCltvValue, channelUpdate: channelUpdate() }
  }
  // The channel would have to be closed for it as soon as it is there.
  if (outgoingCltvValue <= height + limits.minOutgoingExpiryBlocks) {
    return { type: 'expiry_too_soon', channelUpdate: channelUpdate() }
  }
  if (policy.disabled) return { type: 'channel_disabled', disabledFlags: 0, channelUpdate: channelUpdate() }
  if (amtToForward > htlcMaximumMsat) return { type: 'temporary_channel_failure', channelUpdate: channelUpdate() }
  return undefined
}

/**
 * The maker of a blinded path has written down what we ask for, and may have it from long ago: what we ask for now counts. BOLT 4
 * rounds up what goes on there, so the same formula says what goes on at our price.
 */
function coversFee(
  htlc: InputOf<'htlc_received'>['htlc'],
  { position, amtToForward }: ForwardedOnion,
  policy: Policy,
): boolean {
  if (position === 'outside') return htlc.amountMsat >= amtToForward + feeFor(policy, amtToForward)
  const ours = relayAmounts(htlc, policy)
  return ours !== undefined && ours.amountMsat >= amtToForward
}

/** Whether one peer would have more of our channels' slots, money and dust than it may. */
function isTooMuch(
  state: PaymentsState,
  { from, amountMsat, isDust }: Omit<Forward, 'outbound'>,
  { limits }: PaymentContext,
): boolean {
  const usage = usageOf(state, from)
  return (
    state.forwards.size >= limits.maxForwards ||
    usage.count >= limits.maxForwardsPerPeer ||
    usage.amountMsat + amountMsat > limits.maxForwardedMsatPerPeer ||
    (isDust && usage.dustMsat + amountMsat > limits.maxForwardedDustMsatPerPeer)
  )
}

/** Asks the best channel that is left; without one, the HTLC goes back. */
function offerNext(state: PaymentsState, offer: Offer, context: PaymentContext): PaymentStep {
  const { forward: inbound, onionRoutingPacket, pathKey, onion, named } = offer
  const { link, id, outboundMsat, outboundExpiry, paymentHash } = inbound
  const [first, ...left] = offer.left
  if (first === undefined) {
    const channelUpdate = updateOf(onion, named, policyOf(state, named.channelId, context), context)
    const failure = { type: 'temporary_channel_failure', channelUpdate } as const
    return unchanged(state, resolving(inbound, failing(inbound.wayBack, failure, context.now)))
  }
  const offers = pmapSet(state.session.offers, htlcKey(inbound), { ...offer, left })
  return unchanged(withSession(state, { offers }), {
    type: 'forward_htlc',
    inbound: { link, id },
    link: first.link,
    amountMsat: outboundMsat,
    paymentHash,
    cltvExpiry: outboundExpiry,
    onionRoutingPacket,
    ...(pathKey !== undefined && { pathKey }),
  })
}

export function forwarded(state: PaymentsState, { inbound, link, id }: InputOf<'forwarded'>): PaymentStep {
  const { offer, rest } = takeOffer(state, htlcKey(inbound))
  const taken: Forward = { ...offer.forward, outbound: { link, id } }
  return { next: withForward(rest, taken), writes: [putForward(taken)], effects: [] }
}

export function notForwarded(
  state: PaymentsState,
  { inbound }: InputOf<'not_forwarded'>,
  context: PaymentContext,
): PaymentStep {
  const { offer, rest } = takeOffer(state, htlcKey(inbound))
  return offerNext(rest, offer, context)
}

function takeOffer(state: PaymentsState, key: string): { readonly offer: Offer; readonly rest: PaymentsState } {
  const { offers } = state.session
  const offer = defined(pmapGet(offers, key), `nothing was asked for the inbound HTLC ${key}`)
  return { offer, rest: withSession(state, { offers: pmapDelete(offers, key) }) }
}

/** Nothing for one that will not read it: what happens on a blinded path is told to nobody, and what is named by its node has no id. */
function updateOf(
  { position, nextHop }: Pick<ForwardedOnion, 'position' | 'nextHop'>,
  named: Outgoing,
  policy: Policy,
  context: PaymentContext,
): Uint8Array {
  if (position !== 'outside' || nextHop.type === 'node') return new Uint8Array(0)
  return channelUpdateFor(nextHop.shortChannelId, named, policy, context)
}
