import { expect, test } from 'vitest'
import { msat, sat } from '../../src/base/index.ts'
import { scriptFromAddress } from '../../src/bitcoin/index.ts'
import { electrumChain } from '../../src/chain/index.ts'
import { type BookendNode, createNode, PipeHub, pipe, regtest } from '../../src/node/index.ts'
import { createRegtestChain } from '../../src/regtest/index.ts'
import { value } from '../regtest/support.ts'
import { cutOff, testElectrum } from './electrumServer.ts'
import { afterwards } from './stubbed.ts'

// A whole node that sees the chain through two Electrum servers, of which one hides transactions, and then through none.

const settled = (holds: () => Promise<boolean>) => expect.poll(holds, { timeout: 20_000 }).toBe(true)

test('a channel over servers of which one hides transactions outlives that none answers, pays and is closed', async () => {
  const world = createRegtestChain()
  world.mine(110)
  const servers = [await testElectrum(world), await testElectrum(world)] as const
  for (const server of servers) afterwards(server.close)
  // Says of each block that it has no transaction but the coinbase.
  servers[0].twist = (method, _, truth) =>
    method === 'blockchain.transaction.id_from_pos' && 'result' in truth
      ? { result: { ...Object(truth.result), merkle: [] } }
      : truth
  const said: string[] = []
  const chain = electrumChain({
    servers: servers.map(({ address }) => address),
    network: 'regtest',
    pollMs: 20,
    limits: { attempts: 1, timeoutMs: 2000 },
    log: ({ message }) => said.push(message),
  })
  const hub = new PipeHub()
  const net = (name: string) => pipe({ hub, listen: { host: name, port: 9735 } })
  const alice = await createNode({ chain, net: net('alice'), log: ({ message }) => said.push(message) })
  afterwards(() => alice.stop())
  const bob = await createNode({ chain: regtest(world), net: net('bob') })
  afterwards(() => bob.stop())
  const { address } = await alice.newAddress()
  value(world.fund(value(scriptFromAddress(address, 'regtest')), sat(2_000_000n)))
  await settled(async () => (await alice.balance()).onchainConfirmedSat === 2_000_000n)
  expect(said.join('\n')).toContain(`The Electrum server 127.0.0.1:${servers[0].port} answered with`)

  const peer = { nodeId: bob.nodeId, address: { host: 'bob', port: 9735 } }
  const { channelId } = await alice.openChannel({ peer, capacitySat: sat(1_000_000n) })
  await settled(async () => world.mempool().length > 0)
  world.mine(3)
  const usable = async (node: BookendNode) => (await node.channels())[0]?.usable === true
  await settled(async () => (await usable(alice)) && (await usable(bob)))

  for (const server of servers) server.twist = () => cutOff
  world.mine(1)
  await settled(async () => said.some(line => line.includes('No Electrum server answers')))
  expect((await alice.info()).synced).toBe(false)
  expect(await alice.channels()).toHaveLength(1)
  for (const server of servers) server.twist = undefined
  await settled(async () => (await alice.info()).blockHeight === world.height && (await alice.info()).synced)

  const { invoice } = await bob.createInvoice({ amountMsat: msat(20_000_000n), description: 'coffee' })
  expect((await alice.pay({ invoice })).status).toBe('succeeded')
  await alice.closeChannel({ channelId })
  await settled(async () => world.mempool().length > 0)
  world.mine(6)
  await settled(async () => (await alice.balance()).onchainConfirmedSat > sat(1_900_000n))
}, 60_000)
