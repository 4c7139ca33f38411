import { assert, outPointKey, unreachable } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import { knownHtlcs, preimagesIn } from './preimages.ts'
import type { ChainFacts, ChannelView, ConfirmedTx, OnchainInput } from './types.ts'

/** The facts after an input. */
export function absorb(facts: ChainFacts, input: OnchainInput, view: ChannelView): ChainFacts {
  switch (input.type) {
    case 'spent':
      return withTransaction(facts, input, view)
    case 'unconfirmed_spend':
      return withPreimages(facts, input.tx, view)
    case 'reorg':
      return { ...facts, transactions: facts.transactions.filter(({ height }) => height <= input.height) }
    case 'revoked_htlcs':
      return withRevoked(facts, input, view)
    case 'block':
    case 'view_updated':
    case 'started':
      return facts
    default:
      return unreachable(input)
  }
}

/** A spend replaces what it contradicts: then blocks were undone without our being told. */
function withTransaction(
  facts: ChainFacts,
  { outpoint, tx, height }: Extract<OnchainInput, { type: 'spent' }>,
  view: ChannelView,
): ChainFacts {
  const spent = new Set(tx.inputs.map(input => outPointKey(input.outpoint)))
  assert(spent.has(outPointKey(outpoint)), 'a reported transaction spends the outpoint that it is reported for')
  const confirmed: ConfirmedTx = { txid: txid(tx), tx, height }
  const known = facts.transactions.find(each => each.txid === confirmed.txid)
  if (known?.height === height) return facts
  const rest = facts.transactions.filter(each => !each.tx.inputs.some(input => spent.has(outPointKey(input.outpoint))))
  return withPreimages({ ...facts, transactions: [...rest, confirmed].sort(byHeight) }, tx, view)
}

export function byHeight(a: ConfirmedTx, b: ConfirmedTx): number {
  return a.height - b.height || (a.txid < b.txid ? -1 : 1)
}

function withPreimages(facts: ChainFacts, tx: Tx, view: ChannelView): ChainFacts {
  const missing = new Set(
    knownHtlcs(view, facts)
      .map(htlc => htlc.paymentHash)
      .filter(hash => !facts.preimages.has(hash)),
  )
  const found = preimagesIn(tx, missing)
  return found.size === 0 ? facts : { ...facts, preimages: new Map([...facts.preimages, ...found]) }
}

/** What was read before the archive answered may hold preimages of these HTLCs too. */
function withRevoked(
  facts: ChainFacts,
  { commitmentNumber, htlcs }: Extract<OnchainInput, { type: 'revoked_htlcs' }>,
  view: ChannelView,
): ChainFacts {
  const known: ChainFacts = { ...facts, revoked: { commitmentNumber, htlcs } }
  return facts.transactions.reduce((told, { tx }) => withPreimages(told, tx, view), known)
}
