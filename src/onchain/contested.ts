import { SPLIT_BLOCKS } from './limits.ts'
import type { DirectPath, HtlcTxPath } from './spendPath.ts'
import type { OnchainContext } from './types.ts'

/**
 * Whether the peer can spend the output too, now or soon, by a transaction that it may make as large and slow as it likes: with
 * anchors an HTLC of ours by its preimage, and any HTLC near its expiry.
 */
export function isContested(path: DirectPath | HtlcTxPath, { view, height }: OnchainContext): boolean {
  if (path.htlc === undefined || path.way.startsWith('second_stage')) return false
  const byPreimage = view.format === 'anchors_zero_fee_htlc' && path.htlc.offeredBy === 'local'
  return byPreimage || path.htlc.cltvExpiry <= height + SPLIT_BLOCKS
}
