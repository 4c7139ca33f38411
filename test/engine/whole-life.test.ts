import { expect, test } from 'vitest'
import { localMsat, Stage } from './stage.ts'

// The life of channels between whole engines, stepped by hand.

test('two channels with one peer and one with another: opened, paid over both ways, and closed', () => {
  const stage = new Stage()
  const [alice, bob, carol] = stage.sidesOf(['alice', 'bob', 'carol'])
  const first = stage.ready(alice, bob, { push: 50_000n })
  const second = stage.ready(alice, bob, { capacity: 300_000n })
  const third = stage.ready(bob, carol)
  for (const [from, to, amount] of [
    [alice, bob, 250_000n],
    [bob, alice, 40_000n],
    [alice, bob, 30_000n],
    [bob, carol, 70_000n],
    [carol, bob, 5_000n],
  ] as const) {
    const request = stage.keysend(from, to, amount)
    stage.settle()
    expect(from.replyTo(request)).toMatchObject({ type: 'payment', payment: { status: 'succeeded' } })
  }
  for (const [id, capacitySat] of [
    [first, 200_000n],
    [second, 300_000n],
  ] as const) {
    expect(localMsat(alice, id) + localMsat(bob, id)).toBe(capacitySat * 1000n)
  }
  expect(localMsat(alice, first) + localMsat(alice, second)).toBe(
    450_000_000n - 250_000_000n + 40_000_000n - 30_000_000n,
  )
  expect(localMsat(bob, third)).toBe(135_000_000n)
  for (const [side, id] of [
    [alice, first],
    [bob, second],
    [carol, third],
  ] as const)
    stage.close(side, id)
  stage.mine(8)
  for (const side of [alice, bob, carol]) expect(new Set(side.channelStates())).toEqual(new Set(['closed']))
})
