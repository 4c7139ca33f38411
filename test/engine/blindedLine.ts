import { defined, fromHex, msat, type PaymentHash, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { decodeInvoice } from '../../src/invoice/index.ts'
import { shortChannelIdOf } from '../../src/link/index.ts'
import {
  aggregateRelays,
  buildOnion,
  createBlindedPath,
  decodeFailure,
  encodeFinalPayload,
  encodeIntermediatePayload,
  type FailureMessage,
  openPaymentOnion,
  type PaymentRelay,
  padRecipientData,
  type RecipientData,
} from '../../src/onion/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../../src/payment/index.ts'
import { decodeMessage, encodeMessage, type Message, type UpdateAddHtlc } from '../../src/wire/index.ts'
import { putHtlc } from './putHtlc.ts'
import type { Limits, Side } from './side.ts'
import { type ChannelId, localMsat, Stage } from './stage.ts'

/** What the maker of the path says that each hop takes: what ours asks for by default. */
export const RELAY: PaymentRelay = {
  feeBaseMsat: DEFAULT_PAYMENT_LIMITS.feeBaseMsat,
  feeProportionalMillionths: DEFAULT_PAYMENT_LIMITS.feeProportionalMillionths,
  cltvExpiryDelta: DEFAULT_PAYMENT_LIMITS.cltvExpiryDelta,
}

export interface BlindedWish {
  /** What Dave is to get. */
  readonly amount: bigint
  readonly hash: PaymentHash
  /** What the path says to Bob and to Carol, where that is something else. */
  readonly bob?: RecipientData
  readonly carol?: RecipientData
  /** The path names the nodes, and not the channels. */
  readonly byNode?: boolean
}

export interface BlindedOffer {
  readonly id: number
  readonly packet: Uint8Array
  readonly sharedSecrets: readonly Uint8Array[]
}

/** What Bob has said to Alice of an HTLC, and Carol to Bob. */
export type Word = 'taken' | { readonly type: 'malformed'; readonly code: number } | { readonly reason: Uint8Array }

/**
 * Alice, Bob, Carol and Dave in a row, all engines. Alice pays by hand over a blinded path that begins with Bob. We give out no such
 * paths, so Dave's end of it is played by his porter, who holds his keys: he opens what Carol sends, and hands Dave the same HTLC with
 * an onion like any other. No commitment has the onion in it, so Carol and Dave never notice.
 */
export class BlindedLine {
  readonly stage = new Stage()
  readonly alice: Side
  readonly bob: Side
  readonly carol: Side
  readonly dave: Side
  readonly channels: readonly [ChannelId, ChannelId, ChannelId]
  /** By id of the HTLC on the first and on the second channel. */
  readonly toAlice = new Map<number, Word>()
  readonly toBob = new Map<number, Word>()
  /** Each offer of Bob's and of Carol's, before the porter. */
  readonly offers: { readonly from: Side; readonly message: UpdateAddHtlc }[] = []
  /** What Dave's invoice asks for, by payment hash. */
  readonly #secrets = new Map<PaymentHash, Uint8Array>()
  readonly #pathId = this.stage.freshBytes()
  /** Whether the porter is at the door. */
  porter = true

  constructor(limits: Limits = {}) {
    const [alice, bob, carol, dave] = this.stage.sidesOf(['alice', 'bob', 'carol', 'dave'], { limits })
    this.alice = alice
    this.bob = bob
    this.carol = carol
    this.dave = dave
    const open = (from: Side, to: Side) => this.stage.ready(from, to, { capacity: 1_000_000n, push: 100_000n })
    this.channels = [open(alice, bob), open(bob, carol), open(carol, dave)]
    this.stage.onSent = (from, bytes) => this.#heard(from, bytes)
    const { onSend } = carol
    carol.onSend = (connection, bytes) => onSend(connection, this.#handed(bytes))
  }

  /** An invoice of Dave's, which he pays out for at once or holds. */
  invoice(amount: bigint, { hold = false } = {}): { readonly hash: PaymentHash; readonly preimage: Uint8Array } {
    const [preimage, paymentSecret] = [this.stage.freshBytes(), this.stage.freshBytes()]
    const hash = toHex(sha256(preimage)) as PaymentHash
    const given = { description: 'line', expirySeconds: 3600, paymentSecret, amountMsat: msat(amount) }
    const request = this.dave.ask(number => ({
      type: 'payment',
      input: hold
        ? { type: 'create_hold_invoice', request: number, paymentHash: hash, minFinalCltvExpiryDelta: 30, ...given }
        : { type: 'create_invoice', request: number, preimage, ...given },
    }))
    const reply = this.dave.replyTo(request)
    if (reply?.type !== 'invoice' || !decodeInvoice(reply.invoice).ok) throw new Error('Dave makes an invoice')
    this.#secrets.set(hash, paymentSecret)
    return { hash, preimage }
  }

  settleInvoice(preimage: Uint8Array): void {
    this.dave.ask(request => ({ type: 'payment', input: { type: 'settle_invoice', request, preimage } }))
    this.stage.settle()
  }

  /** Of a preimage that nobody has. */
  unknownHash(): PaymentHash {
    return toHex(this.stage.freshBytes()) as PaymentHash
  }

  /** What Alice pays so that Dave gets this much, by the fees of the path as a whole. */
  priceOf(amount: bigint): bigint {
    const { feeBaseMsat, feeProportionalMillionths } = aggregateRelays([RELAY, RELAY], 0)
    return amount + feeBaseMsat + (amount * BigInt(feeProportionalMillionths) + 999_999n) / 1_000_000n
  }

  /** Offers it to Bob, and signs. Nothing of it has arrived yet. */
  offer({ amount, hash, bob = {}, carol = {}, byNode = false }: BlindedWish): BlindedOffer {
    const [toBob, toCarol] = [this.#nextOf(1, this.carol, byNode), this.#nextOf(2, this.dave, byNode)]
    const finalExpiry = this.stage.chain.height + 45
    const paymentConstraints = { maxCltvExpiry: finalExpiry + 500, htlcMinimumMsat: msat(1n) }
    const said = { paymentRelay: RELAY, paymentConstraints }
    const data = padRecipientData([
      { ...toBob, ...said, ...bob },
      { ...toCarol, ...said, ...carol },
      { pathId: this.#pathId },
    ])
    const nodes = [this.bob, this.carol, this.dave]
    const made = createBlindedPath({
      pathSecret: this.stage.freshBytes(),
      hops: nodes.map(({ id: nodeId }, i) => ({ nodeId, data: defined(data[i], 'one for each') })),
    })
    if (!made.ok) throw new Error(made.error.message)
    const { firstPathKey: currentPathKey, path } = made.value
    const hops = path.map(({ blindedNodeId, encryptedRecipientData }, i) => {
      const first = i === 0 ? { currentPathKey } : {}
      const blinded = { type: 'blinded', encryptedRecipientData, ...first } as const
      const amounts = { amtToForward: msat(amount), outgoingCltvValue: finalExpiry, totalMsat: msat(amount) }
      const payload = i === 2 ? encodeFinalPayload({ ...blinded, ...amounts }) : encodeIntermediatePayload(blinded)
      return { nodeId: i === 0 ? this.bob.id : blindedNodeId, payload }
    })
    const built = buildOnion({ sessionKey: this.stage.freshBytes(), associatedData: fromHex(hash), hops })
    if (!built.ok) throw new Error(built.error.message)
    const { packet, sharedSecrets } = built.value
    const id = putHtlc(this.alice, this.bob, this.channels[0], {
      amountMsat: msat(this.priceOf(amount)),
      paymentHash: hash,
      cltvExpiry: finalExpiry + 2 * RELAY.cltvExpiryDelta,
      onionRoutingPacket: packet,
    })
    return { id, packet, sharedSecrets }
  }

  /** Offers it, and waits until all is quiet. */
  send(wish: BlindedWish): BlindedOffer {
    const offer = this.offer(wish)
    this.stage.settle()
    return offer
  }

  /** What Alice reads; nothing while it is on its way. */
  answer({ id, sharedSecrets }: BlindedOffer): 'taken' | (FailureMessage & { readonly hop: number }) | undefined {
    const word = this.toAlice.get(id)
    if (word === undefined || word === 'taken') return word
    if (!('reason' in word)) throw new Error('Bob begins the path: he could read it')
    const decoded = decodeFailure({ reason: word.reason, sharedSecrets })
    if (decoded.type !== 'from_hop') throw new Error('nobody signed the failure')
    return { ...decoded.failure, hop: decoded.hop }
  }

  /** Everybody is there again. */
  rest(): void {
    for (let i = 0; i < 4; i++) this.stage.wait(60_000)
  }

  /** What each has in its channels, with what is in flight counted for its payer. */
  balances() {
    const [first, second, third] = this.channels
    return {
      alice: localMsat(this.alice, first),
      bob: localMsat(this.bob, first) + localMsat(this.bob, second),
      carol: localMsat(this.carol, second) + localMsat(this.carol, third),
      dave: localMsat(this.dave, third),
    }
  }

  #nextOf(channel: 1 | 2, next: Side, byNode: boolean): RecipientData {
    if (byNode) return { nextNodeId: next.id }
    const { state } = next.link(this.channels[channel])
    return { shortChannelId: defined(shortChannelIdOf(state), 'the channel has an id') }
  }

  #heard(from: Side, bytes: Uint8Array): void {
    const message = known(bytes)
    if (message?.type === 'update_add_htlc' && message.pathKey !== undefined) {
      this.offers.push({ from, message })
    }
    if (message === undefined || !('channelId' in message) || !('id' in message)) return
    const [first, second] = this.channels
    const words = from === this.bob && message.channelId === first ? this.toAlice : this.toBob
    if (words === this.toBob && (from !== this.carol || message.channelId !== second)) return
    const id = Number(message.id)
    if (message.type === 'update_fulfill_htlc') words.set(id, 'taken')
    if (message.type === 'update_fail_htlc') words.set(id, { reason: message.reason })
    if (message.type === 'update_fail_malformed_htlc') words.set(id, { type: 'malformed', code: message.failureCode })
  }

  /** The porter: what Carol sends to Dave on the path, for Dave as he knows it. */
  #handed(bytes: Uint8Array): Uint8Array {
    const message = known(bytes)
    if (message?.type !== 'update_add_htlc' || !this.porter || message.channelId !== this.channels[2]) return bytes
    this.#heard(this.carol, bytes)
    const { pathKey: _, ...htlc } = message
    const opened = openPaymentOnion({ htlc: message, nodeSecret: this.dave.context().nodeSecret })
    if (!opened.ok || opened.value.type !== 'final') throw new Error('it is for Dave, and he can read it')
    const { payload, recipientData, position } = opened.value
    if (payload.type !== 'blinded' || position !== 'inside') throw new Error('it came over his path')
    if (toHex(recipientData?.pathId ?? new Uint8Array(0)) !== toHex(this.#pathId)) throw new Error('the path is his')
    const paymentSecret = this.#secrets.get(htlc.paymentHash)
    const { amtToForward, outgoingCltvValue, totalMsat } = payload
    const plain = { type: 'plain', amtToForward, outgoingCltvValue, totalMsat, unknown: [] } as const
    const built = buildOnion({
      sessionKey: sha256(htlc.onionRoutingPacket),
      associatedData: fromHex(htlc.paymentHash),
      hops: [
        { nodeId: this.dave.id, payload: encodeFinalPayload({ ...plain, ...(paymentSecret && { paymentSecret }) }) },
      ],
    })
    if (!built.ok) throw new Error(built.error.message)
    return encodeMessage({ ...htlc, onionRoutingPacket: built.value.packet })
  }
}

function known(bytes: Uint8Array): Exclude<Message, { type: 'unknown' }> | undefined {
  const decoded = decodeMessage(bytes)
  return decoded.ok && decoded.value.type !== 'unknown' ? decoded.value : undefined
}
