import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonDecode, msat, pmapGet, pmapValues } from '../../src/base/index.ts'
import type { FailureMessage } from '../../src/onion/index.ts'
import type { Payment, PaymentEffect, PaymentInput } from '../../src/payment/index.ts'
import { type AddHtlc, NOT_NOW, type Node, payInput } from './fixture.ts'
import { type Edge, failedBy, journey, known, of, payer } from './network.ts'
import { adds, BOTH, firstOf, invoiceOf, PREIMAGE } from './ways.ts'

// One payment in parts, whose HTLCs end in any order and in any way, while others are on offer, with restarts in between. The test keeps
// its own list of them, by which it judges what Alice says and what her token has spent.

const EDGES: readonly Edge[] = known([
  { id: 1, between: ['bob', 'dave'] },
  { id: 2, between: ['carol', 'dave'], asks: { base: 3_000n } },
  { id: 3, between: ['bob', 'dave'], asks: { base: 4_000n } },
  { id: 4, between: ['erin', 'dave'], asks: { base: 5_000n } },
])

type End = 'taken' | 'refused' | 'payee' | 'late' | 'dropped' | 'timed_out' | 'unknown'
type Action =
  | { readonly type: 'answer'; readonly takes: boolean }
  | { readonly type: 'end'; readonly which: number; readonly how: End }
  | { readonly type: 'restart' | 'usable' }
  | { readonly type: 'wait'; readonly ms: number }

const actions: fc.Arbitrary<readonly Action[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        type: fc.constant('answer' as const),
        takes: fc.integer({ max: 9, min: 0 }).map(n => n < 8),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        type: fc.constant('end' as const),
        which: fc.nat(20),
        how: fc.constantFrom<End[]>(
          'taken',
          'refused',
          'refused',
          'refused',
          'payee',
          'late',
          'late',
          'dropped',
          'timed_out',
          'unknown',
        ),
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('restart' as const, 'usable' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant('wait' as const), ms: fc.constantFrom(1_000, 30_000, 61_000) }),
    },
  ),
  { minLength: 1, maxLength: 40 },
)

const REFUSALS: Readonly<Record<'refused' | 'payee' | 'late', FailureMessage>> = {
  refused: { type: 'temporary_channel_failure', channelUpdate: new Uint8Array(0) },
  payee: { type: 'incorrect_or_unknown_payment_details', htlcMsat: msat(1), height: 1 },
  late: { type: 'mpp_timeout' },
}

interface Sent {
  readonly add: AddHtlc
  readonly id: number
  end?: End
}

class Book {
  readonly alice: Node
  readonly sent: Sent[] = []
  /** On offer, and not answered. */
  offers: AddHtlc[] = []

  constructor() {
    this.alice = payer([...BOTH, ['erin', 300_000_000n]], EDGES)
    const token = {
      id: 'shop',
      name: 'shop',
      scopes: ['spend'],
      secretHash: '',
      budgetMsat: msat(702_000_000n),
    } as const
    this.alice.step({ type: 'create_token', request: 900_000, ...token })
    const input = payInput(invoiceOf({ amount: 700_000_000n }), { maxFeeMsat: msat(3_000_000n), token: 'shop' })
    this.#hear(this.alice.ask(input))
  }

  act(action: Action): void {
    switch (action.type) {
      case 'answer':
        this.#answer(action.takes)
        return
      case 'end': {
        const live = this.live()
        const htlc = live[action.which % Math.max(1, live.length)]
        if (htlc !== undefined) this.#end(htlc, action.how)
        return
      }
      case 'restart':
        // A step of the engine, in which offers are answered, is stored as a whole.
        if (this.offers.length > 0) return
        this.alice.restart()
        this.#step({ type: 'tick' })
        return
      case 'usable':
        this.#step({ type: 'usable', peer: of('carol') })
        return
      case 'wait':
        if (this.offers.length > 0) return
        this.alice.at({ now: this.alice.context.now + action.ms })
        this.#step({ type: 'tick' })
        return
    }
  }

  live(): readonly Sent[] {
    return this.sent.filter(({ end }) => end === undefined)
  }

  check(): void {
    const { state, events } = this.alice
    expect(state.byHtlc.size).toBe(this.live().length)
    expect(this.offers.length).toBe(state.session.attempts.size)
    const [event, ...changes] = events
    expect(changes.every(({ type }) => type === 'payment_changed')).toBe(true)
    if (event?.type !== 'payment_sent') expect(changes).toEqual([])
    const isTaken = this.sent.some(({ end }) => end === 'taken')
    expect(event?.type === 'payment_sent').toBe(isTaken)
    // Never failed while it may still be taken.
    if (event?.type === 'payment_failed') expect([this.live().length, this.offers.length]).toEqual([0, 0])
    if (this.sent.length === 0) return
    const inFlight = [...pmapValues(state.inFlight)][0]
    const onItsWay = sumOf(this.live())
    const spent = pmapGet(state.tokens, 'shop')?.spentMsat ?? 0n
    if (event === undefined) {
      const arriving = (inFlight?.parts ?? []).reduce((sum, { hops }) => sum + (hops.at(-1)?.amountMsat ?? 0n), 0n)
      expect(arriving).toBeLessThanOrEqual(700_000_000n)
      expect(spent).toBeGreaterThanOrEqual(onItsWay)
      expect(spent).toBeLessThanOrEqual(702_000_000n)
    } else if (event.type === 'payment_failed') {
      expect(spent).toBe(sumOf(this.sent.filter(({ end }) => end === 'unknown')))
    } else {
      const counted = sumOf(this.sent.filter(({ end }) => end === 'taken' || end === 'unknown' || end === undefined))
      expect(spent).toBe(counted)
      const { amountMsat, feeMsat } = this.stored()
      expect(amountMsat + feeMsat).toBe(counted)
      // What was said last is what is stored.
      expect(events.at(-1)?.payment).toMatchObject({ status: 'succeeded', amountMsat, feeMsat })
    }
  }

  /** Everything ends that is under way. */
  drain(): void {
    for (let i = 0; i < 500 && (this.offers.length > 0 || this.live().length > 0); i++) {
      if (this.offers.length > 0) this.#answer(true)
      else this.act({ type: 'end', which: 0, how: i < 100 ? 'late' : 'payee' })
    }
    this.act({ type: 'wait', ms: 120_000 })
  }

  checkEnd(): void {
    const { inFlight, byHash, byHtlc, waiting, session } = this.alice.state
    const sizes = [inFlight, byHash, byHtlc, waiting, session.attempts, session.trials, session.listeners]
    expect(sizes.map(({ size }) => size)).toEqual([0, 0, 0, 0, 0, 0, 0])
    const ends = this.alice.events.filter(({ type }) => type !== 'payment_changed')
    if (this.sent.length > 0) expect(ends).toHaveLength(1)
  }

  stored(): Payment {
    const record = jsonDecode<Payment>(this.alice.store.get('payment/0000000000000001') ?? new Uint8Array())
    if (!record.ok) throw new Error(record.error.message)
    return record.value
  }

  #answer(takes: boolean): void {
    const add = this.offers.shift()
    if (add === undefined) return
    const { payment, link } = add
    if (!takes) {
      this.#step({ type: 'not_added', payment, link, failure: NOT_NOW })
      return
    }
    const id = this.sent.length
    this.sent.push({ add, id })
    this.#step({ type: 'added', payment, link, id })
  }

  #end(htlc: Sent, how: End): void {
    const { id, add } = htlc
    const { link } = add
    htlc.end = how
    switch (how) {
      case 'taken':
        this.#step({ type: 'htlc_fulfilled', link, id, paymentPreimage: PREIMAGE })
        return
      case 'dropped':
        this.#step({ type: 'htlc_dropped', link, id, forGood: id % 2 === 0 })
        return
      case 'timed_out':
        this.#step({ type: 'htlc_timed_out', link, id, cause: 'output_taken_back' })
        return
      case 'unknown':
        this.#step({ type: 'htlc_unknown', link, id, cause: 'untold' })
        return
      default: {
        const way = journey(add, firstOf(this.alice, add))
        const resolution = failedBy(way, how === 'refused' ? 0 : way.length - 1, REFUSALS[how])
        this.#step({ type: 'htlc_failed', link, id, resolution })
      }
    }
  }

  #step(input: PaymentInput): void {
    this.#hear(this.alice.step(input))
  }

  #hear(effects: readonly PaymentEffect[]): void {
    this.offers.push(...adds(effects))
  }
}

const sumOf = (sent: readonly Sent[]): bigint => sent.reduce((sum, { add }) => sum + add.amountMsat, 0n)

test('a payment in parts ends once, with what was really paid, whatever becomes of its parts and when', () => {
  let ended = { sent: 0, failed: 0 }
  fc.assert(
    fc.property(actions, list => {
      const book = new Book()
      book.check()
      for (const action of list) {
        book.act(action)
        book.check()
      }
      book.drain()
      book.check()
      book.checkEnd()
      const type = book.alice.events[0]?.type
      ended = {
        sent: ended.sent + (type === 'payment_sent' ? 1 : 0),
        failed: ended.failed + (type === 'payment_failed' ? 1 : 0),
      }
    }),
    // Of ten histories one ends well and one badly: with 120, both happen.
    { numRuns: 120 },
  )
  expect(Math.min(ended.sent, ended.failed)).toBeGreaterThan(0)
})
