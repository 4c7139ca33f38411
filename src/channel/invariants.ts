import { assert } from '../base/index.ts'
import { MAX_ACCEPTED_HTLCS } from './limits.ts'
import type { Channel, ChannelDurable, Htlc } from './types.ts'

/** What holds after every step, whatever came in. A breach is a bug of ours and stops the process before it is stored. */
export function checkInvariants(before: Channel | undefined, next: Channel): void {
  if (!('durable' in next)) return
  const { durable } = next
  assert(next.state === durable.phase.type, () => `state ${next.state} is not phase ${durable.phase.type}`)
  checkMoney(durable)
  checkHtlcs(durable)
  if (before !== undefined && 'durable' in before && before.durable !== durable) checkProgress(before.durable, durable)
}

/** Conservation: whatever is on its way, the two sides' money is the capacity. */
function checkMoney({ settled, params }: ChannelDurable): void {
  const total = settled.localMsat + settled.remoteMsat
  assert(
    total === params.fundingAmountSat * 1000n,
    () => `balances of ${total} msat for ${params.fundingAmountSat} sat`,
  )
}

// Cost: one pass over the live HTLCs, of which there are at most 966.
function checkHtlcs(durable: ChannelDurable): void {
  const offered = { local: 0, remote: 0 }
  for (const htlc of durable.htlcs) {
    offered[htlc.offeredBy] += 1
    assert(htlc.id < durable.nextHtlcId[htlc.offeredBy], () => `HTLC ${htlc.id} is above the next id`)
    checkHtlc(htlc)
  }
  for (const count of Object.values(offered)) {
    // A removal that is under way leaves room on one commitment before the other, hence twice the limit.
    assert(count <= 2 * MAX_ACCEPTED_HTLCS, () => `${count} HTLCs in one direction`)
  }
}

function checkHtlc(htlc: Htlc): void {
  const { id, added, removed, resolution } = htlc
  assert(removed === undefined || added === 'irrevocable', () => `HTLC ${id} is removed before it is committed`)
  assert(removed === undefined || resolution !== undefined, () => `HTLC ${id} is removed without a resolution`)
  assert(removed !== 'irrevocable', () => `HTLC ${id} is gone and still there`)
}

/** Numbers only grow. HTLC ids fall only with updates that no commitment covered, when a connection ends. */
function checkProgress(before: ChannelDurable, next: ChannelDurable): void {
  assert(next.localCommit.number - before.localCommit.number in { 0: 0, 1: 1 }, 'our commitment number jumps')
  assert(next.remoteCommit.number - before.remoteCommit.number in { 0: 0, 1: 1 }, 'the peer commitment number jumps')
  assert(next.params === before.params, 'the parameters of a channel never change')
}
