import { expect, test } from 'vitest'
import { Line } from './line.ts'
import type { Side } from './side.ts'
import type { Stage } from './stage.ts'

// Payments through Bob whose end is on the chain, on one side of him or the other.

const AMOUNT = 50_000_000n

function mineUntil(stage: Stage, isOver: () => boolean, most = 200): number {
  for (let mined = 0; mined < most; mined++) {
    if (isOver()) return mined
    stage.mine()
  }
  throw new Error(`still not over after ${most} blocks`)
}

/** All messages to this side are lost from now on, and its own as well. */
function silence(stage: Stage, side: Side): void {
  for (const other of stage.sides.values()) if (other !== side) stage.cut(other, side)
  side.onDial = () => undefined
}

test('a preimage that Carol shows on the chain is upstream in the block that has it', () => {
  const line = new Line()
  const { stage, bob, carol, alice } = line
  const before = line.balances()
  const invoice = line.holdInvoice(AMOUNT)
  const offered = line.send({ ...invoice, amount: AMOUNT })
  expect(carol.eventsOf('payment_held')).toHaveLength(1)
  silence(stage, carol)
  line.settle(invoice.preimage)
  expect(line.answer(offered)).toBeUndefined()
  stage.close(carol, line.downstream, true)
  // A process of Bob's ends while it goes on.
  stage.restart(bob)
  mineUntil(stage, () => bob.state.payments.forwards.size === 0)
  line.rest()
  expect(line.answer(offered)).toBe('taken')
  expect(bob.eventsOf('payment_forwarded')).toHaveLength(1)
  expect(alice.channelStates()).toEqual(['normal'])
  expect(line.balances().alice).toBe(before.alice - AMOUNT - 52_000n)
})

test('what Carol never answers is taken back on the chain, and goes back upstream when that is deep', () => {
  const line = new Line()
  const { stage, bob, carol, alice } = line
  const before = line.balances()
  const invoice = line.holdInvoice(AMOUNT)
  const offered = line.send({ ...invoice, amount: AMOUNT })
  stage.crash(carol)
  stage.settle()
  const expiry = stage.chain.height + 45
  mineUntil(stage, () => bob.channelStates(carol.id).includes('closing'))
  expect(stage.chain.height).toBe(expiry + 2)
  mineUntil(stage, () => bob.eventsOf('channel_onchain').some(({ kind }) => kind === 'htlc_timed_out'))
  expect(bob.state.payments.forwards.size).toBe(0)
  line.rest()
  expect(line.answer(offered)).toEqual({ type: 'permanent_channel_failure' })
  expect([alice.channelStates(), line.balances().alice]).toEqual([['normal'], before.alice])
  expect(bob.eventsOf('payment_forwarded')).toEqual([])
})

test('the preimage is used on the chain upstream, where Alice has closed that channel meanwhile', () => {
  const line = new Line()
  const { stage, bob, carol, alice } = line
  const invoice = line.holdInvoice(AMOUNT)
  line.send({ ...invoice, amount: AMOUNT })
  stage.close(alice, line.upstream, true)
  stage.mine(2)
  expect(bob.channelStates(alice.id)).toEqual(['closing'])
  line.settle(invoice.preimage)
  stage.settle()
  expect(bob.eventsOf('payment_forwarded')).toHaveLength(1)
  mineUntil(stage, () => bob.channelStates(alice.id).includes('closed'))
  const kinds = bob.eventsOf('channel_onchain').map(({ kind }) => kind)
  expect(kinds).toContain('htlc_claimed')
  expect(kinds).not.toContain('htlc_returned')
  expect(carol.channelStates()).toEqual(['normal'])
})

test('of two with the same hash and amount, one is taken and one goes back, each upstream where it belongs', () => {
  const line = new Line()
  const { stage, bob, carol } = line
  const invoice = line.holdInvoice(AMOUNT)
  const first = line.send({ ...invoice, amount: AMOUNT })
  // Held already: Carol refuses the second one.
  const second = line.send({ ...invoice, amount: AMOUNT })
  expect(line.answer(first)).toBeUndefined()
  expect(line.answer(second)).toMatchObject({ type: 'incorrect_or_unknown_payment_details' })
  silence(stage, carol)
  line.settle(invoice.preimage)
  stage.close(carol, line.downstream, true)
  mineUntil(stage, () => bob.state.payments.forwards.size === 0)
  line.rest()
  expect(line.answer(first)).toBe('taken')
  expect(bob.eventsOf('payment_forwarded')).toHaveLength(1)
})

test('a part whose channel is on the chain is taken there, with the others', () => {
  const line = new Line({ payment: { mppTimeoutMs: 3_600_000 } })
  const { stage, bob, carol } = line
  const second = stage.ready(bob, carol, { capacity: 500_000n })
  const invoice = line.invoice(2n * AMOUNT)
  const part = { ...invoice, amount: AMOUNT, total: 2n * AMOUNT }
  const first = line.send(part)
  stage.close(carol, line.downstream, true)
  stage.mine(2)
  expect(carol.state.payments.parts.size).toBe(1)
  const other = line.send({ ...part, scid: line.scidOf(second) })
  expect(carol.eventsOf('payment_received')).toMatchObject([{ payment: { amountMsat: 2n * AMOUNT } }])
  expect(line.answer(other)).toBe('taken')
  mineUntil(stage, () => bob.state.payments.forwards.size === 0)
  line.rest()
  expect(line.answer(first)).toBe('taken')
  mineUntil(stage, () => carol.channels(bob.id)[0]?.state === 'closed')
  expect(carol.eventsOf('channel_onchain').map(({ kind }) => kind)).toContain('htlc_claimed')
})
