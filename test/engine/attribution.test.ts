import { describe, expect, test } from 'vitest'
import type { Payment } from '../../src/engine/index.ts'
import { DEFAULT_GOSSIP_LIMITS } from '../../src/gossip/index.ts'
import { decodeInvoice } from '../../src/invoice/index.ts'
import type { PaymentProgress } from '../../src/payment/index.ts'
import {
  decodeMessage,
  encodeMessage,
  FEATURES,
  featureBits,
  listFeatures,
  type Message,
} from '../../src/wire/index.ts'
import { Line } from './line.ts'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// Attribution data over engines (BOLT 4, returning errors and hold times for successful payments): what each of them says reaches the payer,
// over restarts too, and who spoils it is found.

const AMOUNT = 50_000_000n

/** The side changes what it sends. */
function tampering(side: Side, change: (message: Message) => Message): void {
  const { onSend } = side
  side.onSend = (connection, bytes) => {
    const decoded = decodeMessage(bytes)
    const isKnown = decoded.ok && decoded.value.type !== 'unknown'
    onSend(connection, isKnown ? encodeMessage(change(decoded.value)) : bytes)
  }
}

describe('Alice, who pays Carol through Bob, hears', () => {
  test('how long each has held it, from whoever has refused it', () => {
    const line = new Line()
    expect(line.wordOf(line.send({ hash: line.unknownHash(), amount: AMOUNT }))).toMatchObject({
      hop: 1,
      holdTimes: [0, 0],
    })
    const tooCheap = line.send({ ...line.invoice(AMOUNT), amount: AMOUNT, fee: 1n })
    expect(line.wordOf(tooCheap)).toMatchObject({ hop: 0, holdTimes: [0] })
    const part = line.send({ ...line.invoice(2n * AMOUNT), amount: AMOUNT, total: 2n * AMOUNT })
    line.stage.wait(60_000)
    expect(line.wordOf(part)).toMatchObject({ hop: 1, holdTimes: [600, 600] })
  })

  test('the same where Bob has died meanwhile: the time goes on', () => {
    const line = new Line()
    const { bob, stage } = line
    const held = line.holdInvoice(AMOUNT)
    const offered = line.send({ ...held, amount: AMOUNT })
    stage.crash(bob)
    stage.wait(5_000)
    bob.start()
    line.rest()
    const since = stage.now
    line.settle(held.preimage)
    stage.settle()
    const [ofBob = 0, ofCarol = 0] = line.holdTimesOf(offered) ?? []
    // Nothing but the two of them takes time here.
    expect(ofBob).toBe(ofCarol)
    expect(ofBob).toBeGreaterThanOrEqual(50 + 2_400)
    expect(since).toBe(stage.now)
    expect(line.answer(offered)).toBe('taken')
  })

  test('of those up to Bob where Carol has gone on chain with it', () => {
    const line = new Line()
    const offered = line.send({ ...line.holdInvoice(AMOUNT), amount: AMOUNT })
    line.stage.crash(line.carol)
    line.stage.close(line.bob, line.downstream, true)
    line.stage.mine(60)
    line.stage.wait(1_000)
    expect(line.wordOf(offered)).toMatchObject({ hop: 0, holdTimes: [expect.any(Number)] })
  })
})

describe('a peer without the feature', () => {
  test('is told nothing of it, neither with a failure nor with a preimage', () => {
    const line = new Line()
    const said: Message[] = []
    tampering(line.alice, message => (message.type === 'init' ? withoutFeature(message) : message))
    line.stage.cut(line.alice, line.bob)
    line.rest()
    tampering(line.bob, message => {
      said.push(message)
      return message
    })
    line.send({ hash: line.unknownHash(), amount: AMOUNT })
    line.send({ ...line.invoice(AMOUNT), amount: AMOUNT })
    const ends = said.filter(({ type }) => type === 'update_fail_htlc' || type === 'update_fulfill_htlc')
    expect(ends.map(({ type }) => type)).toEqual(['update_fail_htlc', 'update_fulfill_htlc'])
    for (const end of ends) expect(end).not.toHaveProperty('attributionData')
  })
})

function withoutFeature<M extends { readonly features: Uint8Array }>(message: M): M {
  const bit = FEATURES.option_attribution_data.bit + 1
  return { ...message, features: featureBits(...listFeatures(message.features).filter(each => each !== bit)) }
}

/** Nodes in a row with a public channel between each two, that know of each other. */
function row(names: readonly string[]) {
  const stage = new Stage()
  const sides: readonly Side[] = stage.sidesOf(names)
  for (const [index, side] of sides.entries()) {
    const next = sides[index + 1]
    if (next !== undefined) stage.ready(side, next, { capacity: 500_000n, push: 200_000n, announce: true })
  }
  stage.mine(3)
  for (let i = 0; i <= names.length; i++) stage.wait(DEFAULT_GOSSIP_LIMITS.flushMs)
  return { stage, sides }
}

function paid(stage: Stage, from: Side, invoice: string) {
  const said: PaymentProgress[] = []
  const turn = from.turn.bind(from)
  from.turn = (...inputs) => {
    const effects = turn(...inputs)
    said.push(...effects.flatMap(effect => (effect.type === 'progress' ? [effect.progress] : [])))
    return effects
  }
  const request = stage.pay(from, invoice, { wantsProgress: true })
  stage.settle()
  from.turn = turn
  const reply = from.replyTo(request)
  const payment: Payment | undefined = reply?.type === 'payment' ? reply.payment : undefined
  return { said, payment, reply }
}

describe('a payment over nodes that have announced themselves', () => {
  const FOUR = ['alice', 'bob', 'carol', 'dave'] as const

  test('shows how long each has held it', () => {
    const { stage, sides } = row(FOUR)
    const [alice, ...others] = sides as readonly [Side, ...Side[]]
    const { payment } = paid(stage, alice, stage.invoice(others[2] as Side, 10_000n))
    expect(payment).toMatchObject({
      status: 'succeeded',
      holdTimes: others.map(({ id }) => ({ nodeId: id, holdTimeMs: 0 })),
    })
  })

  test.each([
    ['bob', ['bob']],
    ['carol', ['bob', 'carol']],
  ] as const)('names those of whom one has spoilt the reason: %s has', (name, suspects) => {
    const { stage, sides } = row(FOUR)
    const of = (wanted: string) => sides[FOUR.indexOf(wanted as 'bob')] as Side
    tampering(of(name), message => {
      if (message.type !== 'update_fail_htlc') return message
      return { ...message, reason: message.reason.map((byte, at) => (at === 7 ? byte ^ 0x10 : byte)) }
    })
    const invoice = stage.invoice(of('dave'), 10_000n)
    const decoded = decodeInvoice(invoice)
    if (!decoded.ok) throw new Error(decoded.error.code)
    const { paymentHash } = decoded.value
    of('dave').ask(request => ({ type: 'payment', input: { type: 'cancel_invoice', request, paymentHash } }))
    const { said, reply } = paid(stage, of('alice'), invoice)
    expect(said.find(({ type }) => type === 'part_failed')).toMatchObject({
      suspects: suspects.map(each => of(each).id),
      ...(suspects.length > 1 && { holdTimes: [{ nodeId: of('bob').id, holdTimeMs: 0 }] }),
    })
    expect(reply).toMatchObject({ payment: { status: 'failed', failure: { code: 'refused_on_the_way' } } })
  })
})
