import {
  type BlockHash,
  defined,
  MAX_MONEY_SAT,
  type OutPoint,
  ok,
  outPointKey,
  type Result,
  type Txid,
} from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { checkInputs, type InputFacts, sigopsCost } from './consensus.ts'
import type { ScriptJudge } from './judge.ts'
import { isFinal, satisfiesLock, sequenceLock } from './locks.ts'
import { MAX_BLOCK_SIGOPS_COST, subsidySat } from './params.ts'
import { type Reject, reject } from './reject.ts'
import type { BlockNode } from './tree.ts'
import { txFacts } from './txFacts.ts'
import { type BlockUndo, type Coin, CoinOverlay, type CoinView, undoBlock } from './utxo.ts'

/** Where a confirmed transaction stands. */
export interface Confirmation {
  readonly blockHash: BlockHash
  readonly height: number
  /** Position in the block; the coinbase is 0. */
  readonly index: number
}

/** The coins, the index of transactions and the index of spends, as the best branch has them. */
export class Ledger implements CoinView {
  #coins = new Map<string, Coin>()
  #confirmed = new Map<Txid, Confirmation>()
  #spenders = new Map<string, Txid>()
  /** By height; the genesis block's output can never be spent, so it makes no coin. */
  #branch: BlockNode[]
  #undo: BlockUndo[] = []
  readonly #judge: ScriptJudge

  constructor(genesis: BlockNode, judge: ScriptJudge) {
    this.#branch = [genesis]
    this.#judge = judge
    this.#index(genesis)
  }

  /** One with the same contents, that goes its own way; coins, blocks and undos never change, so both hold the same ones. */
  copy(): Ledger {
    const copy = new Ledger(this.tip, this.#judge)
    copy.#coins = new Map(this.#coins)
    copy.#confirmed = new Map(this.#confirmed)
    copy.#spenders = new Map(this.#spenders)
    copy.#branch = [...this.#branch]
    copy.#undo = [...this.#undo]
    return copy
  }

  get tip(): BlockNode {
    return defined(this.#branch.at(-1), 'there is always a genesis block')
  }

  at(height: number): BlockNode | undefined {
    return this.#branch[height]
  }

  /** Whether the block is on the best branch. */
  holds(node: BlockNode): boolean {
    return this.#branch[node.height] === node
  }

  get(key: string): Coin | undefined {
    return this.#coins.get(key)
  }

  coins(): IterableIterator<[string, Coin]> {
    return this.#coins.entries()
  }

  confirmation(txid: Txid): Confirmation | undefined {
    return this.#confirmed.get(txid)
  }

  /** The confirmed transaction that spends an outpoint. */
  spender(outpoint: OutPoint): Txid | undefined {
    return this.#spenders.get(outPointKey(outpoint))
  }

  transaction(txid: Txid): Tx | undefined {
    const found = this.#confirmed.get(txid)
    return found && this.#branch[found.height]?.block.transactions[found.index]
  }

  /** Puts a block on top of the tip, or says which rule it breaks and changes nothing. */
  connect(node: BlockNode, options: { readonly trusted: boolean }): Result<true, Reject> {
    const overlay = new CoinOverlay(this)
    const applied = this.#applyTransactions(node, overlay, options.trusted)
    if (!applied.ok) return applied
    this.#undo.push(overlay.commit(this.#coins))
    this.#branch.push(node)
    this.#index(node)
    return ok(true)
  }

  /** Takes the tip off. */
  disconnect(): BlockNode {
    const node = defined(this.#branch.pop(), 'there is always a genesis block')
    undoBlock(this.#coins, defined(this.#undo.pop(), 'the genesis block is never taken off'))
    for (const tx of node.block.transactions) {
      this.#confirmed.delete(txFacts(tx).txid)
      for (const input of tx.inputs) this.#spenders.delete(outPointKey(input.outpoint))
    }
    return node
  }

  #index(node: BlockNode): void {
    for (const [index, tx] of node.block.transactions.entries()) {
      const { txid } = txFacts(tx)
      this.#confirmed.set(txid, { blockHash: node.hash, height: node.height, index })
      if (index > 0) for (const input of tx.inputs) this.#spenders.set(outPointKey(input.outpoint), txid)
    }
  }

  #applyTransactions(node: BlockNode, overlay: CoinOverlay, trusted: boolean): Result<true, Reject> {
    const parent = this.tip
    let feesSat = 0n
    let sigops = 0
    for (const [index, tx] of node.block.transactions.entries()) {
      const fresh = this.#checkNotRepeated(tx, overlay)
      if (!fresh.ok) return fresh
      if (index === 0) sigops += sigopsCost(tx, [])
      else {
        const spent = checkSpend(tx, overlay, parent)
        if (!spent.ok) return spent
        const { coins, feeSat } = spent.value
        feesSat += feeSat
        sigops += sigopsCost(tx, coins)
        // Counted before the scripts run: the limit is there to bound their cost.
        if (sigops > MAX_BLOCK_SIGOPS_COST) {
          return reject('bad-blk-sigops', `signature operations cost more than ${MAX_BLOCK_SIGOPS_COST}`)
        }
        const judged = trusted ? ok(true as const) : this.#judge.judge(tx, coins, 'consensus')
        if (!judged.ok) return judged
      }
      overlay.apply(tx, node.height)
    }
    const reward = node.block.transactions[0]?.outputs.reduce((sum, output) => sum + output.amountSat, 0n) ?? 0n
    const allowed = subsidySat(node.height) + feesSat
    if (reward > allowed || feesSat > MAX_MONEY_SAT) {
      return reject('bad-cb-amount', `the coinbase pays ${reward} sat, allowed are ${allowed} sat`)
    }
    return ok(true)
  }

  /** BIP 30: no transaction may overwrite the unspent outputs of an equal one. */
  #checkNotRepeated(tx: Tx, view: CoinView): Result<true, Reject> {
    const { txid } = txFacts(tx)
    const again = tx.outputs.findIndex((_, vout) => view.get(outPointKey({ txid, vout })) !== undefined)
    return again < 0 ? ok(true) : reject('bad-txns-BIP30', `${txid} is in the chain already, with unspent outputs`)
  }
}

/** What a transaction spends, and its relative locks (BIP 68). */
export function checkSpend(tx: Tx, view: CoinView, parent: BlockNode): Result<InputFacts, Reject> {
  const inputs = checkInputs(tx, view, parent.height + 1)
  if (!inputs.ok) return inputs
  const heights = inputs.value.coins.map(coin => coin.height)
  if (satisfiesLock(sequenceLock(tx, heights, parent), parent)) return inputs
  return reject('bad-txns-nonfinal', `${txFacts(tx).txid} is mined before its relative locks run out (BIP 68)`)
}

/** Whether a transaction could be in the next block as far as its absolute lock goes (BIP 113). */
export function isFinalForNext(tx: Tx, tip: BlockNode): boolean {
  return isFinal(tx, tip.height + 1, tip.medianTimePast)
}
