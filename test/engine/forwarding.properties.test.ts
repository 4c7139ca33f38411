import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Line, type Offered } from './line.ts'
import type { Side } from './side.ts'

// Alice pays Carol through Bob, in a world that does anything at any time: messages one by one, connections that break, processes that end,
// blocks, holds that are settled or cancelled or forgotten, equal hashes, parts, closes on either side. Whatever it does, each HTLC of Alice's ends
// as the one behind it did, and Bob loses nothing: to the millisatoshi while the chain is not asked, and but for its fees where it is.

type Kind = 'invoice' | 'unknown' | 'hold' | 'again' | 'half'
type Action =
  | { readonly type: 'send'; readonly kind: Kind; readonly amount: number }
  | { readonly type: 'deliver'; readonly to: number; readonly count: number }
  | { readonly type: 'restart' | 'away'; readonly who: number }
  | { readonly type: 'cut'; readonly between: number }
  | { readonly type: 'settle' | 'cancel'; readonly which: number }
  | { readonly type: 'quiet' | 'tick' }
  | { readonly type: 'mine'; readonly count: number }
  | { readonly type: 'close'; readonly who: number; readonly down: boolean }

const kind = fc.constantFrom<Kind>('invoice', 'invoice', 'unknown', 'hold', 'again', 'half')
const who = fc.nat(2)
const common: readonly fc.WeightedArbitrary<Action>[] = [
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('send'), kind, amount: fc.integer({ min: 20_000, max: 60_000 }) }),
  },
  {
    weight: 14,
    arbitrary: fc.record({ type: fc.constant('deliver'), to: who, count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constantFrom('restart', 'away'), who }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('cut'), between: fc.nat(1) }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('settle', 'cancel'), which: fc.nat() }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constantFrom('quiet', 'tick') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('mine'), count: fc.integer({ min: 1, max: 3 }) }) },
]
const peaceful = fc.array(fc.oneof(...common), { minLength: 15, maxLength: 60 })
const closing = fc.array(
  fc.oneof(...common, {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('close'), who: fc.nat(1), down: fc.boolean() }),
  }),
  { minLength: 15, maxLength: 60 },
)

/** What closing two channels with HTLCs may cost Bob at most: less than any HTLC. */
const CHAIN_FEES_MSAT = 19_000_000n

class World {
  readonly line: Line
  readonly sides: readonly [Side, Side, Side]
  /** By the id of Alice's HTLC: one that no commitment has covered when her connection ends was never there, and its id is given again. */
  readonly sent = new Map<number, { readonly offered: Offered; readonly amount: bigint; readonly fee: bigint }>()
  readonly holds: { readonly preimage: Uint8Array; readonly hash: string }[] = []
  readonly before: bigint
  #last: ReturnType<Line['invoice']> | undefined

  constructor() {
    this.line = new Line({ payment: { mppTimeoutMs: 90_000 } })
    const { alice, bob, carol } = this.line
    this.sides = [alice, bob, carol]
    this.before = this.#wealth()
  }

  act(action: Action): void {
    const { stage, bob, alice, carol, upstream, downstream } = this.line
    const side = (index: number): Side => this.sides[index] ?? bob
    switch (action.type) {
      case 'send':
        this.#send(action.kind, BigInt(action.amount) * 1000n)
        return
      case 'deliver':
        for (let i = 0; i < action.count; i++)
          for (const wire of [...stage.wires.keys()]) stage.deliver(wire, side(action.to))
        return
      case 'restart':
        stage.restart(side(action.who))
        return
      case 'away':
        stage.crash(side(action.who))
        stage.settle()
        side(action.who).start()
        return
      case 'cut':
        stage.cut(bob, action.between === 0 ? alice : carol)
        return
      case 'settle':
      case 'cancel': {
        const hold = this.holds[action.which % Math.max(1, this.holds.length)]
        if (hold === undefined) return
        const { preimage, hash: paymentHash } = hold
        const wanted =
          action.type === 'settle' ? { type: 'settle_invoice', preimage } : { type: 'cancel_invoice', paymentHash }
        carol.ask(request => ({ type: 'payment', input: { ...wanted, request } }) as Parameters<Side['turn']>[0])
        return
      }
      case 'quiet':
        stage.settle()
        return
      case 'tick':
        stage.now += 20_000
        for (const each of this.sides) each.turn({ type: 'tick' })
        return
      case 'mine':
        for (let i = 0; i < action.count; i++) {
          stage.chain.mine(1)
          for (const each of this.sides) each.catchUp()
        }
        return
      case 'close': {
        const [other, channelId] = action.down ? ([carol, downstream] as const) : ([alice, upstream] as const)
        const one = action.who === 0 ? bob : other
        one.ask(request => ({ type: 'close_channel', request, channelId, force: true }))
        return
      }
    }
  }

  #send(wanted: Kind, amount: bigint): void {
    const { line } = this
    const { alice, bob } = line
    const channel = alice.channels()[0]
    if (channel?.state !== 'normal' || channel.session.connection !== 'connected' || !alice.isUp(bob.id)) return
    const fee = 3_000n + amount / 1_000n
    const invoice = wanted === 'hold' ? line.holdInvoice(amount) : line.invoice(amount)
    if (wanted === 'hold') this.holds.push(invoice)
    const again = wanted === 'again' ? (this.#last ?? invoice) : invoice
    this.#last = invoice
    const wish =
      wanted === 'unknown'
        ? { hash: line.unknownHash(), amount, fee }
        : wanted === 'half'
          ? { ...again, amount, fee, total: 2n * amount }
          : { ...again, amount, fee }
    // What does not fit any more is not sent.
    const room = channel.durable.htlcs.filter(({ offeredBy }) => offeredBy === 'local')
    if (room.length > 8) return
    const offered = line.offer(wish)
    this.sent.set(offered.id, { offered, amount, fee })
  }

  /** Everything comes to its end: all are there, and time and blocks pass. */
  rest(): void {
    const { line } = this
    line.rest()
    const isOver = () =>
      this.sides.every(
        ({ state, links }) =>
          state.payments.forwards.size === 0 &&
          links.every(({ state: { channel } }) => {
            const isAtRest = channel !== undefined && 'durable' in channel && channel.durable.htlcs.length === 0
            return channel?.state === 'closed' || (channel?.state === 'normal' && isAtRest)
          }),
      )
    for (let blocks = 0; blocks < 400 && !isOver(); blocks++) {
      line.stage.mine()
      if (blocks % 20 === 0) line.rest()
    }
    expect(isOver(), 'all of it ends').toBe(true)
    // The last sweeps are in blocks.
    line.stage.mine(2)
  }

  judge(): void {
    const { line, sides } = this
    const [, bob] = sides
    const { forwards, usage, byOutbound, session } = bob.state.payments
    expect([forwards.size, usage.size, byOutbound.size, session.offers.size]).toEqual([0, 0, 0, 0])
    const taken = [...this.sent.values()].filter(
      ({ offered }) => line.answers.get(`${offered.channelId}/${offered.id}`) === 'taken',
    )
    const closed = sides.some(side => side.channelStates().includes('closed'))
    const earned = bob.eventsOf('payment_forwarded').reduce((sum, { feeMsat }) => sum + feeMsat, 0n)
    const gained = this.#wealth() - this.before
    if (closed) {
      expect(gained).toBeGreaterThan(-CHAIN_FEES_MSAT)
      return
    }
    expect(gained).toBe(earned)
    expect(earned).toBe(taken.reduce((sum, { fee }) => sum + fee, 0n))
    const received = line.carol.eventsOf('payment_received').reduce((sum, { payment }) => sum + payment.amountMsat, 0n)
    expect(received).toBe(taken.reduce((sum, { amount }) => sum + amount, 0n))
  }

  #wealth(): bigint {
    const { bob } = this.line
    let sum = 0n
    for (const { amountSat } of bob.state.wallet.coins.values()) sum += amountSat * 1000n
    for (const { state, durable } of bob.channels()) if (state !== 'closed') sum += durable.settled.localMsat
    return sum
  }
}

const numRuns = Number(process.env.BOOKEND_SCHEDULES ?? 6)

test.each([
  ['while the chain is not asked', peaceful],
  ['and where channels end on chain', closing],
])('nobody in the middle loses anything, %s', (_name, actions) => {
  fc.assert(
    fc.property(actions, all => {
      const world = new World()
      for (const each of all) world.act(each)
      world.rest()
      world.judge()
    }),
    { numRuns },
  )
})
