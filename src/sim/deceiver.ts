import { type PaymentHash, paymentHash, unreachable } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'
import { openPaymentOnion } from '../onion/index.ts'
import {
  decodeMessage,
  encodeMessage,
  type UpdateAddHtlc,
  type UpdateFailHtlc,
  type UpdateFulfillHtlc,
} from '../wire/index.ts'
import type { Clock } from './clock.ts'
import { DECEITS, type Deceit, lesserOnion, ownOnion, type Passing } from './deceits.ts'
import type { Lies } from './liar.ts'
import { onionKey } from './lies.ts'
import type { SimNode } from './node.ts'
import type { Random } from './random.ts'

// A node on the way that deceives those around it. Its engine does what the onion says that it gets; what leaves is changed on its way out.

/** Each for the next HTLC, or the next message, that it can be done with. */
interface Armed {
  readonly deceit: Deceit
  readonly random: Random
}

type Removal = UpdateFulfillHtlc | UpdateFailHtlc

export class Deceiver {
  readonly #node: SimNode
  readonly #clock: Clock
  readonly #lies: Lies
  #armed: readonly Armed[] = []
  /** By channel, id and onion: what its engine gets instead, each time that it is said. */
  readonly #instead = new Map<string, Uint8Array>()
  /** By the key of an onion that its engine passes on: the one that leaves. */
  readonly #inner = new Map<string, Uint8Array>()
  /** Of everything that came by. */
  readonly #preimages = new Map<PaymentHash, Uint8Array>()
  /** What goes back in the end, and of it what it takes where it can. */
  readonly #kept = new Set<PaymentHash>()
  readonly #awaited = new Set<PaymentHash>()

  constructor(node: SimNode, clock: Clock, lies: Lies) {
    this.#node = node
    this.#clock = clock
    this.#lies = lies
  }

  deceive(deceit: Deceit, random: Random): void {
    this.#armed = [...this.#armed, { deceit, random }]
  }

  /** It deceives nobody any more. What it has kept for a while it sends back. */
  behave(): void {
    this.#armed = []
    for (const hash of this.#kept)
      this.#node.ask(request => ({
        type: 'payment',
        input: { type: 'cancel_invoice', request, paymentHash: hash },
      }))
  }

  /** What its engine gets instead of this message. */
  incoming(bytes: Uint8Array): Uint8Array {
    const decoded = decodeMessage(bytes)
    if (!decoded.ok) return bytes
    const message = decoded.value
    if (message.type === 'update_fulfill_htlc') this.#learn(message)
    if (message.type !== 'update_add_htlc') return bytes
    const key = `${message.channelId} ${message.id} ${onionKey(message.onionRoutingPacket)}`
    const instead = this.#instead.get(key) ?? this.#onionFor(message)
    if (instead === undefined) return bytes
    this.#instead.set(key, instead)
    return encodeMessage({ ...message, onionRoutingPacket: instead })
  }

  /** What leaves instead of this message: one, or two. */
  outgoing(bytes: Uint8Array): readonly Uint8Array[] {
    const decoded = decodeMessage(bytes)
    if (!decoded.ok) return [bytes]
    const message = decoded.value
    if (message.type === 'update_add_htlc') return [this.#offer(message, bytes)]
    if (message.type === 'update_fulfill_htlc') this.#learn(message)
    if (message.type !== 'update_fulfill_htlc' && message.type !== 'update_fail_htlc') return [bytes]
    return this.#answer(message, bytes)
  }

  #learn({ paymentPreimage }: UpdateFulfillHtlc): void {
    const hash = paymentHash(sha256(paymentPreimage))
    if (this.#preimages.has(hash)) return
    this.#preimages.set(hash, paymentPreimage)
    this.#take(hash, TRIES)
  }

  /** Where its HTLC is not irrevocable yet, once more later. */
  #take(hash: PaymentHash, tries: number): void {
    const preimage = this.#preimages.get(hash)
    if (preimage === undefined || !this.#awaited.has(hash)) return
    this.#lies.claimed.add(hash)
    this.#node.ask(
      request => ({ type: 'payment', input: { type: 'settle_invoice', request, preimage } }),
      reply => {
        if (reply.type === 'refused' && tries > 1) this.#clock.after(PAUSE_MS, () => this.#take(hash, tries - 1))
      },
    )
  }

  #onionFor(htlc: UpdateAddHtlc): Uint8Array | undefined {
    if (!this.#armed.some(({ deceit }) => DECEITS[deceit] === 'onion')) return undefined
    const { nodeSecret } = this.#node.context(0)
    const opened = openPaymentOnion({ htlc, nodeSecret })
    // Of a blinded path its maker would be told nothing.
    if (!opened.ok || opened.value.type !== 'forward' || opened.value.position !== 'outside') return undefined
    for (const armed of this.#armed) {
      const sessionKey = armed.random.bytes(32)
      const onion = this.#ownOnion(armed, { htlc, onion: opened.value, self: this.#node.id, sessionKey })
      if (onion === undefined) continue
      this.#disarm(armed)
      return onion
    }
    return undefined
  }

  #ownOnion({ deceit, random }: Armed, passing: Passing): Uint8Array | undefined {
    switch (deceit) {
      case 'refuse':
        // Of no invoice.
        return ownOnion(passing, random.bytes(32))
      case 'claim':
      case 'keep':
      case 'keep_on':
        return this.#keep(passing, random.bytes(32), deceit)
      case 'less':
        return this.#lessen(passing, { msat: 1n, blocks: 0 })
      case 'sooner':
        return this.#lessen(passing, { msat: 0n, blocks: 1 })
      case 'other_onion':
      case 'other_preimage':
      case 'garble':
      case 'twice':
        return undefined
      default:
        return unreachable(deceit)
    }
  }

  /** For an invoice of its own, whose preimage it does not have yet. */
  #keep(passing: Passing, paymentSecret: Uint8Array, deceit: 'claim' | 'keep' | 'keep_on'): Uint8Array {
    const { paymentHash: hash } = passing.htlc
    if (deceit !== 'keep_on') this.#kept.add(hash)
    if (deceit === 'claim') this.#awaited.add(hash)
    this.#node.ask(request => ({
      type: 'payment',
      input: {
        type: 'create_hold_invoice',
        request,
        paymentHash: hash,
        paymentSecret,
        description: 'a payment of others',
        expirySeconds: KEEP_SECONDS,
        minFinalCltvExpiryDelta: LEAST_BLOCKS,
      },
    }))
    this.#take(hash, TRIES)
    return ownOnion(passing, paymentSecret)
  }

  #lessen(passing: Passing, less: Parameters<typeof lesserOnion>[1]): Uint8Array | undefined {
    const onionRoutingPacket = lesserOnion(passing, less)
    if (onionRoutingPacket === undefined) return undefined
    const { nodeSecret } = this.#node.context(0)
    const opened = openPaymentOnion({ htlc: { ...passing.htlc, onionRoutingPacket }, nodeSecret })
    if (!opened.ok || opened.value.type !== 'forward') return undefined
    this.#inner.set(onionKey(opened.value.packet), passing.onion.packet)
    return onionRoutingPacket
  }

  #offer(htlc: UpdateAddHtlc, bytes: Uint8Array): Uint8Array {
    const inner = this.#inner.get(onionKey(htlc.onionRoutingPacket))
    if (inner !== undefined) return encodeMessage({ ...htlc, onionRoutingPacket: inner })
    // What it sends itself it lies about in another way.
    const isOwn = this.#lies.byHash.has(htlc.paymentHash)
    const armed = isOwn ? undefined : this.#armed.find(({ deceit }) => deceit === 'other_onion')
    if (armed === undefined) return bytes
    this.#disarm(armed)
    return encodeMessage({ ...htlc, onionRoutingPacket: turned(htlc.onionRoutingPacket, armed.random) })
  }

  #answer(removal: Removal, bytes: Uint8Array): readonly Uint8Array[] {
    const armed = this.#armed.find(({ deceit }) => DECEITS[deceit] === 'answer' && isFor(deceit, removal))
    if (armed === undefined) return [bytes]
    this.#disarm(armed)
    const { deceit, random } = armed
    if (deceit === 'twice') return [bytes, encodeMessage(this.#opposite(removal, random))]
    if (removal.type === 'update_fulfill_htlc')
      return [encodeMessage({ ...removal, paymentPreimage: random.bytes(32) })]
    const { reason, attributionData } = removal
    const isData = attributionData !== undefined && random.chance(0.5)
    const said = isData ? { attributionData: turned(attributionData, random) } : { reason: turned(reason, random) }
    return [encodeMessage({ ...removal, ...said })]
  }

  #opposite({ type, channelId, id }: Removal, random: Random): Removal {
    if (type === 'update_fulfill_htlc')
      return { type: 'update_fail_htlc', channelId, id, reason: random.bytes(REASON_BYTES) }
    const preimage = random.pick([...this.#preimages.values(), random.bytes(32)])
    return { type: 'update_fulfill_htlc', channelId, id, paymentPreimage: preimage }
  }

  #disarm(armed: Armed): void {
    this.#armed = this.#armed.filter(each => each !== armed)
  }
}

const KEEP_SECONDS = 3_600
const [TRIES, PAUSE_MS] = [20, 50]
/** Whatever comes has so many. */
const LEAST_BLOCKS = 1
/** Of a failure without attribution data, of the usual length (BOLT 4, returning errors). */
const REASON_BYTES = 292

function isFor(deceit: Deceit, { type }: Removal): boolean {
  if (deceit === 'garble') return type === 'update_fail_htlc'
  return deceit === 'twice' || type === 'update_fulfill_htlc'
}

function turned(bytes: Uint8Array, random: Random): Uint8Array {
  const next = bytes.slice()
  const at = random.below(next.length)
  next[at] = (next[at] ?? 0) ^ (1 << random.below(8))
  return next
}
