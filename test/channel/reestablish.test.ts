import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { msat } from '../../src/base/index.ts'
import type { Htlc } from '../../src/channel/types.ts'
import { NAMES, typesOnTheirWay } from './attacks.ts'
import { connect, type Duo, deliver, deliverNext, durableOf, input, type Name, opened, otherName } from './harness.ts'
import { expectEnds, fee, finish, moments, offer, resolvePayment } from './histories.ts'
import { add, eventsOf, fulfill, hashOf, settle } from './payments.ts'
import { cut, expectAgreement, fork, meetAgain, type Restarts } from './reconnecting.ts'

// BOLT 2, message retransmission: whatever is lost, and whoever starts anew, the two find each other again.

describe('a connection that is cut after any message', () => {
  const all = moments()
  const restarts: readonly Restarts[] = [[], ['alice'], ['bob'], ['alice', 'bob']]
  const losses = {
    'all that was on its way is lost': () => {},
    'Bob still reads what Alice said': (duo: Duo) => flush(duo, 'bob'),
    'Alice still reads what Bob said': (duo: Duo) => flush(duo, 'alice'),
  } as const

  function flush(duo: Duo, name: Name): void {
    while (duo[otherName(name)].outbox.length > 0) deliverNext(duo, name)
  }

  it('the history crosses: at some moments each side has said something that the other has not read', () => {
    expect(all.filter(({ alice, bob }) => alice.outbox.length > 0 && bob.outbox.length > 0).length).toBeGreaterThan(15)
    expect(all.length).toBeGreaterThan(35)
  })

  for (const [loss, lose] of Object.entries(losses)) {
    const lossy = loss === 'all that was on its way is lost'
    for (const who of restarts.filter(names => lossy || names.length !== 1)) {
      it(`${loss}; ${who.length === 0 ? 'no side' : who.join(' and ')} begins anew from its store: everything ends the same`, () => {
        for (const moment of all) {
          const duo = fork(moment)
          lose(duo)
          cut(duo, who)
          meetAgain(duo)
          finish(duo)
          expectEnds(duo)
        }
      })
    }
  }

  it('cut again in the middle of finding each other again, with both starting anew each time', () => {
    for (const moment of all) {
      const duo = fork(moment)
      for (let messages = 0; messages < 6; messages++) {
        cut(duo, ['alice', 'bob'])
        connect(duo)
        for (let count = 0; count < messages; count++) {
          const next = count % 2 === 0 ? 'bob' : 'alice'
          if (duo[otherName(next)].outbox.length > 0) deliverNext(duo, next)
        }
      }
      cut(duo)
      meetAgain(duo)
      finish(duo)
      expectEnds(duo)
    }
  })

  it('what is decided while the connection is away is sent when it is back', () => {
    const duo = opened()
    for (const secret of [1, 2, 3]) offer(secret)(duo)
    settle(duo)
    cut(duo)
    for (const secret of [1, 2, 3]) resolvePayment(duo, secret)
    expect(typesOnTheirWay(duo, 'alice')).toEqual([])
    cut(duo, ['bob'])
    connect(duo)
    deliverNext(duo, 'bob')
    expect(typesOnTheirWay(duo, 'alice')).toEqual(['channel_reestablish', 'update_fulfill_htlc', 'update_fulfill_htlc'])
    deliver(duo)
    finish(duo)
    expectEnds(duo)
  })

  it('an HTLC that waits for a decision is told of again, one that is decided is not', () => {
    const duo = opened()
    for (const secret of [1, 3]) offer(secret)(duo)
    settle(duo)
    fulfill(duo, 'bob', 0, 1)
    cut(duo, ['bob'])
    const told = () => eventsOf(duo.bob).flatMap(event => (event.type === 'htlc_received' ? [event.htlc.id] : []))
    expect(told()).toEqual([0, 1])
    meetAgain(duo)
    expect(told()).toEqual([0, 1, 1])
  })
})

describe('properties', () => {
  type Act = { readonly type: string; readonly by: Name; readonly n: number }
  const act: fc.Arbitrary<Act> = fc.record({
    type: fc.constantFrom(
      'add',
      'add',
      'resolve',
      'resolve',
      'commit',
      'commit',
      'deliver',
      'deliver',
      'deliver',
      'fee',
      'cut',
    ),
    by: fc.constantFrom<Name>('alice', 'bob'),
    n: fc.nat(1_000_000),
  })

  it('any interleaving with any cuts and restarts ends in one state on both sides, with no money lost', () => {
    fc.assert(
      fc.property(fc.array(act, { maxLength: 80, size: 'max' }), fc.constantFrom(0n, 100_000_000n), (acts, pushed) => {
        const duo = opened({ pushMsat: msat(pushed) })
        const due = { alice: 1_000_000_000n - pushed, bob: pushed }
        for (const one of acts) perform(duo, one, due)
        cut(duo, ['alice', 'bob'])
        meetAgain(duo)
        settle(duo)
        expectAgreement(duo)
        for (const name of NAMES) {
          for (const htlc of durableOf(duo[name]).htlcs) expect(htlc.added).toBe('irrevocable')
          expect(durableOf(duo[name]).settled.localMsat).toBe(due[name])
        }
      }),
      { numRuns: 80 },
    )
  })

  function perform(duo: Duo, { type, by, n }: Act, due: { alice: bigint; bob: bigint }): void {
    switch (type) {
      case 'add':
        add(duo, by, { amountMsat: BigInt(n % 3 === 0 ? 100_000 : 1_000_000 + n), secret: 1 + (n % 40) })
        return
      case 'resolve': {
        const open = durableOf(duo[by]).htlcs.filter(isOpen)
        const htlc = open[n % Math.max(1, open.length)]
        if (htlc === undefined) return
        if (n % 3 === 0) {
          input(duo, by, { type: 'resolve_htlc', id: htlc.id, resolution: { type: 'fail', reason: new Uint8Array(3) } })
          return
        }
        const secret = Array.from({ length: 40 }, (_, index) => index + 1).find(one => hashOf(one) === htlc.paymentHash)
        fulfill(duo, by, htlc.id, secret ?? 0)
        due[by] += htlc.amountMsat
        due[otherName(by)] -= htlc.amountMsat
        return
      }
      case 'commit':
        input(duo, by, { type: 'commit' })
        return
      case 'deliver':
        if (duo[otherName(by)].outbox.length > 0) deliverNext(duo, by)
        return
      case 'fee':
        if (by === 'alice') fee(1_000 + (n % 3_000))(duo)
        return
      default:
        cut(
          duo,
          NAMES.filter((_, index) => (n >> index) % 2 === 1),
        )
        if (n % 5 > 0) connect(duo)
        else meetAgain(duo)
    }
  }

  function isOpen(htlc: Htlc): boolean {
    return htlc.offeredBy === 'remote' && htlc.added === 'irrevocable' && htlc.resolution === undefined
  }
})
