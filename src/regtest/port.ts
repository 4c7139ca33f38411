import { err, feeratePerKw, ok, type Txid } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import { type Chain, ChainError } from '../ports/index.ts'
import type { RegtestChain } from './chain.ts'
import { offer } from './offer.ts'
import { ESTIMATE_OVER_RELAY_FEE } from './params.ts'

/**
 * The embedded chain as the `Chain` port of a node. Several nodes may share one chain, each over a port of its own: closing it
 * leaves the chain as it is.
 */
export function chainPort(chain: RegtestChain): Chain {
  let closed = false
  const stops = new Set<() => void>()
  const opened = (): RegtestChain => {
    if (closed) throw new ChainError('unreachable', 'This view of the chain is closed.')
    return chain
  }
  return {
    async tip() {
      const { height, hash } = opened().tip
      return { height, hash }
    },
    hashAt: async height => opened().blockAt(height)?.hash,
    async block(hash) {
      const found = opened().blockByHash(hash)
      return found && { hash, height: found.height, transactions: found.transactions }
    },
    async outputAt({ height, txIndex, outputIndex }) {
      const tx = opened().blockAt(height)?.transactions[txIndex]
      if (tx === undefined) return undefined
      const id = txid(tx)
      const coin = chain.utxo({ txid: id, vout: outputIndex })
      return { txid: id, ...(coin !== undefined && { unspent: { amountSat: coin.amountSat, script: coin.script } }) }
    },
    async publish(tx, parent) {
      const offered = offer(opened(), tx, parent)
      return offered.ok ? ok(txid(tx)) : err({ reason: offered.error.reason, details: offered.error.details })
    },
    async testAccept(tx) {
      const known = opened().transaction(txid(tx)) !== undefined
      const judged = known ? undefined : chain.testAccept(tx)
      return judged?.ok === false ? { reason: judged.error.reason, details: judged.error.details } : undefined
    },
    async waitingSpends(outpoints) {
      const found = new Map<Txid, Tx>()
      for (const outpoint of outpoints) {
        const known = opened().spendingTx(outpoint)
        if (known !== undefined && known.height === undefined) found.set(known.txid, known.tx)
      }
      return [...found.values()]
    },
    async feerate() {
      const satPerKvB = opened().policy.minRelayFeeSatPerKvB * ESTIMATE_OVER_RELAY_FEE
      // 1000 virtual bytes are 4000 weight units. Rounded up, so that it is never below what is relayed.
      return feeratePerKw(Number((satPerKvB + 3n) / 4n))
    },
    onChange(listener) {
      if (closed) return () => {}
      let listening = true
      // The chain may be in the middle of telling everyone when someone stops.
      const unsubscribe = chain.onBlock(() => {
        if (listening) listener()
      })
      const stop = () => {
        listening = false
        stops.delete(stop)
        unsubscribe()
      }
      stops.add(stop)
      return stop
    },
    async close() {
      closed = true
      for (const stop of [...stops]) stop()
    },
  }
}
