import {
  assert,
  MAX_MONEY_MSAT,
  type PaymentHash,
  paymentHash,
  pmapDelete,
  pmapGet,
  pmapHas,
  pmapSet,
  pmapValues,
  toHex,
  utf8Encode,
} from '../base/index.ts'
import type { Network } from '../bitcoin/index.ts'
import { sha256 } from '../crypto/index.ts'
import { MAX_DESCRIPTION_BYTES, signInvoice } from '../invoice/index.ts'
import { FEATURES, featureBits } from '../wire/index.ts'
import { SWEEP_INTERVAL_MS } from './limits.ts'
import { deleteInvoice, putInvoice } from './records.ts'
import { failure, refuse, replyTo } from './replies.ts'
import { type OpenInvoice, type PaymentStep, type PaymentsState, withSession } from './state.ts'
import { dueSweep, earlier, sweepTime } from './times.ts'
import type { PaymentContext, PaymentFailure, PaymentInput, PaymentWrite } from './types.ts'

type CreateInvoice = Extract<PaymentInput, { type: 'create_invoice' }>
type CreateHoldInvoice = Extract<PaymentInput, { type: 'create_hold_invoice' }>

/** Signs an invoice, and keeps what is needed to be paid (BOLT 11). Cost: a signature. */
export function createInvoice(state: PaymentsState, input: CreateInvoice, context: PaymentContext): PaymentStep {
  const hash = paymentHash(sha256(input.preimage))
  const minFinalCltvExpiryDelta = context.limits.finalCltvExpiryDelta
  const wrong = complaint(state, input, context)
  if (wrong !== undefined) return refuse(state, [input.request], wrong)
  assert(pmapGet(state.invoices, hash) === undefined, () => `the preimage of ${hash} is not fresh`)
  return opened(state, { ...input, paymentHash: hash, minFinalCltvExpiryDelta }, context)
}

/** The same without the preimage: what is paid is held until our user decides. */
export function createHoldInvoice(
  state: PaymentsState,
  input: CreateHoldInvoice,
  context: PaymentContext,
): PaymentStep {
  const { limits } = context
  const { request, paymentHash: hash, minFinalCltvExpiryDelta = limits.holdCltvExpiryDelta } = input
  const wrong =
    complaint(state, input, context) ?? timeComplaint(minFinalCltvExpiryDelta, context) ?? takenComplaint(state, hash)
  if (wrong !== undefined) return refuse(state, [request], wrong)
  return opened(state, { ...input, minFinalCltvExpiryDelta }, context)
}

type Wanted = Omit<CreateHoldInvoice, 'type' | 'minFinalCltvExpiryDelta'> & {
  readonly preimage?: Uint8Array
  readonly minFinalCltvExpiryDelta: number
}

function opened(state: PaymentsState, wanted: Wanted, context: PaymentContext): PaymentStep {
  const { request, paymentHash: hash, preimage, paymentSecret, minFinalCltvExpiryDelta } = wanted
  const timestamp = Math.floor(context.now / 1000)
  const { amountMsat, description, expirySeconds, routeHints = [] } = wanted
  const amount = amountMsat === undefined ? {} : { amountMsat }
  const invoice = signInvoice(
    {
      network: invoiceNetwork(context.network),
      ...amount,
      timestamp,
      paymentHash: hash,
      paymentSecret,
      description: { type: 'text', text: description },
      expirySeconds,
      minFinalCltvExpiryDelta,
      ...(routeHints.length > 0 && { routeHints }),
      features: FEATURES_OF_OURS,
    },
    context.nodeSecret,
  )
  const open: OpenInvoice = {
    paymentHash: hash,
    invoice,
    ...(preimage !== undefined && { preimage: toHex(preimage) }),
    paymentSecret: toHex(paymentSecret),
    ...amount,
    description,
    minFinalCltvExpiryDelta,
    expiresAt: (timestamp + expirySeconds) * 1000,
  }
  const next = dueSweep({ ...state, invoices: pmapSet(state.invoices, hash, open) }, sweepTime(open))
  const reply = { type: 'invoice', invoice, paymentHash: hash, expiresAt: open.expiresAt } as const
  return { next, writes: [putInvoice(open)], effects: replyTo([request], reply) }
}

/** What payees require, and that the payment may come in parts (BOLT 9, context `9`). */
const FEATURES_OF_OURS = featureBits(
  FEATURES.var_onion_optin.bit,
  FEATURES.payment_secret.bit,
  FEATURES.basic_mpp.bit + 1,
  FEATURES.option_attribution_data.bit + 1,
)

type Described = Pick<CreateInvoice, 'amountMsat' | 'description' | 'expirySeconds'>

function complaint(state: PaymentsState, input: Described, { limits }: PaymentContext): PaymentFailure | undefined {
  const { amountMsat, description, expirySeconds } = input
  if (state.invoices.size >= limits.maxOpenInvoices) {
    const words = `${limits.maxOpenInvoices} invoices are open, which is the limit of this node: try again when some have expired.`
    return failure('too_many_invoices', words)
  }
  if (amountMsat !== undefined && (amountMsat === 0n || amountMsat > MAX_MONEY_MSAT)) {
    return failure('amount', `Expected an amount from 1 to ${MAX_MONEY_MSAT} msat, got ${amountMsat}.`)
  }
  if (!Number.isInteger(expirySeconds) || expirySeconds < 1 || expirySeconds > limits.maxExpirySeconds) {
    const words = `Expected an expiry of 1 to ${limits.maxExpirySeconds} seconds, got ${expirySeconds}.`
    return failure('invalid_invoice', words)
  }
  const bytes = utf8Encode(description).length
  if (bytes > MAX_DESCRIPTION_BYTES) {
    const words = `Expected a description of at most ${MAX_DESCRIPTION_BYTES} bytes, got ${bytes} (BOLT 11, field d).`
    return failure('invalid_invoice', words)
  }
  return undefined
}

/** More than it takes to give it back in peace, and less than payers give. */
function timeComplaint(blocks: number, { limits }: PaymentContext): PaymentFailure | undefined {
  const [least, most] = [limits.heldDeadlineBlocks + 1, limits.maxCltvExpiryDelta]
  if (Number.isInteger(blocks) && blocks >= least && blocks <= most) return undefined
  return failure('invalid_invoice', `Expected ${least} to ${most} blocks of time for a hold invoice, got ${blocks}.`)
}

function takenComplaint(state: PaymentsState, hash: PaymentHash): PaymentFailure | undefined {
  if (!pmapHas(state.invoices, hash)) return undefined
  return failure('invalid_invoice', `An invoice with the hash ${hash} is open already: take a fresh one for each.`)
}

/** All networks for tests that everybody shares write their invoices alike (BOLT 11, human-readable part). */
export function invoiceNetwork(network: PaymentContext['network']): Network {
  return network === 'testnet4' ? 'testnet' : network
}

/** Forgets invoices that expired long ago. Cost: one pass over all of them, at most once per `SWEEP_INTERVAL_MS`. */
export function sweepInvoices(state: PaymentsState, { now }: PaymentContext): PaymentStep {
  const { sweepAt } = state.session
  if (sweepAt === undefined || sweepAt > now) return { next: state, writes: [], effects: [] }
  let { invoices } = state
  let next: number | undefined
  const writes: PaymentWrite[] = []
  for (const invoice of pmapValues(state.invoices)) {
    // What is held was paid in time, and waits for our user.
    const isHeld = pmapHas(state.sets, invoice.paymentHash)
    if (isHeld || sweepTime(invoice) > now) {
      next = earlier(next, isHeld ? now + SWEEP_INTERVAL_MS : sweepTime(invoice))
    } else {
      invoices = pmapDelete(invoices, invoice.paymentHash)
      writes.push(deleteInvoice(invoice.paymentHash))
    }
  }
  return { next: withSession({ ...state, invoices }, { sweepAt: next }), writes, effects: [] }
}
