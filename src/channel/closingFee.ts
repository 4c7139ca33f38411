import { type FeeratePerKw, ok, type Result, type Sat, sat } from '../base/index.ts'
import { dustLimitSat } from '../bitcoin/index.ts'
import { closingFeeSat } from '../commitment/index.ts'
import { closingParties, isDustOutput, outputSat } from './closing.ts'
import type { ChannelFailure } from './failure.ts'
import { closeConnection, failChannel, warn } from './outcome.ts'
import type { ChannelContext, ChannelDurable } from './types.ts'

// How the two sides of `closing_signed` come to one fee (BOLT 2, legacy closing negotiation). Only figures here.

export interface FeeRange {
  readonly minFeeSat: Sat
  readonly maxFeeSat: Sat
}

/** The fees that we allow and the one that we would choose. */
export interface OwnFees extends FeeRange {
  readonly idealFeeSat: Sat
}

/**
 * The opener pays, so it allows half to twice what it would choose. The accepter has no reason for a maximum and only asks for
 * what relays. `undefined` where every fee leaves two outputs of dust.
 */
export function ownFees(durable: ChannelDurable, context: ChannelContext): OwnFees | undefined {
  const { local, remote } = closingParties(durable)
  const cap = highestFeeSat(durable)
  if (cap === undefined) return undefined
  const bounded = (fee: bigint) => sat(fee < cap ? fee : cap)
  const feeAt = (feerate: FeeratePerKw) => closingFeeSat(feerate, [local.script, remote.script])
  const idealFeeSat = bounded(feeAt(durable.closeFeeratePerKw ?? context.feerates.mutualClose))
  const relayed = bounded(feeAt(context.limits.minFeeratePerKw))
  if (durable.params.role === 'accepter') {
    return { minFeeSat: smaller(relayed, idealFeeSat), maxFeeSat: cap, idealFeeSat }
  }
  const minFeeSat = smaller(larger(relayed, sat(idealFeeSat / 2n)), idealFeeSat)
  return { minFeeSat, maxFeeSat: bounded(2n * idealFeeSat), idealFeeSat }
}

/** The opener can pay its whole balance, but at least one output has to remain above dust. */
function highestFeeSat(durable: ChannelDurable): Sat | undefined {
  const { local, remote } = closingParties(durable)
  const [opener, accepter] = durable.params.role === 'opener' ? [local, remote] : [remote, local]
  const balance = sat(opener.amountMsat / 1000n)
  const limit = durable.params.local.dustLimitSat
  const other = { amountSat: outputSat(accepter), script: accepter.script }
  if (other.amountSat >= limit && !isDustOutput(other)) return balance
  const kept = larger(limit, dustLimitSat(opener.script))
  return balance < kept ? undefined : sat(balance - kept)
}

export type FeeDecision =
  /** Their fee it is. */
  { readonly type: 'agree' } | { readonly type: 'propose'; readonly feeSat: Sat }

export interface FeeOffer {
  readonly role: 'opener' | 'accepter'
  readonly own: OwnFees
  readonly lastSentSat: Sat | undefined
  readonly lastReceivedSat: Sat | undefined
  /** What the peer asks now. */
  readonly feeSat: Sat
  readonly peerRange: FeeRange | undefined
}

/** The answer to a fee, or why there is none. */
export function decideFee(offer: FeeOffer): Result<FeeDecision, ChannelFailure> {
  const { own, lastSentSat, feeSat } = offer
  if (feeSat === lastSentSat) return ok({ type: 'agree' })
  if (lastSentSat !== undefined && isWithin(feeSat, own)) return ok({ type: 'agree' })
  return offer.peerRange === undefined ? decideByStep(offer) : decideByRange(offer, offer.peerRange)
}

function decideByRange(offer: FeeOffer, peer: FeeRange): Result<FeeDecision, ChannelFailure> {
  const { role, own, lastSentSat, feeSat } = offer
  const overlap = {
    minFeeSat: larger(own.minFeeSat, peer.minFeeSat),
    maxFeeSat: smaller(own.maxFeeSat, peer.maxFeeSat),
  }
  if (overlap.minFeeSat > overlap.maxFeeSat) {
    return warn({
      code: 'closing_fee_ranges_disjoint',
      expected: `a fee_range that meets ours of ${rangeText(own)}`,
      got: rangeText(peer),
      section: SECTION,
    })
  }
  // The opener has always sent a fee before, and so has an accepter that comes back to one: only the first answer may choose.
  if (role === 'opener' || lastSentSat !== undefined) {
    return failChannel({
      code: 'closing_fee_out_of_range',
      expected: `a fee within ${rangeText(overlap)}, where both ranges meet, or ${lastSentSat ?? own.idealFeeSat} sat as we said`,
      got: `${feeSat} sat`,
      section: SECTION,
    })
  }
  if (isWithin(feeSat, overlap)) return ok({ type: 'agree' })
  return ok({ type: 'propose', feeSat: clamp(own.idealFeeSat, overlap) })
}

/** Without ranges each answer lies strictly between the two fees before it, so that it ends (BOLT 2). */
function decideByStep({ own, lastSentSat, lastReceivedSat, feeSat }: FeeOffer): Result<FeeDecision, ChannelFailure> {
  if (lastSentSat === undefined) {
    return ok(isWithin(feeSat, own) ? { type: 'agree' } : { type: 'propose', feeSat: own.idealFeeSat })
  }
  if (lastReceivedSat !== undefined && !isStrictlyBetween(feeSat, lastSentSat, lastReceivedSat)) {
    return closeConnection({
      code: 'closing_fee_not_between',
      expected: `a fee strictly between the ${lastSentSat} sat that we sent and the ${lastReceivedSat} sat that came before`,
      got: `${feeSat} sat`,
      section: SECTION,
    })
  }
  const next = clamp(sat((lastSentSat + feeSat) / 2n), own)
  if (isStrictlyBetween(next, lastSentSat, feeSat)) return ok({ type: 'propose', feeSat: next })
  return failChannel({
    code: 'closing_fee_disagreement',
    expected: `a fee that meets ours of ${rangeText(own)}`,
    got: `${feeSat} sat, and nothing that we allow is left between it and our ${lastSentSat} sat`,
    section: SECTION,
  })
}

const SECTION = 'BOLT 2, closing_signed, receiver'

function isWithin(feeSat: Sat, { minFeeSat, maxFeeSat }: FeeRange): boolean {
  return feeSat >= minFeeSat && feeSat <= maxFeeSat
}

function isStrictlyBetween(fee: Sat, a: Sat, b: Sat): boolean {
  return a < b ? a < fee && fee < b : b < fee && fee < a
}

function clamp(fee: Sat, { minFeeSat, maxFeeSat }: FeeRange): Sat {
  return larger(minFeeSat, smaller(fee, maxFeeSat))
}

export function smaller(a: Sat, b: Sat): Sat {
  return a < b ? a : b
}

function larger(a: Sat, b: Sat): Sat {
  return a > b ? a : b
}

function rangeText({ minFeeSat, maxFeeSat }: FeeRange): string {
  return `${minFeeSat} to ${maxFeeSat} sat`
}
