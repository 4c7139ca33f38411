import { expect, test } from 'vitest'
import { toHex } from '../../src/base/index.ts'
import { engineMachine } from '../../src/engine/index.ts'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// What is prepared while there is nothing else to do: nobody can tell whether it was.

/** Payments both ways; every byte that anybody sent. */
function life(whenSent: (side: Side) => void): readonly string[] {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  const sent: string[] = []
  stage.onSent = (side, bytes) => {
    sent.push(`${side.name} ${toHex(bytes)}`)
    for (const each of [alice, bob]) whenSent(each)
  }
  stage.ready(alice, bob, { push: 50_000n })
  for (const [from, to, amount] of [
    [alice, bob, 20_000n],
    [bob, alice, 5_000n],
    [alice, bob, 1_000n],
  ] as const) {
    const request = stage.keysend(from, to, amount)
    stage.settle()
    expect(from.replyTo(request)).toMatchObject({ type: 'payment', payment: { status: 'succeeded' } })
  }
  return sent
}

test('who prepares what comes next sends the same bytes', () => {
  let prepared = 0
  const busy = life(() => undefined)
  const idle = life(side => {
    while (engineMachine.prepare(side.state, side.context())) prepared += 1
  })
  expect(idle).toEqual(busy)
  // One onion for each payment is too few to be cut into parts.
  expect(prepared).toBe(0)
})

test('onions of HTLCs that are on their way are peeled a few at a time, each of them once, and none after a turn that moved many channels', () => {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  stage.ready(alice, bob)
  for (let i = 0; i < 10; i++) stage.keysend(alice, bob, 2_000n)
  const parts: number[] = []
  const many = new Set(Array.from({ length: 9 }, (_, index) => index))
  stage.onSent = () => {
    expect(engineMachine.prepare({ ...bob.state, movedLast: many }, bob.context())).toBe(false)
    for (let part = 0; ; part++) {
      if (engineMachine.prepare(bob.state, bob.context())) continue
      parts.push(part)
      break
    }
  }
  stage.settle()
  // Four, four, and then two: of all the moments at which it was asked for there is one with something to do.
  expect(parts.filter(part => part > 0)).toEqual([2])
})
