import { setTimeout as hostPause } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { BookendError, jsonDecode, msat } from '../../src/base/index.ts'
import { EVENTS, type NodeEvent } from '../../src/engine/index.ts'
import {
  APP_FAULTS,
  createWorld,
  type WorldClock,
  WorldFailure,
  type WorldNode,
  type WorldSnapshot,
  type WorldTools,
} from '../../src/sim/index.ts'

// The world for applications, as docs/testing-your-app.md describes it.

type Name = 'shop' | 'alice'

let from: WorldSnapshot<Name>

beforeAll(async () => {
  const world = await createWorld({
    seed: 7,
    nodes: ['shop', 'alice'],
    channels: [{ from: 'alice', to: 'shop', capacitySat: 1_000_000, pushSat: 100_000 }],
  })
  from = await world.snapshot()
})

/** In doubt the same again, under one key; after a certain failure anew. */
async function payOnce(node: WorldNode, clock: WorldClock, name: string, invoice: string): Promise<void> {
  for (let attempt = 1; attempt < 1_000; ) {
    try {
      await node.pay({ invoice, idempotencyKey: `${name}/${attempt}` })
      return
    } catch (error) {
      if (!(error instanceof BookendError)) throw error
      if (error.code === 'payment_failed' || error.code === 'timeout') attempt += 1
      else if (error.code !== 'stopped' && error.code !== 'disk') throw error
    }
    await clock.sleep(1_000)
    await node.whenUp()
  }
}

async function invoiceOf(node: WorldNode, clock: WorldClock, amountMsat = msat(5_000_000n)): Promise<string> {
  for (;;) {
    try {
      return (await node.createInvoice({ amountMsat })).invoice
    } catch (error) {
      if (!(error instanceof BookendError)) throw error
      await clock.sleep(1_000)
      await node.whenUp()
    }
  }
}

const trade =
  (count: number, name = 'order') =>
  async ({ nodes: { shop, alice }, clock }: WorldTools<Name>): Promise<void> => {
    for (let i = 0; i < count; i++) await payOnce(alice, clock, `${name}-${i}`, await invoiceOf(shop, clock))
  }

const paidBy = async (node: WorldNode): Promise<number> =>
  (await node.payments()).filter(({ direction, status }) => direction === 'sent' && status === 'succeeded').length

/** How a run was refused. */
async function failureOf(run: Promise<unknown>): Promise<WorldFailure> {
  const reason = await run.then(
    () => undefined,
    error => error,
  )
  expect(reason).toBeInstanceOf(WorldFailure)
  return reason as WorldFailure
}

describe('one seed, one world', () => {
  it('tells the same twice, faults and all, and another seed tells something else', async () => {
    const hashes: string[] = []
    const stories: (readonly string[])[] = []
    for (const seed of [3, 3, 10]) {
      const world = await createWorld({ from, seed, faults: { cut: 3, stall: 2, crash: 4, sync_fault: 1, reorg: 1 } })
      await world.run(trade(8))
      hashes.push(world.traceHash)
      stories.push(world.story)
    }
    expect(hashes[1]).toBe(hashes[0])
    expect(stories[1]).toEqual(stories[0])
    expect(stories[0]?.length).toBeGreaterThan(3)
    expect(hashes[2]).not.toBe(hashes[0])
  })

  it('is built the same twice', async () => {
    const build = async (seed: number) => {
      const world = await createWorld({
        seed,
        nodes: ['a', 'b', 'c'],
        channels: [
          { from: 'a', to: 'b', capacitySat: 200_000 },
          { from: 'c', to: 'b', capacitySat: 300_000, pushSat: 50_000 },
        ],
      })
      const channels = await world.run(({ nodes }) => nodes.b.channels())
      expect(channels.map(({ usable, localMsat }) => ({ usable, localMsat }))).toEqual([
        { usable: true, localMsat: 0n },
        { usable: true, localMsat: 50_000_000n },
      ])
      return world.traceHash
    }
    expect(await build(1)).toBe(await build(1))
  })

  it("gives no chance of the host to an application that asks for the world's", async () => {
    const draw = async (seed: number) =>
      (await createWorld({ from, seed, faults: {} })).run(async ({ random, clock }) => [random.next(), clock.now()])
    expect(await draw(1)).toEqual(await draw(1))
    expect(await draw(1)).not.toEqual(await draw(2))
  })
})

describe('faults', () => {
  it.each(APP_FAULTS)('of the kind %s come, and every payment is made once', async kind => {
    const world = await createWorld({ from, seed: `often ${kind}`, faults: { [kind]: kind === 'feerate' ? 30 : 10 } })
    await world.run(async tools => {
      tools.chain.mine(3)
      await trade(6)(tools)
      await tools.world.heal()
      expect(await paidBy(tools.nodes.alice)).toBe(6)
      // The channel is still one, and whatever is missing on one side is on the other.
      const [[ours], [theirs]] = [await tools.nodes.alice.channels(), await tools.nodes.shop.channels()]
      expect(ours?.usable).toBe(true)
      expect(ours?.localMsat).toBe(900_000_000n - 6n * 5_000_000n)
      expect(theirs?.localMsat).toBe(100_000_000n + 6n * 5_000_000n)
    })
    expect(world.story.filter(line => !line.includes('the application')).length).toBeGreaterThan(0)
  })

  it('do not come where there are none', async () => {
    const world = await createWorld({ from, faults: {} })
    await world.run(trade(3))
    expect(world.story).toEqual([])
  })
})

describe('a crash by hand', () => {
  it('at any moment of a payment leaves one payment, whatever the disk has kept', async () => {
    const seen = new Set<string>()
    for (let afterMs = 0; afterMs <= 300; afterMs += 25) {
      for (const keepsLast of [false, true]) {
        const world = await createWorld({ from, seed: afterMs, faults: {} })
        await world.run(async tools => {
          const { nodes, clock } = tools
          const { shop, alice } = nodes
          const victim = afterMs % 50 === 0 ? alice : shop
          const paying = trade(1)(tools)
          await clock.sleep(afterMs)
          victim.crash({ keepsLast, downMs: 700 })
          expect(victim.isUp).toBe(false)
          await expect(victim.info()).rejects.toMatchObject({ code: 'stopped' })
          await paying
          await tools.world.heal()
          expect(await paidBy(alice)).toBe(1)
        })
        seen.add(world.traceHash)
      }
    }
    expect(seen.size).toBeGreaterThan(10)
  })

  it('is told of, and the events go on where they were', async () => {
    const world = await createWorld({ from, seed: 1, faults: {} })
    const told: string[] = []
    for (const moment of ['end', 'start', 'restart'] as const) world.on(moment, name => told.push(`${moment} ${name}`))
    const numbers = await world.run(async tools => {
      const { nodes, clock } = tools
      const seen: number[] = []
      void (async () => {
        for await (const { number } of nodes.shop.events()) seen.push(number)
      })()
      await trade(1)(tools)
      await clock.sleep(1_000)
      nodes.shop.crash()
      await clock.sleep(5_000)
      expect(nodes.shop.isUp).toBe(false)
      await nodes.shop.restart()
      await trade(1, 'later')(tools)
      await clock.sleep(1_000)
      return seen
    })
    expect(told).toEqual(['end shop', 'start shop', 'restart shop'])
    expect(numbers.length).toBeGreaterThan(2)
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index))
  })

  it('is no stop: a node that was told to stop stays away, and its events end', async () => {
    const world = await createWorld({ from, seed: 1, faults: {} })
    await world.run(async ({ nodes: { shop }, world }) => {
      const reading = (async () => {
        for await (const _ of shop.events());
        return 'ended'
      })()
      await shop.stop()
      expect(await reading).toBe('ended')
      await world.heal()
      expect(shop.isUp).toBe(false)
      await shop.restart()
      expect((await shop.info()).nodeId).toBe(shop.nodeId)
    })
  })
})

describe('an application', () => {
  it('that waits for what never comes is told so', async () => {
    const world = await createWorld({ from, seed: 9, faults: {} })
    const failure = await failureOf(world.run(() => new Promise(() => undefined)))
    expect(failure.message).toContain('nothing is left to happen, and the application still waits')
    expect(failure).toMatchObject({ seed: '9', rule: 'an end' })
  })

  it('that rejects is told with the seed, the time and what had happened', async () => {
    const world = await createWorld({ from, seed: 'mine', faults: {} })
    const cause = new Error('the till is empty')
    const failure = await failureOf(
      world.run(async ({ nodes, clock }) => {
        nodes.shop.crash({ downMs: 10 })
        await clock.sleep(1_500)
        throw cause
      }),
    )
    expect(failure.cause).toBe(cause)
    expect(failure.rule).toBeUndefined()
    expect(failure.atMs).toBeGreaterThanOrEqual(1_500)
    expect(failure.message).toMatch(
      /^Seed mine, after \d+\.\d{3} s: the till is empty\nWhat had happened in the world:\n.*shop crashes\n/,
    )
  })

  it('may wait for the host, and the clock stands still', async () => {
    const world = await createWorld({ from, faults: {} })
    await world.run(async ({ clock }) => {
      const before = clock.now()
      expect(await world.outside(hostPause(20, 'done'))).toBe('done')
      expect(clock.now()).toBe(before)
      await clock.sleep(86_400_000)
      expect(clock.now()).toBe(before + 86_400_000)
    })
  })

  it('calls off what takes too long by the clock of the world', async () => {
    const world = await createWorld({ from, faults: {} })
    await world.run(async ({ nodes: { shop }, clock }) => {
      const before = clock.now()
      for await (const _ of shop.events({ signal: clock.timeout(7_000) }));
      expect(clock.now() - before).toBe(7_000)
    })
  })

  it('may leave a channel without a connection, if that is what it wants', async () => {
    const world = await createWorld({ from, faults: {} })
    await world.run(async ({ nodes: { shop, alice } }) => {
      await alice.disconnect({ nodeId: shop.nodeId })
      await expect(alice.pay({ nodeId: shop.nodeId, amountMsat: msat(1_000n) })).rejects.toMatchObject({
        code: 'payment_failed',
      })
    })
  })

  it('that pays again in doubt under a new key is found out', async () => {
    const careless = async (tools: WorldTools<Name>): Promise<void> => {
      const {
        nodes: { shop, alice },
        clock,
        world,
      } = tools
      for (let i = 0; i < 6; i++) {
        for (;;) {
          const invoice = await invoiceOf(shop, clock)
          try {
            await alice.pay({ invoice })
            break
          } catch {
            await clock.sleep(1_000)
            await alice.whenUp()
          }
        }
      }
      await world.heal()
      if ((await paidBy(alice)) > 6) throw new Error('an order was paid twice')
    }
    const found: number[] = []
    for (let seed = 0; seed < 20 && found.length === 0; seed++) {
      const world = await createWorld({ from, seed, faults: { crash: 5 } })
      await world.run(careless).catch(error => {
        if (!String(error).includes('an order was paid twice')) throw error
        found.push(seed)
      })
    }
    expect(found).toHaveLength(1)
  })
})

describe('a snapshot', () => {
  it('is a value that can be cloned, and the world goes on from it', async () => {
    const world = await createWorld({ from, seed: 4, faults: {} })
    await world.run(trade(3))
    const snapshot = structuredClone(await world.snapshot())
    const later = await Promise.all(
      [1, 2].map(async () => {
        const next = await createWorld({ from: snapshot, faults: {} })
        const paid = await next.run(async tools => {
          const before = await paidBy(tools.nodes.alice)
          await trade(1, 'later')(tools)
          return [before, await paidBy(tools.nodes.alice)]
        })
        return { paid, hash: next.traceHash, seed: next.seed }
      }),
    )
    expect(later[0]?.paid).toEqual([3, 4])
    expect(later[0]?.seed).toBe('4')
    expect(later[1]).toEqual(later[0])
  })

  it('whose records were tampered with breaks a rule', async () => {
    const world = await createWorld({ from, seed: 5, faults: {} })
    await world.run(trade(1))
    const snapshot = await world.snapshot()
    const nodes = snapshot.nodes.map(node => {
      if (node.name !== 'shop') return node
      const kept = [...node.records].filter(([key, value]) => !key.startsWith(EVENTS) || !isReceived(value))
      expect(kept).toHaveLength(node.records.size - 1)
      return { ...node, records: new Map(kept) }
    })
    const altered = await createWorld({ from: { ...snapshot, nodes }, faults: {} })
    const failure = await failureOf(altered.run(async () => undefined))
    expect(failure.rule).toBe('payments')
    expect(failure.message).toMatch(/alice has paid 5000000 msat to shop, who was not paid/)
  })
})

function isReceived(value: Uint8Array): boolean {
  const stored = jsonDecode<{ readonly event: NodeEvent }>(value)
  return stored.ok && stored.value.event.type === 'payment_received'
}
