import { expect, test } from 'vitest'
import { type NodeId, type PaymentHash, sat } from '../../src/base/index.ts'
import { createNode, regtest } from '../../src/node/index.ts'
import type { Store } from '../../src/ports/index.ts'
import { memoryStore, StorageError } from '../../src/storage/index.ts'

// What callers hear when the disk fails below a node: why, and what to do. Nobody is told of a fault inside the node.

const FULL = 'node.sqlite failed: Error: database or disk is full. A new start finds what is durable.'
const PEER = { nodeId: `02${'11'.repeat(32)}` as NodeId, address: { host: '127.0.0.1', port: 9 } }

/** A disk that is full from now on, once it is told to be. */
function fillable() {
  let isFull = false
  const inner = memoryStore()
  const unlessFull = async <T>(work: () => Promise<T>): Promise<T> => {
    if (isFull) throw new StorageError('store_failed', FULL)
    return work()
  }
  const store: Store = {
    load: prefix => unlessFull(() => inner.load(prefix)),
    loadPage: (prefix, page) => unlessFull(() => inner.loadPage(prefix, page)),
    commit: writes => unlessFull(() => inner.commit(writes)),
    close: () => inner.close(),
  }
  return {
    store,
    fill: () => {
      isFull = true
    },
  }
}

async function nodeOnFullDisk() {
  const { store, fill } = fillable()
  const node = await createNode({ chain: regtest(), store })
  await node.createInvoice({ description: 'an event to read' })
  fill()
  return node
}

type NodeOnFullDisk = Awaited<ReturnType<typeof nodeOnFullDisk>>

const CALLS: readonly (readonly [string, (node: NodeOnFullDisk) => Promise<unknown>])[] = [
  ['createInvoice', node => node.createInvoice({ description: 'never kept' })],
  ['newAddress', node => node.newAddress()],
  ['payments', node => node.payments()],
  ['payment', node => node.payment({ paymentHash: '00'.repeat(32) as PaymentHash })],
  ['openChannel', node => node.openChannel({ peer: PEER, capacitySat: sat(100_000n), idempotencyKey: 'once' })],
  ['backup', node => node.backup()],
]

test.each(CALLS)('%s tells that the disk is full', async (_, call) => {
  const node = await nodeOnFullDisk()
  await expect(call(node)).rejects.toMatchObject({
    name: 'BookendError',
    code: 'disk',
    message: FULL,
    advice: expect.stringContaining('disk'),
  })
  await node.stop()
})

test('a write that fails ends the node, with the same words', async () => {
  const node = await nodeOnFullDisk()
  await expect(node.newAddress()).rejects.toMatchObject({ code: 'disk' })
  await expect(node.stopped).rejects.toMatchObject({ name: 'BookendError', code: 'disk', message: FULL })
  await expect(node.newAddress()).rejects.toMatchObject({ code: 'stopped' })
})
