import { type BlockHash, parseHex, type Sat, sat, type Txid } from '../../base/index.ts'
import type { ChainOutput, ChainPlace } from '../../ports/index.ts'
import { isPruned, isUnknown } from './block.ts'
import { badAnswer, pruned } from './errors.ts'
import { fieldsOf, granted, hashOf } from './reply.ts'
import type { RpcClient } from './rpc.ts'

const SAT_IN_BTC = 100_000_000

/** Outputs by their place in the chain. Who asks for many asks block by block, so the ids of the last blocks are kept. */
export class Outputs {
  readonly #rpc: RpcClient
  readonly #hashAt: (height: number) => Promise<BlockHash | undefined>
  readonly #kept = new Map<BlockHash, Promise<readonly Txid[] | undefined>>()

  constructor(rpc: RpcClient, hashAt: (height: number) => Promise<BlockHash | undefined>) {
    this.#rpc = rpc
    this.#hashAt = hashAt
  }

  async at({ height, txIndex, outputIndex }: ChainPlace): Promise<ChainOutput | undefined> {
    const hash = await this.#hashAt(height)
    const txid = hash === undefined ? undefined : (await this.#txids(hash))?.[txIndex]
    if (txid === undefined) return undefined
    const method = 'gettxout'
    const found = granted(this.#rpc.where, method, await this.#rpc.ask(method, [txid, outputIndex, false]))
    if (found === null) return { txid }
    const { value, scriptPubKey } = fieldsOf(found) ?? {}
    const amountSat = satOf(value)
    const hex = fieldsOf(scriptPubKey)?.hex
    const script = typeof hex === 'string' ? parseHex(hex) : undefined
    if (amountSat === undefined || script?.ok !== true)
      throw badAnswer(this.#rpc.where, method, 'something else than an output')
    return { txid, unspent: { amountSat, script: script.value } }
  }

  #txids(hash: BlockHash): Promise<readonly Txid[] | undefined> {
    const known = this.#kept.get(hash)
    if (known !== undefined) return known
    const asked = this.#ask(hash)
    this.#kept.set(hash, asked)
    // What was not answered is asked again.
    asked.catch(() => this.#kept.delete(hash))
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined && this.#kept.size > this.#rpc.limits.blocksKept) this.#kept.delete(oldest)
    return asked
  }

  async #ask(hash: BlockHash): Promise<readonly Txid[] | undefined> {
    const method = 'getblock'
    const reply = await this.#rpc.ask(method, [hash, 1])
    if (!reply.ok && isUnknown(reply.error)) return undefined
    if (!reply.ok && isPruned(reply.error)) throw pruned(this.#rpc.where, hash)
    const tx = fieldsOf(granted(this.#rpc.where, method, reply))?.tx
    // A txid is written as a hash is.
    if (Array.isArray(tx) && tx.every(id => hashOf(id) !== undefined)) return tx as readonly Txid[]
    throw badAnswer(this.#rpc.where, method, 'something else than a block')
  }
}

/** Bitcoin Core writes amounts in bitcoin, with eight digits: exact as the nearest number of satoshis. */
function satOf(value: unknown): Sat | undefined {
  if (typeof value !== 'number' || !(value >= 0)) return undefined
  const amount = Math.round(value * SAT_IN_BTC)
  return Number.isSafeInteger(amount) ? sat(amount) : undefined
}
