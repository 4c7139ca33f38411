import { type BlockHash, fromHex, type OutPoint, outPointKey, pmapGet, pmapValues } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { isFailedOpening, isIdle, isTouchedAbove } from '../link/index.ts'
import { publishAll, stepWallet } from './coins.ts'
import { followFeerates } from './followFeerates.ts'
import { blockKey } from './keys.ts'
import { isFunded, stepLink } from './links.ts'
import { endUnfundable } from './lostFunding.ts'
import { offerAgain } from './lostInputs.ts'
import { forgetHeld } from './storage/held.ts'
import type { EngineState } from './types.ts'
import { linkAt, update, type Work } from './work.ts'

// The chain as the node sees it: block by block, each stored in one commit with all that follows from it. So after a restart the
// node goes on where it stood, and what happened meanwhile comes in its turn.

interface NewBlock {
  readonly height: number
  readonly hash: BlockHash
  readonly transactions: readonly Tx[]
}

export function connectBlock(work: Work, { height, hash, transactions }: NewBlock): void {
  const { blocks } = work.state
  const kept = [...blocks, { height, hash }].slice(-work.context.limits.engine.maxReorgDepth)
  update(work, { blocks: kept, tipSeenAt: work.context.now })
  work.writes.push({ type: 'put', key: blockKey(height), value: fromHex(hash) })
  // More than one where fewer are to be kept than before the start.
  for (const gone of blocks.slice(0, blocks.length + 1 - kept.length)) {
    work.writes.push({ type: 'delete', key: blockKey(gone.height) })
  }
  const { answers } = stepWallet(work, { type: 'block_connected', height, transactions })
  publishAll(work, answers)
  offerAgain(work, height)
  endUnfundable(work, height)
  for (const index of concerned(work, transactions)) {
    lookAround(work, index)
    stepLink(work, index, { type: 'block_connected', height, transactions })
    forgetFailed(work, index)
  }
  followFeerates(work)
  forgetHeld(work, height)
  work.tasks.push({ to: 'gossip', input: { type: 'block', height, spent: spentBy(work, transactions) } })
  // After what the links have to tell of this block.
  work.tasks.push({ to: 'payments', input: { type: 'block' } })
}

/** What a block takes from channels of others, of which there are none before the first gossip. */
function spentBy({ state }: Work, transactions: readonly Tx[]): readonly OutPoint[] {
  if (state.gossip.graph.channelCount === 0) return []
  return transactions.flatMap(({ inputs }) => inputs.map(({ outpoint }) => outpoint))
}

/** A peer could leave behind any number of channels that it never funds. */
function forgetFailed(work: Work, index: number): void {
  const link = linkAt(work, index)
  if (link === undefined || !isFailedOpening(link.state)) return
  if (work.context.now < link.createdAt + work.context.limits.engine.failedOpeningMs) return
  stepLink(work, index, { type: 'given_up' })
}

/** Who waits for something, and whose outputs are spent. In the order of the links, so that the same block gives the same bytes. */
function concerned(work: Work, transactions: readonly Tx[]): readonly number[] {
  const indexes = new Set<number>()
  for (const { index, state } of pmapValues(work.state.links)) if (!isIdle(state)) indexes.add(index)
  for (const { inputs } of transactions) {
    for (const { outpoint } of inputs) {
      for (const index of pmapGet(work.state.watchers, outPointKey(outpoint)) ?? []) indexes.add(index)
    }
  }
  return [...indexes].sort((a, b) => a - b)
}

/** In the mempool: whose outputs it spends hears of it, though it may never confirm. */
export function spendSeen(work: Work, tx: Tx): void {
  const indexes = new Set(
    tx.inputs.flatMap(({ outpoint }) => [...(pmapGet(work.state.watchers, outPointKey(outpoint)) ?? [])]),
  )
  for (const index of [...indexes].sort((a, b) => a - b)) stepLink(work, index, { type: 'spend_seen', tx })
}

/** What a look into the mempool is for, the most urgent first: the outputs of channels that end, then the fundings of the others. */
export function outpointsAtStake({ links }: Pick<EngineState, 'links'>): readonly OutPoint[] {
  const [ending, others]: [OutPoint[], OutPoint[]] = [[], []]
  for (const { state } of pmapValues(links)) {
    if (!isFunded(state.channel) || state.channel.state === 'closed') continue
    const spent = new Set(
      state.onchain?.facts.transactions.flatMap(({ tx }) => tx.inputs.map(({ outpoint }) => outPointKey(outpoint))),
    )
    const open = [...state.watched].flatMap(([key, outpoint]) => (spent.has(key) ? [] : [outpoint]))
    if (spent.size > 0) ending.push(...open)
    else others.push(...open)
  }
  return [...ending, ...others]
}

/** The newest block is gone. Without one there is nothing to do. */
export function disconnectBlock(work: Work): void {
  const gone = work.state.blocks.at(-1)
  if (gone === undefined) return
  const { height } = gone
  update(work, { blocks: work.state.blocks.slice(0, -1) })
  work.writes.push({ type: 'delete', key: blockKey(height) })
  const { answers } = stepWallet(work, { type: 'block_disconnected', height })
  publishAll(work, answers)
  const touched = [...pmapValues(work.state.links)].filter(
    ({ state }) => !isIdle(state) || isTouchedAbove(state, height),
  )
  for (const { index } of touched.sort((a, b) => a.index - b.index)) {
    lookAround(work, index)
    stepLink(work, index, { type: 'block_disconnected', height })
  }
  work.tasks.push({ to: 'gossip', input: { type: 'block_undone', height } })
}

/**
 * After a start, a channel whose end is on the chain has yet to find out which outputs it looks at. The blocks that came meanwhile are
 * read before anything else is done, and each of them may spend some.
 */
function lookAround(work: Work, index: number): void {
  const state = linkAt(work, index)?.state
  if (state?.watched.size === 0 && isFunded(state.channel)) stepLink(work, index, { type: 'started' })
}
