import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat } from '../../src/base/index.ts'
import type { Htlc } from '../../src/channel/types.ts'
import { commitmentSecret } from '../../src/keys/index.ts'
import type { ChannelReestablish } from '../../src/wire/index.ts'
import { expectRefused, expectTaken, NAMES, onItsWay, said, typesOnTheirWay } from './attacks.ts'
import {
  confirm,
  connect,
  type Duo,
  deliver,
  deliverNext,
  depthInput,
  durableOf,
  input,
  type Name,
  opened,
  otherName,
  signed,
} from './harness.ts'
import { add, eventsOf, fulfill, hashOf, pay, settle } from './payments.ts'
import { cut, expectAgreement, fork, meetAgain, type Restarts } from './reconnecting.ts'

// BOLT 2, message retransmission: whatever is lost, and whoever starts anew, the two find each other again.

interface Payment {
  readonly from: Name
  readonly amountMsat: bigint
  readonly outcome: 'fulfill' | 'fail'
}

/** Named by their places, from 1: the secret of a payment. */
const PLAN: readonly Payment[] = [
  { from: 'alice', amountMsat: 20_000_000n, outcome: 'fulfill' },
  { from: 'bob', amountMsat: 8_000_000n, outcome: 'fail' },
  { from: 'alice', amountMsat: 300_000n, outcome: 'fulfill' },
  { from: 'bob', amountMsat: 5_000_000n, outcome: 'fulfill' },
  { from: 'alice', amountMsat: 11_000_000n, outcome: 'fail' },
  { from: 'bob', amountMsat: 6_000_000n, outcome: 'fulfill' },
]
const ENDS = { alice: 900_000_000n - 20_300_000n + 11_000_000n, bob: 100_000_000n + 20_300_000n - 11_000_000n }

type Move = (duo: Duo) => void
const offer =
  (secret: number): Move =>
  duo => {
    const payment = PLAN[secret - 1]
    if (payment !== undefined) add(duo, payment.from, { amountMsat: payment.amountMsat, secret })
  }
const resolve =
  (secret: number): Move =>
  duo =>
    resolvePayment(duo, secret)
const commit =
  (name: Name): Move =>
  duo =>
    input(duo, name, { type: 'commit' })
const fee =
  (value: number): Move =>
  duo =>
    input(duo, 'alice', { type: 'update_fee', feeratePerKw: feeratePerKw(value) })
const read =
  (name: Name): Move =>
  duo => {
    if (duo[otherName(name)].outbox.length > 0) deliverNext(duo, name)
  }
const to = (name: Name, count = 1): readonly Move[] => Array.from({ length: count }, () => read(name))

/** Updates that cross, signatures that cross, a fee that changes between them: about twenty exchanges. */
const HISTORY: readonly Move[] = [
  offer(1),
  offer(2),
  commit('alice'),
  commit('bob'),
  ...to('bob', 2),
  ...to('alice', 2),
  offer(3),
  fee(3_000),
  ...to('bob', 2),
  commit('alice'),
  commit('bob'),
  ...to('alice', 2),
  ...to('bob', 2),
  offer(4),
  ...to('alice', 1),
  commit('alice'),
  ...to('bob', 2),
  commit('bob'),
  ...to('alice', 3),
  resolve(1),
  resolve(2),
  ...to('bob', 1),
  commit('bob'),
  commit('alice'),
  ...to('alice', 2),
  ...to('bob', 2),
]

function resolvePayment(duo: Duo, secret: number): void {
  const payment = PLAN[secret - 1]
  if (payment === undefined) return
  const receiver = otherName(payment.from)
  const htlc = durableOf(duo[receiver]).htlcs.find(
    other => other.offeredBy === 'remote' && other.paymentHash === hashOf(secret),
  )
  if (htlc === undefined || htlc.added !== 'irrevocable' || htlc.resolution !== undefined) return
  if (payment.outcome === 'fulfill') fulfill(duo, receiver, htlc.id, secret)
  else
    input(duo, receiver, { type: 'resolve_htlc', id: htlc.id, resolution: { type: 'fail', reason: Uint8Array.of(7) } })
}

/** What is left of the plan: offers that never were or that a cut has undone, then every decision. */
function finish(duo: Duo): void {
  settle(duo)
  for (const [index, { from }] of PLAN.entries()) {
    const undone = eventsOf(duo[from]).reduce((count, event) => {
      const own = 'paymentHash' in event && event.paymentHash === hashOf(index + 1)
      if (own && event.type === 'htlc_added') return count - 1
      return own && event.type === 'htlc_dropped' ? count + 1 : count
    }, 1)
    expect(undone === 0 || undone === 1).toBe(true)
    if (undone === 1) offer(index + 1)(duo)
  }
  settle(duo)
  for (const index of PLAN.keys()) resolvePayment(duo, index + 1)
  settle(duo)
}

function expectEnds(duo: Duo): void {
  expectAgreement(duo)
  for (const name of NAMES) {
    expect(durableOf(duo[name])).toMatchObject({ htlcs: [], proposed: [], settled: { localMsat: ENDS[name] } })
    const received = eventsOf(duo[name]).filter(event => event.type === 'htlc_settled')
    const told = received.map(event => `${event.offeredBy} ${event.id}`)
    expect(new Set(told).size).toBe(told.length)
    expect(told.length).toBe(PLAN.length)
  }
}

/** Every moment of the history, the first before anything happened. */
function moments(): readonly Duo[] {
  const duo = opened()
  return [
    fork(duo),
    ...HISTORY.map(move => {
      move(duo)
      return fork(duo)
    }),
  ]
}

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

describe('what is sent again', () => {
  it('revoke_and_ack, then the updates and the commitment_signed, where they were sent in this order', () => {
    for (const who of [[], ['bob']] as const) {
      const duo = opened()
      offer(1)(duo)
      commit('alice')(duo)
      for (const move of to('bob', 2)) move(duo)
      offer(2)(duo)
      commit('bob')(duo)
      const said = duo.bob.outbox
      expect(typesOnTheirWay(duo, 'alice')).toEqual(['revoke_and_ack', 'update_add_htlc', 'commitment_signed'])
      cut(duo, who)
      connect(duo)
      deliverNext(duo, 'bob')
      expect(duo.bob.outbox.slice(1)).toEqual(said)
      deliver(duo)
      finish(duo)
      expectEnds(duo)
    }
  })

  it('the updates and the commitment_signed, then the revoke_and_ack, where they were sent in this order', () => {
    for (const who of [[], ['bob']] as const) {
      const duo = opened()
      offer(1)(duo)
      commit('alice')(duo)
      offer(2)(duo)
      commit('bob')(duo)
      for (const move of to('bob', 2)) move(duo)
      const said = duo.bob.outbox
      expect(typesOnTheirWay(duo, 'alice')).toEqual(['update_add_htlc', 'commitment_signed', 'revoke_and_ack'])
      cut(duo, who)
      connect(duo)
      deliverNext(duo, 'bob')
      expect(duo.bob.outbox.slice(1)).toEqual(said)
      deliver(duo)
      finish(duo)
      expectEnds(duo)
    }
  })

  it('an offer with its path_key, which the receiver reads', () => {
    const duo = opened()
    const pathKey = durableOf(duo.alice).params.local.basepoints.paymentBasepoint
    input(duo, 'alice', {
      type: 'add_htlc',
      amountMsat: msat(1_000_000),
      paymentHash: hashOf(1),
      cltvExpiry: 300,
      onionRoutingPacket: new Uint8Array(1366).fill(9),
      pathKey,
    })
    commit('alice')(duo)
    const said = duo.alice.outbox
    cut(duo, ['alice'])
    connect(duo)
    deliverNext(duo, 'alice')
    expect(duo.alice.outbox.slice(1)).toEqual(said)
    deliver(duo)
    settle(duo)
    expect(durableOf(duo.bob).htlcs).toMatchObject([{ pathKey, added: 'irrevocable' }])
  })

  it('a fee change and a removal, as they were', () => {
    const duo = opened()
    offer(2)(duo)
    settle(duo)
    fee(3_000)(duo)
    resolve(2)(duo)
    commit('alice')(duo)
    const said = duo.alice.outbox
    cut(duo, ['alice'])
    connect(duo)
    deliverNext(duo, 'alice')
    expect(duo.alice.outbox.slice(1)).toEqual(said)
    expect(typesOnTheirWay(duo, 'bob')).toEqual([
      'channel_reestablish',
      'update_fee',
      'update_fail_htlc',
      'commitment_signed',
    ])
  })

  it('channel_ready while no commitment was exchanged, the same as before, and not afterwards', () => {
    const duo = signed()
    confirm(duo)
    const ready = duo.alice.outbox
    cut(duo, ['alice', 'bob'])
    connect(duo)
    for (const name of NAMES) deliverNext(duo, name)
    expect(duo.alice.outbox).toEqual(ready)
    deliver(duo)
    cut(duo)
    connect(duo)
    for (const name of NAMES) deliverNext(duo, name)
    expect(typesOnTheirWay(duo, 'bob')).toEqual(['channel_ready'])
    deliver(duo)
    pay(duo, 'alice', { amountMsat: 1_000_000n, secret: 1 })
    cut(duo)
    connect(duo)
    for (const name of NAMES) deliverNext(duo, name)
    for (const name of NAMES) expect(typesOnTheirWay(duo, name)).toEqual([])
  })

  it('channel_ready for the first time, if the funding became deep while nobody was there', () => {
    const duo = signed()
    cut(duo)
    for (const name of NAMES) input(duo, name, depthInput(duo[name], 3))
    for (const name of NAMES) expect(duo[name].outbox).toEqual([])
    meetAgain(duo)
    for (const name of NAMES) expect(duo[name].channel.state).toBe('normal')
  })

  it('the opener’s channel_ready and first commitment, which Bob has both missed', () => {
    const duo = signed()
    confirm(duo)
    deliverNext(duo, 'alice')
    duo.alice.outbox = []
    offer(1)(duo)
    commit('alice')(duo)
    expect(duo.bob.channel.state).toBe('wait_for_channel_ready')
    cut(duo, ['alice', 'bob'])
    connect(duo)
    deliverNext(duo, 'alice')
    expect(typesOnTheirWay(duo, 'bob')).toEqual([
      'channel_reestablish',
      'channel_ready',
      'update_add_htlc',
      'commitment_signed',
    ])
    deliver(duo)
    finish(duo)
    expectEnds(duo)
  })

  it('shutdown, after what it waits for, by whoever has said it', () => {
    const duo = opened()
    offer(1)(duo)
    settle(duo)
    input(duo, 'bob', { type: 'shutdown' })
    const shutdown = duo.bob.outbox
    resolve(1)(duo)
    commit('bob')(duo)
    cut(duo, ['bob'])
    connect(duo)
    deliverNext(duo, 'bob')
    expect(duo.bob.outbox[3]).toEqual(shutdown[0])
    expect(typesOnTheirWay(duo, 'alice')).toEqual([
      'channel_reestablish',
      'update_fulfill_htlc',
      'commitment_signed',
      'shutdown',
    ])
    deliver(duo)
    cut(duo)
    connect(duo)
    for (const name of NAMES) deliverNext(duo, name)
    for (const name of NAMES) expect(typesOnTheirWay(duo, name)).toContain('shutdown')
    deliver(duo)
    settle(duo)
    for (const name of NAMES) expect(duo[name].channel.state).toBe('negotiating')
  })
})

describe('channel_reestablish, receiver: numbers and secrets', () => {
  const section = 'BOLT 2, message retransmission'

  /** Bob has revoked three commitments, and so has Alice; Alice's channel_reestablish is on its way to Bob. */
  function meeting(awaiting = false): Duo {
    const duo = opened()
    for (const secret of [1, 2, 3]) {
      add(duo, 'alice', { amountMsat: 1_000_000n, secret })
      settle(duo)
    }
    if (awaiting) {
      add(duo, 'bob', { amountMsat: 1_000_000n, secret: 4 })
      input(duo, 'bob', { type: 'commit' })
    }
    cut(duo)
    connect(duo)
    return duo
  }

  const message = (duo: Duo): ChannelReestablish => onItsWay(duo, 'bob', 'channel_reestablish')

  function refuse(
    duo: Duo,
    changes: Partial<ChannelReestablish>,
    failure: { code: string; expected: string; got: string },
  ): void {
    expectRefused(duo, 'bob', said({ ...message(duo), ...changes }), { severity: 'fail_channel', section, ...failure })
  }

  it('as it should be', () => {
    const duo = meeting()
    expect(message(duo)).toMatchObject({ nextCommitmentNumber: 4, nextRevocationNumber: 3 })
    expectTaken(duo, 'bob', said(message(duo)))
  })

  it('next_commitment_number is that of our next commitment_signed, or of the last one where it is not acknowledged', () => {
    const duo = meeting()
    const code = 'wrong_next_commitment_number'
    for (const number of [0, 1, 3, 5, 2 ** 48, Number.MAX_SAFE_INTEGER]) {
      refuse(duo, { nextCommitmentNumber: number }, { code, expected: '4', got: `${number}` })
    }
    const waiting = meeting(true)
    for (const nextCommitmentNumber of [4, 5]) {
      expectTaken(waiting, 'bob', said({ ...message(waiting), nextCommitmentNumber }))
    }
    for (const number of [0, 3, 6]) {
      refuse(waiting, { nextCommitmentNumber: number }, { code, expected: '4 or 5', got: `${number}` })
    }
  })

  it('next_revocation_number is that of our next revoke_and_ack, or of the last one', () => {
    const duo = meeting()
    const { secrets } = duo.bob.context
    const again = { nextRevocationNumber: 2, yourLastPerCommitmentSecret: commitmentSecret(secrets, 1) }
    const { effects } = expectTaken(duo, 'bob', said({ ...message(duo), ...again }))
    expect(effects[0]).toMatchObject({ type: 'send', message: { type: 'revoke_and_ack' } })
    const code = 'wrong_next_revocation_number'
    for (const number of [0, 1, 4, 5, 2 ** 48 - 1, 2 ** 48, Number.MAX_SAFE_INTEGER]) {
      refuse(duo, { nextRevocationNumber: number }, { code, expected: '2 or 3', got: `${number}` })
    }
    const fresh = opened()
    cut(fresh)
    connect(fresh)
    expectTaken(fresh, 'bob', said(message(fresh)))
    refuse(fresh, { nextRevocationNumber: 1 }, { code, expected: '0', got: '1' })
  })

  it('your_last_per_commitment_secret is the one of the commitment before, all zero where there is none', () => {
    const duo = meeting()
    const { bob, alice } = duo
    for (const secret of [
      new Uint8Array(32),
      commitmentSecret(bob.context.secrets, 1),
      commitmentSecret(bob.context.secrets, 3),
      commitmentSecret(alice.context.secrets, 2),
    ]) {
      refuse(
        duo,
        { yourLastPerCommitmentSecret: secret },
        {
          code: 'wrong_last_secret',
          expected: 'our secret of commitment 2',
          got: 'other bytes: a claim without proof',
        },
      )
    }
    const fresh = opened()
    cut(fresh)
    connect(fresh)
    refuse(
      fresh,
      { yourLastPerCommitmentSecret: commitmentSecret(fresh.bob.context.secrets, 0) },
      {
        code: 'wrong_last_secret',
        expected: 'your_last_per_commitment_secret all zero',
        got: 'other bytes: a claim without proof',
      },
    )
  })

  it('my_current_per_commitment_point is ignored', () => {
    const duo = meeting()
    const point = durableOf(duo.alice).params.local.basepoints.htlcBasepoint
    expectTaken(duo, 'bob', said({ ...message(duo), myCurrentPerCommitmentPoint: point }))
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
