import { err, ok } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import type { Chain } from '../ports/index.ts'
import type { RegtestChain } from './chain.ts'

/** The embedded chain as the `Chain` port of a node. Several nodes may share one chain. */
export function chainPort(chain: RegtestChain): Chain {
  return {
    height: () => chain.height,
    async publish(tx) {
      const id = txid(tx)
      if (chain.transaction(id) !== undefined) return ok(id)
      const submitted = chain.submit(tx)
      return submitted.ok ? submitted : err({ reason: submitted.error.reason, details: submitted.error.details })
    },
    spender: async outpoint => ifConfirmed(chain.spendingTx(outpoint)),
    confirmed: async id => ifConfirmed(chain.transaction(id)),
    subscribe(listener) {
      return chain.onBlock(({ type, block }) => {
        const { hash, height, transactions } = block
        listener({
          type: type === 'block_connected' ? 'connected' : 'disconnected',
          block: { hash, height, transactions },
        })
      })
    },
  }
}

type Known = ReturnType<RegtestChain['transaction']>

function ifConfirmed(known: Known): { readonly tx: Tx; readonly height: number } | undefined {
  return known?.height === undefined ? undefined : { tx: known.tx, height: known.height }
}
