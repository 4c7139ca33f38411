// A shop, tested in worlds in which everything goes wrong that can: connections break, nodes crash in the middle of a write, disks
// fail, blocks are replaced. The nodes are real ones, the time is virtual, and each world follows from its seed, so whatever a test
// finds, it finds again.
//
//     node examples/test-a-shop.ts
//
// In a program of yours the imports are from 'bookend' and 'bookend/sim'. docs/testing-your-app.md says how it works.
import assert from 'node:assert/strict'
import { BookendError, type BookendNode, type Msat, msat, type NodeId, type Payment } from '../src/index.ts'
import { createWorld, type WorldClock, type WorldNode, type WorldTools } from '../src/sim/index.ts'

const SEEDS = 20
const ORDERS = 5

// What is to be tested, first part: whoever is in doubt whether a payment went out asks again under the same key, and then it is made
// once. Only where it is certain that nothing was paid is there a new attempt.
const NOTHING_WAS_PAID: ReadonlySet<string> = new Set(['payment_failed', 'timeout'])
const NOBODY_KNOWS: ReadonlySet<string> = new Set(['stopped', 'disk', 'chain_unavailable'])

type Paid = { readonly invoice: string } | { readonly nodeId: NodeId; readonly amountMsat: Msat }

async function payOnce(node: WorldNode, clock: WorldClock, name: string, what: Paid): Promise<Payment> {
  for (let attempt = 1; ; ) {
    try {
      return await node.pay({ ...what, idempotencyKey: `${name}/${attempt}` })
    } catch (error) {
      if (!(error instanceof BookendError)) throw error
      if (NOTHING_WAS_PAID.has(error.code)) attempt += 1
      else if (!NOBODY_KNOWS.has(error.code)) throw error
    }
    await clock.sleep(2_000)
    await node.whenUp()
  }
}

// Second part, the shop: it ships what is paid, and gives the money back for what is sold out.
class Shop {
  readonly #node: WorldNode
  readonly #clock: WorldClock
  readonly #orders = new Map<string, { readonly what: string; readonly buyer: NodeId }>()
  #stock: number
  readonly shipped: string[] = []
  readonly refunded: string[] = []

  constructor(node: WorldNode, clock: WorldClock, stock: number) {
    this.#node = node
    this.#clock = clock
    this.#stock = stock
  }

  async order(what: string, priceMsat: Msat, buyer: NodeId): Promise<string> {
    for (;;) {
      try {
        const { invoice, paymentHash } = await this.#node.createInvoice({ amountMsat: priceMsat, description: what })
        this.#orders.set(paymentHash, { what, buyer })
        return invoice
      } catch (error) {
        if (!(error instanceof BookendError && NOBODY_KNOWS.has(error.code))) throw error
        await this.#clock.sleep(1_000)
        await this.#node.whenUp()
      }
    }
  }

  /** Each event comes once: the number of the last one that was worked on is what the shop goes on from. */
  async run(): Promise<void> {
    for await (const { event } of this.#node.events({ after: 0 })) {
      if (event.type !== 'payment_received') continue
      const { paymentHash, amountMsat } = event.payment
      const order = this.#orders.get(paymentHash)
      if (order === undefined) continue
      if (this.#stock > 0) {
        this.#stock -= 1
        this.shipped.push(order.what)
      } else {
        await payOnce(this.#node, this.#clock, `refund/${paymentHash}`, { nodeId: order.buyer, amountMsat })
        this.refunded.push(order.what)
      }
    }
  }
}

// The test, in one world.
async function trade({ nodes: { shop: node, alice }, clock, world }: WorldTools<'shop' | 'alice'>): Promise<void> {
  const shop = new Shop(node, clock, ORDERS - 1)
  void shop.run()
  for (let i = 1; i <= ORDERS; i++) {
    const invoice = await shop.order(`book ${i}`, msat(20_000_000n), alice.nodeId)
    await payOnce(alice, clock, `book-${i}`, { invoice })
  }
  // No more faults, and time for everything to come to its end.
  await world.heal()
  while (shop.refunded.length === 0) await clock.sleep(1_000)
  await world.heal()
  const books = Array.from({ length: ORDERS }, (_, i) => `book ${i + 1}`)
  assert.deepEqual([...shop.shipped, ...shop.refunded].sort(), books, 'each is shipped or given back, once')
  assert.equal(await spent(alice), BigInt(ORDERS) * 20_000_000n, 'Alice has paid each once')
  assert.equal(await spent(node), 20_000_000n, 'the shop has given back one')
}

async function spent(node: BookendNode): Promise<bigint> {
  const payments = await node.payments()
  const sent = payments.filter(({ direction, status }) => direction === 'sent' && status === 'succeeded')
  return sent.reduce((sum, { amountMsat }) => sum + amountMsat, 0n)
}

// The channel is opened once; then each seed goes on from there in a world of its own.
const opened = await createWorld({
  nodes: ['shop', 'alice'],
  channels: [{ from: 'alice', to: 'shop', capacitySat: 1_000_000 }],
})
const from = await opened.snapshot()

let faults = 0
for (let seed = 1; seed <= SEEDS; seed++) {
  const world = await createWorld({ from, seed })
  // What goes wrong rejects with the seed and with what had happened.
  await world.run(trade)
  faults += world.story.length
}
console.log(`${SEEDS} worlds, ${SEEDS * ORDERS} orders: each was shipped or given back, and paid once.`)
console.log(`${faults} times something had gone wrong.`)
