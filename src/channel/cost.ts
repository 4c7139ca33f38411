import { add, type FeeratePerKw, feeratePerKw, type Msat, msat, type Sat, satToMsat } from '../base/index.ts'
import { anchorsCostSat, commitmentFeeSat } from '../commitment/index.ts'
import type { CommitmentContents } from './contents.ts'
import { dustLimitsOf, isBelow } from './dustLimits.ts'
import { type DustSum, dustSumOf, type Tally } from './tally.ts'
import type { ChannelParams, Htlc, Party } from './types.ts'
import { otherParty } from './updates.ts'

// One cost function for both commitments and both roles: whether a party can pay what a commitment asks of it.
// Fee and anchors are the opener's; the reserve is each party's own (BOLT 2, update_add_htlc; BOLT 3, fee payment).

/** A commitment as its HTLCs, or as their sums. */
type Costed = CommitmentContents | Tally

/** What the opener pays on this commitment: its fee and, where the format has them, both anchors. */
export function openerCostMsat(params: ChannelParams, holder: Party, contents: Costed, extraHtlcs = 0): Msat {
  const { untrimmed } = dustSum(params, holder, contents)
  const fee: Sat = commitmentFeeSat(params.format, contents.feeratePerKw, untrimmed + extraHtlcs)
  return satToMsat(add(fee, anchorsCostSat(params.format)))
}

/** What a party must keep for itself: the reserve that the other one announced. */
export function reserveMsat(params: ChannelParams, party: Party): Msat {
  return satToMsat(params[otherParty(party)].channelReserveSat)
}

export function isOpener(params: ChannelParams, party: Party): boolean {
  return (party === 'local') === (params.role === 'opener')
}

/**
 * What `party` lacks on a commitment of `holder` to keep its reserve and, as opener, to pay; zero when it can.
 * With `feeSpikeBuffer` the opener must also bear twice the feerate and one more HTLC.
 */
export function shortfallMsat(
  params: ChannelParams,
  contents: Costed,
  query: { readonly party: Party; readonly holder: Party; readonly feeSpikeBuffer?: boolean },
): Msat {
  const balance = query.party === 'local' ? contents.toLocalMsat : contents.toRemoteMsat
  const priced = query.feeSpikeBuffer ? { ...contents, feeratePerKw: doubled(contents.feeratePerKw) } : contents
  const cost = isOpener(params, query.party)
    ? openerCostMsat(params, query.holder, priced, query.feeSpikeBuffer ? 1 : 0)
    : msat(0n)
  const needed = add(reserveMsat(params, query.party), cost)
  return msat(needed > balance ? needed - balance : 0n)
}

/** The feerate that an opener who sends must be able to bear. */
export function doubled(feerate: FeeratePerKw): FeeratePerKw {
  return feeratePerKw(Math.min(2 * feerate, 0xffffffff))
}

/** The sum of the HTLCs that this commitment trims: what its publication would give to miners (BOLT 2, dust exposure). */
export function dustExposureMsat(params: ChannelParams, holder: Party, contents: Costed): Msat {
  return msat(dustSum(params, holder, contents).dustMsat)
}

/** Whether an HTLC has no output of its own on a commitment of `holder` (BOLT 3, trimmed outputs). */
export function isDust(params: ChannelParams, holder: Party, feeratePerKw: FeeratePerKw, htlc: Htlc): boolean {
  return isBelow(dustLimitsOf(params, holder, feeratePerKw), htlc)
}

function dustSum(params: ChannelParams, holder: Party, contents: Costed): DustSum {
  const limits = dustLimitsOf(params, holder, contents.feeratePerKw)
  if (!('htlcs' in contents)) return dustSumOf(contents, limits)
  let untrimmed = 0
  let dustMsat = 0n
  for (const htlc of contents.htlcs) {
    if (isBelow(limits, htlc)) dustMsat += htlc.amountMsat
    else untrimmed += 1
  }
  return { limits, untrimmed, dustMsat }
}
