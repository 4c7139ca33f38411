import { pmapDelete, pmapEntries, pmapGet, pmapSet, type Txid } from '../base/index.ts'
import type { WalletState } from '../wallet/index.ts'
import { chargeKey } from './keys.ts'
import type { Charge } from './types.ts'
import { putJson, update, type Work } from './work.ts'

// What tokens were charged for what may still come to nothing: channels that are not stored yet, and payments on chain that are not final.
// It is stored by itself, so that a process that ends meanwhile does not keep the money of the token.

/** The name of a charge for a payment on chain; one for a channel has the number of its link. */
const SENDS = 'send/'
const sendName = (txid: Txid): string => SENDS + txid

export function keepCharge(work: Work, index: number, charge: Charge): void {
  keep(work, String(index), charge)
}

/** The channel is there: what was paid for it stays paid. */
export function settleCharge(work: Work, index: number): void {
  settle(work, String(index))
}

/** The channel never came to be. */
export function refund(work: Work, index: number): void {
  refundNamed(work, String(index))
}

/** No opening outlasts its process. */
export function refundOpenings(work: Work): void {
  for (const [name] of [...pmapEntries(work.state.charges)]) if (!name.startsWith(SENDS)) refundNamed(work, name)
}

export function keepSendCharge(work: Work, txid: Txid, charge: Charge): void {
  keep(work, sendName(txid), charge)
}

/**
 * What the wallet has forgotten is over. Where it was in no block, its coins did not leave: the network refused it, an input was gone for
 * good, or another transaction has spent one. Cost: one pass over the charges, each for a transaction of the wallet.
 */
export function settleSends(work: Work, before: WalletState['transactions'], after: WalletState['transactions']): void {
  for (const [name] of [...pmapEntries(work.state.charges)]) {
    // The name is our own.
    const txid = name.slice(SENDS.length) as Txid
    if (!name.startsWith(SENDS) || after.has(txid)) continue
    if (before.get(txid)?.confirmedHeight === undefined) refundNamed(work, name)
    else settle(work, name)
  }
}

function keep(work: Work, name: string, charge: Charge): void {
  update(work, { charges: pmapSet(work.state.charges, name, charge) })
  putJson(work, chargeKey(name), charge)
}

function settle(work: Work, name: string): Charge | undefined {
  const charge = pmapGet(work.state.charges, name)
  if (charge === undefined) return undefined
  update(work, { charges: pmapDelete(work.state.charges, name) })
  work.writes.push({ type: 'delete', key: chargeKey(name) })
  return charge
}

function refundNamed(work: Work, name: string): void {
  const charge = settle(work, name)
  if (charge !== undefined) work.tasks.push({ to: 'payments', input: { type: 'refund', ...charge } })
}
