import {
  assert,
  type BlockHash,
  err,
  type OutPoint,
  ok,
  outPointKey,
  type Result,
  type Sat,
  type Txid,
  utf8Encode,
} from '../base/index.ts'
import type { Block, Tx, TxOut } from '../bitcoin/index.ts'
import { sha256 } from '../crypto/index.ts'
import { blockHashOf } from './blockHash.ts'
import { checkBlock } from './blockRules.ts'
import { activateBest, type BranchMove } from './branches.ts'
import { Announcer } from './events.ts'
import { buildPayment, type Funding, minerScript, spendableCoins } from './faucet.ts'
import { admit, judgeTransaction } from './mempool/accept.ts'
import { type PackageAcceptance, type PackageReject, submitPackage } from './mempool/package.ts'
import type { MempoolChange, MempoolEntry } from './mempool/pool.ts'
import { parentsFirst, selectTransactions, type Template } from './mempool/template.ts'
import type { MempoolContext } from './mempool/workspace.ts'
import { assembleBlock, feesOf, nextBlockTime } from './miner.ts'
import { DEFAULT_POLICY, type RelayPolicy } from './params.ts'
import { type ChainParts, copyParts, fillParts, newParts, partsToSave } from './parts.ts'
import { type Reject, reject } from './reject.ts'
import { decodeSnapshot, encodeSnapshot, type SnapshotFailure } from './snapshot.ts'
import type { BlockNode } from './tree.ts'
import {
  type BlockEvent,
  type BlockOptions,
  type ChainBlock,
  type KnownTransaction,
  type RegtestOptions,
  viewOf,
} from './types.ts'
import type { Coin } from './utxo.ts'

const DEFAULT_MINER_SECRET = sha256(utf8Encode('bookend regtest miner'))
/** Blocks that `fund` mines at most to come by coins. */
const MAX_BLOCKS_TO_FUND = 1000

export function createRegtestChain(options: RegtestOptions = {}): RegtestChain {
  return new RegtestChain(options)
}

/** A chain from what `save` gave. Clock and verifier are not saved, so they are named again; a policy given here replaces the saved one. */
export function restoreRegtestChain(
  bytes: Uint8Array,
  options: Pick<RegtestOptions, 'now' | 'policy' | 'verifySignature'> = {},
): Result<RegtestChain, SnapshotFailure> {
  const snapshot = decodeSnapshot(bytes)
  if (!snapshot.ok) return snapshot
  const { minerSecret } = snapshot.value
  const policy = { ...snapshot.value.policy, ...options.policy }
  const parts = newParts(options.verifySignature)
  const failure = fillParts(parts, snapshot.value)
  if (failure !== undefined) return err(failure)
  const chain = new RegtestChain({ ...options, policy, minerSecret }, parts)
  chain.setMempoolMinFee(snapshot.value.mempoolMinFeeSatPerKvB)
  return ok(chain)
}

/**
 * A whole bitcoin regtest in the process: blocks, coins, mempool and miner, by the rules and with the reject reasons of
 * Bitcoin Core. Scripts are judged by an interpreter that shares no code with the rest of the project.
 * All methods are synchronous; listeners are called before the method that caused the event returns.
 */
export class RegtestChain {
  readonly #options: RegtestOptions
  readonly #policy: RelayPolicy
  readonly #minerSecret: Uint8Array
  #minerScript: Uint8Array | undefined
  readonly #parts: ChainParts
  readonly #blockEvents = new Announcer<BlockEvent>()
  readonly #mempoolEvents = new Announcer<MempoolChange>()
  #mempoolMinFeeSatPerKvB = 0n

  /** `parts` are those of a chain with the same options that nobody else changes; without them the chain is new. */
  constructor(options: RegtestOptions, parts: ChainParts = newParts(options.verifySignature)) {
    this.#options = options
    this.#policy = { ...DEFAULT_POLICY, ...options.policy }
    this.#minerSecret = options.minerSecret ?? DEFAULT_MINER_SECRET
    this.#parts = parts
  }

  // Looking

  get height(): number {
    return this.#parts.ledger.tip.height
  }

  get tip(): ChainBlock {
    return viewOf(this.#parts.ledger.tip)
  }

  /** Median time past of the tip: what time locks of the next block are compared with (BIP 113). */
  get medianTimePast(): number {
    return this.#parts.ledger.tip.medianTimePast
  }

  get policy(): RelayPolicy {
    return this.#policy
  }

  /** Script that rewards go to unless said otherwise. */
  get minerScript(): Uint8Array {
    this.#minerScript ??= minerScript(this.#minerSecret)
    return this.#minerScript
  }

  /** On the best branch. */
  blockAt(height: number): ChainBlock | undefined {
    const node = this.#parts.ledger.at(height)
    return node && viewOf(node)
  }

  /** On any branch. */
  blockByHash(hash: BlockHash): ChainBlock | undefined {
    const node = this.#parts.tree.get(hash)
    return node && viewOf(node)
  }

  /** Whether the block is on the best branch. */
  isOnBestBranch(hash: BlockHash): boolean {
    const node = this.#parts.tree.get(hash)
    return node !== undefined && this.#parts.ledger.holds(node)
  }

  transaction(txid: Txid): KnownTransaction | undefined {
    const tx = this.#parts.ledger.transaction(txid)
    const at = this.#parts.ledger.confirmation(txid)
    if (tx !== undefined && at !== undefined) {
      const { height, blockHash } = at
      return { txid, tx, confirmations: this.height - height + 1, height, blockHash }
    }
    const waiting = this.#parts.pool.get(txid)
    return waiting && { txid, tx: waiting.tx, confirmations: 0 }
  }

  /** An output of a confirmed or waiting transaction, spent or not. */
  output(outpoint: OutPoint): TxOut | undefined {
    return this.transaction(outpoint.txid)?.tx.outputs[outpoint.vout]
  }

  /** A confirmed output that no confirmed transaction spends. */
  utxo(outpoint: OutPoint): Coin | undefined {
    return this.#parts.ledger.get(outPointKey(outpoint))
  }

  /** All confirmed unspent outputs, by `txid:vout`. */
  utxos(): IterableIterator<[string, Coin]> {
    return this.#parts.ledger.coins()
  }

  /** Who spends an outpoint: a confirmed transaction, or one that waits. */
  spendingTx(outpoint: OutPoint): KnownTransaction | undefined {
    const txid = this.#parts.ledger.spender(outpoint) ?? this.#parts.pool.spender(outpoint)
    return txid && this.transaction(txid)
  }

  /** All that waits, parents before their children. */
  mempool(): readonly MempoolEntry[] {
    return parentsFirst(
      this.#parts.pool,
      [...this.#parts.pool.entries()].map(entry => entry.txid),
    )
  }

  mempoolEntry(txid: Txid): MempoolEntry | undefined {
    return this.#parts.pool.get(txid)
  }

  /** The result unsubscribes. After a reorganisation the disconnected blocks come first, from the tip downwards. */
  onBlock(listener: (event: BlockEvent) => void): () => void {
    return this.#blockEvents.subscribe(listener)
  }

  /** The result unsubscribes. */
  onMempool(listener: (change: MempoolChange) => void): () => void {
    return this.#mempoolEvents.subscribe(listener)
  }

  // Transactions

  /** Lets a transaction into the mempool, or says why not. */
  submit(tx: Tx): Result<Txid, Reject> {
    const context = this.#context()
    const judged = judgeTransaction(context, tx)
    if (!judged.ok) return judged
    admit(context, judged.value)
    this.#announceMempool()
    return ok(judged.value.entry.txid)
  }

  /** What `submit` would say; nothing changes. */
  testAccept(tx: Tx): Result<MempoolEntry, Reject> {
    const judged = judgeTransaction(this.#context(), tx)
    return judged.ok ? ok(judged.value.entry) : judged
  }

  /** A child with its unconfirmed parents, the child last: it may pay for parents that could not come in alone. */
  submitPackage(txs: readonly Tx[]): Result<PackageAcceptance, PackageReject> {
    const result = submitPackage(this.#context(), txs)
    this.#announceMempool()
    return result
  }

  /** Asks for a feerate as a full mempool would: what pays less is refused with `mempool min fee not met`. */
  setMempoolMinFee(satPerKvB: bigint): void {
    this.#mempoolMinFeeSatPerKvB = satPerKvB
  }

  // Blocks

  /**
   * Mines blocks on the tip. A list of transactions goes into the first block, and it is a bug of the caller if they do
   * not make a valid one: `generateBlock` tells instead.
   */
  mine(
    count: number,
    options: Pick<BlockOptions, 'to' | 'transactions' | 'leastSatPerKvB'> = {},
  ): readonly ChainBlock[] {
    const { transactions = 'mempool' } = options
    return Array.from({ length: count }, (_, index) => {
      const contents = index > 0 && transactions !== 'mempool' ? [] : transactions
      const mined = this.generateBlock({ ...options, transactions: contents })
      assert(mined.ok, `the block to mine is not valid: ${mined.ok || mined.error.reason}`)
      return mined.value
    })
  }

  /**
   * Mines one block, on the tip or on any block known, and submits it. On a branch with less work than the best one it
   * is kept aside and nothing else changes. `transactions` are by default the mempool's on the tip, and none elsewhere.
   */
  generateBlock(options: BlockOptions = {}): Result<ChainBlock, Reject> {
    const parent = options.parent === undefined ? this.#parts.ledger.tip : this.#parts.tree.get(options.parent)
    if (parent === undefined) return reject('prev-blk-not-found', `no block ${options.parent} is known`)
    const { transactions, feesSat } = this.#contentsFor(parent, options)
    return this.submitBlock(
      assembleBlock({
        parent,
        to: options.to ?? this.minerScript,
        transactions,
        feesSat,
        time: options.time ?? nextBlockTime(parent, this.#options.now?.()),
        extraNonce: this.#parts.tree.size,
      }),
    )
  }

  /** Takes a block made elsewhere. Fine does not mean that it is on the best branch. */
  submitBlock(block: Block): Result<ChainBlock, Reject> {
    const hash = blockHashOf(block.header)
    const known = this.#parts.tree.get(hash)
    if (known !== undefined) {
      return reject(this.#parts.tree.isFailed(known) ? 'duplicate-invalid' : 'duplicate', `block ${hash} is known`)
    }
    const parent = this.#parts.tree.get(block.header.previous)
    if (parent === undefined) return reject('prev-blk-not-found', `no block ${block.header.previous} is known`)
    if (this.#parts.tree.isFailed(parent))
      return reject('bad-prevblk', `block ${parent.hash} or one before it is invalid`)
    const checked = checkBlock(block, parent, this.#options.now?.())
    if (!checked.ok) return checked
    const node = this.#parts.tree.add(block, parent)
    const refused = this.#activate().get(hash)
    return refused === undefined ? ok(viewOf(node)) : err(refused)
  }

  /** Takes a block and all that follows it out of the running; what it held waits again. */
  invalidateBlock(hash: BlockHash): Result<true, Reject> {
    const node = this.#parts.tree.get(hash)
    if (node?.parent === undefined) return reject('prev-blk-not-found', `no block ${hash} to take out`)
    this.#parts.tree.outcast(hash)
    this.#activate()
    return ok(true)
  }

  /** Takes back what was said against a block, the blocks before it and those after it. */
  reconsiderBlock(hash: BlockHash): Result<true, Reject> {
    const node = this.#parts.tree.get(hash)
    if (node === undefined) return reject('prev-blk-not-found', `no block ${hash} is known`)
    this.#parts.tree.reconsider(node)
    this.#activate()
    return ok(true)
  }

  /**
   * Replaces the last `depth` blocks by a longer branch of `depth + 1`, or `length`, blocks; `transactions` go into its first.
   * What only the old branch held waits again.
   */
  reorganize(options: {
    readonly depth: number
    readonly length?: number
    readonly transactions?: readonly Tx[]
    readonly to?: Uint8Array
  }): Result<readonly ChainBlock[], Reject> {
    const { depth, length = depth + 1, transactions = [], to = this.minerScript } = options
    let parent = this.#parts.ledger.at(this.height - depth)?.hash
    if (parent === undefined) return reject('prev-blk-not-found', `the chain has no ${depth} blocks to replace`)
    const branch: ChainBlock[] = []
    for (let i = 0; i < length; i++) {
      const mined = this.generateBlock({ parent, to, transactions: i === 0 ? transactions : [] })
      if (!mined.ok) return mined
      branch.push(mined.value)
      parent = mined.value.hash
    }
    return ok(branch)
  }

  // Money

  /**
   * Pays `amountSat` to `script` from the miner's coins, and confirms it unless told not to. Mines blocks to the miner
   * first where too few of its coins are mature: 101 of them on a new chain.
   */
  fund(script: Uint8Array, amountSat: Sat, options: { readonly confirm?: boolean } = {}): Result<Funding, Reject> {
    const output = { amountSat, script }
    const start = this.height
    const build = () => buildPayment(output, spendableCoins(this.#context(), this.minerScript), this.#minerSecret)
    let tx = build()
    while (tx === undefined) {
      if (this.height - start >= MAX_BLOCKS_TO_FUND) {
        return reject('not-enough-miner-coins', `the miner cannot pay ${amountSat} sat`)
      }
      this.mine(1)
      tx = build()
    }
    const submitted = this.submit(tx)
    if (!submitted.ok) return submitted
    if (options.confirm ?? true) this.mine(1)
    const txid = submitted.value
    return ok({ txid, outpoint: { txid, vout: 0 }, output, tx })
  }

  // Keeping

  /**
   * An independent chain with the same blocks, coins, mempool and side branches: what happens to one is nothing to the other.
   * It has no listeners, and the same clock unless another is named.
   * Cost: maps are copied, what they hold is shared; 200 blocks take a tenth of a millisecond.
   */
  fork(options: Pick<RegtestOptions, 'now'> = {}): RegtestChain {
    const fork = new RegtestChain({ ...this.#options, ...options }, copyParts(this.#parts))
    fork.#mempoolMinFeeSatPerKvB = this.#mempoolMinFeeSatPerKvB
    fork.#minerScript = this.#minerScript
    return fork
  }

  /** The whole chain as bytes, mempool and side branches included: see `restoreRegtestChain`. */
  save(): Uint8Array {
    return encodeSnapshot({
      policy: this.#policy,
      mempoolMinFeeSatPerKvB: this.#mempoolMinFeeSatPerKvB,
      minerSecret: this.#minerSecret,
      ...partsToSave(this.#parts),
    })
  }

  #context(): MempoolContext {
    return {
      ...this.#parts,
      policy: this.#policy,
      mempoolMinFeeSatPerKvB: this.#mempoolMinFeeSatPerKvB,
    }
  }

  /** Follows the best branch and tells the listeners. The result are the blocks that failed on the way. */
  #activate(): ReadonlyMap<BlockHash, Reject> {
    const { moves, refused } = activateBest(this.#parts.tree, this.#context())
    this.#blockEvents.announce(moves.map(({ type, node }: BranchMove) => ({ type, block: viewOf(node) })))
    this.#announceMempool()
    return refused
  }

  #announceMempool(): void {
    this.#mempoolEvents.announce(this.#parts.pool.takeChanges())
  }

  #contentsFor(
    parent: BlockNode,
    { transactions: contents = 'mempool', leastSatPerKvB }: Pick<BlockOptions, 'transactions' | 'leastSatPerKvB'>,
  ): Template {
    const { tree, pool, ledger } = this.#parts
    if (contents !== 'mempool') {
      const feesSat = feesOf(contents, txid => tree.transaction(txid) ?? pool.get(txid)?.tx)
      return { transactions: contents, feesSat }
    }
    return parent === ledger.tip
      ? selectTransactions(this.#context(), leastSatPerKvB)
      : { transactions: [], feesSat: 0n }
  }
}
