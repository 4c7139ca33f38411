import { commitmentContents, DEFAULT_LIMITS, type FundedChannel, type Htlc, type Party } from '../../channel/index.ts'
import type { Complaint, Observer, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { changedLinks, fundedOf, nameOf } from './changedLinks.ts'

// A formula of its own, after BOLT 3 (fees; trimmed outputs), so that it cannot be wrong in the way the node is.

/** Weight units of HTLC-timeout and HTLC-success without anchors; with them the second stage pays nothing of its own. */
const SECOND_STAGE_WEIGHT = { timeout: 663n, success: 703n }
const { maxDustHtlcExposureMsat } = DEFAULT_LIMITS
const HOLDERS: readonly Party[] = ['local', 'remote']

/**
 * Which HTLCs have no output is what BOLT 3 says, seen in how many the peer has signed; and what a node adds of these itself, or takes,
 * keeps within the dust that the channel may hold.
 */
export function dust(_world: World): Observer {
  return {
    name: 'dust',
    durable: (node, turn) => {
      if (node.plan.isAdversary) return undefined
      for (const { before, after } of changedLinks(turn)) {
        const [earlier, channel] = [fundedOf(before), fundedOf(after)]
        if (channel === undefined || channel.durable.htlcs.length === 0) continue
        const complaint = signedComplaint(node, channel, earlier) ?? exposureComplaint(node, channel, earlier)
        if (complaint !== undefined) return complaint
      }
      return undefined
    },
  }
}

function signedComplaint(node: WatchedNode, channel: FundedChannel, earlier: FundedChannel | undefined): Complaint {
  const { durable } = channel
  const { number, htlcSignatures } = durable.localCommit
  if (earlier?.durable.localCommit === durable.localCommit) return undefined
  const { htlcs, feeratePerKw } = commitmentContents(durable, 'local', 'latest')
  const kept = htlcs.filter(htlc => !isTrimmed(channel, htlc, { holder: 'local', feeratePerKw })).length
  if (kept === htlcSignatures.length) return undefined
  return `commitment ${number} of ${node.name} in ${nameOf(channel)} has ${htlcSignatures.length} HTLC outputs, and ${kept} of its HTLCs are large enough for one`
}

function exposureComplaint(node: WatchedNode, channel: FundedChannel, earlier: FundedChannel | undefined): Complaint {
  if (earlier === undefined || earlier.durable.htlcs === channel.durable.htlcs) return undefined
  for (const holder of HOLDERS) {
    const contents = commitmentContents(channel.durable, holder, 'next')
    const terms = { holder, feeratePerKw: contents.feeratePerKw }
    // What the peer has added in the same turn may have come later.
    const small = contents.htlcs.filter(
      htlc => isTrimmed(channel, htlc, terms) && (htlc.offeredBy === 'local' || isIn(earlier, htlc)),
    )
    const sum = small.reduce((total, { amountMsat }) => total + amountMsat, 0n)
    if (sum <= maxDustHtlcExposureMsat) continue
    const added = small.find(htlc => !isIn(earlier, htlc))
    if (added === undefined) continue
    return `${node.name} has offered HTLC ${added.id} in ${nameOf(channel)}, so that ${sum} msat of dust are on a commitment, and ${maxDustHtlcExposureMsat} msat are the limit`
  }
  return undefined
}

export function isTrimmed(
  { durable: { params } }: FundedChannel,
  { amountMsat, offeredBy }: Htlc,
  { holder, feeratePerKw }: { readonly holder: Party; readonly feeratePerKw: number },
): boolean {
  const weight = SECOND_STAGE_WEIGHT[offeredBy === holder ? 'timeout' : 'success']
  const feeSat = params.format === 'anchors_zero_fee_htlc' ? 0n : (weight * BigInt(feeratePerKw)) / 1000n
  return amountMsat / 1000n < params[holder].dustLimitSat + feeSat
}

export function isIn({ durable }: FundedChannel, { id, offeredBy }: Htlc): boolean {
  return durable.htlcs.some(htlc => htlc.id === id && htlc.offeredBy === offeredBy)
}
