import { type BlockHash, defined, type Txid } from '../base/index.ts'
import { type Block, type Tx, workOf } from '../bitcoin/index.ts'
import { blockHashOf } from './blockHash.ts'
import { REGTEST_GENESIS } from './genesis.ts'
import { MEDIAN_TIME_SPAN } from './params.ts'
import { txFacts } from './txFacts.ts'

/** A block in the tree of all blocks that we know. */
export interface BlockNode {
  readonly block: Block
  readonly hash: BlockHash
  readonly height: number
  readonly parent: BlockNode | undefined
  /** Of the whole branch up to here. */
  readonly work: bigint
  /** Order of arrival: of two branches with the same work the one whose tip came first wins. */
  readonly sequence: number
  /** Median of the times of the last eleven blocks, this one included (BIP 113). */
  readonly medianTimePast: number
}

/** All blocks, on the best branch or not, and which of them are known to be bad. */
export class BlockTree {
  readonly genesis: BlockNode
  #newest: BlockNode
  /** As long as nothing is said against a block, a new one is compared with this alone. */
  #best: BlockNode | undefined
  #nodes = new Map<BlockHash, BlockNode>()
  #children = new Map<BlockHash, BlockNode[]>()
  /** Broke a rule themselves. */
  #invalid = new Set<BlockHash>()
  /** Taken out by the user, until reconsidered. */
  #outcast = new Set<BlockHash>()
  // Of all blocks on all branches: a txid commits to its outputs, wherever it is mined.
  #transactions = new Map<Txid, Tx>()

  constructor(genesis: BlockNode = makeNode(REGTEST_GENESIS, undefined, 0)) {
    this.genesis = genesis
    this.#newest = genesis
    this.#nodes.set(genesis.hash, genesis)
  }

  /** One with the same contents, that goes its own way; nodes never change, so both hold the same ones. */
  copy(): BlockTree {
    const copy = new BlockTree(this.genesis)
    copy.#newest = this.#newest
    copy.#best = this.#best
    copy.#nodes = new Map(this.#nodes)
    copy.#children = new Map(this.#children)
    for (const [hash, children] of this.#children) copy.#children.set(hash, [...children])
    copy.#invalid = new Set(this.#invalid)
    copy.#outcast = new Set(this.#outcast)
    copy.#transactions = new Map(this.#transactions)
    return copy
  }

  get size(): number {
    return this.#nodes.size
  }

  /** The last block to arrive. */
  get newest(): BlockNode {
    return this.#newest
  }

  get(hash: BlockHash): BlockNode | undefined {
    return this.#nodes.get(hash)
  }

  /** A transaction of any block. */
  transaction(txid: Txid): Tx | undefined {
    return this.#transactions.get(txid)
  }

  /** In order of arrival, so that parents come before their children. */
  nodes(): IterableIterator<BlockNode> {
    return this.#nodes.values()
  }

  add(block: Block, parent: BlockNode): BlockNode {
    const node = makeNode(block, parent, this.#nodes.size)
    this.#nodes.set(node.hash, node)
    this.#newest = node
    if (this.#best !== undefined && node.work > this.#best.work && !this.isFailed(node)) this.#best = node
    for (const tx of block.transactions) this.#transactions.set(txFacts(tx).txid, tx)
    const siblings = this.#children.get(parent.hash)
    if (siblings === undefined) this.#children.set(parent.hash, [node])
    else siblings.push(node)
    return node
  }

  markInvalid(hash: BlockHash): void {
    this.#best = undefined
    this.#invalid.add(hash)
  }

  outcast(hash: BlockHash): void {
    this.#best = undefined
    this.#outcast.add(hash)
  }

  /** Takes back what was said against the block, its ancestors and its descendants. */
  reconsider(node: BlockNode): void {
    for (let at: BlockNode | undefined = node; at !== undefined; at = at.parent) this.#forgive(at.hash)
    for (const descendant of this.#withDescendants(node)) this.#forgive(descendant.hash)
  }

  #forgive(hash: BlockHash): void {
    this.#best = undefined
    this.#invalid.delete(hash)
    this.#outcast.delete(hash)
  }

  isMarkedInvalid(hash: BlockHash): boolean {
    return this.#invalid.has(hash)
  }

  isOutcast(hash: BlockHash): boolean {
    return this.#outcast.has(hash)
  }

  /** The block or one of its ancestors is bad. */
  isFailed(node: BlockNode): boolean {
    if (this.#invalid.size === 0 && this.#outcast.size === 0) return false
    for (let at: BlockNode | undefined = node; at !== undefined; at = at.parent) {
      if (this.#invalid.has(at.hash) || this.#outcast.has(at.hash)) return true
    }
    return false
  }

  /** Most work wins; among equals, the first to arrive. */
  best(): BlockNode {
    this.#best ??= this.#search()
    return this.#best
  }

  #search(): BlockNode {
    let best = this.genesis
    // A block is visited only when all of its ancestors are good.
    const pending: BlockNode[] = [this.genesis]
    for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
      if (this.#invalid.has(node.hash) || this.#outcast.has(node.hash)) continue
      if (node.work > best.work || (node.work === best.work && node.sequence < best.sequence)) best = node
      pending.push(...(this.#children.get(node.hash) ?? []))
    }
    return best
  }

  #withDescendants(node: BlockNode): BlockNode[] {
    const found = [node]
    for (const at of found) found.push(...(this.#children.get(at.hash) ?? []))
    return found
  }
}

function makeNode(block: Block, parent: BlockNode | undefined, sequence: number): BlockNode {
  return {
    block,
    hash: blockHashOf(block.header),
    height: parent === undefined ? 0 : parent.height + 1,
    parent,
    work: (parent?.work ?? 0n) + workOf(block.header.bits),
    sequence,
    medianTimePast: medianTime(block.header.time, parent),
  }
}

/** The block of the branch that ends in `node` at a height that the branch reaches. */
export function ancestorAt(node: BlockNode, height: number): BlockNode {
  let at = node
  while (at.height > height) at = defined(at.parent, `block ${at.hash} has no parent`)
  return at
}

/** The last block that two branches share. */
export function forkOf(a: BlockNode, b: BlockNode): BlockNode {
  let [left, right] = [ancestorAt(a, b.height), ancestorAt(b, a.height)]
  while (left !== right) {
    left = ancestorAt(left, left.height - 1)
    right = ancestorAt(right, right.height - 1)
  }
  return left
}

function medianTime(time: number, parent: BlockNode | undefined): number {
  const times = [time]
  for (let at = parent; at !== undefined && times.length < MEDIAN_TIME_SPAN; at = at.parent) {
    times.push(at.block.header.time)
  }
  times.sort((a, b) => a - b)
  return defined(times[Math.floor(times.length / 2)], 'a median needs a time')
}
