import {
  assert,
  byteAt,
  concat,
  encode,
  type Msat,
  msat,
  type PaymentHash,
  paymentHash,
  u64Number,
  utf8Encode,
} from '../../base/index.ts'
import type { FundedChannel } from '../../channel/index.ts'
import { sha256 } from '../../crypto/index.ts'
import {
  KEPT_MSAT,
  MAX_IN_FLIGHT,
  MAX_OFFERED,
  MAX_PAYMENT_MSAT,
  MIN_PAYMENT_MSAT,
  ONION_LENGTH,
  PAYMENT_EXPIRY_BLOCKS,
} from './constants.ts'
import type { LinkEvent, Name, Party } from './party.ts'
import type { Progress } from './report.ts'
import type { World } from './world.ts'

// Payments in both directions. The payee draws a preimage and gives its hash to the payer, as an invoice would; the payer
// offers an HTLC; the payee takes it with the preimage.

export interface PaymentTotals {
  readonly count: number
  readonly sumMsat: bigint
}

export interface PaymentRun {
  readonly aliceToBob: PaymentTotals
  readonly bobToAlice: PaymentTotals
  readonly seconds: number
  readonly mostInFlight: number
}

export const NO_PAYMENTS: PaymentRun = {
  aliceToBob: { count: 0, sumMsat: 0n },
  bobToAlice: { count: 0, sumMsat: 0n },
  seconds: 0,
  mostInFlight: 0,
}

/** Makes `count` payments, many on their way at once, and resolves when the last one has left both commitments. */
export async function runPayments(world: World, count: number, progress: Progress): Promise<PaymentRun> {
  if (count === 0) return NO_PAYMENTS
  const started = performance.now()
  const traffic = new Traffic(world, count, progress)
  await traffic.run()
  const seconds = (performance.now() - started) / 1000
  return { ...traffic.totals(), seconds, mostInFlight: traffic.mostInFlight }
}

interface OnItsWay {
  readonly payer: Name
  readonly amountMsat: Msat
}

/** The payments that are on their way, and the rule by which the next one starts. */
class Traffic {
  readonly #world: World
  readonly #count: number
  readonly #progress: Progress
  readonly #onItsWay = new Map<PaymentHash, OnItsWay>()
  readonly #indexes = new Map<PaymentHash, number>()
  readonly #hashes = new Map<string, PaymentHash>()
  readonly #totals = { alice: { count: 0, sumMsat: 0n }, bob: { count: 0, sumMsat: 0n } }
  #next = 0
  #done = 0
  mostInFlight = 0

  constructor(world: World, count: number, progress: Progress) {
    this.#world = world
    this.#count = count
    this.#progress = progress
  }

  totals(): Pick<PaymentRun, 'aliceToBob' | 'bobToAlice'> {
    return { aliceToBob: this.#totals.alice, bobToAlice: this.#totals.bob }
  }

  async run(): Promise<void> {
    const stop = this.#world.listen((who, event) => this.#heard(who, event))
    this.#start()
    await this.#world.settle()
    stop()
    assert(this.#done === this.#count, `${this.#count - this.#done} payments of the demo got stuck`)
  }

  /**
   * In waves: the next payments start together when the last of these is done, so that one signature covers them all and no
   * HTLC is signed again for the sake of another.
   */
  #start(): void {
    if (this.#onItsWay.size > 0) return
    while (this.#next < this.#count && this.#onItsWay.size < MAX_IN_FLIGHT) {
      const payment = { index: this.#next, amountMsat: amountOf(this.#next) }
      const payer = this.#payerOf(payment)
      if (payer === undefined) break
      this.#next += 1
      const command = offer(this.#world, payment)
      this.#onItsWay.set(command.paymentHash, { payer, amountMsat: payment.amountMsat })
      this.#indexes.set(command.paymentHash, payment.index)
      this.#world.later(this.#world[payer].command(command))
    }
    this.mostInFlight = Math.max(this.mostInFlight, this.#onItsWay.size)
  }

  /** They take turns, but who cannot pay lets the other one go first; nobody can only while others are on their way. */
  #payerOf({ index, amountMsat }: { readonly index: number; readonly amountMsat: Msat }): Name | undefined {
    const order: readonly Name[] = index % 2 === 0 ? ['alice', 'bob'] : ['bob', 'alice']
    return order.find(name => this.#offered(name) < MAX_OFFERED && this.#spendable(name) >= amountMsat)
  }

  #offered(name: Name): number {
    return [...this.#onItsWay.values()].filter(payment => payment.payer === name).length
  }

  #spendable(name: Name): bigint {
    const { durable } = channelOf(this.#world[name])
    let held = 0n
    for (const payment of this.#onItsWay.values()) if (payment.payer === name) held += payment.amountMsat
    return durable.settled.localMsat - held - KEPT_MSAT[name]
  }

  #heard(who: Name, event: LinkEvent): void {
    if (event.type === 'htlc_received') {
      const index = this.#indexes.get(event.htlc.paymentHash)
      assert(index !== undefined, 'every payment of the demo is known')
      const resolution = { type: 'fulfill', paymentPreimage: preimageOf(index) } as const
      this.#world.later(this.#world[who].command({ type: 'resolve_htlc', id: event.htlc.id, resolution }))
    }
    if (event.type === 'htlc_added') this.#hashes.set(`${who} ${event.id}`, event.paymentHash)
    if (event.type === 'htlc_settled' && event.offeredBy === 'local') this.#finished(`${who} ${event.id}`)
  }

  #finished(name: string): void {
    const hash = this.#hashes.get(name)
    const payment = hash === undefined ? undefined : this.#onItsWay.get(hash)
    if (hash === undefined || payment === undefined) return
    this.#hashes.delete(name)
    this.#onItsWay.delete(hash)
    this.#indexes.delete(hash)
    this.#done += 1
    const total = this.#totals[payment.payer]
    this.#totals[payment.payer] = { count: total.count + 1, sumMsat: total.sumMsat + payment.amountMsat }
    this.#progress.payments(this.#done, this.#count)
    this.#start()
  }
}

/** Payment `index` of the demo: everything about it follows from its number, so that every run is the same. */
export function preimageOf(index: number): Uint8Array {
  return sha256(concat(utf8Encode('bookend demo payment'), encode(u64Number, index)))
}

export function amountOf(index: number): Msat {
  const digest = sha256(preimageOf(index))
  const random = BigInt((byteAt(digest, 0) << 16) | (byteAt(digest, 1) << 8) | byteAt(digest, 2))
  return msat(MIN_PAYMENT_MSAT + (random * (MAX_PAYMENT_MSAT - MIN_PAYMENT_MSAT)) / (1n << 24n))
}

/** What a payer sends for a payment: the hash comes from the payee, as with an invoice. */
export function offer(world: World, payment: { readonly index: number; readonly amountMsat: Msat }) {
  return {
    type: 'add_htlc',
    amountMsat: payment.amountMsat,
    paymentHash: paymentHash(sha256(preimageOf(payment.index))),
    cltvExpiry: world.chain.height + PAYMENT_EXPIRY_BLOCKS,
    onionRoutingPacket: new Uint8Array(ONION_LENGTH),
  } as const
}

export function channelOf(party: Party): FundedChannel {
  const { channel } = party.driver.state
  assert(channel !== undefined && 'durable' in channel, 'the channel of the demo is open')
  return channel
}
