// A shop that takes the money only when it has the goods: what is paid for a hold invoice waits until the shop settles or cancels it.
//
//     node examples/hold-invoice.ts
//
// In a program of yours the import from '../src/index.ts' is from 'bookend'.
import { createHash, randomBytes } from 'node:crypto'
import { BookendError, msat, type PaymentHash } from '../src/index.ts'
import { openPair } from './support/pair.ts'

const PRICE_MSAT = msat(25_000_000n)
const inStock = new Set(['tea'])

await using pair = await openPair()
const { payer: customer, payee: shop } = pair

/** The preimage stays with the shop: who has it has the money. */
const preimages = new Map<PaymentHash, { readonly preimage: string; readonly goods: string }>()

async function order(goods: string): Promise<string> {
  const preimage = randomBytes(32)
  // 32 bytes in lowercase hex are a payment hash.
  const paymentHash = createHash('sha256').update(preimage).digest('hex') as PaymentHash
  preimages.set(paymentHash, { preimage: preimage.toString('hex'), goods })
  const { invoice } = await shop.createInvoice({ paymentHash, amountMsat: PRICE_MSAT, description: goods })
  return invoice
}

// The shop: an event says that all of the money is there, and only then it looks whether it has the goods.
const orders = 2
const selling = (async () => {
  let decided = 0
  for await (const { event } of shop.events()) {
    if (event.type !== 'payment_held') continue
    const { paymentHash } = event
    const { preimage = '', goods = '' } = preimages.get(paymentHash) ?? {}
    if (inStock.has(goods)) await shop.settleInvoice({ preimage })
    else await shop.cancelInvoice({ paymentHash })
    decided += 1
    if (decided === orders) break
  }
})()

// The customer: a payment that the shop gives back has cost nothing.
for (const goods of ['tea', 'unicorn']) {
  try {
    await customer.pay({ invoice: await order(goods) })
    console.log(`The customer has paid for the ${goods}.`)
  } catch (error) {
    if (!(error instanceof BookendError)) throw error
    console.log(`The customer has the money for the ${goods} back.`)
  }
}
await selling

const [channel] = await shop.channels()
console.log(`The shop has ${channel?.localMsat} msat, which is the price of one order.`)
