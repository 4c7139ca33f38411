// Bookkeeping that never misses a payment and never counts one twice, whatever is restarted: the node's events are numbered and
// durable, and the reader keeps the number of the last one that it has booked, in the same file as its books.
//
//     node examples/events.ts
//
// In a program of yours the import from '../src/index.ts' is from 'bookend'.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  type BookendNode,
  createNode,
  createRegtestChain,
  msat,
  regtest,
  sat,
  seedPhraseFromEntropy,
  sqlite,
  tcp,
} from '../src/index.ts'
import { giveCoins, isOpen, mineUntil, seen } from './support/regtest.ts'

const folder = mkdtempSync(join(tmpdir(), 'bookend-example-'))
const books = join(folder, 'books.json')
const chain = createRegtestChain()
// 24 new words. `createSeedFile` and `readSeedFile` keep them under a passphrase.
const phrase = seedPhraseFromEntropy(new Uint8Array(randomBytes(32)))

/** A shop that survives a restart: the same words and the same file give the same node again. */
async function openShop(): Promise<BookendNode> {
  return createNode({
    phrase,
    chain: regtest(chain),
    store: sqlite({ file: join(folder, 'shop.sqlite') }),
    net: tcp({ port: 0 }),
  })
}

interface Books {
  readonly lastEvent: number
  readonly incomeMsat: string
}

/** Books all events that are there. What was booked and how far belong together: one file, and renaming it is all or nothing. */
async function bookkeep(node: BookendNode): Promise<void> {
  const { lastEvent: newest } = await node.info()
  let { lastEvent, incomeMsat }: Books = readBooks()
  const from = lastEvent
  if (newest > lastEvent) {
    for await (const { number, event } of node.events({ after: lastEvent })) {
      if (event.type === 'payment_received') incomeMsat = `${BigInt(incomeMsat) + event.payment.amountMsat}`
      lastEvent = number
      if (number >= newest) break
    }
  }
  writeFileSync(`${books}.new`, JSON.stringify({ lastEvent, incomeMsat }))
  renameSync(`${books}.new`, books)
  console.log(
    lastEvent === from
      ? `Nothing is new since event ${from}: the income so far is ${incomeMsat} msat.`
      : `Booked the events ${from + 1} to ${lastEvent}: the income so far is ${incomeMsat} msat.`,
  )
}

function readBooks(): Books {
  try {
    return JSON.parse(readFileSync(books, 'utf8')) as Books
  } catch {
    return { lastEvent: 0, incomeMsat: '0' }
  }
}

try {
  await using customer = await createNode({ chain: regtest(chain), net: tcp() })
  await giveCoins(chain, customer, 2_000_000n)
  const buy = (shop: BookendNode) => customer.pay({ nodeId: shop.nodeId, amountMsat: msat(1_000_000n) })
  const addressOf = ({ nodeId, listening }: BookendNode) => ({ nodeId, ...(listening && { address: listening }) })
  {
    await using shop = await openShop()
    await customer.openChannel({ peer: addressOf(shop), capacitySat: sat(1_000_000n) })
    await mineUntil(chain, Promise.all([seen(customer, isOpen), seen(shop, isOpen)]))
    await buy(shop)
    await bookkeep(shop)
    // The shop goes on selling while nobody keeps its books, and then it closes for the night.
    await buy(shop)
    await buy(shop)
  }
  console.log('The shop was restarted.')
  {
    await using shop = await openShop()
    await bookkeep(shop)
    // It has another port now, so the customer has to be told where it is. The channel is what it was.
    const comesBack = isUsableAgain(customer)
    await customer.connect(addressOf(shop))
    await comesBack
    await buy(shop)
    await bookkeep(shop)
    await bookkeep(shop)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

/** Both sides have told each other where they stand. */
async function isUsableAgain(node: BookendNode): Promise<void> {
  const patience = AbortSignal.timeout(60_000)
  while (!patience.aborted) {
    if ((await node.channels()).some(({ usable }) => usable)) return
    await pause(50)
  }
  throw new Error('The channel did not come back.')
}
