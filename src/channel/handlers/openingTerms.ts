import { type ChannelId, type Sat, satToMsat } from '../../base/index.ts'
import { isPublicKey } from '../../crypto/index.ts'
import { type ChannelSecrets, channelBasepoints } from '../../keys/index.ts'
import type { AcceptChannel, OpenChannel } from '../../wire/index.ts'
import { type ChannelLimits, MAX_ACCEPTED_HTLCS, MIN_DUST_LIMIT_SAT } from '../limits.ts'
import { isShutdownScript } from '../shutdownScript.ts'
import type { NegotiatedFeatures, PartyTerms } from '../types.ts'
import { shareOf } from './openingAmounts.ts'
import { type Rule, shown } from './rules.ts'

// What both open_channel and accept_channel announce, made and judged (BOLT 2).

/** The fields that both messages announce under the same names. */
export type AnnouncedTerms = Omit<
  Pick<OpenChannel, keyof OpenChannel & keyof AcceptChannel>,
  'type' | 'temporaryChannelId'
>

/**
 * What we announce. The reserve is our share of the capacity, but never below a dust limit; as accepter the peer's is known.
 * Nothing above the capacity is asked for: a peer may take a larger figure for a mistake.
 */
export function localTerms(
  secrets: ChannelSecrets,
  limits: ChannelLimits,
  opening: {
    readonly fundingAmountSat: Sat
    readonly peerDustLimitSat?: Sat
    readonly toSelfDelay?: number | undefined
    readonly upfrontShutdownScript?: Uint8Array | undefined
  },
): PartyTerms {
  const { fundingAmountSat, peerDustLimitSat = limits.dustLimitSat, upfrontShutdownScript: script } = opening
  const reserve = shareOf(fundingAmountSat, limits.reservePartsPerMillion)
  return {
    basepoints: channelBasepoints(secrets),
    dustLimitSat: limits.dustLimitSat,
    maxHtlcValueInFlightMsat: smaller(limits.maxHtlcValueInFlightMsat, satToMsat(fundingAmountSat)),
    channelReserveSat: larger(reserve, larger(limits.dustLimitSat, peerDustLimitSat)),
    htlcMinimumMsat: limits.htlcMinimumMsat,
    toSelfDelay: opening.toSelfDelay ?? limits.toSelfDelay,
    maxAcceptedHtlcs: Math.min(limits.maxAcceptedHtlcs, MAX_ACCEPTED_HTLCS),
    ...(script !== undefined && script.length > 0 && { upfrontShutdownScript: script }),
  }
}

/** Our terms as fields of either message. A script of length zero binds us to nothing (BOLT 2, open_channel, sender). */
export function announcedTerms(terms: PartyTerms, firstPoint: Uint8Array, channelType: Uint8Array): AnnouncedTerms {
  return {
    dustLimitSatoshis: terms.dustLimitSat,
    maxHtlcValueInFlightMsat: terms.maxHtlcValueInFlightMsat,
    channelReserveSatoshis: terms.channelReserveSat,
    htlcMinimumMsat: terms.htlcMinimumMsat,
    toSelfDelay: terms.toSelfDelay,
    maxAcceptedHtlcs: terms.maxAcceptedHtlcs,
    ...terms.basepoints,
    firstPerCommitmentPoint: firstPoint,
    upfrontShutdownScript: terms.upfrontShutdownScript ?? new Uint8Array(0),
    channelType,
  }
}

/**
 * The peer's terms. Its upfront script is kept where it binds: not if it is empty, nor without option_upfront_shutdown_script
 * (BOLT 2, shutdown, receiver). So whoever checks a `shutdown` need not ask what was negotiated back then.
 */
export function remoteTerms(message: AnnouncedTerms, negotiated: NegotiatedFeatures): PartyTerms {
  const script = message.upfrontShutdownScript ?? new Uint8Array(0)
  return {
    basepoints: {
      fundingPubkey: message.fundingPubkey,
      revocationBasepoint: message.revocationBasepoint,
      paymentBasepoint: message.paymentBasepoint,
      delayedPaymentBasepoint: message.delayedPaymentBasepoint,
      htlcBasepoint: message.htlcBasepoint,
    },
    dustLimitSat: message.dustLimitSatoshis,
    maxHtlcValueInFlightMsat: message.maxHtlcValueInFlightMsat,
    channelReserveSat: message.channelReserveSatoshis,
    htlcMinimumMsat: message.htlcMinimumMsat,
    toSelfDelay: message.toSelfDelay,
    maxAcceptedHtlcs: message.maxAcceptedHtlcs,
    ...(script.length > 0 && negotiated.upfrontShutdownScript && { upfrontShutdownScript: script }),
  }
}

/** The rules for what the peer announces, whichever of the two messages it comes in. */
export function announcedRules(
  terms: AnnouncedTerms,
  channel: { readonly fundingAmountSat: Sat; readonly negotiated: NegotiatedFeatures },
  limits: ChannelLimits,
): readonly Rule[] {
  return [
    ...pointRules(terms),
    ...delayAndHtlcRules(terms, channel.fundingAmountSat, limits),
    ...dustAndReserveRules(terms, channel.fundingAmountSat, limits),
    ...upfrontScriptRules(terms.upfrontShutdownScript, channel.negotiated),
  ]
}

/** Cost: one square root for each of six points. */
function pointRules(terms: AnnouncedTerms): readonly Rule[] {
  const points = {
    funding_pubkey: terms.fundingPubkey,
    revocation_basepoint: terms.revocationBasepoint,
    payment_basepoint: terms.paymentBasepoint,
    delayed_payment_basepoint: terms.delayedPaymentBasepoint,
    htlc_basepoint: terms.htlcBasepoint,
    first_per_commitment_point: terms.firstPerCommitmentPoint,
  }
  return Object.entries(points).map(([name, point]) => ({
    code: `invalid_${name}`,
    holds: isPublicKey(point),
    expected: `a ${name} that is a point of secp256k1, compressed`,
    got: shown(point),
  }))
}

function delayAndHtlcRules(terms: AnnouncedTerms, fundingAmountSat: Sat, limits: ChannelLimits): readonly Rule[] {
  const leastInFlight = smaller(limits.minHtlcValueInFlightMsat, satToMsat(fundingAmountSat))
  return [
    {
      code: 'to_self_delay_too_large',
      holds: terms.toSelfDelay <= limits.maxToSelfDelay,
      expected: `a to_self_delay of at most ${limits.maxToSelfDelay} blocks`,
      got: `${terms.toSelfDelay}`,
    },
    {
      code: 'max_accepted_htlcs_too_large',
      holds: terms.maxAcceptedHtlcs <= MAX_ACCEPTED_HTLCS,
      expected: `a max_accepted_htlcs of at most ${MAX_ACCEPTED_HTLCS}`,
      got: `${terms.maxAcceptedHtlcs}`,
    },
    {
      code: 'max_accepted_htlcs_too_small',
      holds: terms.maxAcceptedHtlcs >= limits.minAcceptedHtlcs,
      expected: `a max_accepted_htlcs of at least ${limits.minAcceptedHtlcs}`,
      got: `${terms.maxAcceptedHtlcs}`,
    },
    {
      code: 'max_htlc_value_in_flight_too_small',
      holds: terms.maxHtlcValueInFlightMsat >= leastInFlight,
      expected: `a max_htlc_value_in_flight_msat of at least ${leastInFlight}`,
      got: `${terms.maxHtlcValueInFlightMsat}`,
    },
    {
      code: 'htlc_minimum_too_large',
      holds: terms.htlcMinimumMsat <= limits.maxHtlcMinimumMsat,
      expected: `an htlc_minimum_msat of at most ${limits.maxHtlcMinimumMsat}`,
      got: `${terms.htlcMinimumMsat}`,
    },
  ]
}

function dustAndReserveRules(
  { dustLimitSatoshis, channelReserveSatoshis }: AnnouncedTerms,
  fundingAmountSat: Sat,
  limits: ChannelLimits,
): readonly Rule[] {
  // In a small channel the share may be less than a dust limit, below which no reserve may be.
  const highestReserve = larger(shareOf(fundingAmountSat, limits.maxReservePartsPerMillion), limits.maxDustLimitSat)
  return [
    {
      code: 'dust_limit_too_small',
      holds: dustLimitSatoshis >= MIN_DUST_LIMIT_SAT,
      expected: `a dust_limit_satoshis of at least ${MIN_DUST_LIMIT_SAT}`,
      got: `${dustLimitSatoshis}`,
    },
    {
      code: 'dust_limit_too_large',
      holds: dustLimitSatoshis <= limits.maxDustLimitSat,
      expected: `a dust_limit_satoshis of at most ${limits.maxDustLimitSat}`,
      got: `${dustLimitSatoshis}`,
    },
    {
      code: 'reserve_below_dust_limit',
      holds: dustLimitSatoshis <= channelReserveSatoshis,
      expected: `a channel_reserve_satoshis of at least the dust_limit_satoshis beside it, ${dustLimitSatoshis}`,
      got: `${channelReserveSatoshis}`,
    },
    {
      code: 'reserve_too_large',
      holds: channelReserveSatoshis <= highestReserve,
      expected: `a channel_reserve_satoshis of at most ${highestReserve}`,
      got: `${channelReserveSatoshis}`,
    },
  ]
}

/** `script`: of length zero where its sender commits to nothing. */
export function upfrontScriptRules(script: Uint8Array | undefined, negotiated: NegotiatedFeatures): readonly Rule[] {
  return [
    {
      code: 'upfront_shutdown_script_missing',
      holds: script !== undefined || !negotiated.upfrontShutdownScript,
      expected: 'an upfront_shutdown_script, of length zero if need be, with option_upfront_shutdown_script',
      got: 'none',
    },
    {
      code: 'upfront_shutdown_script_invalid',
      holds: script === undefined || script.length === 0 || isShutdownScript(script, negotiated),
      expected: 'an upfront_shutdown_script that a shutdown may carry',
      got: shown(script),
    },
  ]
}

/** The two dust limits against each other's reserves: no reserve may be dust to anyone (BOLT 2, accept_channel). */
export function crossReserveRules(
  ours: { readonly dustLimitSat: Sat; readonly channelReserveSat: Sat },
  theirs: { readonly dustLimitSatoshis: Sat; readonly channelReserveSatoshis: Sat },
): readonly Rule[] {
  return [
    {
      code: 'reserve_below_our_dust_limit',
      holds: theirs.channelReserveSatoshis >= ours.dustLimitSat,
      expected: `a channel_reserve_satoshis of at least our dust_limit_satoshis, ${ours.dustLimitSat}`,
      got: `${theirs.channelReserveSatoshis}`,
    },
    {
      code: 'dust_limit_above_our_reserve',
      holds: theirs.dustLimitSatoshis <= ours.channelReserveSat,
      expected: `a dust_limit_satoshis of at most our channel_reserve_satoshis, ${ours.channelReserveSat}`,
      got: `${theirs.dustLimitSatoshis}`,
    },
  ]
}

/** Whether an id may name a new channel. */
export function temporaryIdRules(id: ChannelId, idsInUse: readonly ChannelId[]): readonly Rule[] {
  return [
    {
      code: 'temporary_id_zero',
      holds: !/^0*$/.test(id),
      expected: 'a temporary_channel_id that is not zero, since zero means all channels in an error (BOLT 1)',
      got: id,
    },
    {
      code: 'temporary_id_in_use',
      holds: !idsInUse.includes(id),
      expected: 'a temporary_channel_id that no channel has',
      got: id,
    },
  ]
}

export function sameTemporaryIdRule(agreed: ChannelId, got: ChannelId): Rule {
  return {
    code: 'wrong_temporary_channel_id',
    holds: got === agreed,
    expected: `the temporary_channel_id of open_channel, ${agreed}`,
    got,
  }
}

function larger<T extends bigint>(a: T, b: T): T {
  return a > b ? a : b
}

function smaller<T extends bigint>(a: T, b: T): T {
  return a < b ? a : b
}
