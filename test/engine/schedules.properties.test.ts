import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ChannelId, pmapValues } from '../../src/base/index.ts'
import type { Side } from './side.ts'
import { localMsat, Stage } from './stage.ts'

// Two nodes with two channels, and a world that does anything at any time: payments both ways, messages one by one, connections that break,
// processes that end, blocks that come and go, a close in the middle. Whatever it does: each request is answered once at most, what is
// stored is what is held (after every turn), and in the end each payment was made once or not at all, and the money is all there.

type Action =
  | { readonly type: 'pay' | 'invoice'; readonly from: number; readonly amount: number }
  | { readonly type: 'deliver'; readonly to: number; readonly count: number }
  | { readonly type: 'restart' | 'answer' | 'close'; readonly who: number }
  | { readonly type: 'cut' | 'settle' | 'tick' | 'reconnect' }
  | { readonly type: 'mine' }
  | { readonly type: 'reorg'; readonly depth: number }

const who = fc.nat(1)
const amount = fc.integer({ min: 1, max: 30_000 })
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('pay', 'invoice'), from: who, amount }) },
  {
    weight: 12,
    arbitrary: fc.record({ type: fc.constant('deliver'), to: who, count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constant('answer'), who }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('restart'), who }) },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom('cut', 'settle', 'reconnect', 'reconnect') }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('mine') }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('reorg'), depth: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close'), who }) },
)

class World {
  readonly stage = new Stage()
  readonly sides: readonly [Side, Side]
  readonly channels: readonly ChannelId[]
  /** What was asked of processes that live. */
  readonly asked: { readonly side: Side; readonly request: number }[] = []
  closed = 0

  constructor() {
    // Blocks come while one side is away, and nobody is to go to the chain for an HTLC: so its time is long.
    const limits = { payment: { finalCltvExpiryDelta: 300 } }
    const [alice, bob] = this.stage.sidesOf(['alice', 'bob'], { limits })
    this.sides = [alice, bob]
    const first = this.stage.ready(alice, bob, { push: 90_000n })
    const second = this.stage.ready(bob, alice, { push: 60_000n })
    this.channels = [first, second]
  }

  act(action: Action): void {
    const { stage, sides } = this
    const side = (index: number) => (index === 0 ? sides[0] : sides[1])
    switch (action.type) {
      case 'pay':
      case 'invoice': {
        const [from, to] = [side(action.from), side(1 - action.from)]
        const sats = BigInt(action.amount)
        const request = action.type === 'pay' ? stage.keysend(from, to, sats) : stage.pay(from, stage.invoice(to, sats))
        this.asked.push({ side: from, request })
        return
      }
      case 'deliver':
        for (let i = 0; i < action.count; i++)
          for (const wire of [...stage.wires.keys()]) stage.deliver(wire, side(action.to))
        return
      case 'answer':
        stage.answer(side(action.who))
        return
      case 'restart': {
        const gone = side(action.who)
        this.asked.splice(0, this.asked.length, ...this.asked.filter(each => each.side !== gone))
        stage.restart(gone)
        return
      }
      case 'cut':
        stage.cut(...sides)
        return
      case 'settle':
        stage.settle()
        return
      case 'tick':
      case 'reconnect':
        stage.now += 10_000
        for (const each of sides) each.turn({ type: 'tick' })
        return
      case 'mine':
        stage.chain.mine(1)
        for (const each of sides) each.catchUp()
        return
      case 'reorg':
        if (stage.chain.height < action.depth + 8) return
        stage.chain.reorganize({ depth: action.depth })
        for (const each of sides) each.catchUp()
        return
      case 'close': {
        const id = this.channels[this.closed]
        if (id === undefined || this.closed > 0) return
        this.closed += 1
        const one = side(action.who)
        one.ask(request => ({ type: 'close_channel', request, channelId: id, force: false }))
        return
      }
    }
  }

  /** Everything that was begun comes to its end: both are there, and time passes. */
  rest(): void {
    for (let i = 0; i < 12; i++) this.stage.wait(30_000)
    this.stage.mine(8)
    this.stage.settle()
  }

  judge(): void {
    const [alice, bob] = this.sides
    for (const { side, request } of this.asked)
      expect(side.replyTo(request), `request ${request} of ${side.name}`).toBeDefined()
    let expected = 0n
    for (const [payer, payee, sign] of [
      [alice, bob, -1n],
      [bob, alice, 1n],
    ] as const) {
      expect(payer.state.payments.inFlight.size).toBe(0)
      const sent = payer.eventsOf('payment_sent').map(({ payment }) => payment)
      const received = payee.eventsOf('payment_received').map(({ payment }) => payment)
      const hashes = sent.map(({ paymentHash }) => paymentHash)
      expect(new Set(hashes).size).toBe(hashes.length)
      expect(received.map(({ paymentHash }) => paymentHash).sort()).toEqual(hashes.sort())
      expected += sign * sent.reduce((sum, { amountMsat }) => sum + amountMsat, 0n)
    }
    const held = (side: Side) => this.channels.reduce((sum, id) => sum + localMsat(side, id), 0n)
    expect(held(alice)).toBe(110_000_000n + 60_000_000n + expected)
    expect(held(alice) + held(bob)).toBe(400_000_000n)
    for (const side of this.sides) {
      const kinds = side.eventsOf('channel_onchain').map(({ kind }) => kind)
      expect(kinds).not.toContain('commitment_confirmed')
      expect(side.log.map(({ number }) => number)).toEqual(side.log.map((_, index) => index + 1))
      for (const { state } of pmapValues(side.state.links)) expect(['normal', 'closed']).toContain(state.channel?.state)
    }
  }
}

test('whatever the world does, no payment is lost or doubled, and no satoshi is missing', () => {
  fc.assert(
    fc.property(fc.array(action, { minLength: 10, maxLength: 60 }), actions => {
      const world = new World()
      for (const each of actions) world.act(each)
      world.rest()
      world.judge()
    }),
    { numRuns: Number(process.env.BOOKEND_SCHEDULES ?? 15) },
  )
})
