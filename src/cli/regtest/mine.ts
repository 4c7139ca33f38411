import { err, ok, type Result } from '../../base/index.ts'
import { callRpc } from './client.ts'
import type { Endpoint } from './options.ts'

export interface MineOptions extends Endpoint {
  readonly count: number
  /** Absent: the chain's own miner, whose coins `bookend_fund` gives away. */
  readonly to?: string
  readonly json: boolean
}

/** Has a running regtest mine, and gives the line that says what came of it; or a sentence on why nothing did. */
export async function mine(options: MineOptions): Promise<Result<string, string>> {
  const { count, to } = options
  const mined =
    to === undefined
      ? await callRpc(options, 'bookend_mine', [count])
      : await callRpc(options, 'generatetoaddress', [count, to])
  if (!mined.ok) return mined
  const height = await callRpc(options, 'getblockcount', [])
  if (!height.ok) return height
  const hashes: readonly unknown[] = Array.isArray(mined.value) ? mined.value : []
  const tip = hashes.at(-1)
  if (typeof tip !== 'string') return err('the answer does not name the blocks that were mined.')
  if (options.json) return ok(JSON.stringify({ height: height.value, hashes }))
  return ok(`Mined ${count} ${count === 1 ? 'block' : 'blocks'}: height ${height.value}, tip ${tip}`)
}
