import { assert, outPointKey } from '../base/index.ts'
import { headerHash } from '../bitcoin/index.ts'
import { checkBlock } from './blockRules.ts'
import { ScriptJudge } from './judge.ts'
import { checkSpend, isFinalForNext, Ledger } from './ledger.ts'
import { Mempool } from './mempool/pool.ts'
import type { VerifySignature } from './signatures.ts'
import type { Snapshot, SnapshotFailure } from './snapshot.ts'
import { type BlockNode, BlockTree } from './tree.ts'
import type { Coin } from './utxo.ts'

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

/**
 * Fills the parts of a new chain. Scripts were judged before they were saved, and are not judged again; whatever else blocks and coins have to
 * be is looked at, since bytes may have been changed by somebody who can make a checksum.
 */
export function fillParts(parts: ChainParts, snapshot: Snapshot): SnapshotFailure | undefined {
  const { tree, ledger } = parts
  assert(tree.size === 1, 'only a new chain can be filled')
  for (const { block, standing } of snapshot.blocks) {
    const parent = tree.get(block.header.previous)
    if (parent === undefined) return { code: 'invalid', message: `block ${block.header.previous} is missing` }
    const checked = checkBlock(block, parent, undefined)
    if (!checked.ok) return { code: 'invalid', message: `block ${headerHash(block.header)}: ${checked.error.reason}` }
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
  if (tree.isFailed(ledger.tip))
    return { code: 'invalid', message: `tip ${snapshot.tip} rests on a block that is not valid` }
  return fillPool(parts, snapshot)
}

/** What waits was let in by rules that may be others by now; it has to be what a next block could hold. */
function fillPool({ ledger, pool, judge }: ChainParts, { mempool }: Snapshot): SnapshotFailure | undefined {
  const { tip } = ledger
  // A reorganisation may bring a parent back after its children: so all of them are there from the start.
  const waiting = new Map<string, Coin>()
  for (const { txid, tx } of mempool) {
    for (const [vout, output] of tx.outputs.entries())
      waiting.set(outPointKey({ txid, vout }), { ...output, height: tip.height + 1, coinbase: false })
  }
  const view = { get: (key: string) => ledger.get(key) ?? waiting.get(key) }
  for (const entry of mempool) {
    const { txid, tx, feeSat } = entry
    const complaint = (what: string): SnapshotFailure => {
      return { code: 'invalid', message: `transaction ${txid} of the mempool: ${what}` }
    }
    const spent = checkSpend(tx, view, tip)
    if (!spent.ok) return complaint(spent.error.reason)
    if (!isFinalForNext(tx, tip)) return complaint('non-final')
    if (pool.get(txid) !== undefined || pool.conflictsOf(tx).size > 0) return complaint('txn-mempool-conflict')
    if (spent.value.feeSat !== feeSat)
      return complaint(`expected a fee of ${spent.value.feeSat} sat, got ${feeSat} sat`)
    pool.add(entry)
    judge.trust(tx)
  }
  pool.takeChanges()
  return undefined
}
