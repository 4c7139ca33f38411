import type { BlockHash } from '../base/index.ts'
import { type BlockHeader, headerHash } from '../bitcoin/index.ts'

// Headers never change, so the object itself is the key.
const known = new WeakMap<BlockHeader, BlockHash>()

/** The hash of a header, which the miner, the rules and the tree of blocks ask for one after the other. */
export function blockHashOf(header: BlockHeader): BlockHash {
  let hash = known.get(header)
  if (hash === undefined) {
    hash = headerHash(header)
    known.set(header, hash)
  }
  return hash
}
