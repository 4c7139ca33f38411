import { assert } from '../base/index.ts'
import { type BlockHeader, meetsTarget } from '../bitcoin/index.ts'
import { blockHashOf } from './blockHash.ts'

/** Tries nonces until the hash meets the target: on regtest every second one does. */
export function solve(header: BlockHeader): BlockHeader {
  for (let nonce = 0; nonce <= 0xffffffff; nonce++) {
    const candidate = { ...header, nonce }
    if (meetsTarget(blockHashOf(candidate), header.bits)) return candidate
  }
  assert(false, `no nonce satisfies the target ${header.bits.toString(16)}`)
}
