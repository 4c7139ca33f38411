import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { TipWatch } from '../../src/chain/tipWatch.ts'
import { startRpc } from '../regtest/rpcClient.ts'
import { testBeds } from '../regtest/support.ts'
import { cut, type StubAnswer, urlOf } from './stubBitcoind.ts'
import { afterwards, connect, scripted } from './stubbed.ts'

// How much is asked at once, over which connections, and when nothing is.

const INFO: StubAnswer = { result: { chain: 'regtest', blocks: 7, bestblockhash: 'ab'.repeat(32) } }

test.each([1, 3, 4])('at most %i questions are under way, and all are answered', async concurrent => {
  let everyPlaceIsTaken = () => {}
  const taken = new Promise<void>(done => {
    everyPlaceIsTaken = done
  })
  const { bitcoind, chain } = await scripted(
    {
      getblockchaininfo: async ({ before }) => {
        // Nobody is answered before as many are there as may be.
        if (before === concurrent - 1) everyPlaceIsTaken()
        await taken
        return INFO
      },
    },
    { limits: { concurrent } },
  )
  const tips = await Promise.all(Array.from({ length: 40 }, () => chain.tip()))
  expect(tips.map(({ height }) => height)).toStrictEqual(tips.map(() => 7))
  expect(bitcoind.most()).toBe(concurrent)
  // Connections are kept: there are no more of them than places.
  expect(new Set(bitcoind.calls.map(call => call.from)).size).toBeLessThanOrEqual(concurrent)
})

test('a place is given back by what fails', async () => {
  const { chain } = await scripted(
    { getblockchaininfo: ({ before }) => (before < 3 ? cut : INFO) },
    { limits: { concurrent: 1, attempts: 1 } },
  )
  const ends = await Promise.allSettled(Array.from({ length: 6 }, () => chain.tip()))
  expect(ends.map(({ status }) => status)).toStrictEqual([...Array(3).fill('rejected'), ...Array(3).fill('fulfilled')])
})

test('questions have ids of their own', async () => {
  const { bitcoind, chain } = await scripted({ getblockchaininfo: () => INFO })
  await Promise.all([chain.tip(), chain.tip(), chain.tip()])
  expect(new Set(bitcoind.calls.map(call => call.id)).size).toBe(4)
})

test('who never listens never asks for the tip on its own', async () => {
  const { bitcoind, chain } = await scripted({ getblockchaininfo: () => INFO })
  for (let i = 0; i < 20; i++) await chain.tip()
  expect(bitcoind.calls.every(call => call.method !== 'getbestblockhash')).toBe(true)
})

test('a listener outlives a bitcoind that is away, and hears what it has missed', async () => {
  const { chain: world } = testBeds()()
  const first = await startRpc({ chain: world })
  const chain = await connect(urlOf(first.port))
  let heard = () => {}
  const hearing = () =>
    new Promise<void>(done => {
      heard = done
    })
  chain.onChange(() => heard())
  await hearing()
  await first.close()
  const back = hearing()
  world.mine(1)
  const second = await startRpc({ chain: world, port: first.port })
  afterwards(second.close)
  await back
})

test('who listens does not keep a process alive, nor do the connections that are kept', async () => {
  const server = await startRpc()
  afterwards(server.close)
  const program = `
    const { bitcoindChain } = await import(${JSON.stringify(new URL('../../src/chain/index.ts', import.meta.url).href)})
    const chain = await bitcoindChain({ url: process.argv[1], network: 'regtest' })
    const awake = setInterval(() => {}, 1000)
    await new Promise(heard => chain.onChange(heard))
    clearInterval(awake)
    console.log('heard')
  `
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, urlOf(server.port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', chunk => {
    said += chunk
  })
  const [code] = await once(child, 'close')
  expect({ code, said }).toStrictEqual({ code: 0, said: 'heard\n' })
})

describe('the watch of the tip', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function watching(answers: readonly (string | undefined)[]) {
    const left = [...answers]
    let asked = 0
    const watch = new TipWatch(async () => {
      asked += 1
      return left.length > 1 ? left.shift() : left[0]
    }, 100)
    return { watch, asked: () => asked, pass: (ms: number) => vi.advanceTimersByTimeAsync(ms) }
  }

  test('asks while someone listens, from the first to the last of them', async () => {
    const { watch, asked, pass } = watching(['a'])
    await pass(1000)
    expect(asked()).toBe(0)
    const stops = [watch.listen(() => {}), watch.listen(() => {})]
    await pass(250)
    expect(asked()).toBe(3)
    stops[0]?.()
    await pass(100)
    expect(asked()).toBe(4)
    stops[1]?.()
    await pass(1000)
    expect(asked()).toBe(4)
    watch.listen(() => {})
    await pass(0)
    expect(asked()).toBe(5)
    watch.close()
    await pass(1000)
    expect(asked()).toBe(5)
  })

  test('calls for the first answer and for each other one, not for the same', async () => {
    const { watch, pass } = watching(['a', 'a', 'b', 'b', 'a'])
    const calls: number[] = []
    watch.listen(() => calls.push(Date.now()))
    const begin = Date.now()
    await pass(1000)
    expect(calls.map(at => at - begin)).toStrictEqual([0, 200, 400])
  })

  test('calls when no answer comes any more, and after that time, whatever the tip is then', async () => {
    const { watch, pass } = watching(['a', undefined, undefined, 'a'])
    let calls = 0
    watch.listen(() => {
      calls += 1
    })
    await pass(50)
    expect(calls).toBe(1)
    // Nobody answers, twice: told once.
    await pass(200)
    expect(calls).toBe(2)
    await pass(100)
    expect(calls).toBe(3)
  })

  test('calls a later listener, too: nobody knows what it has seen', async () => {
    const { watch, pass } = watching(['a'])
    watch.listen(() => {})
    await pass(150)
    let calls = 0
    watch.listen(() => {
      calls += 1
    })
    await pass(100)
    expect(calls).toBe(1)
  })

  test('asks one question at a time, also where listeners come and go while it waits', async () => {
    const waiting: ((tip: string) => void)[] = []
    const watch = new TipWatch(() => new Promise(done => waiting.push(done)), 100)
    let calls = 0
    const listen = () =>
      watch.listen(() => {
        calls += 1
      })
    listen()()
    await vi.advanceTimersByTimeAsync(1000)
    expect(waiting).toHaveLength(0)
    const stop = listen()
    await vi.advanceTimersByTimeAsync(0)
    stop()
    listen()
    await vi.advanceTimersByTimeAsync(1000)
    expect(waiting).toHaveLength(1)
    waiting[0]?.('a')
    await vi.advanceTimersByTimeAsync(99)
    expect({ calls, asked: waiting.length }).toStrictEqual({ calls: 1, asked: 1 })
    await vi.advanceTimersByTimeAsync(1)
    expect(waiting).toHaveLength(2)
  })

  test('asks at once for who is in a hurry, and goes on at its pace', async () => {
    const { watch, asked, pass } = watching(['a'])
    watch.hurry()
    await pass(0)
    expect(asked()).toBe(0)
    watch.listen(() => {})
    await pass(50)
    watch.hurry()
    watch.hurry()
    await pass(0)
    expect(asked()).toBe(2)
    await pass(99)
    expect(asked()).toBe(2)
    await pass(1)
    expect(asked()).toBe(3)
  })

  test('asks once more where somebody was in a hurry while an answer was awaited', async () => {
    const waiting: ((tip: string) => void)[] = []
    const watch = new TipWatch(() => new Promise(done => waiting.push(done)), 100)
    let calls = 0
    watch.listen(() => {
      calls += 1
    })
    await vi.advanceTimersByTimeAsync(0)
    watch.hurry()
    watch.hurry()
    await vi.advanceTimersByTimeAsync(0)
    expect(waiting).toHaveLength(1)
    waiting[0]?.('a')
    await vi.advanceTimersByTimeAsync(0)
    expect(waiting).toHaveLength(2)
    waiting[1]?.('b')
    await vi.advanceTimersByTimeAsync(99)
    expect({ calls, asked: waiting.length }).toStrictEqual({ calls: 2, asked: 2 })
  })

  test('looks at once where the pace changes, and keeps to the new one', async () => {
    const { watch, asked, pass } = watching(['a'])
    watch.listen(() => {})
    await pass(50)
    watch.pace(1000)
    await pass(0)
    expect(asked()).toBe(2)
    await pass(999)
    expect(asked()).toBe(2)
    await pass(1)
    expect(asked()).toBe(3)
    watch.pace(10)
    await pass(10)
    expect(asked()).toBe(5)
  })
})
