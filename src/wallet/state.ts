import type { WalletContext, WalletState } from './types.ts'
import { watchedScripts } from './watched.ts'

/** A wallet that has seen nothing yet. Cost: two derivations for each address of the gap. */
export function newWallet(context: Pick<WalletContext, 'keys' | 'limits'>): WalletState {
  const indexes = { receiveIssued: 0, receiveUsed: 0, changeUsed: 0 }
  const empty = { coins: new Map(), transactions: new Map(), locks: new Map() }
  return { indexes, ...empty, watched: watchedScripts(indexes, context) }
}
