import { describe, expect, test } from 'vitest'
import { type BlockHash, defined, type Result } from '../../src/base/index.ts'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import { type Chain, ChainError, type PublishRefusal } from '../../src/ports/index.ts'
import { REGTEST_GENESIS, REGTEST_GENESIS_HASH, type RegtestChain } from '../../src/regtest/index.ts'
import { bob, coinOf, spend, type TestCoin, value } from '../regtest/support.ts'

// What every view of the chain has to show before a node trusts it with a channel.

/** A view, and the regtest that it looks at, to make blocks on. */
export interface ChainUnderTest {
  readonly chain: Chain
  readonly world: RegtestChain
  /** Confirmed outputs of one million satoshis each, to alice. */
  readonly coins: readonly TestCoin[]
}

export interface ChainManners {
  /** Whether a block that has left the best chain is still to be had. */
  readonly givesOldBlocks?: boolean
  /** Whether it says of a transaction that nobody knows yet what would be said of it. */
  readonly foresees?: boolean
}

const UNKNOWN = 'ab'.repeat(32) as BlockHash

export function chainSuite(
  name: string,
  create: () => Promise<ChainUnderTest>,
  { givesOldBlocks = true, foresees = true }: ChainManners = {},
): void {
  const coinAt = (coins: readonly TestCoin[], index: number) => defined(coins[index], 'the test bed has more coins')

  describe(name, () => {
    test('the tip is the last block of the best chain, at once after each change', async () => {
      const { chain, world } = await create()
      const expectTip = async () => {
        const { height, hash } = world.tip
        expect(await chain.tip()).toStrictEqual({ height, hash })
      }
      await expectTip()
      world.mine(3)
      await expectTip()
      value(world.reorganize({ depth: 2 }))
      await expectTip()
      value(world.invalidateBlock(world.tip.hash))
      await expectTip()
    })

    test('hashes at every height up to the tip, and none above it', async () => {
      const { chain, world } = await create()
      const { height } = world
      expect(await chain.hashAt(0)).toBe(REGTEST_GENESIS_HASH)
      for (const at of [1, height - 1, height]) expect(await chain.hashAt(at), `${at}`).toBe(world.blockAt(at)?.hash)
      for (const at of [height + 1, height + 1000]) expect(await chain.hashAt(at), `${at}`).toBeUndefined()
      world.mine(1)
      expect(await chain.hashAt(height + 1)).toBe(world.tip.hash)
    })

    test('a block with its height and every transaction, witnesses and all, in order', async () => {
      const { chain, world, coins } = await create()
      const parent = spend([coinAt(coins, 0)])
      const child = spend([coinOf(parent)], { to: bob.script })
      for (const tx of [parent, child]) value(world.submit(tx))
      const [mined] = world.mine(1)
      const { hash, height, transactions } = defined(mined, 'one block was mined')
      expect(transactions).toHaveLength(3)
      expect(await chain.block(hash)).toStrictEqual({ hash, height, transactions })
      expect((await chain.block(hash))?.transactions.slice(1)).toStrictEqual([parent, child])
    })

    test('the first block, and none for a hash that nobody knows', async () => {
      const { chain } = await create()
      const { transactions } = REGTEST_GENESIS
      expect(await chain.block(REGTEST_GENESIS_HASH)).toStrictEqual({
        hash: REGTEST_GENESIS_HASH,
        height: 0,
        transactions,
      })
      expect(await chain.block(UNKNOWN)).toBeUndefined()
    })

    test('many questions at once', async () => {
      const { chain, world } = await create()
      const heights = Array.from({ length: 60 }, (_, index) => index)
      const hashes = await Promise.all(heights.map(height => chain.hashAt(height)))
      expect(hashes).toStrictEqual(heights.map(height => world.blockAt(height)?.hash))
      const blocks = await Promise.all(hashes.map(hash => chain.block(defined(hash, 'below the tip'))))
      expect(blocks.map(block => block?.height)).toStrictEqual(heights)
    })

    test('what stands at a place, until it is spent; nothing above the tip or beyond what is there', async () => {
      const { chain, world, coins } = await create()
      const tx = spend([coinAt(coins, 0)])
      value(world.submit(tx))
      world.mine(1)
      const { height } = world
      const at = (txIndex: number, outputIndex = 0, block = height) =>
        chain.outputAt({ height: block, txIndex, outputIndex })
      const { amountSat, script } = defined(tx.outputs[0], 'it pays somebody')
      expect(await at(1)).toStrictEqual({ txid: txid(tx), unspent: { amountSat, script } })
      expect((await at(0))?.unspent?.amountSat).toBe(world.tip.transactions[0]?.outputs[0]?.amountSat)
      expect(await at(2)).toBeUndefined()
      expect(await at(1, 0, height + 1)).toBeUndefined()
      expect(await at(1, 7)).toStrictEqual({ txid: txid(tx) })
      const next = spend([coinOf(tx)])
      value(world.submit(next))
      // What waits has spent nothing yet.
      expect((await at(1))?.unspent).toBeDefined()
      world.mine(1)
      expect(await at(1)).toStrictEqual({ txid: txid(tx) })
      // A block is another one after a reorganisation, at the same height.
      value(world.reorganize({ depth: 2 }))
      expect((await at(1))?.txid).not.toBe(txid(tx))
    })

    test('publishing: taken, known while it waits, known when it is confirmed, known when it is spent again', async () => {
      const { chain, world, coins } = await create()
      const tx = spend([coinAt(coins, 0)])
      const expectPublished = async () => expect(value(await chain.publish(tx))).toBe(txid(tx))
      await expectPublished()
      expect(world.mempoolEntry(txid(tx))?.tx).toStrictEqual(tx)
      await expectPublished()
      world.mine(1)
      await expectPublished()
      expect(world.mempool()).toHaveLength(0)
      value(world.submit(spend([coinOf(tx)])))
      await expectPublished()
      world.mine(1)
      await expectPublished()
    })

    test('publishing pays any fee: what is dear was meant', async () => {
      const { chain, coins } = await create()
      const tx = spend([coinAt(coins, 0)], { feeSat: 900_000 })
      expect(value(await chain.publish(tx))).toBe(txid(tx))
    })

    test("publishing refused, with Core's reason and its details", async () => {
      const { chain, world, coins } = await create()
      const coin = coinAt(coins, 0)
      const refusal = async (tx: Tx) => refusalOf(await chain.publish(tx))
      expect(await refusal(spend([coin], { feeSat: 1 }))).toMatchObject({
        reason: 'min relay fee not met',
        details: expect.stringContaining('1 '),
      })
      expect((await refusal(spend([coin], { from: bob }))).reason).toMatch(
        /^mandatory-script-verify-flag-failed \(.+\)$/,
      )
      expect((await refusal(spend([coin], { locktime: world.height + 10, sequence: 0 }))).reason).toBe('non-final')
      value(world.submit(spend([coin])))
      world.mine(1)
      expect((await refusal(spend([coin], { feeSat: 5000 }))).reason).toBe('bad-txns-inputs-missingorspent')
      expect(world.mempool()).toHaveLength(0)
    })

    test(`what would be refused is ${foresees ? 'said beforehand, as it is said then' : 'not said beforehand'}, and nothing is published`, async () => {
      const { chain, world, coins } = await create()
      const coin = coinAt(coins, 0)
      const good = spend([coin])
      const spent = coinOf(spend([coinAt(coins, 1)]))
      const wrong = [
        spend([coin], { feeSat: 1 }),
        spend([coin], { from: bob }),
        spend([coin], { locktime: world.height + 10, sequence: 0 }),
        spend([spent]),
      ]
      for (const tx of wrong) {
        const foreseen = await chain.testAccept(tx)
        expect(foreseen?.reason).toBe(foresees ? refusalOf(await chain.publish(tx)).reason : undefined)
      }
      expect(await chain.testAccept(good)).toBeUndefined()
      // What is dear was meant.
      expect(await chain.testAccept(spend([coin], { feeSat: 900_000 }))).toBeUndefined()
      expect(world.mempool()).toHaveLength(0)
      // What is known is not refused: while it waits, and in a block.
      for (let i = 0; i < 2; i++) {
        value(await chain.publish(good))
        expect(await chain.testAccept(good)).toBeUndefined()
        world.mine(1)
      }
      const foreseen = await chain.testAccept(spend([coin], { feeSat: 5000 }))
      expect(foreseen?.reason).toBe(foresees ? 'bad-txns-inputs-missingorspent' : undefined)
    })

    test('a parent that pays too little to come in alone comes in with a child that pays for it', async () => {
      const { chain, world, coins } = await create()
      world.setMempoolMinFee(5_000n)
      const parent = spend([coinAt(coins, 0)], { feeSat: 200 })
      expect(refusalOf(await chain.publish(parent)).reason).toBe('mempool min fee not met')
      const child = spend([coinOf(parent)], { feeSat: 9_000 })
      expect(refusalOf(await chain.publish(child)).reason).toBe('bad-txns-inputs-missingorspent')
      const poor = spend([coinOf(parent)], { feeSat: 300 })
      expect(refusalOf(await chain.publish(poor, parent)).reason).toBe('bad-txns-inputs-missingorspent')
      expect(world.mempool()).toHaveLength(0)
      // Once, again while both wait, and again when the parent is in a block.
      const expectPublished = async () => expect(value(await chain.publish(child, parent))).toBe(txid(child))
      await expectPublished()
      expect(world.mempoolEntry(txid(parent))?.tx).toStrictEqual(parent)
      await expectPublished()
      world.mine(1, { transactions: [parent] })
      await expectPublished()
      expect(world.mempool().map(({ tx }) => tx)).toStrictEqual([child])
    })

    test('what waits for a block is told by what it spends, and no more once it is in one', async () => {
      const { chain, world, coins } = await create()
      const [one, two] = [coinAt(coins, 0), coinAt(coins, 1)]
      const asked = [one.outpoint, two.outpoint]
      expect(await chain.waitingSpends(asked)).toStrictEqual([])
      const tx = spend([one])
      value(world.submit(tx))
      expect(await chain.waitingSpends(asked)).toStrictEqual([tx])
      expect(await chain.waitingSpends([two.outpoint])).toStrictEqual([])
      expect(await chain.waitingSpends([])).toStrictEqual([])
      // One that spends both is told once.
      const both = spend([one, two], { feeSat: 9_000 })
      value(world.submit(both))
      expect(await chain.waitingSpends(asked)).toStrictEqual([both])
      world.mine(1)
      expect(await chain.waitingSpends(asked)).toStrictEqual([])
    })

    test('a conflict with what waits is refused, unless it pays more', async () => {
      const { chain, coins } = await create()
      const coin = coinAt(coins, 0)
      const cheap = spend([coin], { feeSat: 2000 })
      value(await chain.publish(cheap))
      expect(refusalOf(await chain.publish(spend([coin], { feeSat: 1900 }))).reason).toBe('insufficient fee')
      const dear = spend([coin], { feeSat: 9000 })
      expect(value(await chain.publish(dear))).toBe(txid(dear))
    })

    test.each([1, 2, 3, 4, 5, 6])(
      `a reorganisation of %i blocks: new hashes, and the old blocks are ${givesOldBlocks ? 'still to be had' : 'gone'}`,
      async depth => {
        const { chain, world, coins } = await create()
        const tx = spend([coinAt(coins, 0)])
        value(world.submit(tx))
        const old = world.mine(depth)
        const fork = world.height - depth
        const below = await chain.hashAt(fork)
        const branch = value(world.reorganize({ depth }))

        expect(await chain.tip()).toMatchObject({ height: fork + depth + 1, hash: branch.at(-1)?.hash })
        expect(await chain.hashAt(fork)).toBe(below)
        for (const { hash, height } of branch) expect(await chain.hashAt(height)).toBe(hash)
        for (const { hash, height, transactions } of branch)
          expect(await chain.block(hash)).toStrictEqual({ hash, height, transactions })
        for (const { hash, height, transactions } of old)
          expect(await chain.block(hash)).toStrictEqual(givesOldBlocks ? { hash, height, transactions } : undefined)

        // It waits again, and is confirmed on the new branch.
        expect(value(await chain.publish(tx))).toBe(txid(tx))
        const [mined] = world.mine(1)
        expect((await chain.block(defined(mined, 'one block was mined').hash))?.transactions[1]).toStrictEqual(tx)
      },
    )

    test('a reorganisation that makes the chain shorter', async () => {
      const { chain, world } = await create()
      const [, second] = world.mine(3)
      const { hash, height } = defined(second, 'three blocks were mined')
      value(world.invalidateBlock(hash))
      expect((await chain.tip()).height).toBe(height - 1)
      expect(await chain.hashAt(height)).toBeUndefined()
      expect((await chain.block(hash))?.height).toBe(givesOldBlocks ? height : undefined)
    })

    test('a feerate that is relayed', async () => {
      const { chain, world } = await create()
      const leastPerKw = Number(world.policy.minRelayFeeSatPerKvB) / 4
      for (const target of [1, 2, 6, 144, 1008, 5000]) {
        const feerate = defined(await chain.feerate(target), 'a regtest names a feerate')
        expect(feerate, `${target}`).toBeGreaterThan(leastPerKw)
        expect(Number.isInteger(feerate)).toBe(true)
      }
    })

    test('listeners hear of a block and of a reorganisation, and the tip is there when they do', async () => {
      const { chain, world } = await create()
      const hears = async (change: () => void) => {
        const heard = ear(chain)
        change()
        const { hash } = world.tip
        await heard.until(async () => (await chain.tip()).hash === hash)
        heard.stop()
      }
      await hears(() => world.mine(1))
      await hears(() => value(world.reorganize({ depth: 1 })))
      await hears(() => value(world.reorganize({ depth: 6 })))
    })

    test('one change after the other is heard', async () => {
      const { chain, world } = await create()
      const heard = ear(chain)
      for (let i = 0; i < 5; i++) {
        world.mine(1)
        const { hash } = world.tip
        await heard.until(async () => (await chain.tip()).hash === hash)
      }
      heard.stop()
    })

    test('who stopped hears nothing, and the others still do, also the same function given twice', async () => {
      const { chain, world } = await create()
      let calls = 0
      const count = () => {
        calls += 1
      }
      const [stopOne, stopTwo] = [chain.onChange(count), chain.onChange(count)]
      stopOne()
      const heard = ear(chain)
      world.mine(1)
      await heard.until(async () => calls > 0)
      stopTwo()
      stopTwo()
      const before = calls
      world.mine(1)
      const { hash } = world.tip
      await heard.until(async () => (await chain.tip()).hash === hash)
      heard.stop()
      expect(calls).toBe(before)
    })

    test('a listener may stop itself and others while it is called', async () => {
      const { chain, world } = await create()
      const calls: string[] = []
      const stops: (() => void)[] = []
      for (const name of ['one', 'two']) {
        stops.push(
          chain.onChange(() => {
            calls.push(name)
            for (const stop of stops) stop()
          }),
        )
      }
      const heard = ear(chain)
      for (let i = 0; i < 3; i++) {
        world.mine(1)
        await heard.next()
      }
      heard.stop()
      expect(calls).toStrictEqual(['one'])
    })

    test('after the end nothing is asked and nobody is called; it may be ended twice', async () => {
      const { chain, world, coins } = await create()
      let calls = 0
      const stop = chain.onChange(() => {
        calls += 1
      })
      const heard = ear(chain)
      world.mine(1)
      await heard.next()
      await chain.close()
      await chain.close()
      const before = calls
      world.mine(1)
      chain.onChange(() => {
        calls += 1
      })()
      const asked: readonly Promise<unknown>[] = [
        chain.tip(),
        chain.hashAt(0),
        chain.block(REGTEST_GENESIS_HASH),
        chain.publish(spend([coinAt(coins, 0)])),
        chain.testAccept(spend([coinAt(coins, 0)])),
        chain.feerate(6),
      ]
      for (const each of await Promise.allSettled(asked)) {
        expect(each).toMatchObject({ status: 'rejected', reason: { message: 'This view of the chain is closed.' } })
        expect(each.status === 'rejected' && each.reason).toBeInstanceOf(ChainError)
      }
      world.mine(1)
      stop()
      expect(calls).toBe(before)
      expect(world.mempool()).toHaveLength(0)
    })
  })
}

function refusalOf(result: Result<unknown, PublishRefusal>): PublishRefusal {
  if (result.ok) throw new Error('expected a refusal, got success')
  return result.error
}

/** Listens, and waits until what it listens for has come. A view that is silent lets the test run into its limit. */
function ear(chain: Chain) {
  let wake = () => {}
  let heard = false
  const stop = chain.onChange(() => {
    heard = true
    wake()
  })
  const next = async () => {
    if (!heard)
      await new Promise<void>(done => {
        wake = done
      })
    heard = false
  }
  return {
    stop,
    next,
    until: async (holds: () => Promise<boolean>) => {
      do await next()
      while (!(await holds()))
    },
  }
}
