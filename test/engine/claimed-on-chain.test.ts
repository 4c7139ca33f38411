import { describe, expect, test } from 'vitest'
import { msat, type PaymentHash, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import type { EngineInput } from '../../src/engine/index.ts'
import type { Side } from './side.ts'
import { type ChannelId, Stage } from './stage.ts'

// HTLCs of a peer that the chain pays us for with a preimage that came of another one with the same hash, while nobody here had decided to
// take them: what was paid is written down, once, whatever else the chain and the process do.

/** Bob has a hold invoice that Alice has paid, so that the preimage is his user's alone. Then he offers Alice an HTLC with the same hash. */
class Twins {
  readonly stage = new Stage()
  readonly alice: Side
  readonly bob: Side
  readonly channelId: ChannelId
  readonly preimage: Uint8Array
  readonly hash: PaymentHash

  constructor() {
    const [alice, bob] = this.stage.sidesOf(['alice', 'bob'])
    this.alice = alice
    this.bob = bob
    this.channelId = this.stage.ready(alice, bob, { capacity: 1_000_000n, push: 400_000n })
    this.preimage = this.stage.freshBytes()
    this.hash = toHex(sha256(this.preimage)) as PaymentHash
    const invoice = this.hold(bob)
    this.stage.pay(alice, invoice)
    this.stage.settle()
    expect(bob.eventsOf('payment_held')).toHaveLength(1)
  }

  hold(side: Side): string {
    const request = side.ask(number =>
      this.#input({
        type: 'create_hold_invoice',
        request: number,
        description: 'held',
        expirySeconds: 3600,
        paymentHash: this.hash,
        paymentSecret: this.stage.freshBytes(),
        amountMsat: msat(50_000_000n),
      }),
    )
    const reply = side.replyTo(request)
    if (reply?.type !== 'invoice') throw new Error(`expected an invoice, got ${JSON.stringify(reply)}`)
    return reply.invoice
  }

  /** Bob's keysend with the preimage is on both commitments, and Alice has not heard yet that his old one is revoked. */
  offerUndecided(): void {
    const { stage, alice, bob } = this
    const sessionKey = stage.freshBytes()
    bob.ask(request =>
      this.#input({
        type: 'keysend',
        request,
        peer: alice.id,
        preimage: this.preimage,
        sessionKey,
        amountMsat: msat(40_000_000n),
        timeoutMs: 60_000,
      }),
    )
    const wire = stage.wireOf(alice, bob)
    // Bob: update_add_htlc, commitment_signed. Alice: revoke_and_ack, commitment_signed. What he answers is lost.
    for (const to of [alice, alice, bob, bob]) expect(stage.deliver(wire, to)).toBe(true)
    stage.cut(alice, bob)
    expect(this.undecided()).toMatchObject([{ added: 'countersigned' }])
  }

  undecided() {
    const [channel] = this.alice.channels()
    return channel?.durable.htlcs.filter(
      ({ offeredBy, resolution }) => offeredBy === 'remote' && resolution === undefined,
    )
  }

  settle(side: Side): void {
    side.ask(request => this.#input({ type: 'settle_invoice', request, preimage: this.preimage }))
  }

  /** Alice closes; Bob shows the preimage on the chain, and Alice takes what he has offered. */
  closeAndClaim(): void {
    const { stage, alice, bob } = this
    stage.cut(alice, bob)
    for (const side of [alice, bob]) side.onDial = () => undefined
    stage.close(alice, this.channelId, true)
    stage.mine(1)
    this.settle(bob)
    this.mineUntil(() => this.claims() === 1)
  }

  /** How often Alice was told so by the chain. */
  said(what: string): number {
    return this.alice.eventsOf('channel_onchain').filter(({ kind }) => kind === what).length
  }

  claims(): number {
    return this.said('htlc_claimed')
  }

  mineUntil(isOver: () => boolean): void {
    for (let mined = 0; mined < 200 && !isOver(); mined++) this.stage.mine()
    expect(isOver()).toBe(true)
  }

  received() {
    return this.alice.eventsOf('payment_received').map(({ payment }) => payment)
  }

  #input(input: object): EngineInput {
    return { type: 'payment', input } as EngineInput
  }
}

describe('an HTLC that was not irrevocable when its channel closed', () => {
  function undecided(): Twins {
    const twins = new Twins()
    twins.offerUndecided()
    return twins
  }

  test('is a payment that was received, when its claim is deep enough', () => {
    const twins = undecided()
    const { alice, bob, hash, preimage } = twins
    twins.closeAndClaim()
    expect(twins.received()).toMatchObject([
      {
        direction: 'received',
        status: 'succeeded',
        paymentHash: hash,
        amountMsat: 40_000_000n,
        peer: bob.id,
        preimage: toHex(preimage),
      },
    ])
    expect(bob.eventsOf('payment_sent')).toHaveLength(1)
    expect(alice.eventsOf('payment_sent')).toHaveLength(1)
  })

  test('is counted once, over restarts and the loss of the blocks that have its claim', () => {
    const twins = undecided()
    const { stage, alice } = twins
    twins.closeAndClaim()
    stage.restart(alice)
    stage.reorg(7)
    stage.restart(alice)
    stage.mine(30)
    expect(twins.claims()).toBe(2)
    expect(twins.received()).toHaveLength(1)
  })

  test('does not count as the payment of an invoice with its hash, of which it is a part at most', () => {
    const twins = undecided()
    const { alice, hash } = twins
    const invoice = twins.hold(alice)
    twins.closeAndClaim()
    expect(twins.received().map(payment => payment.invoice)).toEqual([undefined])
    expect(alice.records.has(`received-hash/${hash}`)).toBe(false)
    expect(alice.records.has(`invoice/${hash}`)).toBe(true)
    expect(invoice).not.toBe('')
  })

  test('is nothing where it went back to the peer', () => {
    const twins = undecided()
    const { stage, alice, bob } = twins
    stage.close(alice, twins.channelId, true)
    for (const side of [alice, bob]) side.onDial = () => undefined
    twins.mineUntil(() => twins.said('htlc_returned') > 0)
    expect(twins.received()).toEqual([])
  })
})

describe('an HTLC that was held for our user when its channel closed', () => {
  test('is counted where it is given up after it was taken on the chain', () => {
    const twins = new Twins()
    const { stage, alice, bob } = twins
    stage.pay(bob, twins.hold(alice))
    stage.settle()
    expect(alice.eventsOf('payment_held')).toHaveLength(1)
    twins.closeAndClaim()
    expect(twins.received()).toEqual([])
    stage.restart(alice)
    twins.mineUntil(() => alice.eventsOf('hold_cancelled').length > 0)
    stage.mine(6)
    expect(alice.eventsOf('hold_cancelled')).toHaveLength(1)
    expect(twins.received()).toMatchObject([{ amountMsat: 50_000_000n, paymentHash: twins.hash }])
  })

  test('is counted once where our user takes it', () => {
    const twins = new Twins()
    const { stage, alice, bob } = twins
    const invoice = twins.hold(alice)
    stage.pay(bob, invoice)
    stage.settle()
    twins.closeAndClaim()
    twins.settle(alice)
    stage.mine(12)
    expect(twins.received()).toMatchObject([{ amountMsat: 50_000_000n, invoice }])
  })
})

test('an HTLC that was refused, and that the chain pays for all the same, is counted', () => {
  const twins = new Twins()
  const { stage, alice, bob } = twins
  // An invoice that Alice has forgotten: she refuses, and Bob never hears it.
  const invoice = twins.hold(alice)
  alice.ask(request => ({ type: 'payment', input: { type: 'cancel_invoice', request, paymentHash: twins.hash } }))
  stage.pay(bob, invoice)
  while (stage.answer(bob));
  const wire = stage.wireOf(alice, bob)
  // Bob: update_add_htlc, commitment_signed. Alice: revoke_and_ack, commitment_signed. Bob: revoke_and_ack.
  for (const to of [alice, alice, bob, bob, alice]) expect(stage.deliver(wire, to)).toBe(true)
  expect(twins.undecided()).toEqual([])
  twins.closeAndClaim()
  expect(twins.received()).toMatchObject([{ amountMsat: 50_000_000n, paymentHash: twins.hash }])
})
