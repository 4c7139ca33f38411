import { expect } from 'vitest'
import { jsonDecode, type Msat, msat, pmapGet } from '../../src/base/index.ts'
import type { HtlcResolution } from '../../src/channel/index.ts'
import type { Payment, PaymentEffect, PaymentInput } from '../../src/payment/index.ts'
import {
  type AddHtlc,
  arrived,
  channel,
  keysendInput,
  type LookUp,
  NOT_NOW,
  type Node,
  nextRequest,
  pair,
  payInput,
} from './fixture.ts'

// Two nodes and what is between them: channels that lose, hold back, refuse, repeat and end on chain, a store that answers when it
// likes, and processes that end at any time. It keeps its own books, by which it judges those of the nodes.

export type Action =
  | { readonly type: 'invoice'; readonly node: number; readonly amount: number | undefined; readonly expiry: number }
  | { readonly type: 'pay'; readonly node: number; readonly which: number; readonly key: number | undefined }
  | { readonly type: 'keysend'; readonly node: number; readonly amount: number; readonly key: number | undefined }
  | { readonly type: 'answer' | 'cover' | 'settle' | 'repeat' | 'take_back'; readonly which: number }
  | { readonly type: 'deliver'; readonly which: number; readonly crash: boolean }
  | { readonly type: 'disconnect' | 'connect' | 'refuse_next' }
  | { readonly type: 'restart'; readonly node: number }
  | { readonly type: 'wait'; readonly ms: number }

interface WorldHtlc {
  readonly from: number
  readonly id: number
  readonly add: AddHtlc
  covered: boolean
  resolution?: HtlcResolution
  /** The event that told its sender of the end. */
  end?: PaymentInput
}

export const BUDGET = 100_000n

export class World {
  readonly nodes: readonly Node[]
  readonly htlcs: WorldHtlc[] = []
  readonly invoices: string[] = []
  readonly lookUps: { readonly node: number; readonly lookUp: LookUp }[] = []
  /** Requests whose process still lives. */
  readonly open: { readonly node: number; readonly request: number }[] = []
  connected = true
  refusals = 0

  constructor() {
    const { alice, bob } = pair()
    this.nodes = [alice, bob]
    for (const node of this.nodes) {
      const token = { id: 'shop', name: 'shop', scopes: ['spend'], secretHash: '', budgetMsat: BUDGET as Msat } as const
      node.step({ type: 'create_token', request: nextRequest(), ...token })
    }
    this.#link()
  }

  act(action: Action): void {
    switch (action.type) {
      case 'invoice': {
        const { amount, expiry } = action
        const given = { expirySeconds: expiry, amountMsat: (amount === undefined ? undefined : msat(amount)) as Msat }
        this.invoices.push(this.node(action.node).invoice(given).invoice)
        return
      }
      case 'pay': {
        const invoice = this.invoices[action.which % Math.max(1, this.invoices.length)]
        if (invoice === undefined) return
        // Enough for those that name no amount, and within twice the amount of those that do.
        const amountMsat = msat(12_000)
        this.#ask(action.node, payInput(invoice, { amountMsat, token: 'shop', ...keyOf(action.key) }))
        return
      }
      case 'keysend': {
        const peer = this.node(1 - action.node).id
        const input = keysendInput(peer, { amountMsat: msat(action.amount), ...keyOf(action.key) })
        this.#ask(action.node, input)
        return
      }
      case 'answer': {
        const [answered] = this.lookUps.splice(action.which % Math.max(1, this.lookUps.length), 1)
        if (answered === undefined) return
        const { node, lookUp } = answered
        this.#run(node, this.node(node).lookedUp(lookUp))
        return
      }
      case 'cover': {
        const htlc = pick(
          this.#live().filter(each => !each.covered && this.connected),
          action.which,
        )
        if (htlc !== undefined) htlc.covered = true
        return
      }
      case 'deliver':
        this.#deliver(
          pick(
            this.#live().filter(each => each.covered && each.resolution === undefined),
            action.which,
          ),
          action.crash,
        )
        return
      case 'settle': {
        const htlc = pick(
          this.#live().filter(each => each.resolution !== undefined),
          action.which,
        )
        if (htlc?.resolution !== undefined) this.#end(htlc, settled(htlc, htlc.resolution))
        return
      }
      case 'take_back': {
        const { which } = action
        const htlc = pick(
          this.#live().filter(each => each.covered && each.resolution?.type !== 'fulfill'),
          which,
        )
        if (htlc !== undefined)
          this.#end(htlc, { type: 'htlc_timed_out', link: htlc.add.link, id: htlc.id, cause: 'output_taken_back' })
        return
      }
      case 'repeat': {
        const htlc = pick(
          this.htlcs.filter(each => each.end !== undefined),
          action.which,
        )
        if (htlc?.end !== undefined) expect(this.node(htlc.from).step(htlc.end)).toEqual([])
        return
      }
      case 'disconnect':
        this.#disconnect()
        return
      case 'connect':
        this.connected = true
        this.#link()
        for (const node of [0, 1]) this.#run(node, { type: 'usable', peer: this.node(1 - node).id })
        return
      case 'refuse_next':
        this.refusals += 1
        return
      case 'restart':
        this.#restart(action.node)
        return
      case 'wait':
        for (const index of [0, 1]) {
          const node = this.node(index)
          node.at({ now: node.context.now + action.ms })
          this.#run(index, { type: 'tick' })
        }
        return
    }
  }

  node(index: number): Node {
    const node = this.nodes[index]
    if (node === undefined) throw new Error(`there is no node ${index}`)
    return node
  }

  /** Everything that can happen happens, until nothing is under way. */
  drain(): void {
    this.refusals = 0
    while (this.lookUps.length > 0) this.act({ type: 'answer', which: 0 })
    this.act({ type: 'connect' })
    while (this.#live().length > 0) {
      this.act({ type: 'cover', which: 0 })
      this.act({ type: 'deliver', which: 0, crash: false })
      this.act({ type: 'settle', which: 0 })
    }
    this.act({ type: 'wait', ms: 120_000 })
  }

  /** What holds after each action. */
  check(): void {
    for (const [index, node] of this.nodes.entries()) {
      const { state } = node
      const mine = this.htlcs.filter(({ from }) => from === index)
      const live = mine.filter(({ end }) => end === undefined)
      // No HTLC without its payment, and no payment that neither has an HTLC nor waits for one.
      expect(state.byHtlc.size).toBe(live.length)
      expect(state.inFlight.size).toBe(live.length + state.waiting.size)
      // Paid or about to be paid, each hash at most once.
      const standing = mine.filter(({ end }) => end === undefined || end.type === 'htlc_fulfilled')
      expect(new Set(standing.map(({ add }) => add.paymentHash)).size).toBe(standing.length)
      expect(new Set(node.replies.map(({ request }) => request)).size).toBe(node.replies.length)
      expect(pmapGet(state.tokens, 'shop')?.spentMsat).toBe(this.#spent(node))
      expect(this.#spent(node)).toBeLessThanOrEqual(BUDGET)
    }
  }

  /** What holds when nothing is under way. */
  checkEnd(): void {
    for (const [index, node] of this.nodes.entries()) {
      const { state } = node
      const { asked, locks, attempts, listeners } = state.session
      expect([state.inFlight, asked, locks, attempts, listeners].map(({ size }) => size)).toEqual([0, 0, 0, 0, 0])
      for (const { request } of this.open.filter(each => each.node === index)) node.replyTo(request)
      const payments = paymentsOf(node)
      for (const payment of payments.filter(({ direction }) => direction === 'sent')) {
        const own = this.htlcs.filter(({ from, add }) => from === index && add.payment === payment.number)
        const fulfilled = own.filter(({ end }) => end?.type === 'htlc_fulfilled')
        expect(fulfilled.length).toBe(payment.status === 'succeeded' ? 1 : 0)
        expect(payment.status).not.toBe('pending')
        const ends = node.events.filter(({ payment: { number } }) => number === payment.number)
        expect(ends).toHaveLength(1)
        expect(ends[0]?.payment).toEqual(payment)
      }
      const came = this.htlcs.filter(({ from, end }) => from !== index && end?.type === 'htlc_fulfilled')
      const received = payments.filter(({ direction }) => direction === 'received')
      expect(received.map(({ paymentHash }) => paymentHash).sort()).toEqual(
        came.map(({ add }) => add.paymentHash).sort(),
      )
      expect(sum(received)).toBe(sum(came.map(({ add }) => add)))
    }
  }

  /** How many payments were made, for a test that asks whether anything happened. */
  succeeded(): number {
    return this.htlcs.filter(({ end }) => end?.type === 'htlc_fulfilled').length
  }

  #ask(index: number, input: Extract<PaymentInput, { request: number }>): void {
    this.open.push({ node: index, request: input.request })
    this.#run(index, input)
  }

  /** The step, and the HTLCs that it asks for, at once. */
  #run(index: number, input: PaymentInput): void {
    const queue: PaymentEffect[] = [...this.node(index).step(input)]
    for (let effect = queue.shift(); effect !== undefined; effect = queue.shift()) {
      if (effect.type === 'look_up') this.lookUps.push({ node: index, lookUp: effect })
      if (effect.type === 'add_htlc') queue.push(...this.node(index).step(this.#offer(index, effect)))
    }
  }

  #offer(from: number, add: AddHtlc): PaymentInput {
    const { payment, link } = add
    if (this.refusals > 0) {
      this.refusals -= 1
      return { type: 'not_added', payment, link, failure: NOT_NOW }
    }
    expect(this.connected).toBe(true)
    const id = this.htlcs.filter(each => each.from === from && each.add.link === link).length
    this.htlcs.push({ from, id, add, covered: false })
    return { type: 'added', payment, link, id }
  }

  /** With a crash the step is never stored: the event comes again after the start. */
  #deliver(htlc: WorldHtlc | undefined, crash: boolean): void {
    if (htlc === undefined) return
    const index = 1 - htlc.from
    const node = this.node(index)
    const [store, events] = [new Map(node.store), node.events.length]
    const { link } = htlc.add
    const received = { link, peer: this.node(htlc.from).id, htlc: arrived(htlc.add, htlc.id), overDustExposure: false }
    const effects = node.step({ type: 'htlc_received', ...received })
    const resolve = effects.find(effect => effect.type === 'resolve_htlc')
    expect(resolve).toMatchObject({ link, id: htlc.id })
    if (crash) {
      node.store = store
      node.events.splice(events)
      this.#restart(index)
    } else if (resolve !== undefined) {
      htlc.resolution = resolve.resolution
    }
  }

  #end(htlc: WorldHtlc, end: PaymentInput): void {
    htlc.end = end
    this.#run(htlc.from, end)
  }

  #restart(index: number): void {
    this.node(index).restart()
    this.lookUps.splice(0, Infinity, ...this.lookUps.filter(({ node }) => node !== index))
    this.open.splice(0, Infinity, ...this.open.filter(({ node }) => node !== index))
    this.#disconnect()
    this.#run(index, { type: 'tick' })
  }

  #disconnect(): void {
    this.connected = false
    this.#link()
    for (const htlc of this.#live().filter(({ covered }) => !covered)) {
      this.#end(htlc, { type: 'htlc_dropped', link: htlc.add.link, id: htlc.id })
    }
  }

  /** Two channels, so that there is another one to try. */
  #link(): void {
    for (const index of [0, 1]) {
      const peer = this.node(1 - index).id
      this.node(index).candidates = this.connected ? [channel(1, peer), channel(2, peer, msat(15_000))] : []
    }
  }

  #live(): readonly WorldHtlc[] {
    return this.htlcs.filter(({ end }) => end === undefined)
  }

  /** Invoices are paid under the token, all else without. */
  #spent(node: Node): bigint {
    const counted = paymentsOf(node).filter(({ direction, status, invoice }) => {
      return direction === 'sent' && status !== 'failed' && invoice !== undefined
    })
    return sum(counted)
  }
}

const keyOf = (key: number | undefined) => (key === undefined ? {} : { idempotencyKey: `key ${key}` })

function pick<T>(items: readonly T[], which: number): T | undefined {
  return items[which % Math.max(1, items.length)]
}

function settled({ id, add: { link } }: WorldHtlc, resolution: HtlcResolution): PaymentInput {
  return resolution.type === 'fulfill'
    ? { type: 'htlc_fulfilled', link, id, paymentPreimage: resolution.paymentPreimage }
    : { type: 'htlc_failed', link, id, resolution }
}

function paymentsOf(node: Node): readonly Payment[] {
  return [...node.store].flatMap(([key, bytes]) => {
    if (!key.startsWith('payment/')) return []
    const payment = jsonDecode<Payment>(bytes)
    return payment.ok ? [payment.value] : []
  })
}

const sum = (items: readonly { readonly amountMsat: bigint }[]): bigint =>
  items.reduce((total, { amountMsat }) => total + amountMsat, 0n)
