import { defined, outPointKey, pmapValues } from '../base/index.ts'
import { isUnfundedByPeer, type LinkState } from '../link/index.ts'
import {
  type Coin,
  coinsAt,
  feeCoins,
  freshChangeScript,
  type KeyedCoin,
  type WalletContext,
  type WalletEffect,
  type WalletFailure,
  type WalletInput,
  type WalletState,
  walletStep,
} from '../wallet/index.ts'
import { settleSends } from './charges.ts'
import { WALLET } from './keys.ts'
import type { EngineState } from './types.ts'
import { act, emit, update, type Work } from './work.ts'

// The wallet within the node.

/** One input for the wallet. What it publishes and tells is seen to here; what it answers is for whoever asked. */
export function stepWallet(
  work: Work,
  input: WalletInput,
): { readonly answers: readonly WalletEffect[]; readonly failure?: WalletFailure } {
  const before = work.state.wallet
  const { next, writes, effects, failure } = walletStep(before, input, walletContext(work))
  if (next !== before) update(work, { wallet: next })
  if (next.transactions !== before.transactions) settleSends(work, before.transactions, next.transactions)
  for (const write of writes) work.writes.push({ ...write, key: WALLET + write.key })
  if (failure !== undefined) return { answers: [], failure }
  for (const effect of effects) if (effect.type === 'event') emit(work, effect.event)
  return { answers: effects.filter(effect => effect.type !== 'event') }
}

/** Offers again what waits: after a start, and when a block is gone. */
export function publishAll(work: Work, answers: readonly WalletEffect[]): void {
  for (const answer of answers)
    if (answer.type === 'publish') act(work, { type: 'publish', tx: answer.tx, role: 'wallet' })
}

export function walletContext({ context, state }: Pick<Work, 'context' | 'state'>): WalletContext {
  return { keys: context.walletKeys, limits: context.limits.wallet, channels: openChannels(state) }
}

/** Each has its part of the reserve from its funding until its last output is resolved. One pass over the links: the wallet is seldom asked. */
function openChannels({ links }: EngineState): number {
  let open = 0
  for (const { state } of pmapValues(links))
    if (state.channel?.state !== 'closed' && !isUnfundedByPeer(state)) open += 1
  return open
}

// Derivations cost as much as a signature each: what follows from a state of the wallet is worked out once for it.
const scripts = new WeakMap<WalletState['transactions'], { readonly changeUsed: number; readonly script: Uint8Array }>()
const coins = new WeakMap<
  ReadonlyMap<string, Coin>,
  { readonly of: WalletState; readonly coins: readonly KeyedCoin[] }
>()

/** Where closed channels and change go. */
export function walletScript(work: Pick<Work, 'state' | 'context'>): Uint8Array {
  const { transactions, indexes } = work.state.wallet
  const known = scripts.get(transactions)
  if (known?.changeUsed === indexes.changeUsed) return known.script
  const script = freshChangeScript(work.state.wallet, walletContext(work))
  scripts.set(transactions, { changeUsed: indexes.changeUsed, script })
  return script
}

/**
 * Coins that may pay for transactions of a channel that cannot pay for themselves: free ones, and those which its claims spend
 * already, so that they may spend them again for more.
 */
export function enforcementCoins(
  work: Pick<Work, 'state' | 'context'>,
  { onchain }: Pick<LinkState, 'onchain'>,
): readonly KeyedCoin[] {
  const free = freeFeeCoins(work)
  const spent = (onchain?.claims ?? []).flatMap(claim => claim.feeCoins.map(({ outpoint }) => outpoint))
  if (spent.length === 0) return free
  const known = new Set(free.map(({ outpoint }) => outPointKey(outpoint)))
  const held = spent.filter(outpoint => !known.has(outPointKey(outpoint)))
  return [...free, ...coinsAt(work.state.wallet, held, walletContext(work))]
}

function freeFeeCoins(work: Pick<Work, 'state' | 'context'>): readonly KeyedCoin[] {
  const { wallet } = work.state
  const known = coins.get(wallet.coins)
  if (known?.of === wallet) return known.coins
  const found = feeCoins(wallet, walletContext(work))
  coins.set(wallet.coins, { of: wallet, coins: found })
  return found
}

/** The one answer of a kind that an input gives. */
export function answerOf<T extends WalletEffect['type']>(
  answers: readonly WalletEffect[],
  type: T,
): Extract<WalletEffect, { type: T }> {
  const found = answers.find((answer): answer is Extract<WalletEffect, { type: T }> => answer.type === type)
  return defined(found, `the wallet answers with ${type}`)
}
