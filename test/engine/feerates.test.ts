import { describe, expect, test } from 'vitest'
import { feeratePerKw } from '../../src/base/index.ts'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// BOLT 2, updating fees: the node that has opened a channel gives it the feerate that it needs, with each block.

function setFeerate(stage: Stage, perKw: number): void {
  for (const side of stage.sides.values()) side.feeratePerKw = feeratePerKw(perKw)
}

function feerateOf(side: Side, channelId: string): number | undefined {
  const { channel } = side.link(channelId).state
  return channel !== undefined && 'durable' in channel ? channel.durable.feeratePerKw : undefined
}

describe('a channel keeps a feerate that can be mined', () => {
  test('the opener follows with the next block, up and down; both have it', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const id = stage.ready(alice, bob)
    for (const perKw of [3_000, 10_000, 1_000]) {
      setFeerate(stage, perKw)
      stage.mine(1)
      const rates = [alice, bob].map(side => feerateOf(side, id))
      expect(rates).toEqual([perKw, perKw])
    }
    stage.pay(alice, stage.invoice(bob, 10_000n))
    stage.settle()
    expect(alice.eventsOf('payment_sent')).toHaveLength(1)
  })

  test('a peer that is away gets it when it is back, with the next block', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const id = stage.ready(alice, bob)
    stage.cut(alice, bob)
    setFeerate(stage, 4_000)
    stage.mine(1)
    expect(feerateOf(alice, id)).toBe(1_000)
    stage.connect(alice, bob)
    stage.mine(1)
    expect(feerateOf(bob, id)).toBe(4_000)
  })

  test('an opener that does not follow is left alone: what a low feerate harms is the close', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const id = stage.ready(alice, bob)
    bob.feeratePerKw = feeratePerKw(50_000)
    stage.mine(20)
    expect(feerateOf(bob, id)).toBe(1_000)
    expect(bob.link(id).state.channel?.state).toBe('normal')
  })
})
