import { assert, type Msat, msat, pmapGet, subtract } from '../base/index.ts'
import type { RouteHop } from '../routing/index.ts'
import type { PaymentLimits } from './limits.ts'
import type { InFlight, PaymentsState, Sum } from './state.ts'
import { charged, refunded } from './tokens.ts'
import type { PaymentRoute } from './types.ts'

// What parts bring and cost, and what of it a token has been charged with: the amount, and as much of fees as the dearest plan so far
// took. What was not needed goes back when the payment ends.

interface Hops {
  readonly hops: readonly RouteHop[]
}

export function sumOf(ways: readonly Hops[]): Sum {
  let [amountMsat, feeMsat] = [0n, 0n]
  for (const way of ways) {
    const { amountMsat: amount, feeMsat: fee } = routeOf(way)
    amountMsat += amount
    feeMsat += fee
  }
  return { amountMsat: msat(amountMsat), feeMsat: msat(feeMsat) }
}

/** What our peer gets more than the payee is the fee. */
export function routeOf({ hops }: Hops): PaymentRoute {
  const [first, last] = [hops[0], hops.at(-1)]
  assert(first !== undefined && last !== undefined, 'a way has a hop')
  return { hops, amountMsat: last.amountMsat, feeMsat: subtract(first.amountMsat, last.amountMsat) }
}

/** What is still to be sent. */
export function missingMsat({ payment, parts }: Pick<InFlight, 'payment' | 'parts'>): Msat {
  return subtract(payment.amountMsat, sumOf(parts).amountMsat)
}

/** What all parts together may cost. */
export function maxFeeMsat({ payment, terms }: Pick<InFlight, 'payment' | 'terms'>, limits: PaymentLimits): Msat {
  if (terms.maxFeeMsat !== undefined) return terms.maxFeeMsat
  const share = (payment.amountMsat * BigInt(limits.maxFeeMillionths)) / 1_000_000n
  return share > limits.leastMaxFeeMsat ? msat(share) : limits.leastMaxFeeMsat
}

/** What new parts may cost: what is left of the fees that the user allows, and of the budget of the token. */
export function feeLeftMsat(state: PaymentsState, inFlight: InFlight, limits: PaymentLimits): Msat {
  const { terms, parts, feeHeldMsat = msat(0n) } = inFlight
  const spent = sumOf(parts).feeMsat
  const most = maxFeeMsat(inFlight, limits)
  const token = terms.token === undefined ? undefined : pmapGet(state.tokens, terms.token)
  const isFree = terms.token === undefined || (token?.budgetMsat === undefined && token?.scopes.includes('admin'))
  const budget = token === undefined ? 0n : (token.budgetMsat ?? 0n) - token.spentMsat
  const bearable = isFree ? most : feeHeldMsat + budget
  const least = bearable < most ? bearable : most
  return msat(least > spent ? least - spent : 0n)
}

/** Charges the token with what these ways cost beyond what it was charged with. */
export function withFeesHeld(
  state: PaymentsState,
  inFlight: InFlight,
  ways: readonly Hops[],
): { readonly state: PaymentsState; readonly inFlight: InFlight } {
  const { terms, parts, feeHeldMsat = msat(0n) } = inFlight
  const fees = sumOf([...parts, ...ways]).feeMsat
  if (terms.token === undefined || fees <= feeHeldMsat) return { state, inFlight }
  const paid = charged(state, terms.token, subtract(fees, feeHeldMsat))
  assert(paid.ok, 'ways are only looked for within the budget')
  return { state: paid.value, inFlight: { ...inFlight, feeHeldMsat: fees } }
}

/** The state in which a token has all back of a payment but what was `spent`. */
export function withRefund(state: PaymentsState, inFlight: InFlight, spent: Sum): PaymentsState {
  const { payment, terms, feeHeldMsat = msat(0n) } = inFlight
  const held = payment.amountMsat + feeHeldMsat
  const kept = spent.amountMsat + spent.feeMsat
  return held > kept ? refunded(state, terms.token, msat(held - kept)) : state
}
