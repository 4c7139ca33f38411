import type { WalletEvent, WalletState } from './types.ts'

/** What a step learned from blocks, in the order of outpoints and txids. What a reorganisation takes back is told by no event. */
export function eventsBetween(before: WalletState, next: WalletState): readonly WalletEvent[] {
  const events: WalletEvent[] = []
  if (before.coins === next.coins && before.transactions === next.transactions) return events
  for (const [key, { outpoint, amountSat, height }] of sorted(next.coins)) {
    if (before.coins.get(key)?.height !== height) events.push({ type: 'coin_received', outpoint, amountSat, height })
  }
  for (const [txid, own] of sorted(next.transactions)) {
    const old = before.transactions.get(txid)
    if (own === old) continue
    const { confirmedHeight: height, conflict } = own
    if (height !== undefined && old?.confirmedHeight !== height) {
      events.push({ type: 'transaction_confirmed', txid, height })
    }
    if (conflict !== undefined && old?.conflict !== conflict) {
      events.push({ type: 'transaction_conflicted', txid, by: conflict.txid, height: conflict.height })
    }
  }
  return events
}

/** The order of a map tells when its entries came, and a restart does not keep it. */
function sorted<K extends string, V>(map: ReadonlyMap<K, V>): readonly (readonly [K, V])[] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1))
}
