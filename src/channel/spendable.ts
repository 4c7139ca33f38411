import { type Msat, msat } from '../base/index.ts'
import { commitmentContents } from './contents.ts'
import { doubled, isOpener, openerCostMsat, reserveMsat } from './cost.ts'
import type { ChannelDurable, Party } from './types.ts'
import { otherParty } from './updates.ts'

/**
 * About what a party could offer in one HTLC now: its balance less its reserve and, as opener, what the next commitments cost,
 * within the bounds of the other side. The rules of `update_add_htlc` have the last word. Cost: one pass over the live HTLCs.
 */
export function spendableMsat(durable: ChannelDurable, party: Party): Msat {
  const { params } = durable
  const holder = otherParty(party)
  const bounds = params[holder]
  const contents = commitmentContents(durable, holder, 'latest')
  const offered = contents.htlcs.filter(htlc => htlc.offeredBy === party)
  if (offered.length >= bounds.maxAcceptedHtlcs) return msat(0n)
  const inFlight = offered.reduce((sum, htlc) => sum + htlc.amountMsat, 0n)
  const balance = party === 'local' ? contents.toLocalMsat : contents.toRemoteMsat
  // The opener keeps enough for twice the feerate and one more HTLC (BOLT 2, update_add_htlc, fee spike buffer).
  const priced = { ...contents, feeratePerKw: doubled(contents.feeratePerKw) }
  const cost = isOpener(params, party) ? openerCostMsat(params, holder, priced, 1) : 0n
  const free = balance - reserveMsat(params, party) - cost
  const allowed = bounds.maxHtlcValueInFlightMsat - inFlight
  const most = free < allowed ? free : allowed
  return msat(most > 0n ? most : 0n)
}
