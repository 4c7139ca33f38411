import { bytesEqual, concat, fromHex, reverseBytes } from '../../base/index.ts'
import { type BlockHeader, encodeTxWithoutWitness, type Tx } from '../../bitcoin/index.ts'
import { sha256d } from '../../crypto/index.ts'
import { type Answer, lie, value } from './answer.ts'
import { fieldsOf, isHash, isWhole } from './json.ts'

/** A branch of a merkle tree up to its root, in wire order. */
export interface MerkleProof {
  readonly height: number
  readonly index: number
  readonly branch: readonly Uint8Array[]
}

/** From `block_height`, `pos` and `merkle`, as Electrum and Esplora write them. */
export function readMerkleProof(json: unknown): Answer<MerkleProof> {
  const { block_height: height, pos: index, merkle } = fieldsOf(json)
  const branch = readBranch(merkle)
  return isWhole(height) && isWhole(index) && branch !== undefined
    ? value({ height, index, branch })
    : lie('something else than a merkle proof')
}

/** The hashes beside the way, the lowest first; `undefined` for something else. */
export function readBranch(json: unknown): readonly Uint8Array[] | undefined {
  if (!Array.isArray(json) || json.length > MOST_LEVELS) return undefined
  const hashes: readonly unknown[] = json
  return hashes.every(isHash) ? hashes.map(hash => reverseBytes(fromHex(hash))) : undefined
}

/** A block has fewer than 2^17 transactions: each has at least 60 bytes. */
const MOST_LEVELS = 17
/** A transaction of this length may be two hashes in a row, and so a node of the tree instead of a leaf (CVE-2017-12842). */
const LENGTH_OF_TWO_HASHES = 64

/** Whether the proof leads from this transaction at this index to the merkle root of the block. */
export function proves(proof: MerkleProof, tx: Tx, { merkleRoot }: BlockHeader): boolean {
  const bytes = encodeTxWithoutWitness(tx)
  return bytes.length !== LENGTH_OF_TWO_HASHES && leadsTo(merkleRoot, sha256d(bytes), proof)
}

/** Whether the branch leads from a leaf at this index to the root. What the leaf is, it does not say. */
export function leadsTo(
  root: Uint8Array,
  leaf: Uint8Array,
  { index, branch }: Pick<MerkleProof, 'index' | 'branch'>,
): boolean {
  if (index >= 2 ** branch.length) return false
  let hash = leaf
  let at = index
  for (const sibling of branch) {
    const isRight = at % 2 === 1
    // Only the last of a level stands beside itself, and then on the left (CVE-2012-2459).
    if (isRight && bytesEqual(hash, sibling)) return false
    hash = sha256d(isRight ? concat(sibling, hash) : concat(hash, sibling))
    at = Math.floor(at / 2)
  }
  return bytesEqual(hash, root)
}
