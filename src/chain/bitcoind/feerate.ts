import { type FeeratePerKw, feeratePerKw } from '../../base/index.ts'
import { badAnswer } from './errors.ts'
import { fieldsOf, granted, RPC } from './reply.ts'
import type { RpcClient } from './rpc.ts'

/** Core estimates for so many blocks at most (`estimatesmartfee`). For a single one it answers as for two. */
const FARTHEST_TARGET = 1008
/** 1 sat per virtual byte is 250; what is more makes up for the rounding from weight to virtual bytes. Less may not be relayed. */
const LEAST_FEERATE_PER_KW = 253
/** Nobody has ever paid 1 BTC for 1000 virtual bytes on purpose. */
const DEAREST_BTC_PER_KVB = 1

/** A Core that does not estimate, and a btcd, which has no such call. */
const NO_ESTIMATES: readonly number[] = [RPC.INTERNAL_ERROR, RPC.METHOD_NOT_FOUND]

/** Core's estimate; `undefined` where it has none: it has not seen enough blocks, or does not estimate (`-blocksonly`). */
export async function feerate(rpc: RpcClient, targetBlocks: number): Promise<FeeratePerKw | undefined> {
  const method = 'estimatesmartfee'
  const target = Math.min(Math.max(Math.ceil(targetBlocks), 1), FARTHEST_TARGET)
  // Conservative: a short calm does not lower the estimate, since money hangs on what we publish in time.
  const reply = await rpc.ask(method, [target, 'CONSERVATIVE'])
  if (!reply.ok && NO_ESTIMATES.includes(reply.error.code)) return undefined
  const answer = fieldsOf(granted(rpc.where, method, reply))
  if (answer === undefined) throw badAnswer(rpc.where, method, 'something else than an estimate')
  const btcPerKvB = answer.feerate
  if (btcPerKvB === undefined) return undefined
  if (typeof btcPerKvB !== 'number' || btcPerKvB <= 0 || btcPerKvB > DEAREST_BTC_PER_KVB)
    throw badAnswer(rpc.where, method, 'a feerate that cannot be')
  // 1000 virtual bytes are 4000 weight units. Rounded up: below its estimate a transaction may wait.
  const satPerKvB = Math.round(btcPerKvB * 1e8)
  return feeratePerKw(Math.max(Math.ceil(satPerKvB / 4), LEAST_FEERATE_PER_KW))
}
