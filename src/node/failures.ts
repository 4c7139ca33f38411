import { BookendError, type BookendErrorCode } from '../base/index.ts'
import type { EngineFailure, Payment, PaymentFailure } from '../engine/index.ts'
import { INVOICE_ADVICE } from '../invoice/index.ts'
import { ChainError, NetworkError, type Store } from '../ports/index.ts'
import { StorageError } from '../storage/index.ts'

// What the rooms say of a failure, in the words of the public door: a stable code, and what to do.

type Known = readonly [code: BookendErrorCode, advice: string]

const TRY_LATER = 'Try again in a moment.'

/** Of requests to the engine. What is not here is a rule of the protocol that the request broke. */
const OF_ENGINE: Readonly<Record<string, Known>> = {
  own_node_id: ['bad_request', 'Name another node.'],
  no_address: ['bad_request', 'Name an address: NODEID@HOST:PORT.'],
  unreachable: ['peer_unreachable', 'See whether the address is right and the peer is running.'],
  disconnected: ['aborted', 'Connect again if that was not meant.'],
  not_connected: ['peer_unreachable', 'Connect to the peer first, or name its address: NODEID@HOST:PORT.'],
  opening_failed: ['peer_refused', 'See what the peer says, and try another amount or another peer.'],
  too_many_channels: ['limit_reached', 'Wait until the openings under way have ended, or close a channel.'],
  no_channel: ['not_found', '`bookend channels` lists the channels.'],
  not_possible_now: ['not_possible_now', TRY_LATER],
  closing_sig_awaited: ['not_possible_now', TRY_LATER],
  no_simple_close: ['not_possible_now', 'This peer lets nobody change the fee: wait until the close is confirmed.'],
  insufficient_funds: [
    'insufficient_funds',
    'Send bitcoin to an address of `bookend address`, and wait until a block has it.',
  ],
  reserve: ['insufficient_funds', 'Send less, or close a channel: each keeps a reserve for fees.'],
  dust: ['bad_request', 'Send more: so small an output would not be relayed.'],
  address: ['bad_request', 'Use an address of the network that this node is on.'],
  fee_too_high: ['bad_request', 'Send more at once, or name a lower feerate.'],
}

export function engineError({ code, expected, got, section }: EngineFailure): BookendError {
  const [known, advice] = OF_ENGINE[code] ?? ['bad_request', 'Change the request accordingly.']
  const message =
    code === 'opening_failed' ? `The channel was not opened: ${got}.` : `Expected ${expected}, got ${got}.`
  return new BookendError(known, message, { advice, facts: { reason: code, expected, got, section } })
}

const OF_PAYMENTS: Readonly<Record<PaymentFailure['code'], Known>> = {
  invalid_invoice: ['bad_request', INVOICE_ADVICE],
  invoice_expired: ['bad_request', 'Ask for a new invoice.'],
  wrong_network: ['wrong_network', 'Pay it with a node on its network.'],
  amount: ['bad_request', 'Name an amount that the invoice allows.'],
  self_payment: ['bad_request', 'Pay another node.'],
  already_paid: ['conflict', 'Nothing has to be done: `bookend payments` shows it.'],
  in_flight: ['conflict', 'Wait for it: `bookend payments` shows what becomes of it.'],
  no_channel: ['payment_failed', 'Open a channel with the recipient, or wait until it is connected.'],
  insufficient_balance: ['insufficient_funds', 'Pay less, or open a larger channel.'],
  no_route: ['payment_failed', 'Open a channel with the recipient, or with a node that is better connected.'],
  fee_limit: ['payment_failed', 'Allow a higher fee.'],
  budget_exceeded: ['budget_exceeded', 'Ask whoever gave the token for a larger budget.'],
  unknown_token: ['unauthorized', 'Use a token that is not revoked.'],
  too_many_in_flight: ['limit_reached', TRY_LATER],
  refused_by_recipient: ['payment_failed', 'Ask the recipient, or for a new invoice.'],
  refused_on_the_way: ['payment_failed', TRY_LATER],
  timeout: ['timeout', 'Nothing was paid. Try again when the recipient is there.'],
  lost_on_chain: ['payment_failed', 'The recipient was not paid. Pay again, over another channel.'],
  outcome_unknown: ['payment_failed', 'Ask the recipient before you pay again: it may have been paid.'],
  idempotency_conflict: ['conflict', 'Use another Idempotency-Key: this one was used for something else.'],
  too_many_invoices: ['limit_reached', 'Wait until some have expired.'],
  unknown_invoice: ['not_found', '`bookend payments` shows whether it was paid.'],
  not_held: ['conflict', 'Wait for the event `payment_held`.'],
  unknown_channel: ['not_found', '`bookend channels` shows the channels.'],
  invalid_policy: ['bad_request', 'Name a policy within these bounds.'],
  chain_is_old: ['chain_unavailable', 'See whether the chain is running, and try again when a block has come.'],
}

export function paymentError({ code, message, detail }: PaymentFailure): BookendError {
  const [known, advice] = OF_PAYMENTS[code]
  return new BookendError(known, message, { advice, facts: { reason: code, ...(detail !== undefined && { detail }) } })
}

/** Whatever an adapter throws. What is none of their errors is a bug of ours, and stays what it is. */
export function adapterError(error: unknown): unknown {
  if (error instanceof ChainError) {
    const code = error.code === 'wrong_network' ? 'wrong_network' : 'chain_unavailable'
    return wrapped(code, error, 'See whether the chain is running and its address, user and password are right.')
  }
  if (error instanceof NetworkError) {
    const code = error.code === 'address_in_use' ? 'address_in_use' : 'peer_unreachable'
    return wrapped(code, error, 'Choose another address, or free this one.')
  }
  if (error instanceof StorageError) {
    if (error.code === 'store_failed') {
      return wrapped(
        'disk',
        error,
        'See whether the disk is full or broken, then start again: what was confirmed is there.',
      )
    }
    return wrapped('data_directory', error, 'Use another data directory, or put right what the message says.')
  }
  return error
}

/** The same store for those who read from it for a caller, who hears of its failures in the words above. */
export function readableStore(store: Store): Store {
  const told = (reason: unknown): never => {
    throw reason instanceof StorageError && reason.code === 'store_closed' ? stoppedError() : adapterError(reason)
  }
  return {
    load: prefix => store.load(prefix).catch(told),
    loadPage: (prefix, page) => store.loadPage(prefix, page).catch(told),
    commit: writes => store.commit(writes),
    close: () => store.close(),
  }
}

function wrapped(code: BookendErrorCode, cause: Error & { readonly code: string }, advice: string): BookendError {
  return new BookendError(code, cause.message, { advice, cause, facts: { reason: cause.code } })
}

/** Of a payment that began and came to nothing. */
export function failedPayment({ failure, paymentHash, number }: Payment): BookendError {
  const advice =
    failure?.code === 'timeout' ? 'Nothing was paid. Try again.' : 'Nothing was paid. See what the reason says.'
  return new BookendError('payment_failed', failure?.message ?? 'The payment failed.', {
    advice,
    facts: { reason: failure?.code ?? 'unknown', paymentHash, payment: String(number) },
  })
}

/** Of whatever is asked of a node after its end. */
export function stoppedError(): BookendError {
  return new BookendError('stopped', 'The node has stopped.', { advice: 'Start it again: `bookend start`.' })
}
