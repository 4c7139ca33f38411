import { expect } from 'vitest'
import { feeratePerKw, sat } from '../../src/base/index.ts'
import type { Tx } from '../../src/bitcoin/index.ts'
import { closingFunding, closingParties } from '../../src/channel/closing.ts'
import { buildClosingTx, type ClosingVariant, closingFeeSat, signClosing } from '../../src/commitment/index.ts'
import type { ClosingComplete, ClosingSig } from '../../src/wire/index.ts'
import { feeOf, NAMES, published } from './closingFixtures.ts'
import { type Duo, deliver, durableOf, fundedOf, input, type Name, type Side, sentBy, walletScript } from './harness.ts'

// What a test may say in `closing_complete`, right or wrong, and the closes that come of it.

export const FIELD = {
  closer_output_only: 'closerOutputOnly',
  closee_output_only: 'closeeOutputOnly',
  closer_and_closee_outputs: 'closerAndCloseeOutputs',
} as const

export function setFeerate(side: Side, feerate: number): void {
  side.context = { ...side.context, feerates: { ...side.context.feerates, mutualClose: feeratePerKw(feerate) } }
}

export function bump(duo: Duo, name: Name, feerate: number, to?: Uint8Array): void {
  const result = input(duo, name, {
    type: 'bump_close',
    feeratePerKw: feeratePerKw(feerate),
    ...(to && { script: to }),
  })
  expect(result.failure).toBeUndefined()
}

export function fieldsOf(message: ClosingComplete | ClosingSig): readonly string[] {
  return Object.values(FIELD).filter(field => message[field] !== undefined)
}

/** The last offer of a side. */
export function lastOffer(side: Side): ClosingComplete {
  const offers = sentBy(side).filter(message => message.type === 'closing_complete')
  const last = offers.at(-1)
  if (last === undefined) throw new Error('no offer')
  return last
}

/** An offer of `by` that the test chooses, signed by its key in each field that is named. */
export function offerBy(
  duo: Duo,
  by: Name,
  terms: { readonly feeSat: bigint; readonly variants: readonly ClosingVariant[]; readonly closerScript?: Uint8Array },
): ClosingComplete {
  const durable = durableOf(duo[by])
  const { local, remote } = closingParties(durable)
  const closer = { ...local, script: terms.closerScript ?? local.script }
  const signatures = terms.variants.map(variant => {
    const built = buildClosingTx({
      funding: closingFunding(durable),
      variant,
      closer,
      closee: remote,
      feeSat: sat(terms.feeSat),
      locktime: 7,
    })
    if (!built.ok) throw new Error(built.error.message)
    return [FIELD[variant], signClosing(built.value, duo[by].context.secrets.fundingSecret)]
  })
  return {
    type: 'closing_complete',
    channelId: durable.params.channelId,
    closerScriptpubkey: closer.script,
    closeeScriptpubkey: remote.script,
    feeSatoshis: sat(terms.feeSat),
    locktime: 7,
    ...Object.fromEntries(signatures),
  }
}

export function twoOutputFee(feerate: number): bigint {
  return closingFeeSat(feeratePerKw(feerate), [walletScript(1), walletScript(2)])
}

/** Both offers are answered. */
export function closed(duo: Duo): Duo {
  deliver(duo)
  for (const name of NAMES) expect(fundedOf(duo[name]).session.closing).toEqual({ type: 'simple' })
  return duo
}

/** The close that both sides published with this fee. */
export function closeAt(duo: Duo, feeSat: bigint): Tx {
  const [low, high] = [feeSat, feeSat + 1n]
  const tx = published(duo.alice).find(one => feeOf(duo, one) === low || feeOf(duo, one) === high)
  if (tx === undefined) throw new Error(`no close at ${feeSat} sat`)
  expect(published(duo.bob)).toContainEqual(tx)
  return tx
}

export function fail(): never {
  throw new Error('expected a transaction')
}
