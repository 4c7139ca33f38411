import { msat, type PaymentHash, paymentHash, pmapDelete, pmapEntries, pmapGet } from '../base/index.ts'
import { channelIdOf } from '../channel/index.ts'
import { sha256 } from '../crypto/index.ts'
import { signInvoice } from '../invoice/index.ts'
import { DEFAULT_PAYMENT_LIMITS, sentHashKey } from '../payment/index.ts'
import { decodeMessage, encodeMessage, type ShortChannelId, type UpdateAddHtlc } from '../wire/index.ts'
import type { AdversaryDeed } from './adversaryDeeds.ts'
import type { Clock } from './clock.ts'
import { amountsOf, deltaOver, LIES, type Lie, type LieHop, lyingOnion, onionKey, type Story, withFee } from './lies.ts'
import type { SimNode } from './node.ts'
import type { Random } from './random.ts'

// A sender that lies: its engine offers an HTLC to a peer, as for an invoice of that peer, and what leaves has another onion. Nobody's
// signature changes with it.

type LieDeed = Extract<AdversaryDeed, { type: 'lie' }>

/** An onion that has left. */
interface Told {
  readonly story: Story
  readonly packet: Uint8Array
  readonly cltvExpiry: number
  readonly sharedSecrets: readonly Uint8Array[]
}

/** What was lied about in a world: what has left, and nothing else. */
export class Lies {
  readonly byHash = new Map<PaymentHash, Story>()
  /** By the key that the onion begins with. */
  readonly byOnion = new Map<string, Told>()
  /** What somebody who had the preimage from another payment has taken that it was to pass on. */
  readonly claimed = new Set<string>()

  tell(told: Told): void {
    this.byHash.set(told.story.paymentHash, told.story)
    this.byOnion.set(onionKey(told.packet), told)
  }
}

export class Liar {
  readonly #node: SimNode
  readonly #clock: Clock
  readonly #nodes: () => readonly SimNode[]
  readonly #lies: Lies
  readonly #stories = new Map<PaymentHash, { readonly story: Story; readonly random: Random; told: readonly Told[] }>()
  /** By channel, id and hash: what was said of an HTLC once is said again when it is. */
  readonly #said = new Map<string, Told>()
  #isOver = false

  constructor(node: SimNode, clock: Clock, world: { readonly nodes: readonly SimNode[]; readonly lies: Lies }) {
    this.#node = node
    this.#clock = clock
    this.#nodes = () => world.nodes
    this.#lies = world.lies
  }

  /** Nothing where no way leads there now. */
  lie({ lie, to, isStraight, amountMsat, afterMs }: LieDeed, random: Random): void {
    const nodes = this.#nodes()
    const payee = nodes[to % nodes.length]
    const hops = payee === undefined ? undefined : this.#way(payee, isStraight && !needsForwarder(lie))
    if (payee === undefined || hops === undefined || (hops.length === 1 && needsForwarder(lie))) return
    const preimage = random.bytes(32)
    const story: Story = {
      lie,
      hops,
      preimage,
      paymentHash: paymentHash(sha256(preimage)),
      amountMsat: BigInt(amountMsat),
    }
    const begin = (told: Story) => {
      this.#stories.set(told.paymentHash, { story: told, random: random.split('onions'), told: [] })
      this.#offer(told, 0)
      if (amountsOf(told).length > 1) this.#clock.after(afterMs, () => this.#offer(told, 1))
    }
    if (!PAYS_AN_INVOICE.has(lie)) {
      begin(story)
      return
    }
    const paymentSecret = random.bytes(32)
    const biller = lie === 'through' ? nodes.find(({ id }) => id === hops[0]?.nodeId) : payee
    biller?.ask(
      request => ({
        type: 'payment',
        input: {
          type: 'create_invoice',
          request,
          description: 'a coffee',
          expirySeconds: 3_600,
          preimage,
          paymentSecret,
          amountMsat: msat(story.amountMsat),
        },
      }),
      reply => {
        if (reply.type === 'invoice') begin({ ...story, paymentSecret })
      },
    )
  }

  /** It says no more lies than it has said. */
  behave(): void {
    this.#isOver = true
  }

  /** What leaves instead of this message. */
  outgoing(bytes: Uint8Array): Uint8Array {
    if (this.#stories.size === 0) return bytes
    const decoded = decodeMessage(bytes)
    if (!decoded.ok || decoded.value.type !== 'update_add_htlc') return bytes
    const onionRoutingPacket = this.#onionFor(decoded.value)
    return onionRoutingPacket === undefined ? bytes : encodeMessage({ ...decoded.value, onionRoutingPacket })
  }

  #onionFor(htlc: UpdateAddHtlc): Uint8Array | undefined {
    const { channelId, id, paymentHash: hash, cltvExpiry, amountMsat } = htlc
    const key = `${channelId} ${id} ${hash}`
    const said = this.#said.get(key)
    if (said?.cltvExpiry === cltvExpiry) return said.packet
    const begun = this.#stories.get(hash)
    if (begun === undefined) return undefined
    const { story, told, random } = begun
    const index = told.length
    const expectedMsat = withFee(amountsOf(story)[index] ?? 0n, story.hops)
    // It goes another way, or in parts: so it is for the peer, who knows nothing of it.
    if (amountMsat !== expectedMsat || this.#peerOf(htlc) !== story.hops[0]?.nodeId) return undefined
    const [first] = told
    const next: Told =
      story.lie === 'replay' && first !== undefined
        ? { ...first, cltvExpiry }
        : this.#told(story, { cltvExpiry, index, sessionKey: random.bytes(32) })
    begun.told = [...told, next]
    this.#said.set(key, next)
    if (index === 0 || story.lie !== 'replay') this.#lies.tell(next)
    this.#forget(hash)
    return next.packet
  }

  #told(story: Story, offered: Parameters<typeof lyingOnion>[1]): Told {
    const { packet, sharedSecrets } = lyingOnion(story, offered)
    return { story, packet, sharedSecrets, cltvExpiry: offered.cltvExpiry }
  }

  #peerOf({ channelId }: UpdateAddHtlc): string | undefined {
    return this.#node.links.find(
      ({ state: { channel } }) => channel !== undefined && channelIdOf(channel) === channelId,
    )?.peer
  }

  /** Straight, or over somebody who has channels with both. */
  #way(payee: SimNode, isStraight: boolean): readonly LieHop[] | undefined {
    const isPeer = ({ id }: SimNode) =>
      this.#node.links.some(({ peer, state }) => peer === id && state.channel?.state === 'normal')
    const straight = isPeer(payee) ? [{ nodeId: payee.id }] : undefined
    if (isStraight && straight !== undefined) return straight
    for (const via of this.#nodes()) {
      const shortChannelId = via === payee || !isPeer(via) ? undefined : shortIdOf(via, payee)
      if (shortChannelId !== undefined) return [{ nodeId: via.id }, { nodeId: payee.id, shortChannelId }]
    }
    return straight
  }

  /** Its engine pays the first hop, who has never asked for it. */
  #offer(story: Story, index: number): void {
    const { paymentHash: hash, hops } = story
    const peer = this.#nodes().find(({ id }) => id === hops[0]?.nodeId)
    const [first] = this.#stories.get(hash)?.told ?? []
    // An onion whose HTLC has expired may be forgotten (BOLT 4): there is nothing to be found out any more.
    const height = this.#node.state.blocks.at(-1)?.height ?? 0
    const isLate = first !== undefined && first.cltvExpiry - height < BLOCKS_LEFT
    // What is left of the one before in its records would keep its engine from offering the hash again.
    if (peer === undefined || this.#isOver || isLate || this.#node.disk.records.has(sentHashKey(hash))) return
    const { nodeSecret, now } = peer.context(0)
    const { random } = this.#stories.get(hash) ?? {}
    if (random === undefined) return
    const invoice = signInvoice(
      {
        network: 'regtest',
        amountMsat: msat(withFee(amountsOf(story)[index] ?? 0n, hops)),
        timestamp: Math.floor(now / 1000),
        paymentHash: hash,
        paymentSecret: random.bytes(32),
        description: { type: 'text', text: 'a lie' },
        minFinalCltvExpiryDelta: DEFAULT_PAYMENT_LIMITS.finalCltvExpiryDelta + deltaOver(hops),
      },
      nodeSecret,
    )
    const sessionKey = random.bytes(32)
    this.#node.ask(request => ({
      type: 'payment',
      input: { type: 'pay_invoice', request, invoice, sessionKey, timeoutMs: 1_000 },
    }))
  }

  /** What it has paid it does not know any more, in its memory and, with its next commit, in its records: so it offers the same hash again. */
  #forget(hash: PaymentHash): void {
    const { state, disk } = this.#node
    let { inFlight, byHtlc } = state.payments
    const keys = [sentHashKey(hash)]
    for (const [key, { payment, parts }] of pmapEntries(inFlight)) {
      if (payment.paymentHash !== hash) continue
      inFlight = pmapDelete(inFlight, key)
      for (const { link, id } of parts) byHtlc = pmapDelete(byHtlc, `${link}/${id}`)
      keys.push(`in-flight/${key}`)
    }
    const byHash = pmapDelete(state.payments.byHash, hash)
    this.#node.state = { ...state, payments: { ...state.payments, inFlight, byHash, byHtlc } }
    disk.write(keys.map(key => ({ type: 'delete', key })))
  }
}

/** An onion that is said again has at least so many blocks to go. */
const BLOCKS_LEFT = 24
/** The others bring their preimage with them. */
const PAYS_AN_INVOICE: ReadonlySet<string> = new Set([
  'secret',
  'too_little',
  'too_much',
  'part',
  'totals',
  'twice',
  'through',
])

const needsForwarder = (lie: Lie): boolean => lie === 'through' || LIES[lie].finder === 'forwarder'

/** How a node calls one of its channels with another one. */
function shortIdOf({ state }: SimNode, { id }: SimNode): ShortChannelId | undefined {
  for (const [name, index] of pmapEntries(state.shortIds)) {
    // The keys of this map are such ids.
    if (pmapGet(state.links, String(index))?.peer === id) return name as ShortChannelId
  }
  return undefined
}
