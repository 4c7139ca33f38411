import { err, ok, type Result, type Txid, toHex } from '../../base/index.ts'
import { encodeTx, type Tx, txid } from '../../bitcoin/index.ts'
import type { PublishRefusal } from '../../ports/index.ts'
import { quoted } from '../words.ts'
import { badAnswer } from './errors.ts'
import { fieldsOf, RPC, refused } from './reply.ts'
import type { RpcClient } from './rpc.ts'

/** `maxfeerate` of Core's calls: no limit, since what a transaction of ours pays was decided when it was signed. */
export const ANY_FEERATE = 0

/** Core usually says yes to what is in its mempool, with these witnesses or others. These are its other words for it. */
const KNOWN =
  /^(txn-already-known|txn-already-in-mempool|txn-same-nonwitness-data-in-mempool|(TX rejected: )?(already have transaction|transaction already exists))\b/
/** How btcd says that an input is unknown or spent, and Core where it is only asked. */
const MISSING = /^missing-inputs$|orphan transaction|fully-spent transaction|output .*already spent/
const REFUSALS: readonly number[] = [RPC.DESERIALIZATION_ERROR, RPC.TRANSACTION_ERROR, RPC.TRANSACTION_REJECTED]

/** Where a parent cannot be helped, or there are no packages, the child's own refusal says so. */
export async function publish(rpc: RpcClient, tx: Tx, parent?: Tx): Promise<Result<Txid, PublishRefusal>> {
  if (parent !== undefined)
    await rpc.tell('submitpackage', [[parent, tx].map(each => toHex(encodeTx(each))), ANY_FEERATE])
  return publishOne(rpc, tx)
}

async function publishOne(rpc: RpcClient, tx: Tx): Promise<Result<Txid, PublishRefusal>> {
  const method = 'sendrawtransaction'
  const id = txid(tx)
  const reply = await rpc.tell(method, [toHex(encodeTx(tx)), ANY_FEERATE])
  if (reply.ok) {
    if (reply.value === id) return ok(id)
    throw badAnswer(rpc.where, method, 'another transaction id than its own')
  }
  const { code, message } = reply.error
  if (code === RPC.ALREADY_IN_UTXO_SET || isKnown(message)) return ok(id)
  if (!REFUSALS.includes(code)) throw refused(rpc.where, method, reply.error)
  if ((code === RPC.TRANSACTION_ERROR || isMissing(message)) && (await isConfirmed(rpc, id))) return ok(id)
  return err(refusalOf(message))
}

/** Whether it refuses a transaction only since it has it. */
export function isKnown(message: string): boolean {
  return KNOWN.test(message)
}

/** Whether it refuses a transaction since an input is unknown or spent. */
export function isMissing(message: string): boolean {
  return MISSING.test(message)
}

/**
 * Where all outputs of a confirmed transaction are spent, Core only sees that its inputs are, too: by itself. Only a bitcoind with an index
 * of all transactions (`-txindex`) can tell.
 */
export async function isConfirmed(rpc: RpcClient, id: Txid): Promise<boolean> {
  const known = await rpc.ask('getrawtransaction', [id, 1])
  const confirmations = known.ok ? fieldsOf(known.value)?.confirmations : undefined
  return typeof confirmations === 'number' && confirmations > 0
}

/** Core writes `reason, details` in one line. */
export function refusalOf(message: string): PublishRefusal {
  if (isMissing(message)) return { reason: 'bad-txns-inputs-missingorspent', details: quoted(message) }
  const [, reason = message, details] = /^(.*?), (.*)$/s.exec(message) ?? []
  return details === undefined ? { reason: quoted(reason) } : { reason: quoted(reason), details: quoted(details) }
}
