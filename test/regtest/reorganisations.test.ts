import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BlockHash, defined, outPointKey, sat } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import {
  type ChainBlock,
  createRegtestChain,
  REGTEST_GENESIS_HASH,
  type RegtestChain,
  restoreRegtestChain,
  subsidySat,
} from '../../src/regtest/index.ts'
import { ancestorAt, BlockTree, forkOf } from '../../src/regtest/tree.ts'
import { alice, coinOf, reasonOf, spend, type TestCoin, testBeds, value } from './support.ts'

const bed = testBeds()

function events(chain: RegtestChain): string[] {
  const heard: string[] = []
  chain.onBlock(({ type, block }) => heard.push(`${type === 'block_connected' ? '+' : '-'}${block.height}`))
  return heard
}

describe('branches', () => {
  test('most work wins; of two with equal work the first to arrive', () => {
    const { chain } = bed()
    const start = chain.tip
    const [a1] = chain.mine(1) as [ChainBlock]
    const heard = events(chain)
    const b1 = value(chain.generateBlock({ parent: start.hash }))
    expect(chain.tip.hash).toBe(a1.hash)
    expect(heard).toEqual([])
    const b2 = value(chain.generateBlock({ parent: b1.hash }))
    expect(chain.tip.hash).toBe(b2.hash)
    const h = start.height
    expect(heard).toEqual([`-${h + 1}`, `+${h + 1}`, `+${h + 2}`])
    expect(chain.isOnBestBranch(a1.hash)).toBe(false)
    expect(chain.blockByHash(a1.hash)).toEqual(a1)
    const a2 = value(chain.generateBlock({ parent: a1.hash }))
    expect(chain.tip.hash).toBe(b2.hash)
    value(chain.generateBlock({ parent: a2.hash }))
    expect(chain.blockAt(a2.height)?.hash).toBe(a2.hash)
  })

  test('the whole chain, down to the first block', () => {
    const chain = createRegtestChain()
    chain.mine(5)
    const branch = value(chain.reorganize({ depth: 5 }))
    expect(branch.map(block => block.height)).toEqual([1, 2, 3, 4, 5, 6])
    expect(chain.tip.hash).toBe(branch.at(-1)?.hash)
    expect(reasonOf(chain.reorganize({ depth: 7 }))).toBe('prev-blk-not-found')
    expect(reasonOf(chain.generateBlock({ parent: 'ee'.repeat(32) as BlockHash }))).toBe('prev-blk-not-found')
  })

  test('a shorter replacement stays aside', () => {
    const { chain } = bed()
    chain.mine(3)
    const { tip } = chain
    value(chain.reorganize({ depth: 3, length: 3 }))
    expect(chain.tip).toEqual(tip)
  })

  test('what the old branch held waits again, and is mined again', () => {
    const { chain, coins } = bed()
    const parent = spend([coins[0] as TestCoin])
    const child = spend([coinOf(parent)])
    for (const tx of [parent, child]) value(chain.submit(tx))
    chain.mine(1)
    value(chain.reorganize({ depth: 1 }))
    expect(chain.mempool().map(entry => entry.txid)).toEqual([txid(parent), txid(child)])
    expect(chain.transaction(txid(child))?.confirmations).toBe(0)
    expect(chain.spendingTx(coinOf(parent).outpoint)?.confirmations).toBe(0)
    chain.mine(1)
    expect(chain.transaction(txid(child))?.confirmations).toBe(1)
  })

  test('a family that was mined over several blocks comes back whole, in any depth', () => {
    const { chain, coins } = bed()
    let tx = spend([coins[0] as TestCoin])
    const family: Tx[] = []
    for (let i = 0; i < 4; i++) {
      value(chain.submit(tx))
      chain.mine(1)
      family.push(tx)
      tx = spend([coinOf(tx)])
    }
    value(chain.reorganize({ depth: 3 }))
    expect(chain.mempool().map(entry => entry.txid)).toEqual(family.slice(1).map(txid))
    expect(chain.transaction(txid(family[0] as Tx))?.confirmations).toBe(5)
  })

  test('two TRUC children of a parent that comes back: a third is refused, and pushes out neither', () => {
    const { chain, coins } = bed()
    const outputs = Array.from({ length: 3 }, () => ({ amountSat: sat(300_000), script: alice.script }))
    const parent = spend([coins[0] as TestCoin], { version: 3, outputs })
    value(chain.submit(parent))
    chain.mine(1)
    const [a, b, c] = [0, 1, 2].map(vout => spend([coinOf(parent, vout)], { version: 3, feeSat: 1000 + 5000 * vout }))
    for (const child of [a, b]) value(chain.submit(child as Tx))
    value(chain.reorganize({ depth: 1 }))
    expect(chain.mempool().length).toBe(3)
    expect(reasonOf(chain.submit(c as Tx))).toBe('TRUC-violation')
  })

  test('a child that waited through it all is linked to its parent again', () => {
    const { chain, coins } = bed()
    const parent = spend([coins[0] as TestCoin])
    value(chain.submit(parent))
    chain.mine(1)
    const child = spend([coinOf(parent)])
    value(chain.submit(child))
    value(chain.reorganize({ depth: 1 }))
    expect(chain.mempool().map(entry => entry.txid)).toEqual([txid(parent), txid(child)])
    // If they were not linked, the parent's replacement would leave the child behind.
    value(chain.submit(spend([coins[0] as TestCoin], { feeSat: 9000 })))
    expect(chain.mempool().map(entry => entry.txid)).not.toContain(txid(child))
  })

  test('a double spend on the new branch pushes out the old payment and what rests on it', () => {
    const { chain, coins } = bed()
    const coin = coins[0] as TestCoin
    const paid = spend([coin])
    const onwards = spend([coinOf(paid)])
    value(chain.submit(paid))
    chain.mine(1)
    value(chain.submit(onwards))
    const stolen = spend([coin], { feeSat: 3000 })
    value(chain.reorganize({ depth: 1, transactions: [stolen] }))
    expect(chain.mempool()).toEqual([])
    expect(chain.transaction(txid(paid))).toBeUndefined()
    expect(chain.spendingTx(coin.outpoint)?.txid).toBe(txid(stolen))
    expect(reasonOf(chain.submit(onwards))).toBe('bad-txns-inputs-missingorspent')
  })

  test('locks that are open on the longer branch only', () => {
    const { chain, coins } = bed()
    const [a, b] = coins as [TestCoin, TestCoin]
    const base = chain.height
    const byHeight = spend([a], { locktime: base + 3, sequence: 0xfffffffe })
    const relative = spend([b], { sequence: 4 })
    const { tip: start } = chain
    chain.mine(3)
    for (const tx of [byHeight, relative]) value(chain.submit(tx))
    value(chain.invalidateBlock(defined(chain.blockAt(base + 2), 'mined above').hash))
    expect(chain.height).toBe(base + 1)
    expect(chain.mempool()).toEqual([])
    expect(reasonOf(chain.submit(byHeight))).toBe('non-final')
    expect(reasonOf(chain.submit(relative))).toBe('non-BIP68-final')
    expect(chain.blockAt(base)).toEqual(start)
  })

  test('a coinbase that is no longer mature, or no longer there', () => {
    const chain = createRegtestChain()
    const [first] = chain.mine(1, { to: alice.script }) as [ChainBlock]
    chain.mine(99)
    const tx = spend([coinOf(first.transactions[0] as Tx)])
    value(chain.submit(tx))
    const tip = chain.tip.hash
    value(chain.invalidateBlock(tip))
    expect(chain.mempool()).toEqual([])
    expect(reasonOf(chain.submit(tx))).toBe('bad-txns-premature-spend-of-coinbase')
    value(chain.reconsiderBlock(tip))
    value(chain.submit(tx))
    value(chain.reorganize({ depth: 100 }))
    expect(chain.mempool()).toEqual([])
    expect(reasonOf(chain.submit(tx))).toBe('bad-txns-inputs-missingorspent')
  })

  test('chains that grow too long when their beginning comes back', () => {
    const { chain, coins } = bed()
    let tx = spend([coins[0] as TestCoin], { feeSat: 200 })
    const submitNext = (count: number) => {
      for (let i = 0; i < count; i++) {
        value(chain.submit(tx))
        tx = spend([coinOf(tx)], { feeSat: 200 })
      }
    }
    submitNext(20)
    chain.mine(1)
    submitNext(20)
    value(chain.reorganize({ depth: 1 }))
    expect(chain.mempool().length).toBe(25)
  })
})

describe('taking blocks out', () => {
  test('a block and what follows it, and back again', () => {
    const { chain } = bed()
    const start = chain.tip
    const [a, b] = chain.mine(2) as [ChainBlock, ChainBlock]
    const heard = events(chain)
    value(chain.invalidateBlock(a.hash))
    expect(chain.tip).toEqual(start)
    expect(reasonOf(chain.generateBlock({ parent: b.hash }))).toBe('bad-prevblk')
    const [c] = chain.mine(1) as [ChainBlock]
    value(chain.reconsiderBlock(b.hash))
    expect(chain.tip).toEqual(b)
    const h = start.height
    expect(heard).toEqual([`-${h + 2}`, `-${h + 1}`, `+${h + 1}`, `-${h + 1}`, `+${h + 1}`, `+${h + 2}`])
    expect(chain.isOnBestBranch(c.hash)).toBe(false)
  })

  test('unknown blocks, and the first', () => {
    const { chain } = bed()
    const unknown = 'dd'.repeat(32) as BlockHash
    expect(reasonOf(chain.invalidateBlock(unknown))).toBe('prev-blk-not-found')
    expect(reasonOf(chain.invalidateBlock(REGTEST_GENESIS_HASH))).toBe('prev-blk-not-found')
    expect(reasonOf(chain.reconsiderBlock(unknown))).toBe('prev-blk-not-found')
  })

  test('a longer branch with a bad block: the good part before it does not win, and the chain comes back', () => {
    const { chain, coins } = bed()
    const coin = coins[0] as TestCoin
    const start = chain.tip
    value(chain.submit(spend([coin])))
    const [a] = chain.mine(1) as [ChainBlock]
    const b1 = value(chain.generateBlock({ parent: start.hash, transactions: [spend([coin], { feeSat: 2000 })] }))
    const heard = events(chain)
    // The bad block is the second of its branch, so it is tried at once.
    const twice = chain.generateBlock({ parent: b1.hash, transactions: [spend([coin], { feeSat: 5000 })] })
    expect(reasonOf(twice)).toBe('bad-txns-inputs-missingorspent')
    expect(chain.tip).toEqual(a)
    const h = start.height
    expect(heard).toEqual([`-${h + 1}`, `+${h + 1}`, `-${h + 1}`, `+${h + 1}`])
    expect(chain.transaction(txid(spend([coin])))?.confirmations).toBe(1)
  })

  test('a bad block below others is found when they win, and takes them along', () => {
    const { chain } = bed()
    const start = chain.tip
    const tip = chain.mine(2).at(-1)
    const young = coinOf(start.transactions[0] as Tx)
    // A branch is not run before it has the most work, so its first block is not found bad yet.
    const bad = value(chain.generateBlock({ parent: start.hash, transactions: [spend([young])] }))
    const next = value(chain.generateBlock({ parent: bad.hash }))
    expect(reasonOf(chain.generateBlock({ parent: next.hash }))).toBe('accepted')
    expect(chain.tip).toEqual(tip)
    expect(reasonOf(chain.generateBlock({ parent: next.hash }))).toBe('bad-prevblk')
  })
})

test('listeners may act: what they cause is told after what caused it', () => {
  const { chain } = bed()
  const heard: number[] = []
  const start = chain.height
  chain.onBlock(({ block }) => {
    heard.push(block.height)
    if (block.height < start + 3) chain.mine(1)
  })
  const second: number[] = []
  chain.onBlock(({ block }) => second.push(block.height))
  chain.mine(1)
  expect(heard).toEqual([start + 1, start + 2, start + 3])
  expect(second).toEqual(heard)
})

test('forks and ancestors in the tree', () => {
  const tree = new BlockTree()
  expect(forkOf(tree.genesis, tree.genesis)).toBe(tree.genesis)
  expect(ancestorAt(tree.genesis, 0)).toBe(tree.genesis)
  expect(tree.best()).toBe(tree.genesis)
  expect(tree.newest).toBe(tree.genesis)
})

// Anything that can happen to a chain, in any order.

/** None, or just open in the next block: by height, relative in blocks, relative in time. */
type Lock = 'none' | 'height' | 'blocks' | 'seconds'

type Action =
  | {
      readonly type: 'pay'
      readonly coin: number
      readonly feeSat: number
      readonly outputs: number
      readonly lock: Lock
    }
  | { readonly type: 'mine'; readonly count: number }
  | { readonly type: 'branch'; readonly back: number; readonly length: number; readonly steal: boolean }
  | { readonly type: 'invalidate'; readonly back: number }
  | { readonly type: 'reconsider'; readonly which: number }

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('pay' as const),
      coin: fc.nat(1000),
      feeSat: fc.integer({ min: 300, max: 3000 }),
      outputs: fc.integer({ min: 1, max: 3 }),
      lock: fc.constantFrom<Lock>('none', 'height', 'blocks', 'seconds'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('mine' as const), count: fc.integer({ min: 1, max: 3 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('branch' as const),
      back: fc.nat(6),
      length: fc.integer({ min: 1, max: 7 }),
      steal: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('invalidate' as const), back: fc.nat(4) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reconsider' as const), which: fc.nat(20) }) },
)

class Walk {
  chain: RegtestChain
  readonly #taken: BlockHash[] = []

  constructor(chain: RegtestChain) {
    this.chain = chain
  }

  run(step: Action): void {
    const { chain } = this
    switch (step.type) {
      case 'pay': {
        const coins = this.#coins()
        const coin = coins[step.coin % coins.length]
        if (coin === undefined) return
        const each = (coin.amountSat - BigInt(step.feeSat)) / BigInt(step.outputs)
        if (each < 1000n) return
        const outputs = Array.from({ length: step.outputs }, () => ({ amountSat: sat(each), script: alice.script }))
        // Refusals are part of the walk: it may be a replacement that pays too little.
        chain.submit(spend([coin], { outputs, ...this.#fields(step.lock, coin) }))
        return
      }
      case 'mine':
        chain.mine(step.count)
        return
      case 'branch': {
        const depth = Math.min(step.back, chain.height - 102)
        value(chain.reorganize({ depth, length: step.length, transactions: step.steal ? this.#theft(depth) : [] }))
        return
      }
      case 'invalidate': {
        if (chain.height - step.back <= 102) return
        const { hash } = defined(chain.blockAt(chain.height - step.back), 'below the tip')
        value(chain.invalidateBlock(hash))
        this.#taken.push(hash)
        return
      }
      case 'reconsider': {
        const hash = this.#taken[step.which]
        if (hash !== undefined) value(chain.reconsiderBlock(hash))
      }
    }
  }

  /** Confirmed coins of alice, whether a waiting transaction spends them or not, and the outputs that wait. */
  #coins(): readonly TestCoin[] {
    const confirmed = [...this.chain.utxos()]
      .filter(([, coin]) => coin.script.join() === alice.script.join())
      .map(([key, coin]) => ({
        outpoint: { txid: key.slice(0, 64) as TestCoin['outpoint']['txid'], vout: Number(key.slice(65)) },
        ...coin,
      }))
    const waiting = this.chain.mempool().map(entry => coinOf(entry.tx))
    return [...confirmed.sort((a, b) => (outPointKey(a.outpoint) < outPointKey(b.outpoint) ? -1 : 1)), ...waiting]
  }

  #fields(lock: Lock, { outpoint }: TestCoin): { readonly sequence: number; readonly locktime: number } {
    const age = this.chain.transaction(outpoint.txid)?.confirmations ?? 0
    switch (lock) {
      case 'none':
        return { sequence: 0, locktime: 0 }
      case 'height':
        return { sequence: 0, locktime: this.chain.height }
      case 'blocks':
        return { sequence: age, locktime: 0 }
      case 'seconds':
        // The median lies five blocks back, and blocks are ten minutes apart on a branch without forks.
        return { sequence: 0x00400000 + Math.max(0, age - 6), locktime: 0 }
    }
  }

  /** A double spend of what the disconnected block spends. */
  #theft(depth: number): readonly Tx[] {
    const first = this.chain.blockAt(this.chain.height - depth + 1)?.transactions[1]
    const outpoint = first?.inputs[0]?.outpoint
    const output = outpoint && this.chain.output(outpoint)
    if (outpoint === undefined || output === undefined || output.amountSat < 10_000n) return []
    const made = this.chain.transaction(outpoint.txid)?.height ?? this.chain.height
    return made <= this.chain.height - depth ? [spend([{ outpoint, ...output }], { feeSat: 5000 })] : []
  }
}

function state(chain: RegtestChain) {
  const coins = [...chain.utxos()].map(([key, coin]) => `${key} ${coin.amountSat} ${coin.height} ${coin.coinbase}`)
  return { tip: chain.tip.hash, height: chain.height, median: chain.medianTimePast, coins: coins.sort() }
}

/** What holds for every chain at all times. */
function checkInvariants(chain: RegtestChain): void {
  let issued = 0n
  for (let height = 1; height <= chain.height; height++) issued += subsidySat(height)
  let held = 0n
  for (const [, coin] of chain.utxos()) held += coin.amountSat
  expect(held).toBe(issued)

  const spent = new Set<string>()
  const before = new Set<string>()
  for (const entry of chain.mempool()) {
    expect(chain.transaction(entry.txid)?.confirmations).toBe(0)
    let available = 0n
    for (const { outpoint } of entry.tx.inputs) {
      const key = outPointKey(outpoint)
      expect(spent.has(key)).toBe(false)
      spent.add(key)
      // Either confirmed and unspent, or an output of a transaction that comes earlier in the list.
      expect(chain.utxo(outpoint) !== undefined || before.has(outpoint.txid)).toBe(true)
      expect(chain.spendingTx(outpoint)?.txid).toBe(entry.txid)
      available += chain.output(outpoint)?.amountSat ?? 0n
    }
    before.add(entry.txid)
    expect(available - entry.tx.outputs.reduce((sum, o) => sum + o.amountSat, 0n)).toBe(entry.feeSat)
  }
}

test('after any walk the state is that of a chain which saw only the winning branch', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 5, maxLength: 30 }), steps => {
      const walk = new Walk(bed().chain)
      for (const step of steps) {
        walk.run(step)
        checkInvariants(walk.chain)
      }
      const { chain } = walk
      const fresh = createRegtestChain()
      for (let height = 1; height <= chain.height; height++) {
        const { header, transactions } = defined(chain.blockAt(height), 'on the best branch')
        value(fresh.submitBlock({ header, transactions }))
      }
      expect(state(fresh)).toEqual(state(chain))
      for (let height = 1; height <= chain.height; height++) {
        for (const tx of fresh.blockAt(height)?.transactions ?? []) {
          expect(chain.transaction(txid(tx))).toEqual(fresh.transaction(txid(tx)))
        }
      }
      // What waits could all be mined now.
      for (const entry of chain.mempool()) expect(reasonOf(fresh.submit(entry.tx))).toBe('accepted')
      chain.mine(1)
      expect(chain.mempool()).toEqual([])
    }),
    { numRuns: 20, seed: 20260323 },
  )
})

test('a chain saved in the middle of any walk goes on as if nothing had happened', () => {
  fc.assert(
    fc.property(
      fc.array(action, { minLength: 3, maxLength: 15 }),
      fc.array(action, { minLength: 3, maxLength: 12 }),
      (before, after) => {
        const walk = new Walk(bed().chain)
        for (const step of before) walk.run(step)
        const bytes = walk.chain.save()
        const restored = value(restoreRegtestChain(bytes))
        expect(restored.save()).toEqual(bytes)
        const twin = new Walk(restored)
        for (const step of after) {
          // Blocks taken out before the save are known to the first walk only.
          if (step.type === 'reconsider') continue
          walk.run(step)
          twin.run(step)
          expect(state(twin.chain)).toEqual(state(walk.chain))
          expect(twin.chain.mempool()).toEqual(walk.chain.mempool())
        }
        expect(twin.chain.save()).toEqual(walk.chain.save())
      },
    ),
    { numRuns: 20, seed: 20260323 },
  )
})
