import {
  err,
  jsonEncode,
  type Msat,
  ok,
  type PaymentHash,
  pmapDelete,
  pmapGet,
  pmapSet,
  type Result,
  toHex,
} from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { decodeInvoice, type Invoice, type InvoiceFailure, invoiceSentence } from '../invoice/index.ts'
import { offersFeature } from '../wire/index.ts'
import { invoiceNetwork } from './invoices.ts'
import { MAX_FINAL_CLTV_EXPIRY_DELTA } from './limits.ts'
import { withoutWatchers, withWatcher } from './progress.ts'
import { requestKey, sentHashKey } from './records.ts'
import { failure, refuse, replyTo } from './replies.ts'
import {
  type Asked,
  indexKey,
  numberKey,
  type PaymentStep,
  type PaymentsState,
  type Terms,
  unchanged,
  withSession,
} from './state.ts'
import type { PayCommon, Payment, PaymentContext, PaymentFailure, PaymentInput, PaymentReply } from './types.ts'

// A payment is asked for. Whether it was made before is known to the store alone, so nothing begins before that has answered:
//
//     pay_invoice -> look_up -> looked_up -> (look_up -> looked_up) -> add_htlc -> added
//
// In the meantime no second payment of the same hash or idempotency key gets past the locks.

type PayInvoice = Extract<PaymentInput, { type: 'pay_invoice' }>

export function payInvoice(state: PaymentsState, input: PayInvoice, context: PaymentContext): PaymentStep {
  const decoded = decodeInvoice(input.invoice)
  if (!decoded.ok) return refuse(state, [input.request], unreadable(decoded.error))
  const amount = amountToPay(decoded.value, input.amountMsat, context)
  if (!amount.ok) return refuse(state, [input.request], amount.error)
  return lookUpFirst(state, askedByInvoice(decoded.value, amount.value, input, context), context)
}

/** The amount to pay, if this invoice may be paid by us. Whether it has expired is asked later: then it may be paid already. */
export function amountToPay(
  invoice: Invoice,
  given: Msat | undefined,
  context: PaymentContext,
): Result<Msat, PaymentFailure> {
  if (invoice.network !== invoiceNetwork(context.network)) {
    return err(
      failure('wrong_network', `The invoice is for ${invoice.network}, and this node is on ${context.network}.`),
    )
  }
  if (invoice.payee === context.nodeId) return err(selfPayment())
  if (invoice.minFinalCltvExpiryDelta > MAX_FINAL_CLTV_EXPIRY_DELTA) {
    const words = `The invoice asks for ${invoice.minFinalCltvExpiryDelta} blocks of time, and this node gives at most ${MAX_FINAL_CLTV_EXPIRY_DELTA}.`
    return err(failure('invalid_invoice', words))
  }
  return amountFor(invoice.amountMsat, given)
}

/** At least what is asked for and at most twice as much, so that nobody pays a fortune by a slip (BOLT 4, requirements of a final node). */
function amountFor(asked: Msat | undefined, given: Msat | undefined): Result<Msat, PaymentFailure> {
  const amount = given ?? asked
  if (amount === undefined) {
    return err(failure('amount', 'The invoice leaves the amount to the payer: say how much to pay.'))
  }
  if (asked === undefined ? amount === 0n : amount < asked) {
    const least = asked === undefined ? 'more than 0' : `at least ${asked} msat`
    return err(failure('amount', `The invoice asks for ${least}, and ${amount} msat were to be paid.`))
  }
  if (asked !== undefined && amount > 2n * asked) {
    const words = `The invoice asks for ${asked} msat and its payee takes at most twice as much, and ${amount} msat were to be paid.`
    return err(failure('amount', words))
  }
  return ok(amount)
}

function askedByInvoice(invoice: Invoice, amountMsat: Msat, input: PayInvoice, context: PaymentContext): Asked {
  const { description } = invoice
  const text = input.invoice.toLowerCase()
  const given = input.amountMsat === undefined ? '' : `${input.amountMsat}`
  return {
    request: input.request,
    others: [],
    wantsProgress: input.wantsProgress === true,
    payment: {
      direction: 'sent',
      status: 'pending',
      paymentHash: invoice.paymentHash,
      amountMsat,
      feeMsat: 0n as Msat,
      peer: invoice.payee,
      invoice: text,
      ...(description.type === 'text' && description.text !== '' && { description: description.text }),
      createdAt: context.now,
    },
    terms: {
      ...commonTerms(input, ['invoice', text, given], context),
      ...termsOfInvoice(invoice),
      expiresAt: (invoice.timestamp + invoice.expirySeconds) * 1000,
    },
  }
}

/** What the payee asks for and offers. */
export function termsOfInvoice({ minFinalCltvExpiryDelta, paymentSecret, ...invoice }: Invoice) {
  // An invoice that was read names nobody in its hints whose key is none.
  const { paymentMetadata, features, routeHints: hints } = invoice
  return {
    finalCltvExpiryDelta: minFinalCltvExpiryDelta,
    paymentSecret: toHex(paymentSecret),
    ...(paymentMetadata !== undefined && { paymentMetadata: toHex(paymentMetadata) }),
    ...(offersFeature(features, 'basic_mpp') && { mpp: true }),
    ...(hints.length > 0 && { hints }),
  } satisfies Partial<Terms>
}

export function commonTerms(common: PayCommon, content: readonly string[], { now }: PaymentContext) {
  const { sessionKey, timeoutMs, idempotencyKey: key, token } = common
  const { maxFeeMsat, maxParts, maxCltvDelta } = common
  // The token is part of the content: what one may hear about, another may not.
  const fingerprint = () => toHex(sha256(jsonEncode([...content, token ?? ''])))
  return {
    sessionKey: toHex(sessionKey),
    deadline: now + timeoutMs,
    ...(maxFeeMsat !== undefined && { maxFeeMsat }),
    ...(maxParts !== undefined && { maxParts }),
    ...(maxCltvDelta !== undefined && { maxCltvDelta }),
    ...(token !== undefined && { token }),
    ...(key !== undefined && { repeatable: { key, fingerprint: fingerprint() } }),
  } satisfies Partial<Terms>
}

/** Where it may be paid now, it begins when the store has said what it knows. */
export function lookUpFirst(state: PaymentsState, asked: Asked, context: PaymentContext): PaymentStep {
  const admitted = admit(state, asked, context)
  if (!admitted.ok) return admitted.error
  const { request, payment, terms } = asked
  const repeated = terms.repeatable === undefined ? [] : [requestKey(terms.repeatable.key)]
  return unchanged(admitted.value, { type: 'look_up', request, keys: [...repeated, sentHashKey(payment.paymentHash)] })
}

/** Keeps what was asked for, under its locks. Otherwise joins the same request where that is under way, or refuses. */
export function admit(state: PaymentsState, asked: Asked, context: PaymentContext): Result<PaymentsState, PaymentStep> {
  const { request, payment } = asked
  const same = joinRepeated(state, asked)
  if (same !== undefined) return err(same)
  const number = pmapGet(state.byHash, payment.paymentHash)
  const inFlight = number === undefined ? undefined : pmapGet(state.inFlight, numberKey(number))
  if (inFlight?.payment.status === 'succeeded') return err(refuse(state, [request], alreadyPaid(inFlight.payment)))
  if (inFlight !== undefined || pmapGet(state.session.locks, hashLock(payment.paymentHash)) !== undefined) {
    return err(refuse(state, [request], inFlightAlready()))
  }
  const limit = context.limits.maxPaymentsInFlight
  if (state.inFlight.size + state.session.asked.size >= limit) {
    const words = `${limit} payments are in flight, which is the limit of this node: try again when some have ended.`
    return err(refuse(state, [request], failure('too_many_in_flight', words)))
  }
  let { locks } = state.session
  for (const lock of lockKeys(asked)) locks = pmapSet(locks, lock, request)
  return ok(withWatcher(withSession(state, { locks, asked: pmapSet(state.session.asked, `${request}`, asked) }), asked))
}

/** With the idempotency key of a payment that is under way, the answer is that payment's. */
function joinRepeated(state: PaymentsState, asked: Asked): PaymentStep | undefined {
  const { request, terms } = asked
  const { repeatable } = terms
  if (repeatable === undefined) return undefined
  const conflict = () => refuse(state, [request], keyConflict(repeatable.key))
  const number = pmapGet(state.byIdempotencyKey, indexKey(repeatable.key))
  if (number !== undefined) {
    const key = numberKey(number)
    const earlier = pmapGet(state.inFlight, key)
    if (earlier?.terms.repeatable?.fingerprint !== repeatable.fingerprint) return conflict()
    const { payment } = earlier
    // Paid, and some of its parts are still to come to their end.
    if (payment.status === 'succeeded') return unchanged(state, ...replyTo([request], { type: 'payment', payment }))
    const listeners = pmapSet(state.session.listeners, key, [...(pmapGet(state.session.listeners, key) ?? []), request])
    return unchanged(withWatcher(withSession(state, { listeners }), asked))
  }
  const locked = pmapGet(state.session.locks, keyLock(repeatable.key))
  const first = locked === undefined ? undefined : pmapGet(state.session.asked, `${locked}`)
  if (first === undefined) return undefined
  if (first.terms.repeatable?.fingerprint !== repeatable.fingerprint) return conflict()
  const joined = { ...first, others: [...first.others, request] }
  const joining = withSession(state, { asked: pmapSet(state.session.asked, `${first.request}`, joined) })
  return unchanged(withWatcher(joining, asked))
}

/** What nobody else may ask for in the meantime. */
function lockKeys({ payment, terms }: Asked): readonly string[] {
  const hash = hashLock(payment.paymentHash)
  return terms.repeatable === undefined ? [hash] : [hash, keyLock(terms.repeatable.key)]
}

/** The request is answered, or its payment has begun. */
export function withoutAsked(state: PaymentsState, asked: Asked): PaymentsState {
  let { locks } = state.session
  for (const lock of lockKeys(asked)) locks = pmapDelete(locks, lock)
  return withSession(state, { locks, asked: pmapDelete(state.session.asked, `${asked.request}`) })
}

/** Whoever asked is answered, and nothing has begun. */
export function answer(state: PaymentsState, asked: Asked, reply: PaymentReply): PaymentStep {
  const requests = [asked.request, ...asked.others]
  return unchanged(withoutWatchers(withoutAsked(state, asked), requests), ...replyTo(requests, reply))
}

const hashLock = (hash: PaymentHash): string => `${hash}/hash`
const keyLock = (key: string): string => `${indexKey(key)}/key`

export function keyConflict(key: string): PaymentFailure {
  const words = `The idempotency key ${key} was used for something else: take a new one for each payment.`
  return failure('idempotency_conflict', words)
}

export function unreadable(error: InvoiceFailure): PaymentFailure {
  return { code: 'invalid_invoice', message: invoiceSentence(error), detail: error.code }
}

export function alreadyPaid({ number, paymentHash }: Payment): PaymentFailure {
  return failure('already_paid', `Payment ${number} has paid ${paymentHash}, and nothing is paid twice.`)
}

function inFlightAlready(): PaymentFailure {
  return failure('in_flight', 'A payment for this hash is in flight: wait for its end, since it is never paid twice.')
}

export function selfPayment(): PaymentFailure {
  return failure('self_payment', 'The recipient is this node itself.')
}
