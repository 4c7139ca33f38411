import { wasClaimed } from '../onchain/index.ts'
import type { Link } from './types.ts'
import type { Work } from './work.ts'

// HTLCs of a peer that the chain has paid us for although nobody here decided to take them: their preimage came of another HTLC with the
// same hash, on either side. Whoever decides to take one counts it then; of these, the payments hear when the claim is deep enough.

/** Nothing where it was decided to take it. */
export function tellClaimed(work: Work, { index: link, peer, state }: Link, id: number): void {
  const { channel, onchain } = state
  if (channel === undefined || !('durable' in channel)) return
  const htlc = channel.durable.htlcs.find(each => each.offeredBy === 'remote' && each.id === id)
  const preimage = htlc && onchain?.facts.preimages.get(htlc.paymentHash)
  if (htlc === undefined || preimage === undefined || htlc.resolution?.type === 'fulfill') return
  work.tasks.push({ to: 'payments', input: { type: 'htlc_claimed', link, peer, htlc, preimage } })
}

/** An HTLC is given up that has waited here until now. */
export function tellClaimedBefore(work: Work, link: Link | undefined, id: number): void {
  const onchain = link?.state.onchain
  if (link !== undefined && onchain !== undefined && wasClaimed(onchain, id)) tellClaimed(work, link, id)
}
