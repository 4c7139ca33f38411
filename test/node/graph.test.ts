import { setTimeout as pause } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { sat } from '../../src/base/index.ts'
import { scriptFromAddress } from '../../src/bitcoin/index.ts'
import { seedPhraseFromEntropy } from '../../src/keys/index.ts'
import { type AnnouncedNode, type BookendNode, createNode, PipeHub, pipe, regtest } from '../../src/node/index.ts'
import { createRegtestChain } from '../../src/regtest/index.ts'
import { type MemoryStore, memoryStore } from '../../src/storage/index.ts'

// Nodes with drivers: what they announce is checked on the chain by others, stored, read by a new start, and shown.

const chain = createRegtestChain()
const hub = new PipeHub()

async function start(
  name: string,
  store: MemoryStore = memoryStore(),
  announce: AnnouncedNode = {},
): Promise<BookendNode> {
  const node = await createNode({
    chain: regtest(chain),
    store,
    announce,
    phrase: seedPhraseFromEntropy(new Uint8Array(32).fill(name.charCodeAt(0))),
    net: pipe({ hub, listen: { host: name, port: 9735 } }),
  })
  onTestFinished(() => node.stop())
  return node
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 1_000; i++) {
    if (await holds()) return
    await pause(20)
  }
  throw new Error('waited in vain')
}

const addressOf = (name: string) => ({ host: name, port: 9735 })

test('a public channel is in the graph of both after six blocks, and of a third who asks; a start reads it from the store', async () => {
  const addresses = [{ host: '203.0.113.7', port: 9735 }]
  const alice = await start('alice', memoryStore(), { alias: 'Alice & co', color: '#0000ff', addresses })
  const bob = await start('bob')
  const script = scriptFromAddress((await alice.newAddress()).address, 'regtest')
  if (!script.ok) throw new Error(script.error.message)
  expect(chain.fund(script.value, sat(2_000_000)).ok).toBe(true)
  await until(async () => (await alice.balance()).onchainConfirmedSat > 0n)
  const peer = { nodeId: bob.nodeId, address: addressOf('bob') }
  await alice.openChannel({ peer, capacitySat: sat(500_000), announce: true })
  chain.mine(6)
  for (const node of [alice, bob]) await until(async () => (await node.graphSummary()).channels === 1)

  const store = memoryStore()
  const carol = await start('carol', store)
  await carol.connect(peer)
  await until(async () => (await carol.graph()).channels[0]?.policies.every(policy => policy !== undefined) === true)
  await until(async () => (await carol.graphNode({ nodeId: bob.nodeId })).alias !== undefined)
  expect(await carol.graphSummary()).toMatchObject({ nodes: 2, channels: 1, capacitySat: 500_000n })
  expect(await carol.graphNode({ nodeId: bob.nodeId })).toMatchObject({
    alias: bob.nodeId.slice(0, 20),
    color: `#${bob.nodeId.slice(2, 8)}`,
    channelCount: 1,
    capacitySat: 500_000n,
    addresses: [],
  })
  const told = { alias: 'Alice & co', color: '#0000ff', addresses: ['203.0.113.7:9735'] }
  await carol.connect({ nodeId: alice.nodeId, address: addressOf('alice') })
  await until(async () => (await carol.graphNode({ nodeId: alice.nodeId })).alias !== undefined)
  expect(await carol.graphNode({ nodeId: alice.nodeId })).toMatchObject(told)
  const { channels } = await carol.graph()
  expect(channels).toMatchObject([{ nodeIds: [alice.nodeId, bob.nodeId].sort(), spentHeight: undefined }])

  // A second, and what has come is stored.
  await until(async () => [...store.snapshot().keys()].filter(key => key.startsWith('gossip/')).length >= 4)
  await carol.stop()
  const again = await start('carol', memoryStore(store.snapshot()))
  expect((await again.graph()).channels).toEqual(channels)
})
