import { toHex } from '../../base/index.ts'
import { encodeTx, type Tx, txid } from '../../bitcoin/index.ts'
import type { PublishRefusal } from '../../ports/index.ts'
import { badAnswer } from './errors.ts'
import { ANY_FEERATE, isConfirmed, isKnown, isMissing, refusalOf } from './publish.ts'
import { fieldsOf, granted, RPC } from './reply.ts'
import type { RpcClient } from './rpc.ts'

/** btcd takes no limit for its own limit, here and nowhere else. */
const TOO_DEAR = 'max-fee-exceeded'

/** What the mempool would say of it. Nothing from a node that has no such call: btcd before version 0.24. */
export async function testAccept(rpc: RpcClient, tx: Tx): Promise<PublishRefusal | undefined> {
  const method = 'testmempoolaccept'
  const reply = await rpc.ask(method, [[toHex(encodeTx(tx))], ANY_FEERATE])
  if (!reply.ok && reply.error.code === RPC.METHOD_NOT_FOUND) return undefined
  const said = granted(rpc.where, method, reply)
  const judgement = Array.isArray(said) && said.length === 1 ? fieldsOf(said[0]) : undefined
  // btcd leaves a no away.
  const { allowed = false, 'reject-reason': reason, 'reject-details': details } = judgement ?? {}
  if (judgement?.txid !== txid(tx) || typeof allowed !== 'boolean')
    throw badAnswer(rpc.where, method, 'something else than a judgement of the transaction')
  // What is refused without a reason will be refused with one when it is published.
  if (allowed || typeof reason !== 'string' || isKnown(reason) || reason === TOO_DEAR) return undefined
  if (isMissing(reason) && (await isConfirmed(rpc, txid(tx)))) return undefined
  // Since version 28 the details repeat the reason, as publishing has them.
  const isTold = typeof details === 'string' && details.startsWith(reason)
  return refusalOf(isTold ? details : reason)
}
