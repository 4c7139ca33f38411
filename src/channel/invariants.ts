import { assert } from '../base/index.ts'
import { differenceOf } from './htlcList.ts'
import { MAX_ACCEPTED_HTLCS } from './limits.ts'
import type { Channel, ChannelDurable, Htlc } from './types.ts'

/** What holds after every step, whatever came in. A breach is a bug of ours and stops the process before it is stored. */
export function checkInvariants(before: Channel | undefined, next: Channel): void {
  if (!('durable' in next)) return
  const { durable } = next
  assert(next.state === durable.phase.type, () => `state ${next.state} is not phase ${durable.phase.type}`)
  const old = before !== undefined && 'durable' in before ? before.durable : undefined
  if (old === durable) return
  const breach = old === undefined ? breachOf(durable) : newBreachOf(old, durable)
  assert(breach === undefined, breach ?? 'no breach')
  if (old !== undefined) checkProgress(old, durable)
}

/** What may not be in a state on its own, in words: a bug of ours where we made it, bad records where we read it. */
export function breachOf(durable: ChannelDurable): string | undefined {
  return moneyBreach(durable) ?? htlcsBreach(durable)
}

/**
 * The same for a state that follows one without a breach: what has not moved is not looked at again. Cost: a comparison of
 * references for each live HTLC, and the check of those that changed.
 */
function newBreachOf(old: ChannelDurable, next: ChannelDurable): string | undefined {
  const breach = old.settled === next.settled ? undefined : moneyBreach(next)
  if (breach !== undefined || (old.htlcs === next.htlcs && old.nextHtlcId === next.nextHtlcId)) return breach
  const { local, remote } = next.nextHtlcId
  // Ids that fell bind every HTLC anew, and a list that may be too long is counted.
  const isFull = local < old.nextHtlcId.local || remote < old.nextHtlcId.remote || next.htlcs.length > MOST_HTLCS
  if (isFull) return htlcsBreach(next)
  const { start, nextEnd } = differenceOf(old.htlcs, next.htlcs)
  for (let index = start; index < nextEnd; index++) {
    const htlc = next.htlcs[index]
    const found = htlc && htlcBreach(htlc, next)
    if (found !== undefined) return found
  }
  return undefined
}

/** Conservation: whatever is on its way, the two sides' money is the capacity. */
function moneyBreach({ settled, params }: ChannelDurable): string | undefined {
  const total = settled.localMsat + settled.remoteMsat
  return total === params.fundingAmountSat * 1000n
    ? undefined
    : `balances of ${total} msat for ${params.fundingAmountSat} sat`
}

// Cost: one pass over the live HTLCs, of which there are at most 966 in each direction.
function htlcsBreach(durable: ChannelDurable): string | undefined {
  const offered = { local: 0, remote: 0 }
  for (const htlc of durable.htlcs) {
    offered[htlc.offeredBy] += 1
    const breach = htlcBreach(htlc, durable)
    if (breach !== undefined) return breach
  }
  const most = Math.max(offered.local, offered.remote)
  return most > MOST_HTLCS ? `${most} HTLCs in one direction` : undefined
}

/** In one direction: a removal that is under way leaves room on one commitment before the other, hence twice the limit. */
const MOST_HTLCS = 2 * MAX_ACCEPTED_HTLCS

function htlcBreach(htlc: Htlc, { nextHtlcId }: ChannelDurable): string | undefined {
  const { id, added, removed, resolution } = htlc
  if (id >= nextHtlcId[htlc.offeredBy]) return `HTLC ${id} is above the next id`
  if (removed === undefined) return undefined
  if (added !== 'irrevocable') return `HTLC ${id} is removed before it is committed`
  if (resolution === undefined) return `HTLC ${id} is removed without a resolution`
  return removed === 'irrevocable' ? `HTLC ${id} is gone and still there` : undefined
}

/** Numbers only grow. HTLC ids fall only with updates that no commitment covered, when a connection ends. */
function checkProgress(before: ChannelDurable, next: ChannelDurable): void {
  assert(next.localCommit.number - before.localCommit.number in { 0: 0, 1: 1 }, 'our commitment number jumps')
  assert(next.remoteCommit.number - before.remoteCommit.number in { 0: 0, 1: 1 }, 'the peer commitment number jumps')
  assert(next.params === before.params, 'the parameters of a channel never change')
}
