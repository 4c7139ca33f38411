import { bytesEqual, concat } from '../base/index.ts'
import { sha256d } from '../crypto/index.ts'

/**
 * The merkle root of leaves in wire order, and whether two equal neighbours were hashed together.
 * Such a pair lets a block be written with some transactions twice under the same root (CVE-2012-2459), so a block
 * that has one is refused.
 */
export function merkleRoot(leaves: readonly Uint8Array[]): { readonly root: Uint8Array; readonly mutated: boolean } {
  let level = leaves
  let mutated = false
  while (level.length > 1) {
    const next: Uint8Array[] = []
    for (let i = 0; i < level.length; i += 2) {
      const left = level[i] ?? new Uint8Array(32)
      const right = level[i + 1]
      if (right !== undefined && bytesEqual(left, right)) mutated = true
      next.push(sha256d(concat(left, right ?? left)))
    }
    level = next
  }
  return { root: level[0] ?? new Uint8Array(32), mutated }
}
