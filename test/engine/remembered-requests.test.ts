import { describe, expect, test } from 'vitest'
import { sat, toHex } from '../../src/base/index.ts'
import { addressFromScript, p2wpkhScript } from '../../src/bitcoin/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import { DEFAULT_ENGINE_LIMITS } from '../../src/engine/index.ts'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// What came of calls with an idempotency key is remembered for a time, and then forgotten, so that the store does not only grow.

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** An address of somebody else. */
const SHOP = addressFromScript(p2wpkhScript(publicKeyFromSecret(sha256(new Uint8Array(1)))), 'regtest') ?? ''

function send(side: Side, key: string): void {
  side.ask(request => ({
    type: 'send_onchain',
    request,
    address: SHOP,
    amountSat: sat(10_000n),
    idempotency: { key, fingerprint: toHex(sha256(new Uint8Array(2))) },
  }))
}

/** Which keys are remembered. */
const remembered = (side: Side): readonly string[] =>
  [...side.records.keys()].flatMap(key => (key.startsWith('request/') ? [key.slice('request/'.length)] : [])).sort()

/** Everything that is kept about requests, whatever its name. */
const kept = (side: Side): readonly string[] => [...side.records.keys()].filter(key => key.startsWith('request'))

test('the limit is 30 days', () => {
  expect(DEFAULT_ENGINE_LIMITS).toMatchObject({ requestsKeptMs: 30 * DAY_MS, maxRequestsForgotten: 500 })
})

describe('payments, coins and channels that were asked for with a key', () => {
  test('are remembered for 30 days, over starts, and then nothing of them is left', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'], { coins: [1_000_000n, 1_000_000n, 1_000_000n] })
    stage.ready(alice, bob)
    stage.keysend(alice, bob, 1_000n, { idempotencyKey: 'pay' })
    stage.settle()
    send(alice, 'send')
    stage.open(alice, bob, { idempotency: { key: 'open', fingerprint: 'f' } })
    expect(remembered(alice)).toEqual(['open', 'pay', 'send'])
    stage.now += 30 * DAY_MS - 1
    stage.restart(alice)
    stage.settle()
    expect(remembered(alice)).toEqual(['open', 'pay', 'send'])
    stage.now += 1
    stage.restart(alice)
    stage.settle()
    expect(kept(alice)).toEqual([])
    // Only what was to be remembered about them: the payment itself stays.
    expect(alice.records.has('payment/0000000000000001')).toBe(true)
  })

  test('are forgotten while the process lives, each in its time', () => {
    const stage = new Stage()
    const [alice] = stage.sidesOf(['alice'], { coins: [1_000_000n, 1_000_000n] })
    send(alice, 'first')
    stage.wait(DAY_MS)
    send(alice, 'second')
    for (let hour = 0; hour < 29 * 24; hour += 12) stage.wait(12 * HOUR_MS)
    expect(remembered(alice)).toEqual(['second'])
    stage.wait(DAY_MS)
    expect(kept(alice)).toEqual([])
  })

  test('wake the node for it, without anything else to do', () => {
    const stage = new Stage()
    const alice = stage.side('alice')
    const wakes = alice.turn({ type: 'tick' }).filter(({ type }) => type === 'wake')
    expect(wakes).toEqual([])
    stage.now += HOUR_MS
    expect(alice.turn({ type: 'tick' })).toContainEqual({ type: 'wake', at: stage.now + HOUR_MS })
  })

  test('go in lots, also where the process ends between two of them', () => {
    const stage = new Stage()
    const names = ['1', '2', '3', '4', '5']
    const limits = { engine: { maxRequestsForgotten: 2 } }
    const [alice] = stage.sidesOf(['alice'], { coins: names.map(() => 100_000n), limits })
    for (const name of names) {
      send(alice, name)
      stage.now += 1
    }
    stage.now += 30 * DAY_MS
    stage.restart(alice)
    expect(remembered(alice)).toEqual(names)
    stage.answer(alice)
    expect(alice.lastCommit).toHaveLength(4)
    expect(remembered(alice)).toEqual(['3', '4', '5'])
    stage.restart(alice)
    stage.answer(alice)
    expect(alice.lastCommit).toHaveLength(4)
    expect(remembered(alice)).toEqual(['5'])
    stage.settle()
    expect(kept(alice)).toEqual([])
  })
})

test('a key whose coins the chain has refused is free at once, and is not forgotten with its first use', () => {
  const stage = new Stage()
  const [alice] = stage.sidesOf(['alice'], { coins: [1_000_000n, 1_000_000n] })
  alice.refuses = () => 'mempool min fee not met'
  send(alice, 'once')
  stage.settle()
  expect(kept(alice)).toEqual([])
  alice.refuses = () => undefined
  stage.now += 29 * DAY_MS
  send(alice, 'once')
  stage.now += DAY_MS
  stage.restart(alice)
  stage.settle()
  expect(remembered(alice)).toEqual(['once'])
})
