// An API that is paid by the call. Whoever asks without having paid gets the status 402 and an invoice; whoever comes back with the
// preimage of that invoice, which only a payer has, gets the answer. There are no accounts and no keys to hand out.
//
//     node examples/metered-api.ts
//
// In a program of yours the import from '../src/index.ts' is from 'bookend'.
import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BookendError, type BookendNode, decodeInvoice, msat, type PaymentHash } from '../src/index.ts'
import { openPair } from './support/pair.ts'

const PRICE_MSAT = msat(250_000n)
/** What a careful client pays for a call at most. */
const MOST_MSAT = 1_000_000n

await using pair = await openPair()

// The server. Its node makes the invoices; the preimage that a caller shows is looked up by its hash, and is good for one call.
function meteredServer(node: BookendNode) {
  const used = new Set<string>()
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const preimage = /^Preimage ([0-9a-f]{64})$/.exec(request.headers.authorization ?? '')?.[1]
    if (preimage !== undefined && (await isPaid(node, preimage)) && !used.has(preimage)) {
      used.add(preimage)
      answer(response, 200, { number: randomBytes(4).readUInt32BE() })
      return
    }
    const { invoice } = await node.createInvoice({ amountMsat: PRICE_MSAT, description: 'One random number' })
    answer(response, 402, { invoice })
  }
  return createServer((request, response) => {
    serve(request, response).catch(() => response.writeHead(500).end())
  })
}

/** Whoever invents a preimage has one whose hash no payment has. And not every payment that comes is one of the full price. */
async function isPaid(node: BookendNode, preimage: string): Promise<boolean> {
  // The SHA-256 of a preimage, in hex, is a payment hash.
  const paymentHash = createHash('sha256').update(preimage, 'hex').digest('hex') as PaymentHash
  const found = await node.payment({ paymentHash }).catch(error => {
    if (error instanceof BookendError && error.code === 'not_found') return undefined
    throw error
  })
  return found?.direction === 'received' && found.status === 'succeeded' && found.amountMsat >= PRICE_MSAT
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}

// The client: asks, pays what is asked for if it is not too much, and asks again with the proof.
async function callAndPay(node: BookendNode, url: string): Promise<Bought> {
  const refused = await fetch(url)
  if (refused.status !== 402) throw new Error(`expected 402, got ${refused.status}`)
  const { invoice } = (await refused.json()) as { invoice: string }
  const asked = decodeInvoice(invoice)
  if (!asked.ok || asked.value.amountMsat === undefined || asked.value.amountMsat > MOST_MSAT)
    throw new Error('That is no price for a random number.')
  const { preimage } = await node.pay({ invoice })
  const answered = await fetch(url, proof(preimage))
  const { number } = (await answered.json()) as { number: number }
  return { preimage, number }
}

interface Bought {
  readonly preimage: string | undefined
  readonly number: number
}

const proof = (preimage: string | undefined) => ({ headers: { Authorization: `Preimage ${preimage}` } })

const server = meteredServer(pair.payee)
await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`

console.log(`Without a payment the API answers ${(await fetch(url)).status}.`)
const bought: Bought[] = []
for (let call = 1; call <= 3; call++) {
  const one = await callAndPay(pair.payer, url)
  bought.push(one)
  console.log(`Call ${call} was paid, and answered: ${one.number}`)
}

// What does not work.
const status = async (preimage: string | undefined): Promise<number> => (await fetch(url, proof(preimage))).status
const used = await status(bought[0]?.preimage)
const invented = await status('00'.repeat(32))
const { preimage: ofLess } = await pair.payer.pay({ nodeId: pair.payee.nodeId, amountMsat: msat(1n) })
const less = await status(ofLess)
console.log(`A proof that was used already: ${used}. An invented one: ${invented}. One of a smaller payment: ${less}.`)

const full = (await pair.payee.payments()).filter(({ amountMsat }) => amountMsat === PRICE_MSAT)
console.log(`The server was paid ${full.length} times for ${bought.length} answers.`)
await new Promise(closed => {
  server.close(closed)
  server.closeAllConnections()
})
