import { expect, test } from 'vitest'
import { jsonEncode, msat } from '../../src/base/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../../src/payment/index.ts'
import { fresh, HEIGHT, idOf, Node, secretOf } from './fixture.ts'
import { arrive, hashOf, readFailure, resolutionsIn, sent } from './onions.ts'

// An onion that comes a second time (BOLT 4, onion decryption).

const ALICE = { link: 1, peer: idOf(secretOf(0xa1)) }
const bob = (limits = {}) => new Node(secretOf(0xb0), { limits: { ...DEFAULT_PAYMENT_LIMITS, ...limits } })

function spontaneous(node: Node, id: number, expiry = HEIGHT + 50) {
  const preimage = fresh()
  return sent(id, node.id, hashOf(preimage), { keysendPreimage: preimage, amount: 5_000n }, { cltvExpiry: expiry })
}

/** The same onion in another HTLC. */
const again = ({ htlc, sharedSecrets }: ReturnType<typeof spontaneous>, id: number) => ({
  htlc: { ...htlc, id },
  sharedSecrets,
})

test('is not opened, whatever it brings, also after a start', () => {
  const node = bob()
  const first = spontaneous(node, 1)
  arrive(node, first, ALICE)
  for (const id of [2, 3]) {
    const replay = again(first, id)
    expect(readFailure(resolutionsIn(arrive(node, replay, ALICE))[0]?.resolution, replay)).toEqual({
      type: 'temporary_node_failure',
    })
    node.restart()
  }
  expect(node.events).toHaveLength(1)
})

test('nor is one that was refused', () => {
  const node = bob()
  const first = sent(1, node.id, hashOf(fresh()), { amount: 5_000n })
  arrive(node, first, ALICE)
  const replay = again(first, 2)
  const [refused] = resolutionsIn(arrive(node, replay, ALICE))
  expect(readFailure(refused?.resolution, replay)).toEqual({ type: 'temporary_node_failure' })
})

test('is forgotten once its HTLC has expired, when it could not be paid any more', () => {
  const node = bob()
  arrive(node, spontaneous(node, 1, HEIGHT + 24), ALICE)
  arrive(node, spontaneous(node, 2, HEIGHT + 31), ALICE)
  const next = Math.ceil((HEIGHT + 25) / 6) * 6
  node.at({ height: next - 1 }).step({ type: 'block' })
  expect(node.state.onions.size).toBe(2)
  node.at({ height: next }).step({ type: 'block' })
  expect(node.state.onions.size).toBe(1)
  expect([...node.store.keys()].filter(key => key.startsWith('onion/'))).toHaveLength(1)
  node.at({ height: next + 6 }).step({ type: 'block' })
  expect(node.state.onions.size).toBe(0)
})

test('there is a bound: those that expire first make room', () => {
  const node = bob({ maxOnionsSeen: 10 })
  const first = spontaneous(node, 0, HEIGHT + 30)
  arrive(node, first, ALICE)
  for (let id = 1; id <= 10; id++) arrive(node, spontaneous(node, id, HEIGHT + 30 + id), ALICE)
  expect(node.state.onions.size).toBeLessThanOrEqual(10)
  const replay = again(first, 20)
  expect(resolutionsIn(arrive(node, replay, ALICE))).toMatchObject([{ resolution: { type: 'fulfill' } }])
})

test('what expires beyond all reason leaves nothing behind', () => {
  const node = bob()
  arrive(node, spontaneous(node, 1, HEIGHT + 100_000), ALICE)
  expect([node.state.onions.size, node.store.size, msat(1n)]).toEqual([0, 0, 1n])
})

test('a record that is damaged is not loaded', () => {
  const node = bob()
  node.store.set('onion/00', jsonEncode('soon'))
  expect(() => node.restart()).toThrow(/onion\/00/)
})
