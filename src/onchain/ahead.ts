import { outPointKey } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import { planClaims } from './plan.ts'
import { told } from './sentences.ts'
import { readSituation } from './situation.ts'
import type { ChainFacts, OnchainContext, OnchainEffect } from './types.ts'

/**
 * What is done about a revoked commitment that waits for a block: its penalty waits beside it, so that one block may hold both. Nothing of
 * that is kept: with the block everything is worked out again from what the block says, and what waits already is known then.
 */
export function punishAhead(facts: ChainFacts, tx: Tx, context: OnchainContext): readonly OnchainEffect[] {
  const { view } = context
  const funding = outPointKey(view.fundingOutpoint)
  if (!tx.inputs.some(({ outpoint }) => outPointKey(outpoint) === funding)) return []
  const seen = { txid: txid(tx), tx, height: context.height + 1 }
  const ahead: ChainFacts = { ...facts, transactions: [...facts.transactions, seen] }
  const situation = readSituation(view, ahead)
  if (situation.type !== 'commitment' || situation.commitment.name !== 'revoked') return []
  const penalties = planClaims([], ahead, situation, context).claims.filter(({ role }) => role === 'penalty')
  if (penalties.length === 0) return []
  const { number: commitmentNumber } = situation.commitment
  return [
    { type: 'event', event: told({ type: 'revoked_commitment_waits', commitmentNumber, txid: seen.txid }) },
    ...penalties.map((claim): OnchainEffect => ({ type: 'publish', tx: claim.tx, role: claim.role, isAhead: true })),
  ]
}
