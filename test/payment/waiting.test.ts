import { describe, expect, test } from 'vitest'
import { msat } from '../../src/base/index.ts'
import {
  channel,
  fresh,
  idOf,
  keysendInput,
  NOT_NOW,
  type Node,
  pair,
  payInput,
  START,
  secretOf,
  theAdd,
} from './fixture.ts'

// A payment whose HTLC never got onto a commitment waits for a usable channel, until its deadline.

const DROPPED = { type: 'htlc_dropped', link: 1, id: 0 } as const
const DEADLINE = START + 60_000

function waiting(): { alice: Node; bob: Node; request: number; preimage: Uint8Array; firstOnion: Uint8Array } {
  const { alice, bob } = pair()
  const input = keysendInput(bob.id)
  const { onionRoutingPacket } = alice.start(input, 0)
  alice.step(DROPPED)
  return { alice, bob, request: input.request, preimage: input.preimage, firstOnion: onionRoutingPacket }
}

describe('what a channel drops that closes', () => {
  const FOR_GOOD = { ...DROPPED, forGood: true } as const

  test('ends at once where no other channel can carry it', () => {
    const { alice, bob } = pair()
    const input = keysendInput(bob.id)
    alice.start(input, 0)
    alice.candidates = []
    alice.step(FOR_GOOD)
    expect(alice.paymentOf(input.request)).toMatchObject({ status: 'failed', failure: { code: 'no_channel' } })
    expect([...alice.store.keys()].filter(key => key.startsWith('in-flight/'))).toEqual([])
    // Nothing of it is left to be tried.
    alice.candidates = [channel(4, bob.id)]
    expect(alice.step({ type: 'usable', peer: bob.id })).toEqual([])
  })

  test('goes over another channel at once, in another onion', () => {
    const { alice, bob } = pair()
    const input = keysendInput(bob.id)
    const { onionRoutingPacket } = alice.start(input, 0)
    alice.candidates = [channel(4, bob.id)]
    const again = theAdd(alice.step(FOR_GOOD))
    expect(again).toMatchObject({ payment: 1, link: 4 })
    expect(again.onionRoutingPacket).not.toEqual(onionRoutingPacket)
    alice.step({ type: 'added', payment: 1, link: 4, id: 9 })
    alice.step({ type: 'htlc_fulfilled', link: 4, id: 9, paymentPreimage: input.preimage })
    expect(alice.paymentOf(input.request)).toMatchObject({ number: 1, status: 'succeeded' })
  })

  test('ends as too late where its time is over', () => {
    const { alice, bob } = pair()
    const input = keysendInput(bob.id)
    alice.start(input, 0)
    alice.at({ now: DEADLINE }).step(FOR_GOOD)
    expect(alice.paymentOf(input.request)).toMatchObject({ failure: { code: 'timeout' } })
  })

  test('waits where the other channel does not take it, until its deadline', () => {
    const { alice, bob } = pair()
    const input = keysendInput(bob.id)
    alice.start(input, 0)
    alice.candidates = [channel(4, bob.id)]
    theAdd(alice.step(FOR_GOOD))
    alice.step({ type: 'not_added', payment: 1, link: 4, failure: NOT_NOW })
    expect(alice.replies).toEqual([])
    alice.at({ now: DEADLINE }).step({ type: 'tick' })
    expect(alice.paymentOf(input.request)).toMatchObject({ failure: { code: 'timeout' } })
  })
})

describe('what was dropped', () => {
  test('is tried again once a channel is usable, in another onion, at the height of then', () => {
    const { alice, bob, request, preimage, firstOnion } = waiting()
    expect(alice.wakes).toEqual([DEADLINE])
    alice.candidates = [channel(4, bob.id)]
    const again = theAdd(alice.at({ height: 800_100 }).step({ type: 'usable', peer: bob.id }))
    expect(again).toMatchObject({ payment: 1, link: 4, cltvExpiry: 800_143 })
    expect(again.onionRoutingPacket).not.toEqual(firstOnion)
    alice.step({ type: 'added', payment: 1, link: 4, id: 9 })
    // The old HTLC is nobody's any more.
    expect(alice.step(DROPPED)).toEqual([])
    alice.step({ type: 'htlc_fulfilled', link: 4, id: 9, paymentPreimage: preimage })
    expect(alice.paymentOf(request)).toMatchObject({ number: 1, status: 'succeeded' })
  })

  test('and dropped again has a third onion', () => {
    const { alice, bob, firstOnion } = waiting()
    const second = theAdd(alice.step({ type: 'usable', peer: bob.id }))
    alice.step({ type: 'added', payment: 1, link: 1, id: 1 })
    alice.step({ type: 'htlc_dropped', link: 1, id: 1 })
    const third = theAdd(alice.step({ type: 'usable', peer: bob.id }))
    const keys = [firstOnion, second.onionRoutingPacket, third.onionRoutingPacket].map(packet => packet.slice(1, 34))
    expect(new Set(keys.map(String)).size).toBe(3)
  })

  test('is tried again after a start', () => {
    const { alice, bob } = waiting()
    alice.restart()
    alice.step({ type: 'tick' })
    expect(alice.wakes).toEqual([DEADLINE, DEADLINE])
    theAdd(alice.step({ type: 'usable', peer: bob.id }))
  })

  test('is not tried for another peer, nor while it is offered already', () => {
    const { alice, bob } = waiting()
    expect(alice.step({ type: 'usable', peer: idOf(secretOf(0xcc)) })).toEqual([])
    theAdd(alice.step({ type: 'usable', peer: bob.id }))
    expect(alice.step({ type: 'usable', peer: bob.id })).toEqual([])
  })

  test('goes on waiting where no channel takes it', () => {
    const { alice, bob, request } = waiting()
    alice.candidates = [channel(1, bob.id, msat(1))]
    expect(alice.step({ type: 'usable', peer: bob.id })).toEqual([])
    alice.candidates = [channel(1, bob.id), channel(2, bob.id)]
    const first = theAdd(alice.step({ type: 'usable', peer: bob.id }))
    const second = theAdd(alice.step({ type: 'not_added', payment: 1, link: first.link, failure: NOT_NOW }))
    expect(second.link).not.toBe(first.link)
    expect(alice.step({ type: 'not_added', payment: 1, link: second.link, failure: NOT_NOW })).toEqual([])
    theAdd(alice.step({ type: 'usable', peer: bob.id }))
    expect(alice.replies.map(reply => reply.request)).not.toContain(request)
  })

  test('is tried in the order in which it was asked for', () => {
    const { alice, bob } = pair()
    for (const id of [0, 1, 2]) alice.start(keysendInput(bob.id), id)
    for (const id of [2, 0, 1]) alice.step({ type: 'htlc_dropped', link: 1, id })
    const adds = alice.step({ type: 'usable', peer: bob.id })
    expect(adds).toMatchObject([{ payment: 1 }, { payment: 2 }, { payment: 3 }])
  })

  test('of the same hash is still in flight, and with its idempotency key one waits with it', () => {
    const { alice, bob } = pair()
    const { invoice } = bob.invoice()
    alice.start(payInput(invoice, { idempotencyKey: 'k' }), 0)
    alice.step(DROPPED)
    const [other, same] = [payInput(invoice), payInput(invoice, { idempotencyKey: 'k' })]
    alice.step(other)
    expect(alice.refusalOf(other.request).code).toBe('in_flight')
    alice.step(same)
    alice.at({ now: DEADLINE }).step({ type: 'tick' })
    expect(alice.paymentOf(same.request).failure?.code).toBe('timeout')
  })
})

describe('the deadline', () => {
  test('ends what waits, not a millisecond early, and once', () => {
    const { alice, request } = waiting()
    expect(alice.at({ now: DEADLINE - 1 }).step({ type: 'tick' })).toEqual([])
    alice.at({ now: DEADLINE }).step({ type: 'tick' })
    expect(alice.paymentOf(request)).toMatchObject({ status: 'failed', failure: { code: 'timeout' } })
    expect(alice.step({ type: 'tick' })).toEqual([])
    expect(alice.wakes).toEqual([DEADLINE])
  })

  test('does not end what has an HTLC: a commitment may cover it', () => {
    const { alice, bob } = pair()
    const input = keysendInput(bob.id)
    alice.start(input, 0)
    alice.at({ now: DEADLINE + 1 }).step({ type: 'tick' })
    expect(alice.replies).toEqual([])
    alice.step({ type: 'htlc_fulfilled', link: 1, id: 0, paymentPreimage: input.preimage })
    expect(alice.paymentOf(input.request).status).toBe('succeeded')
  })

  test('has passed when the HTLC is dropped: it is not tried again', () => {
    const { alice, bob } = pair()
    const input = keysendInput(bob.id)
    alice.start(input, 0)
    alice.at({ now: DEADLINE }).step(DROPPED)
    expect(alice.paymentOf(input.request).failure?.code).toBe('timeout')
    expect(alice.step({ type: 'usable', peer: bob.id })).toEqual([])
  })

  test('has passed when a channel comes, before the timer has run: it is not tried again', () => {
    const { alice, bob, request } = waiting()
    alice.at({ now: DEADLINE }).step({ type: 'usable', peer: bob.id })
    expect(alice.paymentOf(request).failure?.code).toBe('timeout')
  })

  test('an invoice that has expired while the payment waited ends it, too', () => {
    const { alice, bob } = pair()
    const input = payInput(bob.invoice({ expirySeconds: 10 }).invoice)
    alice.start(input, 0)
    alice.step(DROPPED)
    alice.at({ now: START + 10_001 }).step({ type: 'usable', peer: bob.id })
    expect(alice.paymentOf(input.request).failure?.code).toBe('invoice_expired')
  })

  test('of many: one wake at a time, for the earliest', () => {
    const { alice, bob } = pair()
    const timeouts = [50_000, 20_000, 20_001, 90_000]
    const inputs = timeouts.map(timeoutMs => keysendInput(bob.id, { timeoutMs, preimage: fresh() }))
    for (const [id, input] of inputs.entries()) {
      alice.start(input, id)
      alice.step({ type: 'htlc_dropped', link: 1, id })
    }
    expect(alice.wakes).toEqual([START + 50_000, START + 20_000])
    alice.at({ now: START + 20_000 }).step({ type: 'tick' })
    expect(alice.wakes.at(-1)).toBe(START + 20_001)
    alice.at({ now: START + 60_000 }).step({ type: 'tick' })
    expect(alice.wakes.at(-1)).toBe(START + 90_000)
    expect(alice.wakes).toHaveLength(4)
    expect(alice.replies).toHaveLength(3)
  })

  test('does not end what is being offered to a channel', () => {
    const { alice, bob } = waiting()
    theAdd(alice.at({ now: DEADLINE - 1 }).step({ type: 'usable', peer: bob.id }))
    expect(alice.at({ now: DEADLINE }).step({ type: 'tick' })).toEqual([])
    alice.step({ type: 'added', payment: 1, link: 1, id: 5 })
    expect(alice.state.waiting.size).toBe(0)
  })
})
