import { refund } from './charges.ts'
import { stepWallet } from './coins.ts'
import type { EngineFailure, Link } from './types.ts'
import { refuse, type Work } from './work.ts'

/** An opening of ours came to nothing: its coins are free, the token has its money back, and who waits is told why. */
export function openingEnded(work: Work, { index, opening }: Link, why: string | EngineFailure): void {
  if (opening === undefined) return
  const { request, fundingTxid } = opening
  if (fundingTxid !== undefined) stepWallet(work, { type: 'abandoned', txid: fundingTxid })
  refund(work, index)
  const section = 'BOLT 2, channel establishment v1'
  refuse(
    work,
    request,
    typeof why === 'string' ? { code: 'opening_failed', expected: 'a channel', got: why, section } : why,
  )
}
