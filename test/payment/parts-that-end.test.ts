import { describe, expect, test } from 'vitest'
import { msat } from '../../src/base/index.ts'
import { type AddHtlc, NOT_NOW, type Node, payInput, theAdd } from './fixture.ts'
import { type Edge, failedBy, graphOf, journey, known, payer } from './network.ts'
import { adds, BOTH, firstOf, fulfil, invoiceOf, record, TWO_WAYS, takeAll } from './ways.ts'

// Parts end one by one, and one may end while another one is on offer: in one turn a channel tells of many.

describe('what ends while another part is being offered', () => {
  const LARGE = 700_000_000n
  const three: readonly Edge[] = known([...TWO_WAYS, { id: 9, between: ['erin', 'dave'] }])

  /** The first part has come back, and what goes instead of it is on offer: nobody has answered yet. */
  function offering() {
    const alice = payer([...BOTH, ['erin', 900_000_000n]], three)
    const input = payInput(invoiceOf({ amount: LARGE }), { maxFeeMsat: msat(900_000n), wantsProgress: true })
    // At first nobody knows of Erin's channel.
    const { taken } = takeAll(alice.at({ graph: graphOf(TWO_WAYS) }), alice.ask(input))
    const [first, ...others] = taken
    if (first === undefined) throw new Error('there is one')
    const refused = (of: { readonly add: AddHtlc; readonly id: number }) => {
      const resolution = failedBy(journey(of.add, firstOf(alice, of.add)), 0, { type: 'permanent_channel_failure' })
      return alice.step({ type: 'htlc_failed', link: of.add.link, id: of.id, resolution })
    }
    alice.at({ graph: graphOf(three) })
    const instead = theAdd(refused(first))
    return { alice, input, others, instead, refused }
  }
  const onItsWay = (alice: Node) =>
    record(alice)?.parts.reduce((sum, { hops }) => sum + (hops.at(-1)?.amountMsat ?? 0n), 0n)

  test('comes back: it is looked for when the offer is answered, and nothing is sent twice', () => {
    const { alice, others, instead, refused } = offering()
    for (const other of others) expect(adds(refused(other))).toEqual([])
    const effects = alice.step({ type: 'added', payment: 1, link: instead.link, id: 70 })
    takeAll(alice, effects, 71)
    expect(onItsWay(alice)).toBe(LARGE)
    expect(alice.state.session.attempts.size).toBe(0)
  })

  test('comes back, and the offer is refused: all of it is looked for again, or has failed', () => {
    const { alice, input, others, instead, refused } = offering()
    for (const other of others) refused(other)
    let effects = alice.step({ type: 'not_added', payment: 1, link: instead.link, failure: NOT_NOW })
    for (let [add] = adds(effects); add !== undefined; [add] = adds(effects)) {
      effects = alice.step({ type: 'not_added', payment: 1, link: add.link, failure: NOT_NOW })
    }
    expect(alice.paymentOf(input.request)).toMatchObject({ failure: { code: 'refused_on_the_way' } })
    expect([alice.state.inFlight.size, alice.state.session.attempts.size]).toEqual([0, 0])
  })

  test('brings the preimage: what is taken then counts as paid until it comes back', () => {
    for (const comesBack of [false, true]) {
      const { alice, others, instead } = offering()
      for (const { add, id } of others) fulfil(alice, add.link, id)
      expect(alice.events).toHaveLength(1)
      expect(alice.state.inFlight.size).toBe(1)
      const arrives = journey(instead, firstOf(alice, instead)).at(-1)?.amountMsat ?? 0n
      alice.step({ type: 'added', payment: 1, link: instead.link, id: 70 })
      const stored = () =>
        BigInt(JSON.parse(Buffer.from(alice.store.get('payment/0000000000000001') ?? []).toString()).amountMsat)
      const paid = alice.events[0]?.payment.amountMsat ?? 0n
      expect(stored()).toBe(paid + arrives)
      expect(alice.events[1]).toMatchObject({ type: 'payment_changed', payment: { amountMsat: paid + arrives } })
      if (comesBack) {
        const resolution = failedBy(journey(instead, firstOf(alice, instead)), 1, { type: 'mpp_timeout' })
        alice.step({ type: 'htlc_failed', link: instead.link, id: 70, resolution })
        expect(stored()).toBe(paid)
        expect(alice.events[2]).toMatchObject({ type: 'payment_changed', payment: { amountMsat: paid } })
      } else fulfil(alice, instead.link, 70)
      expect([alice.state.inFlight.size, alice.events.length]).toEqual([0, comesBack ? 3 : 2])
    }
  })

  test('brings the preimage, and the offer is refused: there is nothing left to do', () => {
    const { alice, others, instead } = offering()
    for (const { add, id } of others) fulfil(alice, add.link, id)
    expect(alice.step({ type: 'not_added', payment: 1, link: instead.link, failure: NOT_NOW })).toEqual([])
    expect([alice.state.inFlight.size, alice.events.length]).toEqual([0, 1])
  })

  test('is lost: the payment has not failed before the offer is answered, and then its part has ended', () => {
    for (const isTaken of [false, true]) {
      const { alice, others, instead } = offering()
      for (const { add, id } of others) alice.step({ type: 'htlc_unknown', link: add.link, id, cause: 'untold' })
      expect(alice.events).toEqual([])
      if (isTaken) {
        expect(adds(alice.step({ type: 'added', payment: 1, link: instead.link, id: 70 }))).toEqual([])
        expect(alice.events).toEqual([])
        alice.step({ type: 'htlc_timed_out', link: instead.link, id: 70, cause: 'output_taken_back' })
      } else {
        expect(adds(alice.step({ type: 'not_added', payment: 1, link: instead.link, failure: NOT_NOW }))).toEqual([])
      }
      expect(alice.events).toMatchObject([{ payment: { failure: { code: 'outcome_unknown' } } }])
      expect(alice.state.inFlight.size).toBe(0)
    }
  })

  test('is dropped with its connection: that is looked for as well', () => {
    const { alice, others, instead } = offering()
    for (const { add, id } of others) {
      expect(adds(alice.step({ type: 'htlc_dropped', link: add.link, id }))).toEqual([])
    }
    takeAll(alice, alice.step({ type: 'added', payment: 1, link: instead.link, id: 70 }), 71)
    expect(onItsWay(alice)).toBe(LARGE)
  })
})
