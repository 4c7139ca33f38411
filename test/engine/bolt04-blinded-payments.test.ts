import { describe, expect, test } from 'vitest'
import { defined, msat, type PaymentHash, toHex } from '../../src/base/index.ts'
import { isPublicKey, sha256 } from '../../src/crypto/index.ts'
import { failureCode } from '../../src/onion/index.ts'
import { localFeatures, supportedFeatures } from '../../src/peer/index.ts'
import { shortChannelId } from '../../src/wire/index.ts'
import { BlindedLine, type BlindedOffer, type BlindedWish, RELAY } from './blindedLine.ts'
import { dieAfter, turnsOf } from './dying.ts'
import type { Side } from './side.ts'

// BOLT 4, route blinding and failure messages; BOLT 2, removing an HTLC: a payment along Bob, who begins the path, Carol, who is inside,
// and Dave, to whom it leads. Whatever goes wrong behind Alice, she reads one thing, and Bob has signed it.

const AMOUNT = 50_000_000n
const INSIDE = { type: 'malformed', code: failureCode('invalid_onion_blinding') } as const

/** That it came back as from any other place of the path. */
function expectBlinding(line: BlindedLine, offer: BlindedOffer): void {
  const sha256OfOnion = sha256(offer.packet)
  expect(line.answer(offer)).toEqual({ type: 'invalid_onion_blinding', sha256OfOnion, hop: 0 })
}

function expectQuiet(line: BlindedLine): void {
  for (const side of [line.bob, line.carol]) expect(side.state.payments.forwards.size).toBe(0)
  for (const side of [line.alice, line.bob, line.carol, line.dave]) {
    expect(side.channels().every(({ state, durable }) => state === 'normal' && durable.htlcs.length === 0)).toBe(true)
  }
}

function mineUntil(line: BlindedLine, isOver: () => boolean): void {
  for (let mined = 0; mined < 300 && !isOver(); mined++) line.stage.mine()
  expect(isOver()).toBe(true)
}

test.each([['channels', false] as const, ['nodes', true] as const])(
  'a path that names %s is paid over',
  (_, byNode) => {
    const line = new BlindedLine()
    const before = line.balances()
    const offer = line.send({ ...line.invoice(AMOUNT), amount: AMOUNT, byNode })
    expect(line.answer(offer)).toBe('taken')
    const after = line.balances()
    // A little more than he asked for: the fees of the path as a whole are rounded up, to a millionth, and so is what goes on.
    const got = after.dave - before.dave
    expect([got >= AMOUNT, got <= AMOUNT + AMOUNT / 1_000_000n + 3n], `${got}`).toEqual([true, true])
    expect(before.alice - after.alice).toBe(line.priceOf(AMOUNT))
    expect(after.bob - before.bob).toBeGreaterThanOrEqual(6_000n)
    expect(after.carol - before.carol).toBeGreaterThanOrEqual(5_999n)
    for (const side of [line.bob, line.carol]) expect(side.eventsOf('payment_forwarded')).toHaveLength(1)
    const keys = line.offers.map(({ message }) => defined(message.pathKey, 'each has a path key'))
    expect(line.offers.map(({ from }) => from.name)).toEqual(['bob', 'carol'])
    expect(keys.every(isPublicKey)).toBe(true)
    expect(new Set(keys.map(toHex)).size).toBe(2)
    expectQuiet(line)
  },
)

test('nobody inside the path says how long it was held, and Bob does', () => {
  const line = new BlindedLine()
  const said: string[] = []
  const { onSent } = line.stage
  line.stage.onSent = (from, bytes) => {
    onSent(from, bytes)
    // update_fulfill_htlc: with the record of attribution data it is longer by 920 bytes and more.
    if (bytes[0] === 0 && bytes[1] === 130) said.push(`${from.name} ${bytes.length > 900 ? 'says' : 'keeps quiet'}`)
  }
  line.send({ ...line.invoice(AMOUNT), amount: AMOUNT })
  expect(said).toEqual(['dave says', 'carol keeps quiet', 'bob says'])
})

interface Row {
  readonly name: string
  readonly by: 'bob' | 'carol' | 'dave'
  /** What is asked for, and all that has to be so before. */
  readonly wish?: (line: BlindedLine) => Partial<BlindedWish>
}

const NOWHERE = shortChannelId({ blockHeight: 1, txIndex: 1, outputIndex: 0 })
const LESS = { paymentRelay: { ...RELAY, feeBaseMsat: msat(RELAY.feeBaseMsat - 1n) } }
const LATE = { paymentConstraints: { maxCltvExpiry: 1, htlcMinimumMsat: msat(1n) } }
const LARGE = { paymentConstraints: { maxCltvExpiry: 1_000_000, htlcMinimumMsat: msat(AMOUNT * 2n) } }
const ASKING = { allowedFeatures: Uint8Array.of(1) }
const disabled = (side: Side, line: BlindedLine, at: 1 | 2) => {
  const channelId = line.channels[at]
  side.ask(request => ({ type: 'payment', input: { type: 'set_policy', request, channelId, disabled: true } }))
  return {}
}

const ROWS: readonly Row[] = [
  { name: 'a channel that is not there', by: 'bob', wish: () => ({ bob: { shortChannelId: NOWHERE } }) },
  { name: 'a channel that is not there', by: 'carol', wish: () => ({ carol: { shortChannelId: NOWHERE } }) },
  { name: 'fees below the policy', by: 'bob', wish: () => ({ bob: LESS }) },
  { name: 'fees below the policy', by: 'carol', wish: () => ({ carol: LESS }) },
  { name: 'a path that is over', by: 'bob', wish: () => ({ bob: LATE }) },
  { name: 'a path that is over', by: 'carol', wish: () => ({ carol: LATE }) },
  { name: 'an amount below that of the path', by: 'bob', wish: () => ({ bob: LARGE }) },
  { name: 'an amount below that of the path', by: 'carol', wish: () => ({ carol: LARGE }) },
  { name: 'a feature that nobody knows', by: 'bob', wish: () => ({ bob: ASKING }) },
  { name: 'a feature that nobody knows', by: 'carol', wish: () => ({ carol: ASKING }) },
  { name: 'a channel that is disabled', by: 'bob', wish: line => disabled(line.bob, line, 1) },
  { name: 'a channel that is disabled', by: 'carol', wish: line => disabled(line.carol, line, 2) },
  {
    name: 'a peer that is away',
    by: 'carol',
    wish: line => {
      line.stage.crash(line.dave)
      line.stage.settle()
      return {}
    },
  },
  {
    name: 'a peer that knows no blinded paths',
    by: 'bob',
    wish: line => {
      withoutBlinding(line, line.carol, line.bob)
      return {}
    },
  },
  {
    name: 'a path that Dave has not given out',
    by: 'dave',
    wish: line => {
      line.porter = false
      return {}
    },
  },
  { name: 'a hash that Dave does not know', by: 'dave', wish: line => ({ hash: line.unknownHash() }) },
]

/** From the next connection on `side` is one that has never heard of path keys. */
function withoutBlinding(line: BlindedLine, side: Side, peer: Side): void {
  const features = localFeatures({ routeBlinding: false })
  const context = side.context.bind(side)
  side.context = () => ({ ...context(), features, supported: supportedFeatures(features) })
  line.stage.cut(side, peer)
  line.rest()
}

describe('refused', () => {
  test.each(ROWS)('for $name, by $by', ({ by, wish = () => ({}) }) => {
    const line = new BlindedLine()
    const [before, { hash }] = [line.balances(), line.invoice(AMOUNT)]
    const offer = line.send({ hash, amount: AMOUNT, ...wish(line) })
    line.rest()
    expectBlinding(line, offer)
    expect([...line.toBob.values()]).toEqual(by === 'bob' ? [] : [INSIDE])
    expect(line.offers.map(({ from }) => from.name)).toEqual({ bob: [], carol: ['bob'], dave: ['bob', 'carol'] }[by])
    expect(line.balances()).toEqual(before)
    expectQuiet(line)
  })

  test('by a node that does without the feature, nothing is: who is paid without a path is', () => {
    const line = new BlindedLine()
    withoutBlinding(line, line.carol, line.bob)
    const request = line.stage.keysend(line.bob, line.carol, 1_000n)
    line.stage.settle()
    expect(line.bob.replyTo(request)).toMatchObject({ type: 'payment', payment: { status: 'succeeded' } })
  })
})

describe('when a process ends', () => {
  const hashOf = (line: BlindedLine, isPaid: boolean): PaymentHash =>
    isPaid ? line.invoice(AMOUNT / 10n).hash : line.unknownHash()

  test.each([
    ['carol', 'is paid', true] as const,
    ['bob', 'is refused', false] as const,
    ['carol', 'is refused', false] as const,
  ])('of %s, a payment that %s ends once', (name, _, isPaid) => {
    const line = new BlindedLine()
    const [side, before] = [line[name], line.balances()]
    const wish = () => ({ hash: hashOf(line, isPaid), amount: AMOUNT / 10n })
    const turns = turnsOf(side, () => line.send(wish()))
    expect(turns).toBeGreaterThan(8)
    let paid = isPaid ? 1n : 0n
    for (let k = 1; k <= turns; k++) {
      for (const mute of [false, true]) {
        const offer = line.offer(wish())
        dieAfter(line, side, k, mute)
        const [answer, when] = [line.answer(offer), `turn ${k} of ${turns}, ${mute ? 'mute' : 'heard'}`]
        if (answer === 'taken') paid += 1n
        else expect([answer?.type, answer?.hop], when).toEqual(['invalid_onion_blinding', 0])
        expect(before.alice - line.balances().alice, when).toBe(paid * line.priceOf(AMOUNT / 10n))
        expectQuiet(line)
      }
    }
    for (const word of line.toBob.values()) expect(word === 'taken' ? INSIDE : word).toEqual(INSIDE)
    expect(line.carol.eventsOf('payment_forwarded')).toHaveLength(Number(paid))
    expect(paid).toBe(isPaid ? paid : 0n)
    if (isPaid) expect(paid).toBeGreaterThan(BigInt(turns))
  })
})

describe('where the chain decides', () => {
  test('the preimage that Dave shows there reaches Alice', () => {
    const line = new BlindedLine()
    const { stage, carol, dave } = line
    const { hash, preimage } = line.invoice(AMOUNT, { hold: true })
    const offer = line.send({ hash, amount: AMOUNT })
    expect(dave.eventsOf('payment_held')).toHaveLength(1)
    stage.cut(carol, dave)
    dave.onDial = () => undefined
    carol.onDial = () => undefined
    line.settleInvoice(preimage)
    expect(line.answer(offer)).toBeUndefined()
    stage.close(dave, line.channels[2], true)
    stage.restart(carol)
    mineUntil(line, () => carol.state.payments.forwards.size === 0)
    carol.onDial = () => undefined
    line.rest()
    expect(line.answer(offer)).toBe('taken')
  })

  test('what Dave never answers comes back like anything else', () => {
    const line = new BlindedLine()
    const { stage, carol, dave } = line
    const before = line.balances()
    const { hash } = line.invoice(AMOUNT, { hold: true })
    const offer = line.send({ hash, amount: AMOUNT })
    stage.crash(dave)
    stage.settle()
    stage.restart(carol)
    line.rest()
    mineUntil(line, () => carol.state.payments.forwards.size === 0)
    line.rest()
    expectBlinding(line, offer)
    expect([...line.toBob.values()]).toEqual([INSIDE])
    expect(line.balances().alice).toBe(before.alice)
  })
})
