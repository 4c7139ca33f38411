import { expect, test } from 'vitest'
import { feeratePerKw, msat, sat, type Txid } from '../../src/base/index.ts'
import { scriptFromAddress } from '../../src/bitcoin/index.ts'
import { type BookendNode, createNode, PipeHub, pipe, regtest } from '../../src/node/index.ts'
import { createRegtestChain } from '../../src/regtest/index.ts'

// Two whole nodes in one process: the embedded chain, memory stores, a pipe.

async function stage() {
  const chain = createRegtestChain()
  const hub = new PipeHub()
  const make = (name: string) =>
    createNode({ chain: regtest(chain), net: pipe({ hub, listen: { host: name, port: 9735 } }) })
  const [alice, bob] = [await make('alice'), await make('bob')]
  const fund = async (node: BookendNode, amount: bigint) => {
    const { address } = await node.newAddress()
    const script = scriptFromAddress(address, 'regtest')
    if (!script.ok) throw new Error(script.error.message)
    expect(chain.fund(script.value, sat(amount)).ok).toBe(true)
  }
  await fund(alice, 2_000_000n)
  const settled = async (holds: () => Promise<boolean>) => {
    for (let i = 0; i < 500 && !(await holds()); i++) await new Promise(resolve => setTimeout(resolve, 10))
    expect(await holds()).toBe(true)
  }
  return { chain, hub, alice, bob, settled, fund }
}

test('a channel is opened, paid over both ways, and closed', async () => {
  const { chain, alice, bob, settled } = await stage()
  await settled(async () => (await alice.balance()).onchainConfirmedSat === 2_000_000n)
  const opened = await alice.openChannel({
    peer: { nodeId: bob.nodeId, address: { host: 'bob', port: 9735 } },
    capacitySat: sat(1_000_000n),
  })
  chain.mine(3)
  const usable = async (node: BookendNode) => (await node.channels())[0]?.usable === true
  await settled(async () => (await usable(alice)) && (await usable(bob)))
  for (let i = 0; i < 10; i++) {
    const { invoice } = await bob.createInvoice({ amountMsat: msat(20_000_000n), description: `coffee ${i}` })
    const paid = await alice.pay({ invoice })
    expect(paid.status).toBe('succeeded')
  }
  const back = await bob.pay({ nodeId: alice.nodeId, amountMsat: msat(5_000_000n) })
  expect(back).toMatchObject({ status: 'succeeded', direction: 'sent' })
  await settled(async () => (await alice.channels())[0]?.localMsat === 805_000_000n)
  await settled(async () => (await bob.channels())[0]?.localMsat === 195_000_000n)
  expect((await bob.payments()).length).toBe(11)
  const closing = await alice.closeChannel({ channelId: opened.channelId })
  expect(closing.closingTxid).toBeDefined()
  // Whoever has not heard the answer asks again; with a feerate for another transaction.
  expect(await alice.closeChannel({ channelId: opened.channelId })).toMatchObject({ state: 'negotiating' })
  const feerate = { channelId: opened.channelId, feeratePerKw: feeratePerKw(20_000) }
  const bumped: (Txid | undefined)[] = []
  await settled(async () => {
    if (bumped.length > 0) return true
    // The peer may still owe its signature for the first offer.
    const dearer = await alice.closeChannel(feerate).catch(({ code }) => {
      expect(code).toBe('not_possible_now')
      return undefined
    })
    if (dearer !== undefined) bumped.push(dearer.closingTxid)
    return false
  })
  expect(bumped).toEqual([expect.any(String)])
  expect(bumped).not.toContain(closing.closingTxid)
  await expect(alice.closeChannel(feerate)).rejects.toMatchObject({ code: 'bad_request' })
  await expect(alice.closeChannel({ ...feerate, force: true })).rejects.toMatchObject({ code: 'bad_request' })
  await settled(async () => {
    chain.mine(1)
    // With option_simple_close either side's transaction may be the one, and each pays the fee of its own.
    return (await bob.balance()).onchainConfirmedSat >= 194_000n
  })
  await settled(async () => {
    chain.mine(1)
    return (await alice.channels()).length === 0
  })
  const events = []
  for await (const event of alice.events({ after: 0 })) {
    events.push(event.event.type)
    if (event.number === (await alice.info()).lastEvent) break
  }
  expect(events).toContain('payment_sent')
  await alice.stop()
  await bob.stop()
  await expect(alice.events({ after: 0 })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'stopped' })
  await expect(alice.newAddress()).rejects.toMatchObject({ code: 'stopped' })
})
