import {
  type ChannelId,
  type DecodeFailure,
  defined,
  err,
  hasShape,
  jsonDecode,
  jsonEncode,
  ok,
  type PaymentHash,
  pmapSet,
  pmapValues,
  type Result,
  type Shape,
} from '../base/index.ts'
import type { RouteHop } from '../routing/index.ts'
import { shortChannelId } from '../wire/index.ts'
import { withForward } from './forwards.ts'
import { type Forward, type HtlcRef, htlcKey, type Part } from './inbound.ts'
import { isComplete, withPart } from './parts.ts'
import {
  type InFlight,
  NEW_PAYMENTS,
  numberKey,
  type OpenInvoice,
  type PaymentsState,
  type Repeatable,
  withInFlight,
  withSession,
} from './state.ts'
import { dueDeadline, dueSweep, sweepTime } from './times.ts'
import type { Payment, PaymentWrite, Policy, Token } from './types.ts'

// Everything that is stored, as JSON that people can read.
//
//   payments/next            number of the next payment
//   payment/<number>         each payment there ever was, 16 digits
//   payment-hash/<hash>      number of the last payment sent for this hash
//   received-hash/<hash>     number of the last payment received for it
//   request/<key>            number of the payment with this idempotency key, and what it was for
//   request-age/<ms>/<key>   when that was, so that the oldest are found: 16 digits, and no value
//   in-flight/<number>       what it takes to go on after a start
//   invoice/<hash>           until it is paid, or swept
//   token/<id>
//   part/<link>/<id>         an HTLC that pays us and waits for others, or for our user
//   forward/<link>/<id>      one that is for somebody behind us, and the one that we have offered for it
//   policy/<channel id>      what our user asks for passing payments on
//   onion/<hash>             an onion that was opened: when its HTLC expires
//   claimed/<link>/<id>      an HTLC that the chain has paid us for unasked: number of the payment
//
// The state is loaded from the first and the last eight kinds. The others are looked up one by one.

/** What `request/<key>` holds. */
export interface StoredRequest {
  readonly number: number
  readonly fingerprint: string
}

export const PAYMENTS = 'payment/'
export const paymentKey = (number: number): string => PAYMENTS + numberKey(number)
export const sentHashKey = (hash: PaymentHash): string => `payment-hash/${hash}`
export const receivedHashKey = (hash: PaymentHash): string => `received-hash/${hash}`
export const requestKey = (idempotencyKey: string): string => `request/${idempotencyKey}`
export const REQUEST_AGES = 'request-age/'
/** `at`: milliseconds since 1970. */
export const requestAgeKey = (at: number, idempotencyKey: string): string =>
  `${REQUEST_AGES}${numberKey(at)}/${idempotencyKey}`
const inFlightKey = (number: number): string => `in-flight/${numberKey(number)}`
const invoiceKey = (hash: PaymentHash): string => `invoice/${hash}`
const tokenKey = (id: string): string => `token/${id}`
const partKey = (htlc: HtlcRef): string => `part/${htlcKey(htlc)}`
const forwardKey = (htlc: HtlcRef): string => `forward/${htlcKey(htlc)}`
const policyKey = (id: string): string => `policy/${id}`
const ONIONS = 'onion/'
const CLAIMED = 'claimed/'
const NEXT_KEY = 'payments/next'

export const putPayment = (payment: Payment): PaymentWrite => put(paymentKey(payment.number), payment)
export const putNext = (state: PaymentsState): PaymentWrite => put(NEXT_KEY, state.nextNumber)
export const putSentHash = ({ paymentHash, number }: Payment): PaymentWrite => put(sentHashKey(paymentHash), number)
export const putReceivedHash = ({ paymentHash, number }: Pick<Payment, 'paymentHash' | 'number'>): PaymentWrite =>
  put(receivedHashKey(paymentHash), number)
export const putRequest = ({ key, fingerprint }: Repeatable, { number, createdAt }: Payment): PaymentWrite[] => [
  put(requestKey(key), { number, fingerprint } satisfies StoredRequest),
  { type: 'put', key: requestAgeKey(createdAt, key), value: new Uint8Array(0) },
]
export const putInFlight = (inFlight: InFlight): PaymentWrite => put(inFlightKey(inFlight.payment.number), inFlight)
export const deleteInFlight = (number: number): PaymentWrite => remove(inFlightKey(number))
export const putInvoice = (invoice: OpenInvoice): PaymentWrite => put(invoiceKey(invoice.paymentHash), invoice)
export const deleteInvoice = (hash: PaymentHash): PaymentWrite => remove(invoiceKey(hash))
export const putToken = (token: Token): PaymentWrite => put(tokenKey(token.id), token)
export const deleteToken = (id: string): PaymentWrite => remove(tokenKey(id))
export const putPart = (part: Part): PaymentWrite => put(partKey(part), part)
export const deletePart = (part: HtlcRef): PaymentWrite => remove(partKey(part))
export const putForward = (forward: Forward): PaymentWrite => put(forwardKey(forward), forward)
export const deleteForward = (forward: HtlcRef): PaymentWrite => remove(forwardKey(forward))
export const putPolicy = (id: ChannelId, policy: Policy): PaymentWrite => put(policyKey(id), policy)
export const putOnion = (hash: string, cltvExpiry: number): PaymentWrite => put(ONIONS + hash, cltvExpiry)
export const putClaimed = (htlc: HtlcRef, number: number): PaymentWrite => put(CLAIMED + htlcKey(htlc), number)
export const deleteOnion = (hash: string): PaymentWrite => remove(ONIONS + hash)

/** When a call was remembered, and under which key, out of the name of one of our own records. */
export function parseRequestAgeKey(recordKey: string): { readonly at: number; readonly key: string } {
  const slash = recordKey.indexOf('/', REQUEST_AGES.length)
  return { at: Number(recordKey.slice(REQUEST_AGES.length, slash)), key: recordKey.slice(slash + 1) }
}

/** One of our own records among those that were looked up. That it cannot be read is a bug, or a store that lies. */
export function foundRecord<T>(records: ReadonlyMap<string, Uint8Array>, key: string): T | undefined {
  const bytes = records.get(key)
  if (bytes === undefined) return undefined
  const record = jsonDecode<T>(bytes)
  return defined(record.ok ? record.value : undefined, `record ${key} is not JSON`)
}

/**
 * The state from all records under `payments/next`, `invoice/`, `in-flight/`, `token/`, `part/`, `forward/`, `policy/`, `onion/` and
 * `claimed/`. Cost: one pass over them. The first step afterwards says when to wake it.
 */
export function loadPayments(records: ReadonlyMap<string, Uint8Array>): Result<PaymentsState, DecodeFailure> {
  let state = NEW_PAYMENTS
  for (const [key, bytes] of records) {
    const record = jsonDecode(bytes)
    if (!record.ok) return err({ ...record.error, message: `record ${key}: ${record.error.message}` })
    const next = withRecord(state, key, record.value)
    if (next === undefined) {
      return err({ code: 'invalid', message: `expected a record of invoices, payments or tokens, got ${key}` })
    }
    state = next
  }
  return ok(withTimes(state))
}

/** The key says what the record is: one that is something else, or another one's, is damaged. */
function withRecord(state: PaymentsState, key: string, record: unknown): PaymentsState | undefined {
  if (key === NEXT_KEY) return isPositive(record) ? { ...state, nextNumber: record } : undefined
  switch (key.slice(0, key.indexOf('/'))) {
    case 'invoice': {
      if (!hasShape(record, INVOICE)) return undefined
      const invoice = record as OpenInvoice
      if (key !== invoiceKey(invoice.paymentHash)) return undefined
      return { ...state, invoices: pmapSet(state.invoices, invoice.paymentHash, invoice) }
    }
    case 'token': {
      if (!hasShape(record, TOKEN)) return undefined
      const token = record as Token
      return key === tokenKey(token.id) ? { ...state, tokens: pmapSet(state.tokens, token.id, token) } : undefined
    }
    case 'in-flight': {
      if (!hasShape(record, IN_FLIGHT)) return undefined
      const inFlight = inFlightOfRecord(record as InFlight | StoredByEarlierVersion)
      const { parts, terms, payment } = inFlight
      const isWhole =
        parts.every(part => hasShape(part, SENT_PART) && part.hops.every(hop => hasShape(hop, HOP))) &&
        (terms.repeatable === undefined || hasShape(terms.repeatable, REPEATABLE))
      return isWhole && key === inFlightKey(payment.number) ? withInFlight(state, inFlight) : undefined
    }
    case 'part': {
      if (!hasShape(record, PART)) return undefined
      const part = record as Part
      return key === partKey(part) ? withPart(state, part) : undefined
    }
    case 'forward': {
      if (!hasShape(record, FORWARD)) return undefined
      const forward = record as Forward
      return key === forwardKey(forward) ? withForward(state, forward) : undefined
    }
    case 'policy': {
      if (!hasShape(record, POLICY)) return undefined
      return { ...state, policies: pmapSet(state.policies, key.slice(policyKey('').length), record as Policy) }
    }
    case 'onion':
      if (!isPositive(record)) return undefined
      return { ...state, onions: pmapSet(state.onions, key.slice(ONIONS.length), record) }
    case 'claimed':
      if (!isPositive(record)) return undefined
      return { ...state, claimed: pmapSet(state.claimed, key.slice(CLAIMED.length), record) }
    default:
      return undefined
  }
}

/** One HTLC at most, straight to who is paid. */
interface StoredByEarlierVersion extends Pick<InFlight, 'payment' | 'terms'> {
  readonly retries: number
  readonly sharedSecrets: readonly string[]
  readonly htlc?: HtlcRef
}

function inFlightOfRecord(record: InFlight | StoredByEarlierVersion): InFlight {
  if ('parts' in record) return record
  const { payment, terms, retries, sharedSecrets, htlc } = record
  const { peer: nodeId, amountMsat } = payment
  // What it did not store, nobody asks for where there is one hop.
  const hops: readonly RouteHop[] = [{ nodeId, shortChannelId: NO_CHANNEL, amountMsat, cltvExpiry: 0 }]
  return { payment, terms, onions: retries + 1, parts: htlc === undefined ? [] : [{ ...htlc, hops, sharedSecrets }] }
}

const NO_CHANNEL = shortChannelId({ blockHeight: 0, txIndex: 0, outputIndex: 0 })

const isPositive = (record: unknown): record is number => Number.isSafeInteger(record) && Number(record) > 0

// What is needed of each to go on with it.
const INVOICE: Shape = {
  paymentHash: 'string',
  invoice: 'string',
  preimage: 'string?',
  paymentSecret: 'string',
  amountMsat: 'bigint?',
  minFinalCltvExpiryDelta: 'number?',
  expiresAt: 'number',
}
const TOKEN: Shape = {
  id: 'string',
  name: 'string',
  scopes: 'list',
  secretHash: 'string',
  budgetMsat: 'bigint?',
  spentMsat: 'bigint',
}
const IN_FLIGHT: Shape = {
  payment: { number: 'number', paymentHash: 'string', amountMsat: 'bigint', feeMsat: 'bigint', peer: 'string' },
  terms: { finalCltvExpiryDelta: 'number', sessionKey: 'string', deadline: 'number', token: 'string?' },
  // Of this version, or of an earlier one.
  onions: 'number?',
  parts: 'list?',
  retries: 'number?',
  sharedSecrets: 'list?',
}
const HTLC: Shape = { link: 'number', id: 'number' }
const SENT_PART: Shape = { ...HTLC, hops: 'list', sharedSecrets: 'list' }
const HOP: Shape = { nodeId: 'string', shortChannelId: 'string', amountMsat: 'bigint', cltvExpiry: 'number' }
const WAY_BACK: Shape = {
  sharedSecret: 'string',
  position: 'string',
  sha256OfOnion: 'string?',
  receivedAt: 'number?',
}
const PART: Shape = {
  ...HTLC,
  paymentHash: 'string',
  peer: 'string',
  amountMsat: 'bigint',
  promisedMsat: 'bigint',
  totalMsat: 'bigint',
  cltvExpiry: 'number',
  wayBack: WAY_BACK,
  receivedAt: 'number',
}
const FORWARD: Shape = {
  ...HTLC,
  from: 'string',
  to: 'string',
  paymentHash: 'string',
  amountMsat: 'bigint',
  cltvExpiry: 'number',
  outbound: HTLC,
  outboundMsat: 'bigint',
  outboundExpiry: 'number',
  isDust: 'boolean',
  wayBack: WAY_BACK,
}
const POLICY: Shape = {
  feeBaseMsat: 'bigint',
  feeProportionalMillionths: 'number',
  cltvExpiryDelta: 'number',
  htlcMinimumMsat: 'bigint',
  htlcMaximumMsat: 'bigint?',
  disabled: 'boolean',
  updatedAt: 'number',
}
const REPEATABLE: Shape = { key: 'string', fingerprint: 'string' }

function withTimes(state: PaymentsState): PaymentsState {
  let timed = state
  for (const invoice of pmapValues(state.invoices)) timed = dueSweep(timed, sweepTime(invoice))
  for (const { parts, terms } of pmapValues(state.inFlight)) {
    if (parts.length === 0) timed = dueDeadline(timed, terms.deadline)
  }
  // How long a set waits, the limits say: the first tick looks at all of them.
  for (const set of pmapValues(state.sets)) if (!isComplete(set)) timed = withSession(timed, { setsDueAt: 0 })
  return timed
}

function put(key: string, value: unknown): PaymentWrite {
  return { type: 'put', key, value: jsonEncode(value) }
}

function remove(key: string): PaymentWrite {
  return { type: 'delete', key }
}
