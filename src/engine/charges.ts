import { pmapDelete, pmapGet, pmapSet } from '../base/index.ts'
import { chargeKey } from './keys.ts'
import type { Charge } from './types.ts'
import { putJson, update, type Work } from './work.ts'

// What tokens were charged for channels that are not stored yet. It is stored by itself, so that a process that ends in the middle of an
// opening does not keep the money of the token.

export function keepCharge(work: Work, index: number, charge: Charge): void {
  update(work, { charges: pmapSet(work.state.charges, String(index), charge) })
  putJson(work, chargeKey(index), charge)
}

/** The channel is there: what was paid for it stays paid. */
export function settleCharge(work: Work, index: number): Charge | undefined {
  const charge = pmapGet(work.state.charges, String(index))
  if (charge === undefined) return undefined
  update(work, { charges: pmapDelete(work.state.charges, String(index)) })
  work.writes.push({ type: 'delete', key: chargeKey(index) })
  return charge
}

/** The channel never came to be. */
export function refund(work: Work, index: number): void {
  const charge = settleCharge(work, index)
  if (charge !== undefined) work.tasks.push({ to: 'payments', input: { type: 'refund', ...charge } })
}
