import type { ChannelLimits } from '../../src/channel/limits.ts'
import type { ChannelDurable, Party } from '../../src/channel/types.ts'
import {
  isNaiveDust,
  naiveAnchorsSat,
  naiveDustMsat,
  naiveFeeSat,
  naiveShortfall,
  naiveView,
  openerOf,
  withOffer,
} from './naive.ts'

// The rules of BOLT 2 on amounts and fees, decided a second time with the naive calculator.

export interface Verdict {
  readonly code: string
  /** By how much the rule is missed, in msat, where that is what it says. */
  readonly short?: bigint
}

const receiverOf = (by: Party): Party => (by === 'local' ? 'remote' : 'local')

/** What binds both sides (BOLT 2, update_add_htlc, receiver). */
export function judgeOffer(durable: ChannelDurable, by: Party, msat: bigint): Verdict | undefined {
  const receiver = receiverOf(by)
  const terms = durable.params[receiver]
  if (msat === 0n || msat < terms.htlcMinimumMsat) return { code: 'amount_below_minimum' }
  const view = naiveView(durable, receiver)
  const own = view.htlcs.filter(htlc => htlc.by === by)
  if (own.length + 1 > terms.maxAcceptedHtlcs) return { code: 'too_many_htlcs' }
  const inFlight = own.reduce((sum, htlc) => sum + htlc.msat, msat)
  if (inFlight > terms.maxHtlcValueInFlightMsat) return { code: 'too_much_in_flight' }
  if (msat > view[by]) return { code: 'amount_above_balance' }
  const short = naiveShortfall(durable, withOffer(view, by, msat), { party: by, holder: receiver })
  return short > 0n ? { code: 'cannot_afford_htlc', short } : undefined
}

/** What binds us as sender beyond that: both commitments, the fee spike buffer, dust (BOLT 2, update_add_htlc, sender). */
export function judgeOwnOffer(durable: ChannelDurable, msat: bigint, limits: ChannelLimits): Verdict | undefined {
  const shared = judgeOffer(durable, 'local', msat)
  if (shared !== undefined) return shared
  const view = withOffer(naiveView(durable, 'remote'), 'local', msat)
  const opener = openerOf(durable)
  for (const holder of ['remote', 'local'] as const) {
    const now = naiveShortfall(durable, view, { party: opener, holder })
    if (now > 0n) return { code: 'opener_cannot_pay_fee', short: now }
    const spiked = { ...view, feerate: 2n * view.feerate }
    const later = naiveShortfall(durable, spiked, { party: opener, holder, extra: 1n })
    if (opener === 'local' && later > 0n) return { code: 'opener_cannot_pay_fee', short: later }
    const burns = isNaiveDust(durable, holder, view.feerate, { by: 'local', msat })
    // What the peer has offered comes onto its commitment once we have acknowledged it.
    const coming = durable.htlcs.filter(
      ({ offeredBy, added, amountMsat }) =>
        offeredBy === 'remote' &&
        ['proposed', 'signed'].includes(added) &&
        isNaiveDust(durable, holder, view.feerate, { by: 'remote', msat: amountMsat }),
    )
    const exposure = coming.reduce(
      (sum, { amountMsat }) => sum + amountMsat,
      BigInt(naiveDustMsat(durable, holder, view)),
    )
    if (burns && exposure > limits.maxDustHtlcExposureMsat) return { code: 'dust_exposure' }
  }
  return undefined
}

/** BOLT 2, update_fee, for either sender. */
export function judgeFee(
  durable: ChannelDurable,
  by: Party,
  feerate: bigint,
  limits: ChannelLimits,
): Verdict | undefined {
  if (openerOf(durable) !== by) return { code: 'fee_update_by_accepter' }
  if (feerate < limits.minFeeratePerKw || feerate > limits.maxFeeratePerKw) return { code: 'feerate_out_of_bounds' }
  const receiver = receiverOf(by)
  const before = naiveView(durable, receiver)
  const view = { ...before, feerate }
  const short = naiveShortfall(durable, view, { party: by, holder: receiver })
  if (short > 0n) return { code: 'cannot_afford_feerate', short }
  const cost = naiveFeeSat(durable, receiver, view) + naiveAnchorsSat(durable)
  const most = durable.params.fundingAmountSat * BigInt(limits.maxCommitmentFeePartsPerMillion)
  if (cost * 1_000_000n > most) return { code: 'fee_share_too_large' }
  if (durable.params.format !== 'static_remotekey' || feerate <= before.feerate) return undefined
  const exposed = (['local', 'remote'] as const).some(
    holder => naiveDustMsat(durable, holder, view) > limits.maxDustHtlcExposureMsat,
  )
  return exposed ? { code: 'dust_exposure' } : undefined
}
