import { assert } from '../base/index.ts'
import { ScriptJudge } from './judge.ts'
import { Ledger } from './ledger.ts'
import { Mempool } from './mempool/pool.ts'
import type { VerifySignature } from './signatures.ts'
import type { Snapshot, SnapshotFailure } from './snapshot.ts'
import { type BlockNode, BlockTree } from './tree.ts'

/** What a chain consists of: each changes in place, and all belong together. */
export interface ChainParts {
  readonly tree: BlockTree
  readonly ledger: Ledger
  readonly pool: Mempool
  readonly judge: ScriptJudge
}

export function newParts(verifySignature: VerifySignature | undefined): ChainParts {
  const tree = new BlockTree()
  const judge = new ScriptJudge({ verifySignature })
  return { tree, ledger: new Ledger(tree.genesis, judge), pool: new Mempool(), judge }
}

/** Parts that start equal and go their own way. The judge is the same one: a spend that it found good is good on any chain. */
export function copyParts({ tree, ledger, pool, judge }: ChainParts): ChainParts {
  return { tree: tree.copy(), ledger: ledger.copy(), pool: pool.copy(), judge }
}

/** What a snapshot keeps of the parts. */
export function partsToSave({ tree, ledger, pool }: ChainParts): Pick<Snapshot, 'tip' | 'blocks' | 'mempool'> {
  const blocks = [...tree.nodes()].slice(1).map(({ block, hash }) => {
    const outcast = tree.isOutcast(hash) ? ('outcast' as const) : ('good' as const)
    return { block, standing: tree.isMarkedInvalid(hash) ? ('invalid' as const) : outcast }
  })
  return { tip: ledger.tip.hash, blocks, mempool: [...pool.entries()] }
}

/** Fills the parts of a new chain. What a snapshot holds was judged before it was saved. */
export function fillParts(parts: ChainParts, snapshot: Snapshot): SnapshotFailure | undefined {
  const { tree, ledger, pool, judge } = parts
  assert(tree.size === 1, 'only a new chain can be filled')
  for (const { block, standing } of snapshot.blocks) {
    const parent = tree.get(block.header.previous)
    if (parent === undefined) return { code: 'invalid', message: `block ${block.header.previous} is missing` }
    const { hash } = tree.add(block, parent)
    if (standing === 'invalid') tree.markInvalid(hash)
    if (standing === 'outcast') tree.outcast(hash)
  }
  const branch: BlockNode[] = []
  for (let node = tree.get(snapshot.tip); node?.parent !== undefined; node = node.parent) branch.unshift(node)
  for (const node of branch) {
    const connected = ledger.connect(node, { trusted: true })
    if (!connected.ok) return { code: 'invalid', message: `block ${node.hash}: ${connected.error.reason}` }
  }
  if (ledger.tip.hash !== snapshot.tip) return { code: 'invalid', message: `tip ${snapshot.tip} is missing` }
  for (const entry of snapshot.mempool) {
    pool.add(entry)
    judge.trust(entry.tx)
  }
  pool.takeChanges()
  return undefined
}
