import { expect, test } from 'vitest'
import { dieAfter, turnsOf } from './dying.ts'
import { Line } from './line.ts'

// Bob's process ends in the middle of a payment of Alice's to Carol: after each of his turns, with what the turn wanted done, and without
// it. One line lives through all of it, so that what one death leaves behind would be there for the next.

const AMOUNT = 20_000_000n
const FEE = 3_000n

test.each([['is paid'], ['is refused by Carol']])('a payment that %s ends once, whenever Bob dies', how => {
  const line = new Line()
  const isPaid = how === 'is paid'
  const wish = () => (isPaid ? line.invoice(AMOUNT) : { hash: line.unknownHash() })
  const first = line.balances()
  const turns = turnsOf(line.bob, () => line.send({ ...wish(), amount: AMOUNT, fee: FEE }))
  expect(turns).toBeGreaterThan(8)
  let paid = isPaid ? 1n : 0n
  for (let k = 1; k <= turns; k++) {
    for (const mute of [false, true]) {
      const offered = line.offer({ ...wish(), amount: AMOUNT, fee: FEE })
      dieAfter(line, line.bob, k, mute)
      const when = `turn ${k} of ${turns}, ${mute ? 'mute' : 'heard'}`
      const answer = line.answer(offered)
      // It may have been lost on its way to Bob for good: Alice takes back what was never signed for.
      expect(answer === 'taken' || typeof answer === 'object', when).toBe(true)
      if (answer === 'taken') paid += 1n
      const { alice, bob, carol } = line.balances()
      expect([alice - first.alice, bob - first.bob, carol - first.carol], when).toEqual([
        -paid * (AMOUNT + FEE),
        paid * FEE,
        paid * AMOUNT,
      ])
      expect([line.bob.state.payments.forwards.size, line.bob.state.payments.usage.size], when).toEqual([0, 0])
      for (const side of [line.alice, line.bob, line.carol]) {
        expect(side.channels().every(({ state, durable }) => state === 'normal' && durable.htlcs.length === 0)).toBe(
          true,
        )
      }
    }
  }
  expect(line.bob.eventsOf('payment_forwarded')).toHaveLength(Number(paid))
  if (isPaid) expect(paid).toBeGreaterThan(BigInt(turns))
  else expect(paid).toBe(0n)
})
