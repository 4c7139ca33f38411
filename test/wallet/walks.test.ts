import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { outPointKey, sat } from '../../src/base/index.ts'
import { addressFromScript, type Tx } from '../../src/bitcoin/index.ts'
import { balanceOf, newWallet, standingCoins, type WalletState, walletStep } from '../../src/wallet/index.ts'
import { Bench, coinbase, context, FEERATE, makeTx, payment, STRANGER, toStranger, toUs } from './bench.ts'

// Random walks: blocks that pay us, take our coins or confirm what we published, reorganisations of any depth, and payments.
// Whatever happened, the wallet stands as one that saw the winning branch alone.

type Action =
  | { readonly type: 'receive'; readonly amount: number; readonly index: number }
  | { readonly type: 'reward'; readonly amount: number }
  | { readonly type: 'steal'; readonly which: number }
  | { readonly type: 'confirm' }
  | { readonly type: 'empty' }
  | { readonly type: 'reorganise'; readonly depth: number }
  | { readonly type: 'send' | 'fund'; readonly amount: number }
  | { readonly type: 'publish' | 'abandon'; readonly which: number }

const amount = fc.integer({ min: 1000, max: 90_000 })
const which = fc.nat({ max: 20 })
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ type: fc.constant('receive' as const), amount, index: fc.nat({ max: 2 }) }),
  fc.record({ type: fc.constant('receive' as const), amount, index: fc.nat({ max: 2 }) }),
  fc.record({ type: fc.constant('reward' as const), amount }),
  fc.record({ type: fc.constant('steal' as const), which }),
  fc.record({ type: fc.constantFrom('confirm' as const, 'empty' as const) }),
  fc.record({ type: fc.constant('reorganise' as const), depth: fc.integer({ min: 1, max: 5 }) }),
  fc.record({ type: fc.constantFrom('send' as const, 'fund' as const), amount }),
  fc.record({ type: fc.constantFrom('publish' as const, 'abandon' as const), which }),
)

class Walk {
  readonly bench = new Bench()
  /** The winning branch, from height 1. */
  readonly branch: (readonly Tx[])[] = []
  #count = 0

  act(next: Action): void {
    const { bench } = this
    const own = [...bench.state.transactions.values()]
    switch (next.type) {
      case 'receive':
        this.#mine([payment(++this.#count, toStranger(1), toUs(next.amount, next.index))])
        return
      case 'reward':
        this.#mine([coinbase(++this.#count, toUs(next.amount, 0))])
        return
      case 'steal': {
        const coins = standingCoins(bench.state, context)
        const coin = coins[next.which % Math.max(coins.length, 1)]?.coin
        this.#mine(coin === undefined ? [] : [makeTx([coin.outpoint], [toStranger(++this.#count)])])
        return
      }
      case 'confirm':
        this.#mine(this.#confirmable())
        return
      case 'empty':
        this.#mine([])
        return
      case 'reorganise': {
        for (let depth = Math.min(next.depth, this.branch.length); depth > 0; depth--) {
          bench.take({ type: 'block_disconnected', height: this.branch.length })
          this.branch.pop()
        }
        return
      }
      case 'fund':
      case 'send':
        this.#pay(next.type, next.amount)
        return
      case 'publish': {
        const tx = own[next.which % Math.max(own.length, 1)]?.tx
        if (tx !== undefined) bench.take({ type: 'published', tx })
        return
      }
      case 'abandon': {
        const id = own[next.which % Math.max(own.length, 1)]?.txid
        if (id !== undefined) bench.step({ type: 'abandoned', txid: id })
        return
      }
    }
  }

  #mine(transactions: readonly Tx[]): void {
    this.branch.push(transactions)
    this.bench.block(this.branch.length, ...transactions)
  }

  /** One of ours whose coins are all there. */
  #confirmable(): readonly Tx[] {
    const there = new Set(standingCoins(this.bench.state, context).map(({ coin }) => outPointKey(coin.outpoint)))
    const own = [...this.bench.state.transactions.values()].find(({ tx }) =>
      tx.inputs.every(({ outpoint }) => there.has(outPointKey(outpoint))),
    )
    return own === undefined ? [] : [own.tx]
  }

  /** Only free coins pay, which is what was said of them before. */
  #pay(type: 'fund' | 'send', amountOf: number): void {
    const { bench } = this
    const free = standingCoins(bench.state, context).filter(({ standing }) => standing.type === 'free')
    const keys = new Set(free.map(({ coin }) => outPointKey(coin.outpoint)))
    const address = addressFromScript(STRANGER, 'regtest') ?? ''
    const { effects } = bench.step(
      type === 'fund'
        ? { type, output: toStranger(amountOf), feeratePerKw: FEERATE }
        : { type, address, amountSat: sat(amountOf), feeratePerKw: FEERATE },
    )
    const [effect] = effects
    if (effect?.type !== 'publish' && effect?.type !== 'funding_signed') return
    for (const { outpoint } of effect.tx.inputs) expect(keys).toContain(outPointKey(outpoint))
  }
}

/** What a wallet knows that had our transactions from the start, and read the winning branch alone. */
function replayed({ bench, branch }: Walk): WalletState {
  let state = newWallet(context)
  const transactions = new Map(
    [...bench.state.transactions].map(([id, { confirmedHeight: _, conflict: __, ...own }]) => [id, own]),
  )
  state = { ...state, transactions, indexes: bench.state.indexes, watched: bench.state.watched }
  for (const [index, block] of branch.entries()) {
    const step = walletStep(state, { type: 'block_connected', height: index + 1, transactions: block }, context)
    expect(step.failure).toBeUndefined()
    state = step.next
  }
  return state
}

describe('after any walk', () => {
  test('the wallet stands as one that saw the winning branch alone', () => {
    fc.assert(
      fc.property(fc.array(action, { minLength: 5, maxLength: 25 }), actions => {
        const walk = new Walk()
        for (const each of actions) walk.act(each)
        const { state } = walk.bench
        const other = replayed(walk)
        expect({ ...other, height: walk.branch.length }).toEqual({ ...state, height: walk.branch.length })
        expect(standingCoins(other, context)).toEqual(standingCoins(state, context))
        expect(balanceOf(other, context)).toEqual(balanceOf(state, context))
      }),
      { numRuns: 40 },
    )
  })
})
