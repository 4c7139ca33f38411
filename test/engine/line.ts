import { expect } from 'vitest'
import { fromHex, msat, type PaymentHash, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { decodeInvoice } from '../../src/invoice/index.ts'
import { shortChannelIdOf } from '../../src/link/index.ts'
import {
  buildOnion,
  type DecodedFailure,
  decodeFailure,
  encodeFinalPayload,
  encodeIntermediatePayload,
  type FailureMessage,
  fulfillHoldTimes,
  type OnionHop,
  type PlainFinalPayload,
} from '../../src/onion/index.ts'
import { decodeMessage, type ShortChannelId } from '../../src/wire/index.ts'
import { putHtlc } from './putHtlc.ts'
import type { Limits, Side } from './side.ts'
import { type ChannelId, localMsat, type OpenOptions, Stage } from './stage.ts'

/** What a payment of Alice's asks for. Amounts in millisatoshis. */
export interface Wish {
  readonly hash: PaymentHash
  readonly paymentSecret?: Uint8Array
  readonly amount: bigint
  readonly total?: bigint
  readonly fee?: bigint
  readonly delta?: number
  /** Blocks that Carol gets. */
  readonly finalBlocks?: number
  readonly scid?: ShortChannelId
  /** What Carol's onion says, where it is not what Bob is told. */
  readonly final?: Partial<PlainFinalPayload>
  readonly spoilt?: boolean
  readonly from?: ChannelId
}

/** An HTLC that Alice has offered to Bob, and what it takes to read its failure. */
export interface Offered {
  readonly channelId: ChannelId
  readonly id: number
  readonly sharedSecrets: readonly Uint8Array[]
}

export type Answer = 'taken' | FailureMessage

/**
 * Alice, Bob and Carol in a row. Alice's HTLCs are put into her channel by hand, with onions for two hops, so that they may ask for what
 * her payments would never ask for; from there on all three are engines like any.
 */
export class Line {
  readonly stage = new Stage()
  readonly alice: Side
  readonly bob: Side
  readonly carol: Side
  /** Between Alice and Bob, and between Bob and Carol. */
  readonly upstream: ChannelId
  readonly downstream: ChannelId
  /** What Bob has said about Alice's HTLCs, by channel and id. */
  readonly answers = new Map<string, { readonly reason: Uint8Array } | 'taken' | 'malformed'>()
  /** And how long each node says that it has had them. */
  readonly attributions = new Map<string, Uint8Array>()

  constructor(limits: Limits = {}, downstream: OpenOptions = {}) {
    const [alice, bob, carol] = this.stage.sidesOf(['alice', 'bob', 'carol'], { limits })
    this.alice = alice
    this.bob = bob
    this.carol = carol
    this.upstream = this.stage.ready(alice, bob, { capacity: 1_000_000n, push: 100_000n })
    this.downstream = this.stage.ready(bob, carol, { capacity: 800_000n, push: 100_000n, ...downstream })
    this.stage.onSent = (from, bytes) => {
      if (from === bob) this.#heard(bytes)
    }
  }

  get scid(): ShortChannelId {
    return this.scidOf(this.downstream)
  }

  scidOf(channelId: ChannelId): ShortChannelId {
    const scid = shortChannelIdOf(this.bob.link(channelId).state)
    if (scid === undefined) throw new Error('the channel has an id')
    return scid
  }

  invoice(amountMsat: bigint): Pick<Wish, 'hash' | 'paymentSecret'> & { readonly preimage: Uint8Array } {
    const [preimage, paymentSecret] = [this.stage.freshBytes(), this.stage.freshBytes()]
    const { invoice } = this.#asked(this.carol, 'invoice', request => ({
      type: 'create_invoice',
      request,
      description: 'line',
      expirySeconds: 3600,
      preimage,
      paymentSecret,
      amountMsat: msat(amountMsat),
    }))
    const decoded = decodeInvoice(invoice)
    if (!decoded.ok) throw new Error(decoded.error.code)
    return { hash: decoded.value.paymentHash, paymentSecret, preimage }
  }

  holdInvoice(amountMsat: bigint): Pick<Wish, 'hash' | 'paymentSecret'> & { readonly preimage: Uint8Array } {
    const [preimage, paymentSecret] = [this.stage.freshBytes(), this.stage.freshBytes()]
    const hash = toHex(sha256(preimage)) as PaymentHash
    this.#asked(this.carol, 'invoice', request => ({
      type: 'create_hold_invoice',
      request,
      description: 'held',
      expirySeconds: 3600,
      paymentHash: hash,
      paymentSecret,
      minFinalCltvExpiryDelta: 30,
      amountMsat: msat(amountMsat),
    }))
    return { hash, paymentSecret, preimage }
  }

  /** Of a preimage that nobody has. */
  unknownHash(): PaymentHash {
    return toHex(this.stage.freshBytes()) as PaymentHash
  }

  settle(preimage: Uint8Array): void {
    this.#asked(this.carol, 'payment', request => ({ type: 'settle_invoice', request, preimage }))
  }

  /** Offers it to Bob, and signs. Nothing of it has arrived yet. */
  offer(wish: Wish): Offered {
    const { amount, fee = 2_000n + amount / 1_000n, delta = 80, finalBlocks = 45, final, from = this.upstream } = wish
    const outgoingCltvValue = this.stage.chain.height + finalBlocks
    const payload = encodeFinalPayload({
      type: 'plain',
      amtToForward: msat(amount),
      outgoingCltvValue,
      totalMsat: msat(wish.total ?? amount),
      ...(wish.paymentSecret !== undefined && { paymentSecret: wish.paymentSecret }),
      unknown: [],
      ...final,
    })
    const toBob = encodeIntermediatePayload({
      type: 'plain',
      amtToForward: msat(amount),
      outgoingCltvValue,
      shortChannelId: wish.scid ?? this.scid,
      unknown: [],
    })
    const hops: OnionHop[] = [
      { nodeId: this.bob.id, payload: toBob },
      // Whom Bob hands it to cannot read it then.
      { nodeId: wish.spoilt === true ? this.alice.id : this.carol.id, payload },
    ]
    const built = buildOnion({ sessionKey: this.stage.freshBytes(), associatedData: fromHex(wish.hash), hops })
    if (!built.ok) throw new Error(built.error.message)
    const id = putHtlc(this.alice, this.bob, from, {
      amountMsat: msat(amount + fee),
      paymentHash: wish.hash,
      cltvExpiry: outgoingCltvValue + delta,
      onionRoutingPacket: built.value.packet,
    })
    return { channelId: from, id, sharedSecrets: built.value.sharedSecrets }
  }

  /** Offers it, and waits until all is quiet. */
  send(wish: Wish): Offered {
    const offered = this.offer(wish)
    this.stage.settle()
    return offered
  }

  /** What became of it; nothing while it is on its way. */
  answer({ channelId, id, sharedSecrets }: Offered): Answer | undefined {
    const heard = this.answers.get(`${channelId}/${id}`)
    if (heard === undefined || heard === 'taken') return heard
    if (heard === 'malformed') throw new Error('Bob could read it')
    const decoded = decodeFailure({ reason: heard.reason, sharedSecrets })
    if (decoded.type !== 'from_hop') throw new Error('nobody signed the failure')
    return decoded.failure
  }

  /** All that Alice learns of a failure. */
  wordOf({ channelId, id, sharedSecrets }: Offered): DecodedFailure {
    const key = `${channelId}/${id}`
    const heard = this.answers.get(key)
    if (typeof heard !== 'object') throw new Error('it was refused')
    return decodeFailure({ reason: heard.reason, attributionData: this.attributions.get(key), sharedSecrets })
  }

  /** Of one that was taken, in units of 100 ms; nothing where nobody has said any. */
  holdTimesOf({ channelId, id, sharedSecrets }: Offered): readonly number[] | undefined {
    const attributionData = this.attributions.get(`${channelId}/${id}`)
    return attributionData && fulfillHoldTimes({ sharedSecrets, attributionData })
  }

  /** Who has made the failure: 0 is Bob. */
  hopOf({ channelId, id, sharedSecrets }: Offered): number {
    const heard = this.answers.get(`${channelId}/${id}`)
    if (typeof heard !== 'object') throw new Error('it was refused')
    const decoded = decodeFailure({ reason: heard.reason, sharedSecrets })
    if (decoded.type !== 'from_hop') throw new Error('nobody signed the failure')
    return decoded.hop
  }

  /** Everybody is there again. */
  rest(): void {
    for (let i = 0; i < 4; i++) this.stage.wait(60_000)
  }

  /** What Alice, Bob and Carol hold of both channels, with what is in flight counted for its payer. */
  balances() {
    const of = (side: Side, ...ids: readonly ChannelId[]) => ids.reduce((sum, id) => sum + localMsat(side, id), 0n)
    return {
      alice: of(this.alice, this.upstream),
      bob: of(this.bob, this.upstream, this.downstream),
      carol: of(this.carol, this.downstream),
    }
  }

  #heard(bytes: Uint8Array): void {
    const decoded = decodeMessage(bytes)
    if (!decoded.ok || !('channelId' in decoded.value) || !('id' in decoded.value)) return
    const message = decoded.value
    const key = `${message.channelId}/${message.id}`
    if ('attributionData' in message && message.attributionData) this.attributions.set(key, message.attributionData)
    if (message.type === 'update_fulfill_htlc') this.answers.set(key, 'taken')
    if (message.type === 'update_fail_htlc') this.answers.set(key, { reason: message.reason })
    if (message.type === 'update_fail_malformed_htlc') this.answers.set(key, 'malformed')
  }

  #asked<T extends string>(side: Side, type: T, input: (request: number) => object) {
    const request = side.ask(number => ({ type: 'payment', input: input(number) }) as Parameters<Side['turn']>[0])
    const reply = side.replyTo(request)
    expect(reply?.type).toBe(type)
    return reply as Extract<NonNullable<ReturnType<Side['replyTo']>>, { type: T }>
  }
}
