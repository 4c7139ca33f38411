import { pmapValues } from '../base/index.ts'
import { ownFunding } from '../link/index.ts'
import { IRREVOCABLE_DEPTH } from '../onchain/index.ts'
import { beatenTransactions } from '../wallet/index.ts'
import { stepLink } from './links.ts'
import type { Work } from './work.ts'

// A channel whose funding can never confirm, since a block holds another transaction that spends one of its coins: after a start from
// an old copy of its records a node may fund a channel with what it has spent before. The word of the chain's server is not enough for
// it, only the blocks are.

/** Ends the channels of ours whose funding has lost, as deep as is irrevocable. Cost: one pass over the links, where any has. */
export function endUnfundable(work: Work, height: number): void {
  const beaten = beatenTransactions(work.state.wallet, height - IRREVOCABLE_DEPTH + 1)
  if (beaten.size === 0) return
  const lost = [...pmapValues(work.state.links)].flatMap(({ index, state }) => {
    const funding = ownFunding(state)
    const winner = funding === undefined ? undefined : beaten.get(funding)
    return winner === undefined ? [] : [{ index, by: winner.txid }]
  })
  for (const { index, by } of lost.sort((a, b) => a.index - b.index))
    stepLink(work, index, { type: 'funding_lost', by })
}
