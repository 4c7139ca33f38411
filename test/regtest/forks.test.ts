import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sat } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import { alice, bob, COIN_SAT, coinOf, reasonOf, spend, type TestCoin, testBeds, value } from './support.ts'

const bed = testBeds()

/** All that can be seen of a chain: its snapshot holds blocks, side branches and mempool, and the rest is what follows from them. */
function sightOf(chain: RegtestChain) {
  return {
    saved: chain.save(),
    tip: chain.tip,
    coins: new Map(chain.utxos()),
    mempool: chain.mempool(),
    medianTimePast: chain.medianTimePast,
    found: [...confirmed(chain), ...chain.mempool().map(entry => entry.tx)].map(tx => ({
      transaction: chain.transaction(txid(tx)),
      spenders: tx.inputs.map(({ outpoint }) => chain.spendingTx(outpoint)?.txid),
    })),
  }
}

const confirmed = (chain: RegtestChain): readonly Tx[] =>
  Array.from({ length: chain.height + 1 }, (_, height) => chain.blockAt(height)?.transactions ?? []).flat()

/** A chain with a side branch, a block taken out, a confirmed spend and a family that waits. */
function eventful() {
  const { chain, coins } = bed({ policy: { maxAncestors: 20 } })
  const [first, second, third, ...rest] = coins as readonly [TestCoin, TestCoin, TestCoin, ...TestCoin[]]
  value(chain.submit(spend([first], { to: bob.script })))
  chain.mine(1)
  value(chain.reorganize({ depth: 1 }))
  const [out] = chain.mine(1)
  value(chain.invalidateBlock(out?.hash ?? chain.tip.hash))
  const parent = spend([second])
  value(chain.submit(parent))
  value(chain.submit(spend([coinOf(parent)])))
  chain.setMempoolMinFee(2000n)
  return { chain, parent, out: out?.hash ?? chain.tip.hash, coins: [third, ...rest] as const }
}

describe('a fork of a chain', () => {
  test('is equal to it in all that can be seen, and goes on as it does', () => {
    const { chain, coins, out } = eventful()
    const fork = chain.fork()
    expect(sightOf(fork)).toEqual(sightOf(chain))
    expect(fork.policy).toEqual(chain.policy)
    expect(fork.minerScript).toEqual(chain.minerScript)
    expect(reasonOf(fork.testAccept(spend([coins[0]], { feeSat: 120 })))).toBe('mempool min fee not met')
    for (const each of [fork, chain]) {
      value(each.submit(spend([coins[0]])))
      each.mine(2)
      value(each.reorganize({ depth: 3 }))
      value(each.reconsiderBlock(out))
      value(each.fund(bob.script, sat(70_000)))
    }
    expect(sightOf(fork)).toEqual(sightOf(chain))
  })

  const deeds: Readonly<Record<string, (chain: RegtestChain, made: ReturnType<typeof eventful>) => void>> = {
    'a block': chain => chain.mine(1),
    'a transaction': (chain, { coins }) => value(chain.submit(spend([coins[0]]))),
    'a child of what waits': (chain, { chain: origin }) => {
      const waiting = origin.mempool().at(-1)
      value(chain.submit(spend([coinOf(waiting?.tx ?? spend([]))])))
    },
    'a replacement of what waits': (chain, { parent }) => {
      const [spent] = parent.inputs
      const coin = { outpoint: spent?.outpoint, amountSat: COIN_SAT, script: alice.script }
      value(chain.submit(spend([coin as TestCoin], { feeSat: 50_000 })))
    },
    'a reorganisation': chain => value(chain.reorganize({ depth: 3 })),
    'a block on a side branch': chain =>
      value(chain.generateBlock({ parent: chain.blockAt(50)?.hash ?? chain.tip.hash })),
    'a block taken out': chain => value(chain.invalidateBlock(chain.tip.hash)),
    'a block taken back in': (chain, { out }) => value(chain.reconsiderBlock(out)),
    'a block found bad': chain => {
      const immature = coinOf(chain.tip.transactions[0] ?? spend([]))
      expect(reasonOf(chain.generateBlock({ transactions: [spend([immature])] }))).not.toBe('accepted')
    },
    'a payment of the faucet': chain => value(chain.fund(bob.script, sat(50_000))),
  }
  test.each(Object.keys(deeds))('%s on one side is nothing to the other, whichever it is', name => {
    const made = eventful()
    const fork = made.chain.fork()
    const before = sightOf(made.chain)
    deeds[name]?.(fork, made)
    expect(sightOf(made.chain)).toEqual(before)
    expect(sightOf(fork)).not.toEqual(before)

    const after = sightOf(fork)
    deeds[name]?.(made.chain, made)
    expect(sightOf(fork)).toEqual(after)
    // And what both did leaves them equal again.
    expect(sightOf(made.chain)).toEqual(after)
  })

  test('has as much room left in its mempool', () => {
    const { chain, coins } = bed({ policy: { maxMempoolVsize: 200 } })
    const [first, second] = coins as readonly [TestCoin, TestCoin, ...TestCoin[]]
    value(chain.submit(spend([first])))
    expect(reasonOf(chain.fork().submit(spend([second])))).toBe('mempool full')
    expect(reasonOf(bed().chain.submit(spend([second])))).toBe('accepted')
  })

  test('is heard by its own listeners alone', () => {
    const { chain } = eventful()
    const heard: string[] = []
    chain.onBlock(() => heard.push('block of the chain'))
    chain.onMempool(() => heard.push('mempool of the chain'))
    const fork = chain.fork()
    fork.onBlock(() => heard.push('block of the fork'))
    fork.mine(1)
    expect(heard).toEqual(['block of the fork'])
    chain.mine(1)
    expect(new Set(heard)).toEqual(new Set(['block of the fork', 'block of the chain', 'mempool of the chain']))
    expect(heard.filter(of => of === 'block of the fork')).toHaveLength(1)
  })

  test('has the same clock, or one of its own', () => {
    let seconds = 2_000_000_000
    const { chain } = bed({ now: () => seconds })
    const [same, other] = [chain.fork(), chain.fork({ now: () => 2_100_000_000 })]
    seconds += 5000
    expect(same.mine(1)[0]?.header.time).toBe(seconds)
    expect(other.mine(1)[0]?.header.time).toBe(2_100_000_000)
    expect(chain.mine(1)[0]?.header.time).toBe(seconds)
  })

  test('may be forked again, from a listener too', () => {
    const { chain } = eventful()
    const forks: RegtestChain[] = []
    chain.onBlock(() => forks.push(chain.fork().fork()))
    chain.mine(3)
    expect(forks.map(fork => fork.height)).toEqual([chain.height - 2, chain.height - 1, chain.height])
    for (const fork of forks) fork.mine(chain.height - fork.height)
    expect(forks.map(fork => fork.tip.hash)).toEqual(forks.map(() => chain.tip.hash))
  })

  test('any two forks go where their own deeds lead, in whatever order these come', () => {
    const steps: readonly ((chain: RegtestChain) => void)[] = [
      chain => chain.mine(1),
      chain => value(chain.reorganize({ depth: 2 })),
      chain => value(chain.invalidateBlock(chain.tip.hash)),
      chain => value(chain.fund(bob.script, sat(40_000), { confirm: false })),
    ]
    const { chain } = eventful()
    const deed = fc.record({ left: fc.boolean(), step: fc.nat(steps.length - 1) })
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 8 }), script => {
        const [left, right, leftAlone, rightAlone] = [chain.fork(), chain.fork(), chain.fork(), chain.fork()]
        for (const { left: isLeft, step } of script) steps[step]?.(isLeft ? left : right)
        for (const { left: isLeft, step } of script) if (isLeft) steps[step]?.(leftAlone)
        for (const { left: isLeft, step } of script) if (!isLeft) steps[step]?.(rightAlone)
        expect(sightOf(left)).toEqual(sightOf(leftAlone))
        expect(sightOf(right)).toEqual(sightOf(rightAlone))
      }),
      { numRuns: 30 },
    )
  })
})
