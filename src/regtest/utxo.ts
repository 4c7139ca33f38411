import { defined, type OutPoint, outPointKey, type Sat } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { isCoinbase } from './coinbase.ts'
import { isUnspendable } from './script.ts'
import { txFacts } from './txFacts.ts'

/** An unspent output, and what the rules ask about where it came from. */
export interface Coin {
  readonly amountSat: Sat
  readonly script: Uint8Array
  /** Height of the block that made it. */
  readonly height: number
  readonly coinbase: boolean
}

/** Looks coins up by `txid:vout`. */
export interface CoinView {
  get(key: string): Coin | undefined
}

/** What a block changed, enough to take it back. */
export interface BlockUndo {
  readonly created: readonly string[]
  readonly spent: readonly (readonly [key: string, coin: Coin])[]
}

/** The coins as they stand after some transactions that are not applied yet. */
export class CoinOverlay implements CoinView {
  readonly #base: CoinView
  readonly #created = new Map<string, Coin>()
  readonly #spent = new Map<string, Coin>()

  constructor(base: CoinView) {
    this.#base = base
  }

  get(key: string): Coin | undefined {
    if (this.#spent.has(key)) return undefined
    return this.#created.get(key) ?? this.#base.get(key)
  }

  /** Spends what `tx` spends, which the caller has found in this view, and adds what it makes. */
  apply(tx: Tx, height: number): void {
    if (!isCoinbase(tx)) for (const input of tx.inputs) this.#spend(input.outpoint)
    addOutputs(this.#created, tx, height)
  }

  #spend(outpoint: OutPoint): void {
    const key = outPointKey(outpoint)
    // A coin made and spent within the same block leaves no trace.
    if (this.#created.delete(key)) return
    this.#spent.set(key, defined(this.#base.get(key), `no coin ${key} to spend`))
  }

  /** Writes the changes into `coins`, the base of this view, and tells how to take them back. */
  commit(coins: Map<string, Coin>): BlockUndo {
    for (const key of this.#spent.keys()) coins.delete(key)
    for (const [key, coin] of this.#created) coins.set(key, coin)
    return { created: [...this.#created.keys()], spent: [...this.#spent] }
  }
}

export function undoBlock(coins: Map<string, Coin>, undo: BlockUndo): void {
  for (const key of undo.created) coins.delete(key)
  for (const [key, coin] of undo.spent) coins.set(key, coin)
}

function addOutputs(coins: Map<string, Coin>, tx: Tx, height: number): void {
  const { txid } = txFacts(tx)
  const coinbase = isCoinbase(tx)
  for (const [vout, output] of tx.outputs.entries()) {
    if (isUnspendable(output.script)) continue
    coins.set(outPointKey({ txid, vout }), { ...output, height, coinbase })
  }
}
