import { describe, expect, test } from 'vitest'
import { msat, sat } from '../../src/base/index.ts'
import { scriptFromAddress } from '../../src/bitcoin/index.ts'
import { seedPhraseFromEntropy } from '../../src/keys/index.ts'
import { createNode, PipeHub, pipe, regtest } from '../../src/node/index.ts'
import { createRegtestChain } from '../../src/regtest/index.ts'
import { memoryStore } from '../../src/storage/index.ts'

// A call with an idempotency key is carried out once, whatever its caller does meanwhile.

test('who stops waiting for a channel and asks again gets the same one', async () => {
  const chain = createRegtestChain()
  const hub = new PipeHub()
  const make = (name: string) =>
    createNode({ chain: regtest(chain), net: pipe({ hub, listen: { host: name, port: 9735 } }) })
  const [alice, bob] = [await make('alice'), await make('bob')]
  const script = scriptFromAddress((await alice.newAddress()).address, 'regtest')
  if (!script.ok) throw new Error(script.error.message)
  expect(chain.fund(script.value, sat(2_000_000)).ok).toBe(true)
  const until = async (holds: () => Promise<boolean>) => {
    for (let i = 0; i < 2_000 && !(await holds()); i++) await new Promise(resolve => setImmediate(resolve))
    expect(await holds()).toBe(true)
  }
  await until(async () => (await alice.balance()).onchainConfirmedSat > 0n)
  await alice.connect({ nodeId: bob.nodeId, address: { host: 'bob', port: 9735 } })
  const request = { peer: { nodeId: bob.nodeId }, capacitySat: sat(200_000), idempotencyKey: 'once' }
  const impatience = new AbortController()
  const first = alice.openChannel({ ...request, signal: impatience.signal })
  first.catch(() => undefined)
  await until(async () => (await alice.channels()).length > 0)
  impatience.abort()
  await expect(first).rejects.toMatchObject({ code: 'aborted' })
  const { channelId } = await alice.openChannel(request)
  expect((await alice.channels()).map(channel => channel.channelId)).toEqual([channelId])
  expect(await alice.openChannel(request)).toMatchObject({ channelId })
  await alice.stop()
  await bob.stop()
})

test('a key that cannot be stored is refused for payments as for all else, and the node lives on', async () => {
  const node = await createNode({ chain: regtest(createRegtestChain()) })
  const nodeId = `02${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}` as typeof node.nodeId
  for (const idempotencyKey of ['', 'é', 'x'.repeat(256), 'a\n'])
    await expect(node.pay({ nodeId, amountMsat: msat(1_000n), idempotencyKey })).rejects.toMatchObject({
      code: 'bad_request',
    })
  expect((await node.info()).nodeId).toBe(node.nodeId)
  await node.stop()
})

test('a call is remembered by its key for 30 days, over starts', async () => {
  const DAY_MS = 24 * 3_600_000
  const chain = createRegtestChain()
  const store = memoryStore()
  let now = 1_800_000_000_000
  const phrase = seedPhraseFromEntropy(new Uint8Array(32))
  const start = () => createNode({ chain: regtest(chain), store, phrase, clock: () => now })
  const rested = async () => {
    for (let i = 0; i < 100; i++) await new Promise(resolve => setImmediate(resolve))
  }
  let alice = await start()
  const { address } = await alice.newAddress()
  const script = scriptFromAddress(address, 'regtest')
  if (!script.ok) throw new Error(script.error.message)
  for (let i = 0; i < 2; i++) expect(chain.fund(script.value, sat(1_000_000)).ok).toBe(true)
  await rested()
  const send = () => alice.send({ address, amountSat: sat(10_000), idempotencyKey: 'once' })
  const { txid } = await send()
  for (const [days, isRemembered] of [
    [29, true],
    [1, false],
  ] as const) {
    await alice.stop()
    now += days * DAY_MS
    alice = await start()
    await rested()
    expect([...(await store.load('request')).keys()]).toHaveLength(isRemembered ? 2 : 0)
    expect((await send()).txid === txid).toBe(isRemembered)
  }
  await alice.stop()
})

describe('one key at the same instant', () => {
  /** Alice has coins and a channel with Bob that can be used. */
  async function town() {
    const chain = createRegtestChain()
    const hub = new PipeHub()
    const make = (name: string) =>
      createNode({ chain: regtest(chain), net: pipe({ hub, listen: { host: name, port: 9735 } }) })
    const [alice, bob] = [await make('alice'), await make('bob')]
    const until = async (holds: () => Promise<boolean>) => {
      for (let i = 0; i < 5_000 && !(await holds()); i++) await new Promise(resolve => setImmediate(resolve))
      expect(await holds()).toBe(true)
    }
    const { address } = await alice.newAddress()
    const script = scriptFromAddress(address, 'regtest')
    if (!script.ok) throw new Error(script.error.message)
    for (let i = 0; i < 2; i++) expect(chain.fund(script.value, sat(1_000_000)).ok).toBe(true)
    await until(async () => (await alice.balance()).onchainConfirmedSat === 2_000_000n)
    const peer = { nodeId: bob.nodeId, address: { host: 'bob', port: 9735 } }
    await alice.openChannel({ peer, capacitySat: sat(200_000) })
    chain.mine(1)
    await until(async () => (await alice.channels()).every(({ state, usable }) => state === 'normal' && usable))
    const key = { idempotencyKey: 'once' }
    const pay = () => alice.pay({ nodeId: bob.nodeId, amountMsat: msat(1_000_000n), ...key })
    const send = () => alice.send({ address, amountSat: sat(10_000), ...key })
    const open = () => alice.openChannel({ peer, capacitySat: sat(100_000), ...key })
    const stop = () => Promise.all([alice.stop(), bob.stop()])
    return { alice, bob, pay, send, open, stop }
  }

  type Call = 'pay' | 'send' | 'open'
  test.each([
    ['pay', 'send'],
    ['pay', 'open'],
    ['send', 'pay'],
    ['open', 'pay'],
    ['send', 'open'],
  ] as const satisfies readonly (readonly [Call, Call])[])(
    '%s is carried out, and %s is refused',
    async (first, second) => {
      const calls = await town()
      const [done, refused] = await Promise.allSettled([calls[first](), calls[second]()])
      expect(done).toMatchObject({ status: 'fulfilled' })
      expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'conflict' } })
      // And so it stays.
      await expect(calls[second]()).rejects.toMatchObject({ code: 'conflict' })
      await calls.stop()
    },
  )

  test('a payment that is refused leaves the key to another call', async () => {
    const { alice, bob, send, stop } = await town()
    const tooMuch = alice.pay({ nodeId: bob.nodeId, amountMsat: msat(900_000_000n), idempotencyKey: 'once' })
    await expect(tooMuch).rejects.toMatchObject({ code: 'insufficient_funds' })
    expect(await send()).toMatchObject({ txid: expect.any(String) })
    await stop()
  })

  test('the same payment twice is one payment, however long each of them waits', async () => {
    const { alice, bob, stop } = await town()
    const { invoice } = await bob.createInvoice({ amountMsat: msat(1_000_000n) })
    const key = { idempotencyKey: 'once' }
    const [first, second] = await Promise.all([
      alice.pay({ invoice, ...key }),
      alice.pay({ invoice: invoice.toUpperCase(), timeoutMs: 5_000, ...key }),
    ])
    expect(second).toEqual(first)
    expect(await alice.payments()).toHaveLength(1)
    await stop()
  })
})
