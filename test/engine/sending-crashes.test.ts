import { expect, test } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { type Edge, Ways } from './ways.ts'

// Alice's process ends in the middle of a payment of hers: after each of her turns, with what the turn wanted done, and without it. One
// world lives through all of it, so that what one death leaves behind would be there for the next.

const LINE: readonly Edge[] = [{ between: ['alice', 'bob'] }, { between: ['bob', 'carol'] }]
const TWO_WAYS: readonly Edge[] = [
  { between: ['alice', 'bob'], capacity: 2_000_000n },
  { between: ['alice', 'dave'], capacity: 2_000_000n },
  { between: ['bob', 'carol'], capacity: 300_000n, push: 0n },
  { between: ['dave', 'carol'], capacity: 300_000n, push: 0n },
]

interface Story {
  readonly what: string
  readonly names: readonly string[]
  readonly edges: readonly Edge[]
  readonly amount: bigint
  readonly isPaid: boolean
}

const STORIES: readonly Story[] = [
  {
    what: 'over two channels that is paid',
    names: ['alice', 'bob', 'carol'],
    edges: LINE,
    amount: 10_000_000n,
    isPaid: true,
  },
  {
    what: 'over two channels that is refused',
    names: ['alice', 'bob', 'carol'],
    edges: LINE,
    amount: 10_000_000n,
    isPaid: false,
  },
  {
    what: 'in parts over two ways that is refused',
    names: ['alice', 'bob', 'dave', 'carol'],
    edges: TWO_WAYS,
    amount: 400_000_000n,
    isPaid: false,
  },
]

/** How many of Alice's turns a payment takes while nobody dies. */
function turnsOf(ways: Ways, pay: () => unknown): number {
  let turns = 0
  const { payer } = ways
  const turn = payer.turn
  payer.turn = (...inputs) => {
    turns += 1
    return turn(...inputs)
  }
  pay()
  ways.stage.settle()
  payer.turn = turn
  return turns
}

/** Alice dies after this many turns. Where the last one is mute, nothing of what it wanted is done. */
function dieAfter(ways: Ways, turns: number, { mute, pay }: { readonly mute: boolean; readonly pay: () => unknown }) {
  const { payer, stage } = ways
  const { turn, onSend } = payer
  let left = turns
  let isDead = false
  payer.onSend = (connection, bytes) => {
    if (!(mute && left === 0)) onSend(connection, bytes)
  }
  payer.turn = (...inputs) => {
    if (isDead) return []
    left -= 1
    const effects = turn(...inputs)
    if (left === 0) {
      isDead = true
      stage.crash(payer)
    }
    return effects
  }
  pay()
  stage.settle()
  payer.turn = turn
  payer.onSend = onSend
  if (!isDead) stage.crash(payer)
  payer.start()
  ways.rest()
}

test.each(STORIES)('a payment $what ends once, whenever its payer dies', ({ names, edges, amount, isPaid }) => {
  const ways = new Ways(names, edges)
  const { payer } = ways
  const pay = () => {
    const { invoice, hash } = ways.invoice('carol', amount)
    // Carol does not know it any more.
    if (!isPaid) {
      ways
        .side('carol')
        .ask(request => ({ type: 'payment', input: { type: 'cancel_invoice', request, paymentHash: hash } }))
    }
    ways.pay(invoice, { maxFeeMsat: msat(1_000_000n) })
  }
  const first = ways.balances()
  const turns = turnsOf(ways, pay)
  expect(turns).toBeGreaterThan(6)
  for (let k = 1; k <= turns; k++) {
    for (const mute of [false, true]) {
      dieAfter(ways, k, { mute, pay })
      const when = `turn ${k} of ${turns}, ${mute ? 'mute' : 'heard'}`
      const sent = payer
        .eventsOf('payment_sent')
        .reduce((sum, { payment }) => sum + payment.amountMsat + payment.feeMsat, 0n)
      const received = ways.side('carol').eventsOf('payment_received')
      const came = received.reduce((sum, { payment }) => sum + payment.amountMsat, 0n)
      const { alice, carol } = ways.gains(first)
      expect([alice, carol], when).toEqual([-sent, came])
      expect(payer.eventsOf('payment_sent').length, when).toBe(received.length)
      for (const side of ways.sides) {
        const { inFlight, byHtlc, byHash, waiting, forwards, parts } = side.state.payments
        expect(
          [inFlight, byHtlc, byHash, waiting, forwards, parts].map(({ size }) => size),
          when,
        ).toEqual([0, 0, 0, 0, 0, 0])
        expect(side.channels().every(({ state, durable }) => state === 'normal' && durable.htlcs.length === 0)).toBe(
          true,
        )
      }
    }
  }
  const paid = payer.eventsOf('payment_sent').length
  if (isPaid) expect(paid).toBeGreaterThan(turns)
  else expect(paid).toBe(0)
})
