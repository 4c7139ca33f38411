import { describe, expect, test } from 'vitest'
import { msat, type PaymentHash, pmapGet, toHex } from '../../src/base/index.ts'
import { signInvoice } from '../../src/invoice/index.ts'
import { HEIGHT, keysendInput, NOT_NOW, type Node, payInput, START, theAdd } from './fixture.ts'
import { failedBy, graphOf, journey, known, nodeSecret, of, payer, scid, updateOf } from './network.ts'
import {
  AMOUNT,
  adds,
  BOTH,
  firstOf,
  fulfil,
  HASH,
  invoiceOf,
  PREIMAGE,
  progress,
  record,
  SECRET,
  TWO_WAYS,
  takeAll,
} from './ways.ts'

// Payments over others and in parts (BOLT 4): what each hop is told, what follows when one of them says no, and how all of it ends.

describe('over one hop that is not the payee', () => {
  test('each is told what it has to pass on, and the payee the secret and the total', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const add = theAdd(alice.ask(payInput(invoiceOf())))
    // BOLT 7: 1,000 msat and 100 millionths of what goes on; 40 blocks of Bob's, and three of ours on top of what the payee asks for.
    expect(add).toMatchObject({ link: 1, amountMsat: AMOUNT + 1_000n + 10_000n, cltvExpiry: HEIGHT + 33 + 40 })
    const [bob, dave] = journey(add, 'bob')
    expect(bob?.says).toEqual({
      type: 'plain',
      amtToForward: AMOUNT,
      outgoingCltvValue: HEIGHT + 33,
      shortChannelId: scid(1),
      unknown: [],
    })
    expect(dave).toMatchObject({
      name: 'dave',
      says: { amtToForward: AMOUNT, totalMsat: AMOUNT, outgoingCltvValue: HEIGHT + 33, paymentSecret: SECRET },
    })
    alice.step({ type: 'added', payment: 1, link: 1, id: 0 })
    fulfil(alice, 1, 0)
    expect(alice.events).toMatchObject([
      { type: 'payment_sent', payment: { amountMsat: AMOUNT, feeMsat: 11_000n, preimage: toHex(PREIMAGE) } },
    ])
    expect(alice.state.inFlight.size).toBe(0)
  })

  test('a keysend goes there as well, and never in parts', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const add = theAdd(alice.ask(keysendInput(of('dave'), { amountMsat: msat(7_000_000n) })))
    expect(journey(add, 'bob').at(-1)?.says).toMatchObject({ keysendPreimage: expect.any(Uint8Array) })
    const large = keysendInput(of('dave'), { amountMsat: msat(600_000_000n) })
    alice.step({ type: 'not_added', payment: 1, link: 1, failure: NOT_NOW })
    alice.ask(large)
    expect(alice.refusalOf(large.request).code).toBe('no_route')
  })

  test('private channels that the invoice names are the end of the way', () => {
    const hint = {
      nodeId: of('carol'),
      shortChannelId: scid(77),
      feeBaseMsat: msat(500n),
      feeProportionalMillionths: 0,
      cltvExpiryDelta: 20,
    }
    const edges = known([{ id: 3, between: ['bob', 'carol'] }])
    known([{ id: 77, between: ['carol', 'erin'] }])
    const alice = payer([['bob', 900_000_000n]], edges)
    const add = theAdd(alice.ask(payInput(invoiceOf({ payee: 'erin', hints: [[hint]] }))))
    expect(journey(add, 'bob').map(({ name }) => name)).toEqual(['bob', 'carol', 'erin'])
    expect(add.amountMsat).toBe(AMOUNT + 500n + 1_000n + 10_000n)
    expect(add.cltvExpiry).toBe(HEIGHT + 33 + 20 + 40)
  })

  test('no more hops than fit beside long metadata', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const invoice = signInvoice(
      {
        network: 'regtest',
        amountMsat: msat(AMOUNT),
        timestamp: START / 1000,
        paymentHash: toHex(HASH) as PaymentHash,
        paymentSecret: SECRET,
        paymentMetadata: new Uint8Array(639),
        description: { type: 'text', text: '' },
      },
      nodeSecret('dave'),
    )
    expect(journey(theAdd(alice.ask(payInput(invoice))), 'bob')).toHaveLength(2)
  })
})

describe('what may be spent', () => {
  test('by default is 1 % of the amount, and 5 sat of a small one', () => {
    for (const [amount, base, isAllowed] of [
      [AMOUNT, 990_000n, true],
      [AMOUNT, 1_000_000n, false],
      [100_000n, 4_990n, true],
      [100_000n, 5_001n, false],
    ] as const) {
      const edges = known([{ id: 1, between: ['bob', 'dave'], asks: { base } }])
      const alice = payer([['bob', 500_000_000n]], edges)
      const input = payInput(invoiceOf({ amount }))
      const effects = alice.ask(input)
      if (isAllowed) theAdd(effects)
      else expect(alice.refusalOf(input.request)).toMatchObject({ code: 'fee_limit' })
    }
  })

  test('is what the user says, to the millisatoshi', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const [tight, enough] = [10_999n, 11_000n].map(fee => payInput(invoiceOf(), { maxFeeMsat: msat(fee) }))
    if (tight === undefined || enough === undefined) throw new Error('there are two')
    alice.ask(tight)
    expect(alice.refusalOf(tight.request)).toMatchObject({
      code: 'fee_limit',
      message: expect.stringMatching(/at most 10999 msat; a route that is known costs 11000 msat/),
    })
    theAdd(alice.ask(enough))
  })

  test('of time is what the user says as well', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const [tight, tighter] = [72, 32].map(blocks => payInput(invoiceOf(), { maxCltvDelta: blocks }))
    if (tight === undefined || tighter === undefined) throw new Error('there are two')
    for (const input of [tight, tighter]) {
      alice.ask(input)
      expect(alice.refusalOf(input.request).code).toBe('no_route')
    }
    theAdd(alice.ask(payInput(invoiceOf(), { maxCltvDelta: 73 })))
  })

  test('under a token is its budget, fees included; what they did not cost comes back', () => {
    const token = (alice: Node, budget: bigint) =>
      alice.step({
        type: 'create_token',
        request: 90_000 + Number(budget % 1_000n),
        id: 'shop',
        name: 'shop',
        scopes: ['spend'],
        secretHash: '',
        budgetMsat: msat(budget),
      })
    const spent = (alice: Node) => pmapGet(alice.state.tokens, 'shop')?.spentMsat
    const poor = payer(BOTH, TWO_WAYS)
    token(poor, AMOUNT + 10_999n)
    const refused = payInput(invoiceOf(), { token: 'shop' })
    poor.ask(refused)
    expect(poor.refusalOf(refused.request).code).toBe('fee_limit')
    expect(spent(poor)).toBe(0n)
    const alice = payer(BOTH, TWO_WAYS)
    token(alice, AMOUNT + 13_000n)
    const add = alice.start(payInput(invoiceOf(), { token: 'shop' }), 0)
    expect(spent(alice)).toBe(AMOUNT + 11_000n)
    // Bob's channel has not enough: the way over Carol costs 13,000.
    const way = journey(add, 'bob')
    const failure = { type: 'temporary_channel_failure', channelUpdate: new Uint8Array(0) } as const
    const again = alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution: failedBy(way, 0, failure) })
    takeAll(alice, again)
    expect(spent(alice)).toBe(AMOUNT + 13_000n)
    const dear = journey(theAdd(again), 'carol')
    const no = { type: 'incorrect_or_unknown_payment_details', htlcMsat: msat(1), height: 1 } as const
    alice.step({ type: 'htlc_failed', link: 2, id: 0, resolution: failedBy(dear, 1, no) })
    expect(alice.events).toMatchObject([{ type: 'payment_failed', payment: { feeMsat: 0n } }])
    expect(spent(alice)).toBe(0n)
  })
})

describe('in parts', () => {
  /** More than either of the two channels has. */
  const LARGE = 700_000_000n
  const start = (change: Parameters<typeof payInput>[1] = {}) => {
    const alice = payer(BOTH, TWO_WAYS)
    const input = payInput(invoiceOf({ amount: LARGE }), { maxFeeMsat: msat(500_000n), wantsProgress: true, ...change })
    return { alice, input, ...takeAll(alice, alice.ask(input)) }
  }

  test('that bring the amount together, each with the total, in one step', () => {
    const { alice, taken, said } = start()
    expect(taken.length).toBeGreaterThan(1)
    const arrived = taken.map(({ add }) => journey(add, firstOf(alice, add)).at(-1))
    expect(arrived.reduce((sum, stop) => sum + (stop?.amountMsat ?? 0n), 0n)).toBe(LARGE)
    for (const stop of arrived) expect(stop?.says).toMatchObject({ totalMsat: LARGE, paymentSecret: SECRET })
    // No hop of one part sees that another one is of the same payment by its keys.
    expect(new Set(taken.map(({ add }) => toHex(add.onionRoutingPacket.slice(1, 34)))).size).toBe(taken.length)
    expect(record(alice)?.parts).toHaveLength(taken.length)
    expect(progress(said)).toMatchObject([{ type: 'trying', parts: taken.map(() => ({ hops: { length: 2 } })) }])
  })

  test('goes nowhere where the payee does not take them, or the user wants one', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const inputs = [
      payInput(invoiceOf({ amount: LARGE, parts: false }), { maxFeeMsat: msat(500_000n) }),
      payInput(invoiceOf({ amount: LARGE }), { maxFeeMsat: msat(500_000n), maxParts: 1 }),
    ]
    for (const input of inputs) {
      alice.ask(input)
      expect(alice.refusalOf(input.request).code).toBe('no_route')
    }
  })

  test('straight to the payee over two channels', () => {
    const alice = payer(
      [
        ['dave', 60_000_000n],
        ['dave', 70_000_000n],
      ],
      [],
    )
    const { taken } = takeAll(alice, alice.ask(payInput(invoiceOf())))
    expect(taken.reduce((sum, { add }) => sum + add.amountMsat, 0n)).toBe(AMOUNT)
    expect(new Set(taken.map(({ add }) => add.link)).size).toBe(2)
  })

  test('succeeds once, with the first preimage; what is taken later is no second payment', () => {
    const { alice, input, taken } = start()
    for (const { add, id } of taken) fulfil(alice, add.link, id)
    const fees = taken.reduce((sum, { add }) => sum + add.amountMsat, 0n) - LARGE
    expect(alice.events).toMatchObject([{ type: 'payment_sent', payment: { amountMsat: LARGE, feeMsat: fees } }])
    expect(alice.paymentOf(input.request)).toMatchObject({ status: 'succeeded', feeMsat: fees })
    expect([alice.state.inFlight.size, alice.state.byHtlc.size, alice.state.byHash.size]).toEqual([0, 0, 0])
  })

  test('between the first preimage and the last one, nothing is paid again, also over a start', () => {
    const { alice, taken } = start({ idempotencyKey: 'once' })
    const [first, ...rest] = taken
    if (first === undefined) throw new Error('there is one')
    fulfil(alice, first.add.link, first.id)
    alice.restart()
    const twice = payInput(invoiceOf({ amount: LARGE }))
    alice.ask(twice)
    expect(alice.refusalOf(twice.request).code).toBe('already_paid')
    const same = payInput(invoiceOf({ amount: LARGE }), { idempotencyKey: 'once' })
    alice.ask(same)
    expect(alice.paymentOf(same.request)).toMatchObject({ status: 'succeeded', amountMsat: LARGE })
    for (const { add, id } of rest) fulfil(alice, add.link, id)
    expect(alice.events).toHaveLength(1)
    expect(alice.state.inFlight.size).toBe(0)
  })

  test('of which one comes back after the first was taken: the payment has cost less', () => {
    const { alice, taken } = start()
    const [first, ...rest] = taken
    if (first === undefined) throw new Error('there is one')
    fulfil(alice, first.add.link, first.id)
    for (const { add, id } of rest) {
      const way = journey(add, firstOf(alice, add))
      const resolution = failedBy(way, way.length - 1, { type: 'mpp_timeout' })
      // It is not sent again: the preimage is there.
      const [said, ...others] = alice.step({ type: 'htlc_failed', link: add.link, id, resolution })
      expect(others).toEqual([])
      expect(said).toMatchObject({ type: 'event', event: { type: 'payment_changed', payment: { number: 1 } } })
    }
    const arrived = journey(first.add, firstOf(alice, first.add)).at(-1)?.amountMsat
    const stored = JSON.parse(Buffer.from(alice.store.get('payment/0000000000000001') ?? []).toString())
    expect(stored).toMatchObject({ status: 'succeeded', amountMsat: `${arrived}` })
    expect(alice.events.map(({ type }) => type)).toEqual(['payment_sent', ...rest.map(() => 'payment_changed')])
    expect(alice.events.at(-1)?.payment.amountMsat).toBe(arrived)
    expect(alice.state.inFlight.size).toBe(0)
  })

  test('of which one has no way any more: it has failed when the last of the others is back, and not before', () => {
    const { alice, input, taken } = start()
    const [first, ...rest] = taken
    if (first === undefined) throw new Error('there is one')
    const way = journey(first.add, firstOf(alice, first.add))
    const gone = failedBy(way, 0, { type: 'unknown_next_peer' })
    // What our channels had is on its way.
    alice.candidates = alice.candidates.map(each => ({ ...each, spendableMsat: msat(0n) }))
    const effects = alice.step({ type: 'htlc_failed', link: first.add.link, id: first.id, resolution: gone })
    expect(adds(effects)).toEqual([])
    expect(progress(effects)).toMatchObject([
      { type: 'part_failed', hop: 1, failureName: 'unknown_next_peer', message: expect.stringMatching(/^Hop 1 /) },
    ])
    expect(alice.events).toEqual([])
    alice.at({ now: START + 61_000 }).step({ type: 'tick' })
    expect(alice.events).toEqual([])
    for (const { add, id } of rest) {
      expect(alice.events).toEqual([])
      const back = journey(add, firstOf(alice, add))
      const resolution = failedBy(back, back.length - 1, { type: 'mpp_timeout' })
      alice.step({ type: 'htlc_failed', link: add.link, id, resolution })
    }
    expect(alice.paymentOf(input.request).status).toBe('failed')
    expect(alice.events).toHaveLength(1)
    expect(alice.state.inFlight.size).toBe(0)
  })

  test('of which one was refused goes over another way, while the others stay where they are', () => {
    const edges = known([...TWO_WAYS, { id: 5, between: ['carol', 'dave'], asks: { base: 9_000n } }])
    const alice = payer(BOTH, edges)
    const input = payInput(invoiceOf({ amount: LARGE }), { maxFeeMsat: msat(500_000n) })
    const { taken } = takeAll(alice, alice.ask(input))
    const viaCarol = taken.find(({ add }) => firstOf(alice, add) === 'carol')
    if (viaCarol === undefined) throw new Error('one goes over Carol')
    const way = journey(viaCarol.add, 'carol')
    const resolution = failedBy(way, 0, { type: 'permanent_channel_failure' })
    const again = alice.step({ type: 'htlc_failed', link: 2, id: viaCarol.id, resolution })
    const replaced = takeAll(alice, again, 50).taken
    expect(journey(replaced[0]?.add ?? theAdd([]), 'carol')[0]?.says).toMatchObject({ shortChannelId: scid(5) })
    const live = [...taken.filter(each => each !== viaCarol), ...replaced]
    const sum = live.reduce((all, { add }) => all + (journey(add, firstOf(alice, add)).at(-1)?.amountMsat ?? 0n), 0n)
    expect(sum).toBe(LARGE)
    for (const { add, id } of live) fulfil(alice, add.link, id)
    expect(alice.events).toMatchObject([{ type: 'payment_sent', payment: { amountMsat: LARGE } }])
  })

  test('where a channel does not take its part after all, the rest is looked for again', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const input = payInput(invoiceOf({ amount: LARGE }), { maxFeeMsat: msat(500_000n) })
    const [first] = adds(alice.ask(input))
    if (first === undefined) throw new Error('it begins')
    const next = theAdd(alice.step({ type: 'added', payment: 1, link: first.link, id: 0 }))
    // The other channel has room for the rest, in one part.
    alice.candidates = alice.candidates.map(each => ({ ...each, spendableMsat: msat(700_000_000n) }))
    const instead = theAdd(alice.step({ type: 'not_added', payment: 1, link: next.link, failure: NOT_NOW }))
    expect(instead.link).not.toBe(next.link)
    takeAll(alice, [instead], 1)
    expect(record(alice)?.parts.reduce((sum, { hops }) => sum + (hops.at(-1)?.amountMsat ?? 0n), 0n)).toBe(LARGE)
  })

  test('of which nobody can say what became of one: it may have been made, and that much stays spent', () => {
    const { alice, taken } = start()
    const [first, ...rest] = taken
    if (first === undefined) throw new Error('there is one')
    alice.step({ type: 'htlc_unknown', link: first.add.link, id: first.id, cause: 'untold' })
    for (const { add, id } of rest) {
      const way = journey(add, firstOf(alice, add))
      const resolution = failedBy(way, 0, { type: 'unknown_next_peer' })
      expect(adds(alice.step({ type: 'htlc_failed', link: add.link, id, resolution }))).toEqual([])
    }
    expect(alice.events).toMatchObject([{ payment: { status: 'failed', failure: { code: 'outcome_unknown' } } }])
  })

  test('of which one runs out on the chain, and another one is taken there', () => {
    const { alice, taken } = start()
    const [first, ...rest] = taken
    if (first === undefined) throw new Error('there is one')
    alice.step({ type: 'htlc_timed_out', link: first.add.link, id: first.id, cause: 'output_taken_back' })
    expect(alice.events).toEqual([])
    for (const { add, id } of rest) fulfil(alice, add.link, id)
    const came = rest.reduce((sum, { add }) => sum + (journey(add, firstOf(alice, add)).at(-1)?.amountMsat ?? 0n), 0n)
    // Its payee has given the proof away for less.
    expect(alice.events).toMatchObject([{ type: 'payment_sent', payment: { amountMsat: came } }])
  })
})

describe('what is known', () => {
  test('of a channel that had too little is used for the next payment, and what passed as well', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const add = alice.start(payInput(invoiceOf()), 0)
    const way = journey(add, 'bob')
    const resolution = failedBy(way, 0, { type: 'temporary_channel_failure', channelUpdate: new Uint8Array(0) })
    const again = alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution })
    expect(theAdd(again).link).toBe(2)
    alice.step({ type: 'added', payment: 1, link: 2, id: 0 })
    fulfil(alice, 2, 0)
    expect(alice.state.session.liquidity.size).toBe(2)
    expect(theAdd(alice.ask(keysendInput(of('dave'), { amountMsat: msat(AMOUNT) }))).link).toBe(2)
    // A start forgets it, and tries what is cheaper.
    alice.restart()
    expect(theAdd(alice.ask(keysendInput(of('dave'), { amountMsat: msat(AMOUNT) }))).link).toBe(1)
  })

  test('by a refusal is what the channel asks for, in this payment alone', () => {
    const alice = payer([['bob', 500_000_000n]], TWO_WAYS)
    const add = alice.start(payInput(invoiceOf()), 0)
    const way = journey(add, 'bob')
    const channelUpdate = updateOf(1, ['bob', 'dave'], { base: 50_000n, delta: 100 })
    const failure = { type: 'fee_insufficient', htlcMsat: msat(add.amountMsat), channelUpdate } as const
    const again = theAdd(alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution: failedBy(way, 0, failure) }))
    expect(again).toMatchObject({ amountMsat: AMOUNT + 50_000n + 10_000n, cltvExpiry: HEIGHT + 33 + 100 })
    // BOLT 4, receiving failure codes: the graph of the node must not say that somebody has paid this way.
    expect(theAdd(alice.ask(keysendInput(of('dave'), { amountMsat: msat(AMOUNT) }))).amountMsat).toBe(AMOUNT + 11_000n)
    // Once for each payment: who asks for more each time is left.
    alice.step({ type: 'added', payment: 1, link: 1, id: 1 })
    const more = {
      ...failure,
      channelUpdate: updateOf(1, ['bob', 'dave'], { base: 60_000n, timestamp: START / 1000 + 1 }),
    }
    alice.step({ type: 'htlc_failed', link: 1, id: 1, resolution: failedBy(journey(again, 'bob'), 0, more) })
    expect(alice.events).toMatchObject([
      {
        payment: {
          failure: { code: 'refused_on_the_way', message: expect.stringMatching(/fee_insufficient.*after 2 tries/) },
        },
      },
    ])
  })

  test.each([
    ['of another node', updateOf(1, ['bob', 'dave'], { base: 2_000n }, 'carol')],
    ['of another channel', updateOf(2, ['bob', 'dave'], { base: 2_000n })],
    ['of the other direction', updateOf(1, ['dave', 'bob'], { base: 2_000n })],
    ['that is older', updateOf(1, ['bob', 'dave'], { base: 2_000n, timestamp: START / 1000 - 2_000 })],
    ['with amounts upside down', updateOf(1, ['bob', 'dave'], { least: 10n, most: 9n })],
    ['that is none', new Uint8Array(70)],
  ])('by a word %s is nothing', (_what, channelUpdate) => {
    const alice = payer([['bob', 500_000_000n]], TWO_WAYS)
    const add = alice.start(payInput(invoiceOf()), 0)
    const failure = { type: 'fee_insufficient', htlcMsat: msat(add.amountMsat), channelUpdate } as const
    const resolution = failedBy(journey(add, 'bob'), 0, failure)
    expect(adds(alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution }))).toEqual([])
    expect(alice.events).toMatchObject([{ payment: { status: 'failed' } }])
  })

  test('a word of a private channel changes what its hint says, with the type in front or without', () => {
    for (const skip of [0, 2]) {
      known([{ id: 77, between: ['bob', 'erin'] }])
      const alice = payer([['bob', 900_000_000n]], [])
      const hint = {
        nodeId: of('bob'),
        shortChannelId: scid(77),
        feeBaseMsat: msat(500n),
        feeProportionalMillionths: 0,
        cltvExpiryDelta: 20,
      }
      const add = alice.start(payInput(invoiceOf({ payee: 'erin', hints: [[hint]] })), 0)
      const channelUpdate = updateOf(77, ['bob', 'erin'], { base: 800n, millionths: 0, delta: 20 }).subarray(skip)
      const failure = { type: 'fee_insufficient', htlcMsat: msat(add.amountMsat), channelUpdate } as const
      const resolution = failedBy(journey(add, 'bob'), 0, failure)
      expect(theAdd(alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution })).amountMsat).toBe(AMOUNT + 800n)
    }
  })

  test('is the graph: without it nobody but peers is paid', () => {
    const alice = payer(BOTH, [])
    const input = payInput(invoiceOf())
    alice.ask(input)
    expect(alice.refusalOf(input.request).code).toBe('no_channel')
    alice.at({ graph: graphOf(TWO_WAYS) })
    theAdd(alice.ask(payInput(invoiceOf())))
  })
})

describe('tries', () => {
  test('end with the deadline, and with what an onion costs at most', () => {
    for (const change of [
      { now: START + 60_000 },
      { limits: { ...payer([], []).context.limits, maxOnionsPerPayment: 1 } },
    ]) {
      const alice = payer(BOTH, TWO_WAYS)
      const add = alice.start(payInput(invoiceOf()), 0)
      const resolution = failedBy(journey(add, 'bob'), 0, { type: 'permanent_channel_failure' })
      expect(adds(alice.at(change).step({ type: 'htlc_failed', link: 1, id: 0, resolution }))).toEqual([])
      expect(alice.events).toMatchObject([{ payment: { failure: { code: 'refused_on_the_way' } } }])
    }
  })

  test('each have another onion, whatever is asked for in the meantime', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const add = alice.start(payInput(invoiceOf()), 0)
    alice.restart()
    const resolution = failedBy(journey(add, 'bob'), 0, { type: 'permanent_channel_failure' })
    const again = theAdd(alice.step({ type: 'htlc_failed', link: 1, id: 0, resolution }))
    expect(toHex(again.onionRoutingPacket.slice(1, 34))).not.toBe(toHex(add.onionRoutingPacket.slice(1, 34)))
  })

  test('go over another peer when the connection ends before a commitment holds the HTLC', () => {
    const alice = payer(BOTH, TWO_WAYS)
    alice.start(payInput(invoiceOf()), 0)
    alice.candidates = alice.candidates.filter(({ nodeId }) => nodeId !== of('bob'))
    expect(theAdd(alice.step({ type: 'htlc_dropped', link: 1, id: 0 })).link).toBe(2)
  })

  test('wait for any peer where there is none, until the deadline', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const input = payInput(invoiceOf())
    alice.start(input, 0)
    const { candidates } = alice
    alice.candidates = []
    expect(alice.step({ type: 'htlc_dropped', link: 1, id: 0 })).toEqual([{ type: 'wake', at: START + 60_000 }])
    alice.candidates = candidates
    const add = theAdd(alice.step({ type: 'usable', peer: of('carol') }))
    alice.step({ type: 'not_added', payment: 1, link: add.link, failure: NOT_NOW })
    alice.step({ type: 'not_added', payment: 1, link: 3 - add.link, failure: NOT_NOW })
    alice.at({ now: START + 60_000 }).step({ type: 'tick' })
    expect(alice.paymentOf(input.request)).toMatchObject({ failure: { code: 'timeout' } })
  })
})

describe('the ways that a payment would take', () => {
  test('are told, and nothing is sent or kept', () => {
    const alice = payer(BOTH, TWO_WAYS)
    const ask = (to: { invoice: string } | { nodeId: ReturnType<typeof of> }, change: object = {}) => {
      const input = { type: 'find_routes', request: 70_000 + alice.replies.length, to, ...change } as const
      const effects = alice.step(input)
      expect(effects).toHaveLength(1)
      return alice.replyTo(input.request)
    }
    expect(ask({ invoice: invoiceOf() })).toMatchObject({
      type: 'routes',
      routes: [{ amountMsat: AMOUNT, feeMsat: 11_000n, hops: [{ nodeId: of('bob') }, { nodeId: of('dave') }] }],
    })
    expect(ask({ nodeId: of('dave') }, { amountMsat: msat(1_000_000n) })).toMatchObject({
      type: 'routes',
      routes: [{ amountMsat: 1_000_000n, feeMsat: 1_100n }],
    })
    const parts = ask({ invoice: invoiceOf({ amount: 700_000_000n }) }, { maxFeeMsat: msat(500_000n) })
    expect(parts.type === 'routes' && parts.routes.length).toBeGreaterThan(1)
    const refusals = [
      ask({ invoice: 'lnbc1' }),
      ask({ invoice: invoiceOf() }, { amountMsat: msat(1n) }),
      ask({ nodeId: of('alice') }, { amountMsat: msat(1n) }),
      ask({ nodeId: of('dave') }),
      ask({ nodeId: of('erin') }, { amountMsat: msat(1n) }),
      ask({ invoice: invoiceOf() }, { maxFeeMsat: msat(1n) }),
      ask({ invoice: invoiceOf() }, { maxCltvDelta: 72 }),
      ask({ invoice: invoiceOf({ amount: 700_000_000n }) }, { maxFeeMsat: msat(500_000n), maxParts: 1 }),
    ]
    expect(refusals.map(reply => reply.type === 'refused' && reply.failure.code)).toEqual([
      'invalid_invoice',
      'amount',
      'self_payment',
      'amount',
      'no_route',
      'fee_limit',
      'no_route',
      'no_route',
    ])
    expect([alice.store.size, alice.state.session.asked.size]).toEqual([0, 0])
  })
})
