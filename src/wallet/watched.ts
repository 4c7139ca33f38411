import { toHex } from '../base/index.ts'
import type { TxOut } from '../bitcoin/index.ts'
import { type Branch, deriveAddressKey, type KeyPath } from './keys.ts'
import type { Indexes, WalletContext, WalletState } from './types.ts'

// The addresses that a wallet restored from its words would look at: all that were used, and a gap of unused ones after them
// (BIP 44, address gap limit). No address beyond is given out, so that such a wallet finds every coin.

type KeysAndGap = Pick<WalletContext, 'keys' | 'limits'>

/** The scripts of these indexes, those that are known already taken over. Cost: a derivation for each new one. */
export function watchedScripts(
  indexes: Indexes,
  { keys, limits }: KeysAndGap,
  known: ReadonlyMap<string, KeyPath> = new Map(),
): ReadonlyMap<string, KeyPath> {
  const watched = new Map(known)
  const derived: Record<Branch, number> = { receive: 0, change: 0 }
  for (const { branch } of known.values()) derived[branch]++
  const ends: Record<Branch, number> = {
    receive: indexes.receiveUsed + limits.addressGap,
    change: indexes.changeUsed + limits.addressGap,
  }
  for (const branch of ['receive', 'change'] as const) {
    for (let index = derived[branch]; index < ends[branch]; index++) {
      const path = { branch, index }
      watched.set(toHex(deriveAddressKey(keys, path).script), path)
    }
  }
  return watched
}

export function pathOf(watched: ReadonlyMap<string, KeyPath>, output: TxOut): KeyPath | undefined {
  return watched.get(toHex(output.script))
}

/**
 * The state after these outputs were seen: their addresses are used now, which may bring more of the outputs into sight, so it
 * is asked again until nothing moves. The same state where there is nothing of ours.
 */
export function withSeen(state: WalletState, outputs: readonly TxOut[], context: KeysAndGap): WalletState {
  let { indexes, watched } = state
  for (;;) {
    const seen = usedAfter(indexes, watched, outputs)
    if (seen.receiveUsed === indexes.receiveUsed && seen.changeUsed === indexes.changeUsed) break
    indexes = seen
    watched = watchedScripts(indexes, context, watched)
  }
  return indexes === state.indexes ? state : { ...state, indexes, watched }
}

function usedAfter(indexes: Indexes, watched: WalletState['watched'], outputs: readonly TxOut[]): Indexes {
  let { receiveUsed, changeUsed } = indexes
  for (const output of outputs) {
    const path = pathOf(watched, output)
    if (path?.branch === 'receive') receiveUsed = Math.max(receiveUsed, path.index + 1)
    if (path?.branch === 'change') changeUsed = Math.max(changeUsed, path.index + 1)
  }
  return { receiveUsed, changeUsed, receiveIssued: Math.max(indexes.receiveIssued, receiveUsed) }
}
