import { describe, expect, test } from 'vitest'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// How long a peer may be away before an HTLC takes the channel to the chain (BOLT 2, cltv_expiry_delta selection).

/** Messages go one by one until this holds. */
function until(stage: Stage, sides: readonly Side[], isThere: () => boolean): void {
  for (let i = 0; i < 100 && !isThere(); i++) {
    for (const side of sides) while (stage.answer(side));
    for (const number of [...stage.wires.keys()]) {
      for (const side of sides) if (!isThere()) stage.deliver(number, side)
    }
  }
  expect(isThere()).toBe(true)
}

describe('a payer that leaves as soon as it has been told the preimage', () => {
  test.each(['invoice', 'keysend'] as const)('may be away for 20 blocks: %s', how => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const id = stage.ready(alice, bob)
    if (how === 'invoice') stage.pay(alice, stage.invoice(bob, 10_000n))
    else stage.keysend(alice, bob, 10_000n)
    until(stage, [alice, bob], () => bob.eventsOf('payment_received').length === 1)
    stage.cut(alice, bob)
    // Neither hears of the other, and both of the chain.
    for (let i = 0; i < 20; i++) {
      stage.chain.mine(1)
      for (const side of [alice, bob]) side.catchUp()
    }
    expect([alice, bob].map(side => side.link(id).state.channel?.state)).toEqual(['normal', 'normal'])
    stage.connect(alice, bob)
    expect(alice.eventsOf('payment_sent')).toHaveLength(1)
    expect([alice, bob].map(side => side.channels()[0]?.durable.htlcs)).toEqual([[], []])
  })

  test('costs the channel when the time is nearly out: what we are owed is claimed on chain', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const id = stage.ready(alice, bob)
    stage.pay(alice, stage.invoice(bob, 10_000n))
    until(stage, [alice, bob], () => bob.eventsOf('payment_received').length === 1)
    stage.cut(alice, bob)
    for (let i = 0; i < 26; i++) {
      stage.chain.mine(1)
      bob.catchUp()
    }
    expect(bob.link(id).state.channel?.state).toBe('closing')
  })
})
