// Two nodes in one process: a channel is opened, paid over both ways, and closed. Nothing is installed, served or left behind: the
// chain, the stores and the network between them are in memory.
//
//     node examples/two-nodes.ts
//
// In a program of yours the first import is from 'bookend'.
import { createNode, createRegtestChain, msat, PipeHub, pipe, regtest, sat } from '../src/index.ts'
import { giveCoins, isClosed, isOpen, mineUntil, seen } from './support/regtest.ts'

// One chain and one hub, which both nodes share. With `bitcoindChain`, `tcp` and `sqlite` in their places it is a node for the world.
const chain = createRegtestChain()
const hub = new PipeHub()

// `await using` stops a node at the end of the block, also where something was thrown.
await using alice = await createNode({
  chain: regtest(chain),
  net: pipe({ hub, listen: { host: 'alice', port: 9735 } }),
})
await using bob = await createNode({
  chain: regtest(chain),
  net: pipe({ hub, listen: { host: 'bob', port: 9735 } }),
})

await giveCoins(chain, alice, 2_000_000n)
console.log(`Alice has ${(await alice.balance()).onchainConfirmedSat} sat on chain.`)

// The first transaction on chain. It counts from its first block on (on other networks than regtest it takes some more).
const { channelId } = await alice.openChannel({
  peer: { nodeId: bob.nodeId, address: { host: 'bob', port: 9735 } },
  capacitySat: sat(1_000_000n),
})
await mineUntil(chain, Promise.all([seen(alice, isOpen), seen(bob, isOpen)]))
console.log('A channel of 1000000 sat is open, all of it on the side of Alice.')

// Between the two transactions: payments, as many as they like. Amounts are bigints in thousandths of a satoshi.
for (let cup = 1; cup <= 10; cup++) {
  const { invoice } = await bob.createInvoice({ amountMsat: msat(20_000_000n), description: `Coffee number ${cup}` })
  await alice.pay({ invoice })
}
console.log('Alice paid ten invoices of 20000 sat.')

// Without an invoice, straight to the peer (keysend). The preimage is the proof that it was paid.
const { preimage } = await bob.pay({ nodeId: alice.nodeId, amountMsat: msat(5_000_000n) })
console.log(`Bob paid 5000 sat back, with the proof ${preimage}.`)

// What goes wrong is a `BookendError` with a stable code and an advice.
const tooMuch = await bob.pay({ nodeId: alice.nodeId, amountMsat: msat(900_000_000n) }).catch(error => error)
console.log(`Bob cannot pay what he does not have: ${tooMuch.code}. ${tooMuch.advice}`)

// The second transaction on chain.
await alice.closeChannel({ channelId })
await mineUntil(chain, Promise.all([seen(alice, isClosed), seen(bob, isClosed)]))
const [hers, his] = [await alice.balance(), await bob.balance()]
console.log(
  `The channel is closed. On chain Alice has ${hers.onchainConfirmedSat} sat, and Bob ${his.onchainConfirmedSat} sat.`,
)
