import { describe, expect, test } from 'vitest'
import { jsonDecode, msat, pmapGet, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { signInvoice } from '../../src/invoice/index.ts'
import { decodeFinalPayload, peelOnion } from '../../src/onion/index.ts'
import { DEFAULT_PAYMENT_LIMITS, type PaymentFailure } from '../../src/payment/index.ts'
import {
  arrived,
  channel,
  fresh,
  HEIGHT,
  idOf,
  keysendInput,
  NOT_NOW,
  Node,
  pair,
  payInput,
  START,
  secretOf,
  theAdd,
  theResolution,
} from './fixture.ts'

// From the wish to pay to the HTLC: what is refused, what goes into the onion, which channel is asked, and what is stored when.

/** An invoice of Bob with fields of its own. */
function ownInvoice(change: Partial<Parameters<typeof signInvoice>[0]> = {}, secret = secretOf(0xb0)): string {
  const fields = {
    network: 'regtest',
    amountMsat: msat(10_000),
    timestamp: START / 1000,
    paymentHash: toHex(sha256(fresh())),
    paymentSecret: fresh(),
    description: { type: 'text', text: '' },
    ...change,
  }
  return signInvoice(fields as Parameters<typeof signInvoice>[0], secret)
}

function payload(secret: Uint8Array, packet: Uint8Array, hash: Uint8Array) {
  const peeled = peelOnion({ packet, associatedData: hash, nodeSecret: secret })
  if (!peeled.ok) throw new Error(peeled.error.message)
  expect(peeled.value.next).toBeUndefined()
  const decoded = decodeFinalPayload(peeled.value.payload)
  if (!decoded.ok) throw new Error(decoded.error.message)
  return decoded.value
}

describe('an invoice is paid', () => {
  test('by one HTLC to its payee, whose onion brings the secret, and whose records are all written when it is added', () => {
    const { alice, bob } = pair()
    const created = bob.invoice()
    const input = payInput(created.invoice.toUpperCase())
    const lookUp = alice.step(input)
    expect(lookUp).toEqual([{ type: 'look_up', request: input.request, keys: [`payment-hash/${created.paymentHash}`] }])
    const effects = alice.step({ type: 'looked_up', request: input.request, records: new Map() })
    const add = theAdd(effects)
    expect(add).toMatchObject({
      payment: 1,
      link: 1,
      amountMsat: 10_000n,
      paymentHash: created.paymentHash,
      cltvExpiry: HEIGHT + 40 + 3,
    })
    expect(alice.store.size).toBe(0)
    expect(payload(secretOf(0xb0), add.onionRoutingPacket, sha256(created.preimage))).toEqual({
      type: 'plain',
      amtToForward: 10_000n,
      outgoingCltvValue: HEIGHT + 43,
      totalMsat: 10_000n,
      paymentSecret: created.paymentSecret,
      unknown: [],
    })

    expect(alice.step({ type: 'added', payment: 1, link: 1, id: 0 })).toEqual([])
    expect([...alice.store.keys()].sort()).toEqual([
      'in-flight/0000000000000001',
      `payment-hash/${created.paymentHash}`,
      'payment/0000000000000001',
      'payments/next',
    ])
    const received = bob.step({
      type: 'htlc_received',
      link: 1,
      peer: alice.id,
      htlc: arrived(add, 0),
      overDustExposure: false,
    })
    const resolution = theResolution(received)
    if (resolution.type !== 'fulfill') throw new Error(resolution.type)
    alice.at({ now: START + 500 }).step({ ...resolution, type: 'htlc_fulfilled', link: 1, id: 0 })
    const payment = {
      number: 1,
      direction: 'sent',
      status: 'succeeded',
      paymentHash: created.paymentHash,
      amountMsat: 10_000n,
      feeMsat: 0n,
      peer: bob.id,
      invoice: created.invoice,
      description: 'a coffee',
      createdAt: START,
      endedAt: START + 500,
      preimage: toHex(created.preimage),
      holdTimes: [{ nodeId: bob.id, holdTimeMs: 0 }],
    }
    expect(alice.paymentOf(input.request)).toEqual(payment)
    expect(alice.events).toEqual([{ type: 'payment_sent', payment }])
    expect([...alice.store.keys()].sort()).toEqual([
      `payment-hash/${created.paymentHash}`,
      'payment/0000000000000001',
      'payments/next',
    ])
    const stored = jsonDecode(alice.store.get('payment/0000000000000001') ?? new Uint8Array())
    expect(stored).toEqual({ ok: true, value: payment })
  })

  test('with its metadata and its own distance, by a description that is only a hash', () => {
    const { alice } = pair()
    const hash = sha256(secretOf(1))
    const invoice = ownInvoice({
      paymentHash: toHex(hash) as never,
      paymentMetadata: Uint8Array.of(1, 2, 3),
      minFinalCltvExpiryDelta: 50,
      description: { type: 'hash', hash: secretOf(2) },
    })
    const add = alice.start(payInput(invoice), 0)
    expect(add.cltvExpiry).toBe(HEIGHT + 53)
    expect(payload(secretOf(0xb0), add.onionRoutingPacket, hash)).toMatchObject({
      paymentMetadata: Uint8Array.of(1, 2, 3),
    })
    expect(pmapGet(alice.state.inFlight, '1'.padStart(16, '0'))?.payment).not.toHaveProperty('description')
  })
})

describe('without an invoice', () => {
  test('the store is asked for an idempotency key alone, since nothing was ever paid for a fresh preimage', () => {
    const { alice, bob } = pair()
    expect(alice.step(keysendInput(bob.id))).toMatchObject([{ type: 'add_htlc' }])
    const repeatable = keysendInput(bob.id, { idempotencyKey: 'once' })
    expect(alice.step(repeatable)).toMatchObject([{ type: 'look_up', request: repeatable.request }])
  })

  test('the onion brings the preimage', () => {
    const { alice, bob } = pair()
    const preimage = fresh()
    const add = alice.start(keysendInput(bob.id, { preimage, amountMsat: msat(777) }), 0)
    expect(add).toMatchObject({ amountMsat: 777n, cltvExpiry: HEIGHT + 43, paymentHash: toHex(sha256(preimage)) })
    expect(payload(secretOf(0xb0), add.onionRoutingPacket, sha256(preimage))).toEqual({
      type: 'plain',
      amtToForward: 777n,
      outgoingCltvValue: HEIGHT + 43,
      totalMsat: 777n,
      keysendPreimage: preimage,
      unknown: [],
    })
    // The preimage of a payment is the proof that it was made, so it is not shown before.
    expect(pmapGet(alice.state.inFlight, '1'.padStart(16, '0'))?.payment).not.toHaveProperty('preimage')
  })
})

interface Refused {
  readonly name: string
  readonly invoice?: () => string
  readonly amountMsat?: bigint
  readonly code: PaymentFailure['code'] | 'fine'
  readonly message?: RegExp
}

describe('before anything is looked up', () => {
  const open = () => ownInvoice({ amountMsat: undefined as never })
  const wait = (minFinalCltvExpiryDelta: number) => () => ownInvoice({ minFinalCltvExpiryDelta })
  const cases: readonly Refused[] = [
    { name: 'no invoice', invoice: () => 'lnbc1', code: 'invalid_invoice', message: /too short/ },
    { name: 'another network', invoice: () => ownInvoice({ network: 'bitcoin' }), code: 'wrong_network' },
    { name: 'its own invoice', invoice: () => ownInvoice({}, secretOf(0xa1)), code: 'self_payment' },
    { name: 'no amount at all', invoice: open, code: 'amount', message: /say how much/ },
    { name: 'an amount of 0', invoice: open, amountMsat: 0n, code: 'amount', message: /more than 0/ },
    { name: 'the least amount', invoice: open, amountMsat: 1n, code: 'fine' },
    { name: 'less than asked for', amountMsat: 9_999n, code: 'amount', message: /at least 10000 msat/ },
    { name: 'exactly what is asked for', amountMsat: 10_000n, code: 'fine' },
    { name: 'twice as much', amountMsat: 20_000n, code: 'fine' },
    { name: 'more than twice as much', amountMsat: 20_001n, code: 'amount', message: /at most twice/ },
    { name: 'two weeks', invoice: wait(2016), code: 'fine' },
    { name: 'more than two weeks', invoice: wait(2017), code: 'invalid_invoice', message: /2017 blocks/ },
    { name: 'more blocks than there will be', invoice: wait(2 ** 32 - 1), code: 'invalid_invoice' },
  ]
  test.each(cases)('$name: $code', ({ invoice = ownInvoice, amountMsat, code, message }) => {
    const { alice } = pair()
    const input = payInput(invoice(), amountMsat === undefined ? {} : { amountMsat: msat(amountMsat) })
    const effects = alice.step(input)
    if (code === 'fine') {
      expect(effects).toMatchObject([{ type: 'look_up' }])
    } else {
      expect(alice.refusalOf(input.request)).toMatchObject({ code, message: expect.stringMatching(message ?? /./) })
      expect(effects).toHaveLength(1)
    }
  })

  test('a payment without an invoice needs an amount and somebody else', () => {
    const { alice, bob } = pair()
    const inputs = [
      keysendInput(bob.id, { amountMsat: undefined as never }),
      keysendInput(bob.id, { amountMsat: msat(0) }),
      keysendInput(alice.id),
    ]
    for (const input of inputs) alice.step(input)
    expect(inputs.map(({ request }) => alice.refusalOf(request).code)).toEqual(['amount', 'amount', 'self_payment'])
  })

  test('more payments at once than there may be', () => {
    const { alice, bob } = pair()
    alice.at({ limits: { ...DEFAULT_PAYMENT_LIMITS, maxPaymentsInFlight: 2 } })
    alice.start(keysendInput(bob.id), 0)
    const [second, third] = [keysendInput(bob.id, { idempotencyKey: 'second' }), keysendInput(bob.id)]
    // One is in flight and one is looked up: that is two.
    const looking = alice.step(second)
    alice.step(third)
    expect(alice.refusalOf(third.request).code).toBe('too_many_in_flight')
    expect(looking).toMatchObject([{ type: 'look_up' }])
  })
})

describe('once the store knows nothing against it', () => {
  test('an invoice that has expired in the meantime is refused, one millisecond earlier it is not', () => {
    const { alice } = pair()
    const invoice = ownInvoice({ expirySeconds: 60 })
    const late = payInput(invoice)
    alice.at({ now: START + 60_001 }).ask(late)
    expect(alice.refusalOf(late.request).code).toBe('invoice_expired')
    theAdd(alice.at({ now: START + 60_000 }).ask(payInput(invoice)))
  })

  test('an answer that nobody waits for changes nothing', () => {
    const { alice } = pair()
    expect(alice.step({ type: 'looked_up', request: 99, records: new Map() })).toEqual([])
  })

  test('without a channel the advice is to open one', () => {
    const { alice } = pair()
    const stranger = idOf(secretOf(0xcc))
    const input = keysendInput(stranger)
    alice.ask(input)
    expect(alice.refusalOf(input.request)).toMatchObject({
      code: 'no_channel',
      message: expect.stringMatching(/open a channel with that node, or wait/),
    })
    expect(alice.store.size).toBe(0)
    expect(alice.state.session.asked.size + alice.state.session.locks.size).toBe(0)
  })

  test('with too little the amount that could be spent is said', () => {
    const { alice, bob } = pair()
    alice.candidates = [channel(1, bob.id, msat(3_000)), channel(2, bob.id, msat(4_000))]
    const [above, single] = [keysendInput(bob.id), keysendInput(bob.id)]
    alice.ask(above)
    expect(alice.refusalOf(above.request)).toMatchObject({
      code: 'insufficient_balance',
      message: expect.stringMatching(/at most 4000 msat, which the best of 2 channels .* got 5000 msat/),
    })
    alice.candidates = [channel(1, bob.id, msat(4_999))]
    alice.ask(single)
    expect(alice.refusalOf(single.request).message).toMatch(/at most 4999 msat, which the channel with/)
    alice.candidates = [channel(1, bob.id, msat(5_000))]
    theAdd(alice.ask(keysendInput(bob.id)))
  })

  test('the longest metadata that an invoice can hold fits into the onion', () => {
    const { alice } = pair()
    theAdd(alice.ask(payInput(ownInvoice({ paymentMetadata: new Uint8Array(639) }))))
  })
})

describe('channels are asked one after the other', () => {
  test('the best first, those that cannot pay it never', () => {
    const { alice, bob } = pair()
    alice.candidates = [channel(1, bob.id, msat(6_000)), channel(2, bob.id, msat(9_000)), channel(3, bob.id, msat(1))]
    const input = keysendInput(bob.id)
    const first = theAdd(alice.ask(input))
    expect(first.link).toBe(2)
    const second = theAdd(alice.step({ type: 'not_added', payment: 1, link: 2, failure: NOT_NOW }))
    // No peer has seen the onion, so that it is good for the next channel.
    expect(second).toEqual({ ...first, link: 1 })
    expect(alice.step({ type: 'not_added', payment: 1, link: 1, failure: NOT_NOW })).toHaveLength(1)
    expect(alice.refusalOf(input.request)).toEqual({
      code: 'no_channel',
      message: expect.stringMatching(/too_many_htlcs: expected at most 30 HTLCs offered at once, got 31 \(BOLT 2/),
    })
    expect(alice.store.size).toBe(0)
    expect(alice.events).toEqual([])
  })

  test.each([
    ['cannot_afford_htlc', 'insufficient_balance'],
    ['amount_below_minimum', 'amount'],
    ['expiry_too_far', 'invalid_invoice'],
    ['shutdown_in_progress', 'no_channel'],
  ] as const)('%s is told as %s', (channelCode, code) => {
    const { alice, bob } = pair()
    const input = keysendInput(bob.id)
    alice.ask(input)
    alice.step({ type: 'not_added', payment: 1, link: 1, failure: { ...NOT_NOW, code: channelCode } })
    expect(alice.refusalOf(input.request).code).toBe(code)
  })

  test('a number that nobody saw is given to the next payment', () => {
    const { alice, bob } = pair()
    alice.ask(keysendInput(bob.id))
    alice.step({ type: 'not_added', payment: 1, link: 1, failure: NOT_NOW })
    expect(theAdd(alice.ask(keysendInput(bob.id))).payment).toBe(1)
  })

  test('two that are offered at once keep their numbers, whichever is refused', () => {
    const { alice, bob } = pair()
    theAdd(alice.ask(keysendInput(bob.id)))
    expect(theAdd(alice.ask(keysendInput(bob.id))).payment).toBe(2)
    alice.step({ type: 'not_added', payment: 1, link: 1, failure: NOT_NOW })
    alice.step({ type: 'added', payment: 2, link: 1, id: 0 })
    expect(theAdd(alice.ask(keysendInput(bob.id))).payment).toBe(3)
  })

  test('an answer about an HTLC that was not asked for is a bug', () => {
    const { alice } = pair()
    expect(() => alice.step({ type: 'added', payment: 5, link: 1, id: 0 })).toThrow(/nothing was asked for payment 5/)
  })
})

test('a node that pays itself over nobody keeps nothing', () => {
  const alone = new Node(secretOf(0xa1))
  const input = keysendInput(idOf(secretOf(0xb0)))
  alone.ask(input)
  expect(alone.refusalOf(input.request).code).toBe('no_channel')
})
