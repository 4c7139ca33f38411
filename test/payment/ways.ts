import { msat, type PaymentHash, pmapValues, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { signInvoice } from '../../src/invoice/index.ts'
import type { PaymentEffect, PaymentProgress } from '../../src/payment/index.ts'
import { FEATURES, featureBits } from '../../src/wire/index.ts'
import { type AddHtlc, fresh, type Node, START } from './fixture.ts'
import { type Edge, known, type Name, nodeSecret, of } from './network.ts'

// What Alice pays, and to whom: an invoice of the same hash each time, the ways to its payee, and channels that take what is offered.

export const PREIMAGE = fresh()
export const HASH = sha256(PREIMAGE)
export const SECRET = fresh()
export const AMOUNT = 100_000_000n

export interface Asked {
  readonly amount?: bigint
  readonly parts?: boolean
  readonly hints?: Parameters<typeof signInvoice>[0]['routeHints']
  readonly payee?: Name
}

export function invoiceOf({ amount = AMOUNT, parts = true, hints = [], payee = 'dave' }: Asked = {}): string {
  const bits = [FEATURES.var_onion_optin.bit, FEATURES.payment_secret.bit]
  return signInvoice(
    {
      network: 'regtest',
      amountMsat: msat(amount),
      timestamp: START / 1000,
      paymentHash: toHex(HASH) as PaymentHash,
      paymentSecret: SECRET,
      description: { type: 'text', text: '' },
      minFinalCltvExpiryDelta: 30,
      routeHints: hints,
      features: featureBits(...bits, ...(parts ? [FEATURES.basic_mpp.bit + 1] : [])),
    },
    nodeSecret(payee),
  )
}

/** Two ways from Alice to Dave: one over Bob, one over Carol, who asks for more. */
export const TWO_WAYS: readonly Edge[] = known([
  { id: 1, between: ['bob', 'dave'] },
  { id: 2, between: ['carol', 'dave'], asks: { base: 3_000n } },
])
export const BOTH = [
  ['bob', 500_000_000n],
  ['carol', 400_000_000n],
] as const

export const adds = (effects: readonly PaymentEffect[]): readonly AddHtlc[] =>
  effects.filter(effect => effect.type === 'add_htlc')
export const progress = (effects: readonly PaymentEffect[]): readonly PaymentProgress[] =>
  effects.flatMap(effect => (effect.type === 'progress' ? [effect.progress] : []))

/** Lets channels take what is offered, each under the next id, and gives back what was taken. */
export function takeAll(node: Node, effects: readonly PaymentEffect[], firstId = 0) {
  const taken: { readonly add: AddHtlc; readonly id: number }[] = []
  const said: PaymentEffect[] = []
  let next = effects
  for (let id = firstId; ; id++) {
    said.push(...next)
    const [add] = adds(next)
    if (add === undefined) return { taken, said }
    taken.push({ add, id })
    next = node.step({ type: 'added', payment: add.payment, link: add.link, id })
  }
}

export const firstOf = (node: Node, { link }: AddHtlc): Name => {
  const peer = node.candidates.find(candidate => candidate.link === link)?.nodeId
  return (['bob', 'carol', 'dave', 'erin'] as const).find(name => of(name) === peer) ?? 'alice'
}

export const fulfil = (node: Node, link: number, id: number) =>
  node.step({ type: 'htlc_fulfilled', link, id, paymentPreimage: PREIMAGE })

export const record = (node: Node) => [...pmapValues(node.state.inFlight)][0]
