// Payments in your own tests, in any CI: real nodes, real channels, a real chain, and no daemon, no container, no network. Each test
// has a world of its own that ends with it.
//
//     node examples/test-your-app.ts
//
// In a program of yours the import from '../src/index.ts' is from 'bookend', and the tests run in whatever runner you like.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type BookendNode, type Msat, msat } from '../src/index.ts'
import { openPair } from './support/pair.ts'

// What is to be tested: a vending machine that gives something out when it was paid.
class VendingMachine {
  readonly #node: BookendNode
  readonly given: string[] = []

  constructor(node: BookendNode) {
    this.#node = node
  }

  /** Gives out as many as are paid, and ends with the node. */
  async run(): Promise<void> {
    for await (const { event } of this.#node.events({ after: 0 })) {
      if (event.type === 'payment_received') this.given.push(event.payment.description ?? 'a surprise')
    }
  }

  async select(what: string, priceMsat: Msat): Promise<string> {
    return (await this.#node.createInvoice({ description: what, amountMsat: priceMsat })).invoice
  }
}

test('gives out what was paid, and once', async () => {
  await using pair = await openPair()
  const machine = new VendingMachine(pair.payee)
  const running = machine.run()
  const invoice = await machine.select('lemonade', msat(1_500_000n))
  const payment = await pair.payer.pay({ invoice })
  assert.equal(payment.amountMsat, 1_500_000n)
  await assert.rejects(pair.payer.pay({ invoice }), { code: 'conflict' })
  await pair.payee.stop()
  await running
  assert.deepEqual(machine.given, ['lemonade'])
})

test('gives nothing to a customer who cannot pay', async () => {
  await using pair = await openPair()
  const machine = new VendingMachine(pair.payee)
  const running = machine.run()
  const invoice = await machine.select('a gold bar', msat(2_000_000_000n))
  await assert.rejects(pair.payer.pay({ invoice }), { code: 'insufficient_funds' })
  await pair.payee.stop()
  await running
  assert.deepEqual(machine.given, [])
})
