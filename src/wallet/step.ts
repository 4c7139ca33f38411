import { defined, err, ok, outPointKey, type Result, unreachable } from '../base/index.ts'
import { addressFromScript, scriptFromAddress } from '../bitcoin/index.ts'
import { connectBlock, disconnectBlock } from './blocks.ts'
import { changedRecords } from './codec/records.ts'
import { eventsBetween } from './events.ts'
import { deriveAddressKey } from './keys.ts'
import { forgotten, hasAllInputs, held, published, unconfirmedTransactions } from './ownTransactions.ts'
import { planPayment, signPayment } from './payment.ts'
import type { WalletContext, WalletEffect, WalletFailure, WalletInput, WalletState, WalletStep } from './types.ts'

type InputOf<T extends WalletInput['type']> = Extract<WalletInput, { type: T }>
type Outcome = Result<{ readonly next: WalletState; readonly effects?: readonly WalletEffect[] }, WalletFailure>

/** One input. What is refused changes nothing, and says why. */
export function walletStep(state: WalletState, input: WalletInput, context: WalletContext): WalletStep {
  const outcome = handle(state, input, context)
  if (!outcome.ok) return { next: state, writes: [], effects: [], failure: outcome.error }
  const { next, effects = [] } = outcome.value
  const events = eventsBetween(state, next).map((event): WalletEffect => ({ type: 'event', event }))
  return { next, writes: changedRecords(state, next), effects: [...effects, ...events] }
}

function handle(state: WalletState, input: WalletInput, context: WalletContext): Outcome {
  switch (input.type) {
    case 'block_connected':
      return onBlock(state, input, context)
    case 'block_disconnected':
      return ok(republish(disconnectBlock(state, input.height)))
    case 'address_requested':
      return ok(newAddress(state, context))
    case 'fund':
      return fund(state, input, context)
    case 'send':
      return send(state, input, context)
    case 'published':
      return ok({ next: published(state, input.tx, 'other', context) })
    case 'abandoned':
      return abandon(state, input)
    case 'inputs_gone':
      return giveUp(state, input)
    case 'replaced':
      return replace(state, input, context)
    case 'lock':
      return lock(state, input)
    case 'unlock':
      return unlock(state, input)
    case 'started':
      return ok(republish(state))
    default:
      return unreachable(input)
  }
}

/** A block of a height that was read before stands in place of that one and all above it. */
function onBlock(state: WalletState, input: InputOf<'block_connected'>, context: WalletContext): Outcome {
  if (state.height !== undefined && input.height > state.height + 1) {
    const [expected, got] = [`the block of height ${state.height + 1}`, `the one of height ${input.height}`]
    return err({ code: 'missed_blocks', expected, got, section: 'the blocks of the best chain come in order' })
  }
  return ok({ next: connectBlock(disconnectBlock(state, input.height), input, context) })
}

/** After a start, or when a block is gone, the network may have forgotten what waits. */
function republish(next: WalletState) {
  return { next, effects: unconfirmedTransactions(next).map(tx => ({ type: 'publish', tx }) as const) }
}

/** Where a gap of unused addresses is out already, the last one of them is given once more. */
function newAddress(state: WalletState, { keys, limits }: WalletContext) {
  const { receiveIssued, receiveUsed } = state.indexes
  const isFull = receiveIssued >= receiveUsed + limits.addressGap
  const path = { branch: 'receive', index: isFull ? receiveIssued - 1 : receiveIssued } as const
  const { script } = deriveAddressKey(keys, path)
  const address = defined(addressFromScript(script, keys.network), 'a P2WPKH script has an address')
  const effects = [{ type: 'address', address, script, path }] as const
  const indexes = { ...state.indexes, receiveIssued: receiveIssued + 1 }
  return { next: isFull ? state : { ...state, indexes }, effects }
}

/** The channel to be is counted: the coins that stay have to pay for its HTLC transactions, too. */
function fund(state: WalletState, { output, feeratePerKw }: InputOf<'fund'>, context: WalletContext): Outcome {
  const withIt = { ...context, channels: context.channels + 1 }
  const plan = planPayment(state, { ...output, feeratePerKw }, withIt)
  if (!plan.ok) return plan
  const tx = signPayment(plan.value, context.keys)
  return ok({
    next: held(state, tx, 'funding'),
    effects: [{ type: 'funding_signed', tx, feeSat: plan.value.feeSat }],
  })
}

function send(state: WalletState, input: InputOf<'send'>, context: WalletContext): Outcome {
  const script = scriptFromAddress(input.address, context.keys.network)
  if (!script.ok) {
    const expected = `an address of ${context.keys.network}`
    return err({ code: 'address', expected, got: script.error.message, section: 'BIP 173, BIP 350' })
  }
  const plan = planPayment(state, { ...input, script: script.value }, context)
  if (!plan.ok) return plan
  const tx = signPayment(plan.value, context.keys)
  return ok({ next: published(state, tx, 'send', context), effects: [{ type: 'publish', tx }] })
}

function abandon(state: WalletState, { txid: id }: InputOf<'abandoned'>): Outcome {
  const own = state.transactions.get(id)
  if (own === undefined) return unknownTransaction(id)
  if (own.confirmedHeight !== undefined) return alreadyConfirmed(id, own.confirmedHeight)
  return ok({ next: forgotten(state, id) })
}

/** What is not confirmed and has lost an input takes its children with it. */
function giveUp(state: WalletState, { txid: id }: InputOf<'inputs_gone'>): Outcome {
  const own = state.transactions.get(id)
  if (own === undefined) return unknownTransaction(id)
  if (own.confirmedHeight !== undefined) return alreadyConfirmed(id, own.confirmedHeight)
  if (own.conflict !== undefined || hasAllInputs(state, own)) {
    const got = own.conflict === undefined ? 'one whose inputs are all there' : `one that lost to ${own.conflict.txid}`
    const expected = 'a transaction that spends what is nowhere'
    return err({ code: 'not_lost', expected, got, section: 'transactions of the wallet' })
  }
  const next = forgotten(state, id)
  const gone = [...state.transactions.keys()].filter(txid => !next.transactions.has(txid))
  const effects = gone.map(txid => ({ type: 'event', event: { type: 'transaction_given_up', txid } }) as const)
  return ok({ next, effects })
}

function replace(state: WalletState, { txid: id, by }: InputOf<'replaced'>, context: WalletContext): Outcome {
  const own = state.transactions.get(id)
  if (own === undefined) return unknownTransaction(id)
  if (own.confirmedHeight !== undefined) return alreadyConfirmed(id, own.confirmedHeight)
  const wanted = new Set(own.tx.inputs.map(({ outpoint }) => outPointKey(outpoint)))
  if (!by.inputs.some(({ outpoint }) => wanted.has(outPointKey(outpoint)))) {
    const [expected, got] = [`an input of transaction ${id}`, 'a transaction that spends none of them']
    return err({ code: 'not_a_replacement', expected, got, section: 'BIP 125' })
  }
  return ok({ next: published(forgotten(state, id), by, own.purpose, context) })
}

function lock(state: WalletState, { outpoint, reason }: InputOf<'lock'>): Outcome {
  const key = outPointKey(outpoint)
  if (!state.coins.has(key)) return unknownCoin('a coin of this wallet', key)
  return ok({ next: { ...state, locks: new Map(state.locks).set(key, { outpoint, reason }) } })
}

function unlock(state: WalletState, { outpoint }: InputOf<'unlock'>): Outcome {
  const locks = new Map(state.locks)
  const key = outPointKey(outpoint)
  if (!locks.delete(key)) return unknownCoin('a locked coin', key)
  return ok({ next: { ...state, locks } })
}

function unknownCoin(expected: string, got: string): Outcome {
  return err({ code: 'unknown_coin', expected, got, section: 'locks of the wallet' })
}

function unknownTransaction(got: string): Outcome {
  const expected = 'a transaction of this wallet that is not final'
  return err({ code: 'unknown_transaction', expected, got, section: 'transactions of the wallet' })
}

function alreadyConfirmed(id: string, height: number): Outcome {
  const got = `${id}, confirmed in block ${height}`
  const expected = 'a transaction that is not confirmed'
  return err({ code: 'already_confirmed', expected, got, section: 'transactions of the wallet' })
}
