import { type FeeratePerKw, type Msat, msatToSat, type Sat, sat, satToMsat, subtractOrZero } from '../../base/index.ts'
import { anchorsCostSat, type CommitmentFormat, commitmentFeeSat } from '../../commitment/index.ts'
import { type ChannelLimits, MAX_FUNDING_WITHOUT_LARGE_CHANNELS_SAT } from '../limits.ts'
import type { NegotiatedFeatures } from '../types.ts'
import type { Rule } from './rules.ts'

// The amounts of open_channel (BOLT 2). Our own requests are judged by the same rules as the peer's message.

/** The amounts that the opener proposes. */
export interface OpeningAmounts {
  readonly format: CommitmentFormat
  readonly fundingAmountSat: Sat
  readonly pushMsat: Msat
  readonly feeratePerKw: FeeratePerKw
}

export function amountRules(
  amounts: OpeningAmounts,
  negotiated: NegotiatedFeatures,
  limits: ChannelLimits,
): readonly Rule[] {
  const { fundingAmountSat, pushMsat, feeratePerKw } = amounts
  const cost = openerCostSat(amounts)
  const highestCost = shareOf(fundingAmountSat, limits.maxCommitmentFeePartsPerMillion)
  return [
    {
      code: 'funding_too_small',
      holds: fundingAmountSat >= limits.minFundingSat,
      expected: `a funding of at least ${limits.minFundingSat} sat`,
      got: `${fundingAmountSat} sat`,
    },
    {
      code: 'large_channel_not_negotiated',
      holds: negotiated.largeChannels || fundingAmountSat <= MAX_FUNDING_WITHOUT_LARGE_CHANNELS_SAT,
      expected: `a funding of at most ${MAX_FUNDING_WITHOUT_LARGE_CHANNELS_SAT} sat without option_support_large_channel`,
      got: `${fundingAmountSat} sat`,
    },
    {
      code: 'funding_too_large',
      holds: fundingAmountSat <= limits.maxFundingSat,
      expected: `a funding of at most ${limits.maxFundingSat} sat`,
      got: `${fundingAmountSat} sat`,
    },
    {
      code: 'push_too_large',
      holds: pushMsat <= satToMsat(fundingAmountSat),
      expected: `a push_msat of at most the funding, ${satToMsat(fundingAmountSat)} msat`,
      got: `${pushMsat} msat`,
    },
    {
      code: 'feerate_too_low',
      holds: feeratePerKw >= limits.minFeeratePerKw,
      expected: `a feerate of at least ${limits.minFeeratePerKw} sat per 1000 weight`,
      got: `${feeratePerKw}`,
    },
    {
      code: 'feerate_too_high',
      holds: feeratePerKw <= limits.maxFeeratePerKw,
      expected: `a feerate of at most ${limits.maxFeeratePerKw} sat per 1000 weight`,
      got: `${feeratePerKw}`,
    },
    {
      code: 'opener_cannot_pay_fee',
      holds: openerBalanceSat(amounts) >= cost,
      expected: `at least ${cost} sat left to the opener for the fee and the anchors of the first commitment`,
      got: `${openerBalanceSat(amounts)} sat`,
    },
    {
      code: 'commitment_fee_too_high',
      holds: cost <= highestCost,
      expected: `a first commitment that costs at most ${highestCost} sat, ${limits.maxCommitmentFeePartsPerMillion} millionths of the channel`,
      got: `${cost} sat`,
    },
  ]
}

/** At least one side starts above the reserve, so that somebody can move (BOLT 2, open_channel, rationale). */
export function balancesRule(amounts: OpeningAmounts, channelReserveSat: Sat): Rule {
  const cost = openerCostSat(amounts)
  const opener = subtractOrZero(openerBalanceSat(amounts), cost)
  const accepter = msatToSat(amounts.pushMsat)
  return {
    code: 'both_balances_below_reserve',
    holds: opener > channelReserveSat || accepter > channelReserveSat,
    expected: `one of the first balances above the reserve of ${channelReserveSat} sat`,
    got: `${opener} sat for the opener and ${accepter} sat for the accepter`,
  }
}

/** What the first commitment, of either side, costs the opener. */
function openerCostSat({ format, feeratePerKw }: OpeningAmounts): Sat {
  return sat(commitmentFeeSat(format, feeratePerKw, 0) + anchorsCostSat(format))
}

function openerBalanceSat({ fundingAmountSat, pushMsat }: OpeningAmounts): Sat {
  return msatToSat(subtractOrZero(satToMsat(fundingAmountSat), pushMsat))
}

/** A share of an amount, rounded down. */
export function shareOf(amountSat: Sat, partsPerMillion: number): Sat {
  return sat((amountSat * BigInt(partsPerMillion)) / 1_000_000n)
}
