import { bytesEqual, defined, outPointKey, type Sat, sat, satToMsat } from '../base/index.ts'
import { scriptFromAddress, type Tx, txid } from '../bitcoin/index.ts'
import type { WalletState } from '../wallet/index.ts'
import { keepSendCharge } from './charges.ts'
import { answerOf, stepWallet } from './coins.ts'
import { charge } from './payments.ts'
import { forget, remember } from './requestAges.ts'
import type { EngineInput } from './types.ts'
import { act, refuse, reply, type Work } from './work.ts'

// Coins that leave on chain because a user wants it, and what becomes of that where the network does not take them.

type InputOf<T extends EngineInput['type']> = Extract<EngineInput, { type: T }>

export function sendOnchain(work: Work, input: InputOf<'send_onchain'>): void {
  const { request, address, amountSat, idempotency, token } = input
  const { coins } = work.state.wallet
  const feeratePerKw = input.feeratePerKw ?? work.context.feerates.funding
  const { answers, failure } = stepWallet(work, { type: 'send', address, amountSat, feeratePerKw })
  if (failure !== undefined) {
    refuse(work, request, failure)
    return
  }
  const { tx } = answerOf(answers, 'publish')
  // The fee as well: it is up to the caller, and would else be money beyond any budget.
  const charged =
    token === undefined ? undefined : { token, amountMsat: satToMsat(leaving(work, tx, { coins, address })) }
  const refusal = charged && charge(work, { request, ...charged })
  if (refusal !== undefined) {
    stepWallet(work, { type: 'abandoned', txid: txid(tx) })
    reply(work, request, { type: 'refused', failure: refusal })
    return
  }
  const at = work.context.now
  if (idempotency !== undefined) {
    const { key, fingerprint } = idempotency
    remember(work, { key, at }, { kind: 'send', fingerprint, txid: txid(tx) })
  }
  if (charged !== undefined) keepSendCharge(work, txid(tx), charged)
  const undo = idempotency === undefined ? {} : { remembered: { key: idempotency.key, at } }
  act(work, { type: 'publish', tx, role: 'wallet', request, undo })
}

/** It never left: its coins are free, so is what its token was charged for it, and the key stands for nothing. Unless a block brought it meanwhile. */
export function publishRefused(work: Work, { txid: id, undo }: InputOf<'publish_refused'>): void {
  const { failure } = stepWallet(work, { type: 'abandoned', txid: id })
  if (failure !== undefined) return
  if (undo.remembered !== undefined) forget(work, undo.remembered)
}

/** What the coins bring and does not come back as change: the payment and its fee. */
function leaving(
  { context }: Work,
  tx: Tx,
  { coins, address }: { readonly coins: WalletState['coins']; readonly address: string },
): Sat {
  const script = scriptFromAddress(address, context.walletKeys.network)
  const spent = tx.inputs.reduce(
    (sum, { outpoint }) => sum + defined(coins.get(outPointKey(outpoint)), 'a coin of ours').amountSat,
    0n,
  )
  const change = tx.outputs.filter(output => script.ok && !bytesEqual(output.script, script.value))
  return sat(change.reduce((left, { amountSat }) => left - amountSat, spent))
}
