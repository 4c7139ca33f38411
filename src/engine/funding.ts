import { pmapGet } from '../base/index.ts'
import { txid } from '../bitcoin/index.ts'
import type { LinkEffect } from '../link/index.ts'
import { answerOf, stepWallet } from './coins.ts'
import type { EngineInput, Link } from './types.ts'
import { act, putLink, type Work } from './work.ts'

// The funding of a channel of ours (BOLT 2, funding_created): the wallet signs it, the chain is asked whether it would take it, and only
// then is the peer told of it. A channel that waits for a transaction which no mempool takes would wait for good.

/** The wallet signs for the channel and keeps the transaction to itself until both sides have signed the first commitment. */
export function fund(
  work: Work,
  link: Link,
  { output, feeratePerKw }: Extract<LinkEffect, { type: 'fund_channel' }>,
): void {
  const { answers, failure } = stepWallet(work, {
    type: 'fund',
    output,
    feeratePerKw: link.opening?.feeratePerKw ?? feeratePerKw,
  })
  if (failure !== undefined) {
    cancel(work, link, `the wallet cannot fund it: expected ${failure.expected}, got ${failure.got}`)
    return
  }
  const { tx } = answerOf(answers, 'funding_signed')
  if (link.opening !== undefined) putLink(work, { ...link, opening: { ...link.opening, fundingTxid: txid(tx) } })
  act(work, { type: 'test_funding', link: link.index, tx })
}

/** The opening may have come to its end meanwhile, which has freed the coins. */
export function fundingTested(
  work: Work,
  { link: index, tx, refusal }: Extract<EngineInput, { type: 'funding_tested' }>,
): void {
  const link = pmapGet(work.state.links, String(index))
  if (link?.opening?.fundingTxid !== txid(tx) || link.state.channel?.state !== 'wait_for_funding_transaction') return
  if (refusal !== undefined) {
    cancel(work, link, `the chain does not take the funding transaction: ${refusal}`)
    return
  }
  const input = { type: 'command', command: { type: 'funding_transaction', tx } } as const
  work.tasks.push({ to: 'link', index, input })
}

/** The peer is told, and whoever asked for it. */
function cancel(work: Work, { index }: Link, reason: string): void {
  work.tasks.push({ to: 'link', index, input: { type: 'command', command: { type: 'cancel_open', reason } } })
}
