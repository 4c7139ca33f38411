import { type BlockHash, err, type Result } from '../../base/index.ts'
import type { Block } from '../../bitcoin/index.ts'
import type { ChainBlock } from '../../ports/index.ts'
import { provenBlock } from '../blockProof.ts'
import { badAnswer, pruned } from './errors.ts'
import { fieldsOf, granted, heightOf, RPC, type RpcRefusal } from './reply.ts'
import type { RpcClient } from './rpc.ts'

/** A block as bitcoind has it. Its bytes do not say at which height it is: that is asked for beside them. */
export async function block(rpc: RpcClient, hash: BlockHash): Promise<ChainBlock | undefined> {
  const { where } = rpc
  const [bytes, header] = await Promise.all([rpc.ask('getblock', [hash, 0]), rpc.ask('getblockheader', [hash, true])])
  if (!bytes.ok && isUnknown(bytes.error)) return undefined
  const height = header.ok ? heightOf(fieldsOf(header.value)?.height) : undefined
  if (!bytes.ok && isPruned(bytes.error)) throw pruned(where, height === undefined ? hash : `${height} (${hash})`)
  const read = readBlock(granted(where, 'getblock', bytes), hash)
  if (!read.ok) throw badAnswer(where, 'getblock', read.error)
  granted(where, 'getblockheader', header)
  if (height === undefined) throw badAnswer(where, 'getblockheader', 'no height')
  return { hash, height, transactions: read.value.transactions }
}

/** Not heard of, or heard of by its header alone, as it happens to blocks aside of the best chain. */
export function isUnknown({ code, message }: RpcRefusal): boolean {
  if (code === RPC.INVALID_ADDRESS_OR_KEY) return true
  return code === RPC.MISC_ERROR && /not fully downloaded|not found on disk/i.test(message)
}

export function isPruned({ code, message }: RpcRefusal): boolean {
  return code === RPC.MISC_ERROR && /pruned/i.test(message)
}

/** The block with this hash from its bytes in hexadecimal; otherwise what came instead, to end a sentence with. */
function readBlock(hex: unknown, hash: BlockHash): Result<Block, string> {
  const text = typeof hex === 'string' ? hex : ''
  const bytes = Buffer.from(text, 'hex')
  // Buffer stops at the first character that is no digit.
  if (text === '' || text.length !== 2 * bytes.length) return err('something else than a block in hexadecimal')
  return provenBlock(bytes, hash)
}
