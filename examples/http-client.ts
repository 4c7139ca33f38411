// A till: a program beside a running node, which asks for a payment and waits for it. It talks to the HTTP API with a token of its
// own, which may ask for payments and look, and never spend.
//
//     BOOKEND_API=http://127.0.0.1:9740 BOOKEND_TOKEN=$(cat ~/.bookend/regtest/api-token) node examples/http-client.ts
//
// In a program of yours the import is from 'bookend', or from 'bookend/client', which is small and also runs in a browser.
import { type BookendClient, BookendError, createClient } from '../src/index.ts'

const PATIENCE_MS = 60_000

const { BOOKEND_API: url = '', BOOKEND_TOKEN: token = '' } = process.env
if (url === '' || token === '') throw new Error('Set BOOKEND_API and BOOKEND_TOKEN to those of a running node.')

const owner = createClient({ url, token })
const { nodeId, network, blockHeight, lastEvent } = await owner.info()
console.log(`The node ${nodeId} is on ${network}, at block ${blockHeight}.`)

// A token with as few rights as will do. Its secret is told once.
const till = await owner.createToken({ name: 'till', scopes: ['invoice', 'read'] })
try {
  await sell(createClient({ url, token: till.secret }))
} finally {
  await owner.revokeToken({ id: till.token.id })
}

async function sell(client: BookendClient): Promise<void> {
  // Amounts are decimal strings in JSON, and here.
  const { invoice, paymentHash } = await client.createInvoice({ amountMsat: '2100000', description: 'A bagel' })
  console.log(`Please pay: ${invoice}`)

  const refused = await client.pay({ nodeId, amountMsat: '1' }).catch(error => error)
  if (refused instanceof BookendError) console.log(`This till cannot spend: ${refused.code}.`)

  // From the number on that was the last one before: what comes in between is not missed. A lost connection is made again.
  for await (const event of client.events({ after: lastEvent, signal: AbortSignal.timeout(PATIENCE_MS) })) {
    if (event.type !== 'payment_received' || event.payment.paymentHash !== paymentHash) continue
    console.log(`Paid: ${event.payment.amountMsat} msat for ${event.payment.description}.`)
    return
  }
  console.log('Nobody paid.')
}
