import { type ChannelId, defined, type Msat, msat, type NodeId, type PaymentHash, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import type { PaymentProgress } from '../../src/engine/index.ts'
import { addChannel, EMPTY_GRAPH, editGraph, type Graph, setPolicy } from '../../src/gossip/index.ts'
import { decodeInvoice } from '../../src/invoice/index.ts'
import { shortChannelIdOf } from '../../src/link/index.ts'
import { DEFAULT_PAYMENT_LIMITS } from '../../src/payment/index.ts'
import type { Limits, Side } from './side.ts'
import { localMsat, Stage } from './stage.ts'

/** A channel, and what its opener gives away: both in satoshis. */
export interface Edge {
  readonly between: readonly [opener: string, other: string]
  readonly capacity?: bigint
  readonly push?: bigint
}

export interface PayOptions {
  readonly maxFeeMsat?: Msat
  readonly maxParts?: number
  readonly timeoutMs?: number
  readonly token?: string
  readonly wantsProgress?: boolean
  readonly amountMsat?: Msat
}

/** Engines with channels between them, of which the first knows all that are not its own, as if it had heard of them. */
export class Ways {
  readonly stage = new Stage()
  readonly sides: readonly Side[]
  readonly channels: ReadonlyMap<string, ChannelId>
  readonly graph: Graph
  /** What the payer has heard of its payments, by request. */
  readonly progress: PaymentProgress[] = []
  readonly #edges: readonly Edge[]

  constructor(names: readonly string[], edges: readonly Edge[], limits: Limits = {}) {
    this.#edges = edges
    this.sides = names.map(name => this.stage.side(name, limits))
    for (const side of this.sides) for (let i = 0; i < edges.length; i++) side.fund(2_000_000n)
    this.stage.catchUp()
    const channels = new Map<string, ChannelId>()
    for (const { between, capacity = 1_000_000n, push = 100_000n } of edges) {
      const [opener, other] = between.map(name => this.side(name)) as [Side, Side]
      if (!opener.isUp(other.id)) this.stage.connect(opener, other)
      const name = between.join('-')
      channels.set(channels.has(name) ? `${name}-again` : name, this.stage.ready(opener, other, { capacity, push }))
    }
    this.channels = channels
    this.graph = this.#mapped()
    this.#teach()
  }

  get payer(): Side {
    return defined(this.sides[0], 'the first one pays')
  }

  side(name: string): Side {
    return defined(
      this.sides.find(side => side.name === name),
      `${name} is one of them`,
    )
  }

  channel(name: string): ChannelId {
    return defined(this.channels.get(name), `${name} is a channel`)
  }

  /** Of `payee`, who knows the preimage, or keeps it back. */
  invoice(payee: string, amountMsat: bigint, { hold = false } = {}) {
    const side = this.side(payee)
    const [preimage, paymentSecret] = [this.stage.freshBytes(), this.stage.freshBytes()]
    const hash = toHex(sha256(preimage)) as PaymentHash
    const given = { description: 'ways', expirySeconds: 3600, paymentSecret, amountMsat: msat(amountMsat) }
    const request = side.ask(number => ({
      type: 'payment',
      input: hold
        ? { type: 'create_hold_invoice', request: number, paymentHash: hash, minFinalCltvExpiryDelta: 40, ...given }
        : { type: 'create_invoice', request: number, preimage, ...given },
    }))
    const reply = side.replyTo(request)
    if (reply?.type !== 'invoice') throw new Error(`expected an invoice, got ${JSON.stringify(reply)}`)
    if (!decodeInvoice(reply.invoice).ok) throw new Error('it can be read')
    return { invoice: reply.invoice, hash, preimage }
  }

  /** It is asked for, and nothing has arrived yet. */
  pay(invoice: string, options: PayOptions = {}): number {
    const sessionKey = this.stage.freshBytes()
    return this.payer.ask(request => ({
      type: 'payment',
      input: { type: 'pay_invoice', request, invoice, sessionKey, timeoutMs: 60_000, ...options },
    }))
  }

  settleInvoice(payee: string, preimage: Uint8Array): void {
    this.side(payee).ask(request => ({ type: 'payment', input: { type: 'settle_invoice', request, preimage } }))
    this.stage.settle()
  }

  /** What each of them has in all its channels, in flight counted for its payer. */
  balances(): Readonly<Record<string, bigint>> {
    const balances: Record<string, bigint> = {}
    for (const [at, { between }] of this.#edges.entries()) {
      const id = defined([...this.channels.values()][at], 'each edge has a channel')
      for (const name of between) balances[name] = (balances[name] ?? 0n) + localMsat(this.side(name), id)
    }
    return balances
  }

  /** By how much each has more than before. */
  gains(before: Readonly<Record<string, bigint>>): Readonly<Record<string, bigint>> {
    return Object.fromEntries(Object.entries(this.balances()).map(([name, now]) => [name, now - (before[name] ?? 0n)]))
  }

  /** Everybody is there again. */
  rest(): void {
    for (let i = 0; i < 4; i++) this.stage.wait(60_000)
  }

  #mapped(): Graph {
    const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = DEFAULT_PAYMENT_LIMITS
    return editGraph(EMPTY_GRAPH, draft => {
      for (const [at, { between }] of this.#edges.entries()) {
        const id = defined([...this.channels.values()][at], 'each edge has a channel')
        const opener = this.side(between[0])
        const { state } = opener.link(id)
        if (state.channel === undefined || !('durable' in state.channel)) throw new Error('it is funded')
        const { fundingAmountSat, fundingOutpoint } = state.channel.durable.params
        const row = addChannel(draft, {
          shortChannelId: defined(shortChannelIdOf(state), 'it has a place'),
          nodeIds: between.map(name => this.side(name).id).toSorted() as [NodeId, NodeId],
          capacitySat: fundingAmountSat,
          fundingTxid: fundingOutpoint.txid,
          isRoutable: true,
        })
        const policy = {
          timestamp: 1,
          isDisabled: false,
          cltvExpiryDelta,
          htlcMinimumMsat: msat(1n),
          htlcMaximumMsat: msat(fundingAmountSat * 1000n),
          feeBaseMsat,
          feeProportionalMillionths,
          checksum: 0,
        }
        for (const direction of [0, 1] as const) setPolicy(draft, row, direction, policy)
      }
    })
  }

  /** Also after a start, which begins with the blocks: that the graph outlasts it is another room's matter. */
  #teach(): void {
    const { payer, graph } = this
    const knowing = () => {
      payer.state = { ...payer.state, gossip: { ...payer.state.gossip, graph } }
    }
    knowing()
    const catchUp = payer.catchUp.bind(payer)
    payer.catchUp = () => {
      if (payer.state.gossip.graph !== graph) knowing()
      catchUp()
    }
    const turn = payer.turn.bind(payer)
    payer.turn = (...inputs) => {
      const effects = turn(...inputs)
      for (const effect of effects) if (effect.type === 'progress') this.progress.push(effect.progress)
      return effects
    }
  }
}
