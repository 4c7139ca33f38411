import { commitmentContents, type FundedChannel, type Party } from '../../channel/index.ts'
import type { Complaint, Observer, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { changedLinks, fundedOf, nameOf } from './changedLinks.ts'
import { isIn, isTrimmed } from './dust.ts'

// A formula of its own, after BOLT 3 (fee calculation), so that it cannot be wrong in the way the node is.

/** Weight units of a commitment without HTLCs, and of each that has an output; what both anchors hold, in satoshis. */
const FORMATS = {
  anchors_zero_fee_htlc: { commitment: 1_124n, anchorsSat: 660n },
  static_remotekey: { commitment: 724n, anchorsSat: 0n },
} as const
const WEIGHT_OF_AN_HTLC = 172n

/**
 * BOLT 2, update_add_htlc, sender: whoever offers keeps its reserve and, as opener, pays for the commitment that it offers on. Otherwise it
 * has nothing left to lose, or the fee of the commitment is paid by nobody. The same of an opener who raises the feerate (update_fee).
 */
export function reserve(_world: World): Observer {
  return {
    name: 'reserve',
    durable: (node, turn) => {
      if (node.plan.isAdversary) return undefined
      for (const { before, after } of changedLinks(turn)) {
        const [earlier, channel] = [fundedOf(before), fundedOf(after)]
        if (channel === undefined || earlier === undefined) continue
        const complaint = offerComplaint(node, channel, earlier) ?? raiseComplaint(node, channel, earlier)
        if (complaint !== undefined) return complaint
      }
      return undefined
    },
  }
}

function offerComplaint(node: WatchedNode, channel: FundedChannel, earlier: FundedChannel): Complaint {
  const { durable } = channel
  if (earlier.durable.htlcs === durable.htlcs) return undefined
  // Most are signed in the turn that offers them.
  const offered = durable.htlcs.find(htlc => htlc.offeredBy === 'local' && !isIn(earlier, htlc))
  if (offered === undefined) return undefined
  const lacks = lackComplaint(channel, earlier)
  return lacks && `${node.name} has offered HTLC ${offered.id} in ${nameOf(channel)}, and ${lacks}`
}

function raiseComplaint(node: WatchedNode, channel: FundedChannel, earlier: FundedChannel): Complaint {
  const { durable } = channel
  if (durable.params.role !== 'opener' || earlier.durable.feeUpdates === durable.feeUpdates) return undefined
  const [before, after] = [earlier.durable, durable].map(
    each => commitmentContents(each, 'remote', 'next').feeratePerKw,
  )
  if (before === undefined || after === undefined || after <= before) return undefined
  const lacks = lackComplaint(channel, earlier)
  return lacks && `${node.name} has raised the feerate of ${nameOf(channel)} from ${before} to ${after}, and ${lacks}`
}

/** What it keeps, where that is not enough, of the peer's next commitment. */
function lackComplaint(channel: FundedChannel, earlier: FundedChannel): Complaint {
  const { durable } = channel
  const { params } = durable
  const holder: Party = 'remote'
  const { htlcs, feeratePerKw, toLocalMsat } = commitmentContents(durable, holder, 'next')
  // What the peer has added in the same turn may have come later.
  const known = htlcs.filter(htlc => htlc.offeredBy === 'local' || isIn(earlier, htlc))
  const outputs = known.filter(htlc => !isTrimmed(channel, htlc, { holder, feeratePerKw })).length
  const { commitment, anchorsSat } = FORMATS[params.format]
  const feeSat = ((commitment + WEIGHT_OF_AN_HTLC * BigInt(outputs)) * BigInt(feeratePerKw)) / 1000n
  const costSat = params.role === 'opener' ? feeSat + anchorsSat : 0n
  const neededMsat = (params.remote.channelReserveSat + costSat) * 1000n
  if (toLocalMsat >= neededMsat) return undefined
  return `keeps ${toLocalMsat} msat of the ${neededMsat} msat that its reserve and the fee ask for`
}
