import type { BlockHash } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import type { Ledger } from './ledger.ts'
import { removeForBlock, resurrect } from './mempool/reorg.ts'
import type { MempoolContext } from './mempool/workspace.ts'
import type { Reject } from './reject.ts'
import { ancestorAt, type BlockNode, type BlockTree, forkOf } from './tree.ts'

/** A block joined the best branch, or left it. */
export interface BranchMove {
  readonly type: 'block_connected' | 'block_disconnected'
  readonly node: BlockNode
}

export interface Activation {
  readonly moves: readonly BranchMove[]
  /** Blocks that turned out bad when they were connected. */
  readonly refused: ReadonlyMap<BlockHash, Reject>
}

/** Makes the branch with the most work the current one, over any number of blocks, and the mempool follow it. */
export function activateBest(tree: BlockTree, context: MempoolContext): Activation {
  const { ledger } = context
  const moves: BranchMove[] = []
  const refused = new Map<BlockHash, Reject>()
  const disconnected: Tx[] = []
  // A block that fails is never tried again, so each round ends at the best tip or leaves one block fewer to try.
  for (let best = bestTip(tree, ledger); best !== ledger.tip; best = tree.best()) {
    const fork = forkOf(best, ledger.tip)
    while (ledger.tip !== fork) {
      const node = ledger.disconnect()
      moves.push({ type: 'block_disconnected', node })
      disconnected.unshift(...node.block.transactions.slice(1))
    }
    for (let height = fork.height + 1; height <= best.height; height++) {
      const node = ancestorAt(best, height)
      const connected = ledger.connect(node, { trusted: false })
      if (!connected.ok) {
        tree.markInvalid(node.hash)
        refused.set(node.hash, connected.error)
        break
      }
      moves.push({ type: 'block_connected', node })
      removeForBlock(context, node.block.transactions)
    }
  }
  // Also when the old blocks held nothing: what waits may have rested on their heights, times or coinbases.
  if (moves.some(move => move.type === 'block_disconnected')) resurrect(context, disconnected)
  return { moves, refused }
}

/** The last block to arrive often extends the tip, and then nothing needs to be searched. */
function bestTip(tree: BlockTree, ledger: Ledger): BlockNode {
  const newest = tree.newest
  return newest.parent === ledger.tip && !tree.isFailed(newest) ? newest : tree.best()
}
