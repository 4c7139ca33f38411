import { assert } from '../base/index.ts'
import { MAX_ACCEPTED_HTLCS } from './limits.ts'
import type { Channel, ChannelDurable, Htlc } from './types.ts'

/** What holds after every step, whatever came in. A breach is a bug of ours and stops the process before it is stored. */
export function checkInvariants(before: Channel | undefined, next: Channel): void {
  if (!('durable' in next)) return
  const { durable } = next
  assert(next.state === durable.phase.type, () => `state ${next.state} is not phase ${durable.phase.type}`)
  const breach = breachOf(durable)
  assert(breach === undefined, breach ?? 'no breach')
  if (before !== undefined && 'durable' in before && before.durable !== durable) checkProgress(before.durable, durable)
}

/** What may not be in a state on its own, in words: a bug of ours where we made it, bad records where we read it. */
export function breachOf(durable: ChannelDurable): string | undefined {
  return moneyBreach(durable) ?? htlcsBreach(durable)
}

/** Conservation: whatever is on its way, the two sides' money is the capacity. */
function moneyBreach({ settled, params }: ChannelDurable): string | undefined {
  const total = settled.localMsat + settled.remoteMsat
  return total === params.fundingAmountSat * 1000n
    ? undefined
    : `balances of ${total} msat for ${params.fundingAmountSat} sat`
}

// Cost: one pass over the live HTLCs, of which there are at most 966 in each direction.
function htlcsBreach({ htlcs, nextHtlcId }: ChannelDurable): string | undefined {
  const offered = { local: 0, remote: 0 }
  for (const htlc of htlcs) {
    offered[htlc.offeredBy] += 1
    if (htlc.id >= nextHtlcId[htlc.offeredBy]) return `HTLC ${htlc.id} is above the next id`
    const breach = htlcBreach(htlc)
    if (breach !== undefined) return breach
  }
  // A removal that is under way leaves room on one commitment before the other, hence twice the limit.
  const most = Math.max(offered.local, offered.remote)
  return most > 2 * MAX_ACCEPTED_HTLCS ? `${most} HTLCs in one direction` : undefined
}

function htlcBreach({ id, added, removed, resolution }: Htlc): string | undefined {
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
