import { type OutPoint, outPointKey, parseHex } from '../../base/index.ts'
import { decodeTx, type Tx, txid } from '../../bitcoin/index.ts'
import { badAnswer } from './errors.ts'
import { fieldsOf, granted, hashOf, RPC } from './reply.ts'
import type { RpcClient } from './rpc.ts'

/** What spends these in the mempool. Nothing from a node that cannot say: Core before version 24. */
export async function waitingSpends(rpc: RpcClient, outpoints: readonly OutPoint[]): Promise<readonly Tx[]> {
  if (outpoints.length === 0) return []
  const method = 'gettxspendingprevout'
  const reply = await rpc.ask(method, [outpoints.map(({ txid: id, vout }) => ({ txid: id, vout }))])
  if (!reply.ok && reply.error.code === RPC.METHOD_NOT_FOUND) return []
  const said = granted(rpc.where, method, reply)
  if (!Array.isArray(said)) throw badAnswer(rpc.where, method, 'something else than a list')
  const ids = new Set(said.flatMap(each => hashOf(fieldsOf(each)?.spendingtxid) ?? []))
  const found = await Promise.all([...ids].map(id => waiting(rpc, id)))
  const wanted = new Set(outpoints.map(outPointKey))
  return found.flatMap(tx =>
    tx?.inputs.some(({ outpoint }) => wanted.has(outPointKey(outpoint))) === true ? [tx] : [],
  )
}

/** Nothing where it has left the mempool meanwhile. */
async function waiting(rpc: RpcClient, id: string): Promise<Tx | undefined> {
  const method = 'getrawtransaction'
  const reply = await rpc.ask(method, [id, 0])
  if (!reply.ok) return undefined
  const bytes = typeof reply.value === 'string' ? parseHex(reply.value) : undefined
  const read = bytes?.ok === true ? decodeTx(bytes.value) : undefined
  if (read?.ok !== true || txid(read.value) !== id)
    throw badAnswer(rpc.where, method, 'something else than the transaction')
  return read.value
}
