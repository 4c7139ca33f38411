// The whole thing as processes: a chain, two daemons with data directories of their own, and this program, which drives both over
// HTTP. So does a test of an application that runs beside its node.
//
//     node examples/daemons.ts
//
// In a program of yours `createClient`, which examples/support/processes.ts uses, is from 'bookend'.
import { BookendError, createClient } from '../src/index.ts'
import { mineUntil, openChannelBetween, startChain, startDaemon } from './support/processes.ts'

await using chain = await startChain()
await using alice = await startDaemon(chain)
await using bob = await startDaemon(chain)
console.log('A chain and two daemons run.')

const channelId = await openChannelBetween(chain, alice, bob)
console.log('A channel of 1000000 sat is open.')

// A token for a program that may pay up to 10 sat in all. What it spends is written down together with what it pays for.
const { secret } = await alice.client.createToken({ name: 'errands', scopes: ['spend'], budgetMsat: '10000' })
const errands = createClient({ url: alice.api, token: secret })

// In doubt whether a payment went out, it is asked for once more under the same key: it is made once, also over restarts.
const { invoice } = await bob.client.createInvoice({ amountMsat: '6000', description: 'Stamps' })
const first = await errands.pay({ invoice, idempotencyKey: 'stamps-1' })
const again = await errands.pay({ invoice, idempotencyKey: 'stamps-1' })
console.log(`Asked twice, paid once: ${first.preimage === again.preimage}.`)

const refused = await errands.pay({ nodeId: bob.nodeId, amountMsat: '6000' }).catch(error => error)
if (refused instanceof BookendError) console.log(`Beyond the budget: ${refused.code}. ${refused.message}`)

// In plain words: where the channel stands, and what Alice could do on chain now, alone.
const { summary, local } = await alice.client.explainChannel({ channelId })
console.log(summary)
for (const { sentence, now } of local) if (now) console.log(`  ${sentence}`)

const { closingTxid } = await alice.client.closeChannel({ channelId })
console.log(`The channel is closing${closingTxid === undefined ? '' : ' with a transaction that both have signed'}.`)
await mineUntil(chain, async () => BigInt((await alice.client.balance()).onchainConfirmedSat) > 1_500_000n)
console.log(`Alice has ${(await alice.client.balance()).onchainConfirmedSat} sat on chain again.`)
