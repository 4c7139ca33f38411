import { isPublicKey } from '../../crypto/index.ts'
import type { UpdateAddHtlc } from '../../wire/index.ts'
import { feerateOf } from '../contents.ts'
import { doubled, dustExposureMsat, isDust, isOpener, shortfallMsat } from '../cost.ts'
import { dustLimitsOf } from '../dustLimits.ts'
import { withAdded } from '../htlcList.ts'
import { MAX_ACCEPTED_HTLCS, MAX_CLTV_EXPIRY } from '../limits.ts'
import { closeConnection, done, type Outcome, reject } from '../outcome.ts'
import { nextTally, type Tally, withOffer } from '../tally.ts'
import type {
  ChannelCommand,
  ChannelContext,
  ChannelDurable,
  ChannelParams,
  FundedChannel,
  Htlc,
  Party,
} from '../types.ts'
import { otherParty, reflects } from '../updates.ts'
import { withDurable } from './withDurable.ts'

// update_add_htlc, from either side: our command and the peer's message are held to the same rules.

type AddCommand = Extract<ChannelCommand, { type: 'add_htlc' }>

/** Our own offer: taken under the next id, sent at once, on a commitment with the next `commit`. */
export function addHtlc(channel: FundedChannel, command: AddCommand, context: ChannelContext): Outcome {
  const { durable } = channel
  const { type: _type, ...offer } = command
  const htlc: Htlc = { ...offer, offeredBy: 'local', id: durable.nextHtlcId.local, added: 'proposed' }
  const complaint =
    offerComplaint(durable, htlc) ?? expiryComplaint(htlc, context) ?? prudenceComplaint(durable, htlc, context)
  if (complaint !== undefined) return reject({ section: 'BOLT 2, update_add_htlc, sender', ...complaint })
  const next: ChannelDurable = {
    ...withHtlc(durable, htlc),
    proposed: [...durable.proposed, { type: 'add', id: htlc.id }],
  }
  return done(withDurable(channel, next), [
    { type: 'send', message: addMessage(durable, htlc) },
    { type: 'event', event: { type: 'htlc_added', id: htlc.id, paymentHash: htlc.paymentHash } },
  ])
}

/** The peer's offer. */
export function updateAddHtlc(channel: FundedChannel, message: UpdateAddHtlc): Outcome {
  const { durable } = channel
  const { type: _type, channelId: _channelId, id, ...offer } = message
  const section = 'BOLT 2, update_add_htlc, receiver'
  if (id !== durable.nextHtlcId.remote) {
    return closeConnection({
      code: 'htlc_id_out_of_order',
      expected: `id ${durable.nextHtlcId.remote}`,
      got: `id ${id}`,
      section,
    })
  }
  if (offer.pathKey !== undefined && !isPublicKey(offer.pathKey)) {
    return closeConnection({
      code: 'invalid_point',
      expected: 'a path_key that is a point of the curve',
      got: 'other bytes',
      section,
    })
  }
  const htlc: Htlc = { ...offer, offeredBy: 'remote', id, added: 'proposed' }
  const complaint = offerComplaint(durable, htlc)
  if (complaint !== undefined) return closeConnection({ section, ...complaint })
  return done(withDurable(channel, withHtlc(durable, htlc)))
}

export function addMessage(durable: ChannelDurable, htlc: Htlc): UpdateAddHtlc {
  return {
    type: 'update_add_htlc',
    channelId: durable.params.channelId,
    id: htlc.id,
    amountMsat: htlc.amountMsat,
    paymentHash: htlc.paymentHash,
    cltvExpiry: htlc.cltvExpiry,
    onionRoutingPacket: htlc.onionRoutingPacket,
    ...(htlc.pathKey !== undefined && { pathKey: htlc.pathKey }),
  }
}

function withHtlc(durable: ChannelDurable, htlc: Htlc): ChannelDurable {
  return {
    ...durable,
    htlcs: withAdded(durable.htlcs, htlc),
    nextHtlcId: { ...durable.nextHtlcId, [htlc.offeredBy]: htlc.id + 1 },
  }
}

/** What stands on the receiver's next commitment: the one on which an offer is judged, and which every pending update is on. */
function tallyBefore(durable: ChannelDurable, { offeredBy }: Htlc): Tally {
  const { params } = durable
  const receiver = otherParty(offeredBy)
  const feeratePerKw = feerateOf(durable, receiver, 'next')
  // A sender also looks at the other commitment, and as opener at twice the feerate.
  const holders: readonly Party[] = offeredBy === 'local' ? ['remote', 'local'] : [receiver]
  const feerates = offeredBy === 'local' ? [feeratePerKw, doubled(feeratePerKw)] : [feeratePerKw]
  const limits = holders.flatMap(holder => feerates.map(feerate => dustLimitsOf(params, holder, feerate)))
  return nextTally(durable, receiver, { feeratePerKw, limits })
}

interface Complaint {
  readonly code: string
  readonly expected: string
  readonly got: string
  readonly section?: string
}

/** The rules that bind both sides (BOLT 2, update_add_htlc), on the commitment of the party that receives the offer. */
function offerComplaint(durable: ChannelDurable, htlc: Htlc): Complaint | undefined {
  const { params, shutdown } = durable
  const sender: Party = htlc.offeredBy
  const receiver = params[otherParty(sender)]
  const ours = shutdown.local ?? shutdown.requested ?? shutdown.remote
  if (sender === 'local' ? ours !== undefined : shutdown.remote !== undefined) {
    return {
      code: 'shutdown_in_progress',
      expected: 'no new HTLC once the channel is being closed',
      got: `HTLC ${htlc.id}`,
      section: 'BOLT 2, shutdown',
    }
  }
  if (htlc.amountMsat === 0n || htlc.amountMsat < receiver.htlcMinimumMsat) {
    return {
      code: 'amount_below_minimum',
      expected: `at least ${receiver.htlcMinimumMsat} msat and more than 0`,
      got: `${htlc.amountMsat} msat`,
    }
  }
  if (htlc.cltvExpiry >= MAX_CLTV_EXPIRY) {
    return {
      code: 'expiry_is_a_time',
      expected: `a cltv_expiry in blocks, below ${MAX_CLTV_EXPIRY}`,
      got: `${htlc.cltvExpiry}`,
    }
  }
  const before = tallyBefore(durable, htlc)
  return countComplaint(params, htlc, before) ?? costComplaint(params, htlc, before)
}

function countComplaint(params: ChannelParams, htlc: Htlc, before: Tally): Complaint | undefined {
  const terms = params[otherParty(htlc.offeredBy)]
  const { count, amountMsat } = before.offered[htlc.offeredBy]
  const limit = Math.min(terms.maxAcceptedHtlcs, MAX_ACCEPTED_HTLCS)
  if (count + 1 > limit) {
    return { code: 'too_many_htlcs', expected: `at most ${limit} HTLCs offered at once`, got: `${count + 1}` }
  }
  const inFlight = amountMsat + htlc.amountMsat
  if (inFlight > terms.maxHtlcValueInFlightMsat) {
    return {
      code: 'too_much_in_flight',
      expected: `at most ${terms.maxHtlcValueInFlightMsat} msat offered at once`,
      got: `${inFlight} msat`,
    }
  }
  return undefined
}

function costComplaint(params: ChannelParams, htlc: Htlc, before: Tally): Complaint | undefined {
  const sender = htlc.offeredBy
  const balance = sender === 'local' ? before.toLocalMsat : before.toRemoteMsat
  if (htlc.amountMsat > balance) {
    return {
      code: 'amount_above_balance',
      expected: `at most the balance of ${balance} msat`,
      got: `${htlc.amountMsat} msat`,
    }
  }
  const lacking = shortfallMsat(params, withOffer(before, htlc), { party: sender, holder: otherParty(sender) })
  if (lacking > 0n) {
    return {
      code: 'cannot_afford_htlc',
      expected: 'the sender to keep its channel reserve and, as opener, to pay fee and anchors',
      got: `${htlc.amountMsat} msat, which leaves it ${lacking} msat short`,
    }
  }
  return undefined
}

function expiryComplaint(htlc: Htlc, context: ChannelContext): Complaint | undefined {
  if (htlc.cltvExpiry <= context.height) {
    return {
      code: 'expiry_in_the_past',
      expected: `a cltv_expiry above the height ${context.height}`,
      got: `${htlc.cltvExpiry}`,
    }
  }
  const furthest = context.height + context.limits.maxCltvExpiryDelta
  if (htlc.cltvExpiry > furthest) {
    return { code: 'expiry_too_far', expected: `a cltv_expiry of at most ${furthest}`, got: `${htlc.cltvExpiry}` }
  }
  return undefined
}

/** What a careful sender also looks at: both commitments, the opener's margin for rising fees, and dust. */
function prudenceComplaint(durable: ChannelDurable, htlc: Htlc, context: ChannelContext): Complaint | undefined {
  // Both holders are judged by what stands on the peer's next commitment: the one that all of ours is on.
  const { params } = durable
  const after = withOffer(tallyBefore(durable, htlc), htlc)
  return (
    payabilityComplaint(params, after, htlc, 'remote') ??
    dustComplaint(durable, after, htlc, 'remote', context) ??
    payabilityComplaint(params, after, htlc, 'local') ??
    dustComplaint(durable, after, htlc, 'local', context)
  )
}

/**
 * The opener pays the fee as it is, and if that is us, also at twice the feerate. The one does not follow from the other: without
 * anchors a higher feerate trims HTLCs, which then cost nothing.
 */
function payabilityComplaint(params: ChannelParams, contents: Tally, htlc: Htlc, holder: Party): Complaint | undefined {
  const weOpened = isOpener(params, 'local')
  const opener: Party = weOpened ? 'local' : 'remote'
  const lackingNow = shortfallMsat(params, contents, { party: opener, holder })
  const lacking =
    weOpened && lackingNow === 0n
      ? shortfallMsat(params, contents, { party: opener, holder, feeSpikeBuffer: true })
      : lackingNow
  if (lacking === 0n) return undefined
  return {
    code: 'opener_cannot_pay_fee',
    expected: `the opener to pay the ${holder} commitment, ${weOpened ? 'also at twice the feerate' : 'keeping its reserve'}`,
    got: `${htlc.amountMsat} msat, which leaves it ${lacking} msat short`,
  }
}

/** What the peer has offered and we have not acknowledged: it comes onto its commitment beside what we offer now. */
function comingMsat(htlcs: readonly Htlc[], isSmall: (htlc: Htlc) => boolean): bigint {
  let sum = 0n
  for (const htlc of htlcs) {
    const isComing = htlc.offeredBy === 'remote' && !reflects(htlc.added, PEER_ITSELF)
    if (isComing && isSmall(htlc)) sum += htlc.amountMsat
  }
  return sum
}

/** An offer of the peer's, seen on the peer's next commitment. */
const PEER_ITSELF = { sender: 'remote', holder: 'remote', which: 'next' } as const

/** Only an offer that is dust itself adds to it: what the peer has offered beyond the limit does not bind us. */
function dustComplaint(
  { params, htlcs }: ChannelDurable,
  contents: Tally,
  htlc: Htlc,
  holder: Party,
  { limits }: ChannelContext,
): Complaint | undefined {
  const isSmall = (each: Htlc) => isDust(params, holder, contents.feeratePerKw, each)
  if (!isSmall(htlc)) return undefined
  const exposure = dustExposureMsat(params, holder, contents) + comingMsat(htlcs, isSmall)
  if (exposure <= limits.maxDustHtlcExposureMsat) return undefined
  return {
    code: 'dust_exposure',
    expected: `at most ${limits.maxDustHtlcExposureMsat} msat in HTLCs too small for the chain`,
    got: `${exposure} msat`,
    section: 'BOLT 2, bounding exposure to trimmed in-flight HTLCs',
  }
}
