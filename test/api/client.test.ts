import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type BookendClient, createClient, type EventJson, serveApi } from '../../src/api/index.ts'
import { BookendError } from '../../src/base/index.ts'
import { ADMIN_SECRET, CHANNEL_ID, INVOICE, OUR_ID, PAYMENT_HASH, PEER_ID, SENT_HASH, TXID } from './fakeNode.ts'
import { served, until } from './served.ts'

// The typed client against the API itself: what is asked of the one is asked of the node.

interface Trip {
  readonly verb: string
  readonly call: (client: BookendClient) => Promise<unknown>
  readonly asked?: unknown
  readonly answer: unknown
}

const CHANNEL = { channelId: CHANNEL_ID, capacitySat: '1000000' }
const TRIPS: readonly Trip[] = [
  { verb: 'info', call: client => client.info(), answer: { nodeId: OUR_ID, lastEvent: 0 } },
  { verb: 'newAddress', call: client => client.newAddress(), answer: { address: 'bcrt1qexample' } },
  { verb: 'balance', call: client => client.balance(), answer: { channelLocalMsat: '900000000' } },
  {
    verb: 'send',
    call: client => client.send({ address: 'a', amountSat: '5', idempotencyKey: 'k' }),
    asked: { address: 'a', amountSat: 5n, idempotencyKey: 'k' },
    answer: { txid: TXID },
  },
  {
    verb: 'connect',
    call: client => client.connect({ nodeId: PEER_ID, address: { host: '::1', port: 1 } }),
    asked: { nodeId: PEER_ID, address: { host: '::1', port: 1 }, signal: expect.any(AbortSignal) },
    answer: { nodeId: PEER_ID },
  },
  {
    verb: 'disconnect',
    call: client => client.disconnect({ nodeId: PEER_ID }),
    asked: { nodeId: PEER_ID },
    answer: undefined,
  },
  { verb: 'peers', call: client => client.peers(), answer: [{ nodeId: PEER_ID }, { connected: false }] },
  {
    verb: 'openChannel',
    call: client => client.openChannel({ peer: { nodeId: PEER_ID }, capacitySat: '100000', idempotencyKey: 'k' }),
    asked: { peer: { nodeId: PEER_ID }, capacitySat: 100_000n, idempotencyKey: 'k' },
    answer: { channelId: CHANNEL_ID, fundingTxid: TXID },
  },
  { verb: 'channels', call: client => client.channels(), asked: { closed: false }, answer: [CHANNEL] },
  {
    verb: 'channels',
    call: client => client.channels({ closed: true }),
    asked: { closed: true },
    answer: [CHANNEL],
  },
  {
    verb: 'channel',
    call: client => client.channel({ channelId: CHANNEL_ID }),
    asked: { channelId: CHANNEL_ID },
    answer: CHANNEL,
  },
  {
    verb: 'explainChannel',
    call: client => client.explainChannel({ channelId: CHANNEL_ID }),
    asked: { channelId: CHANNEL_ID },
    answer: { channel: CHANNEL, summary: 'The channel is open.' },
  },
  {
    verb: 'closeChannel',
    call: client => client.closeChannel({ channelId: CHANNEL_ID, force: true }),
    asked: { channelId: CHANNEL_ID, force: true },
    answer: { state: 'closing' },
  },
  {
    verb: 'createInvoice',
    call: client => client.createInvoice({ amountMsat: '1', description: 'tea \u{1f375}' }),
    asked: { amountMsat: 1n, description: 'tea \u{1f375}' },
    answer: { paymentHash: PAYMENT_HASH },
  },
  {
    verb: 'settleInvoice',
    call: client => client.settleInvoice({ preimage: 'ab'.repeat(32) }),
    asked: { preimage: 'ab'.repeat(32) },
    answer: { paymentHash: PAYMENT_HASH, status: 'succeeded' },
  },
  {
    verb: 'cancelInvoice',
    call: client => client.cancelInvoice({ paymentHash: PAYMENT_HASH }),
    asked: { paymentHash: PAYMENT_HASH },
    answer: undefined,
  },
  {
    verb: 'invoices',
    call: client => client.invoices({ held: true, limit: 3 }),
    asked: { held: true, limit: 3 },
    answer: [{ status: 'held', receivedMsat: '1500' }],
  },
  {
    verb: 'invoice',
    call: client => client.invoice({ paymentHash: PAYMENT_HASH }),
    asked: { paymentHash: PAYMENT_HASH },
    answer: { hold: true },
  },
  {
    verb: 'decodeInvoice',
    call: client => client.decodeInvoice({ invoice: INVOICE }),
    asked: { invoice: INVOICE },
    answer: { network: 'bitcoin', amountMsat: '250000000', description: '1 cup coffee' },
  },
  {
    verb: 'routes',
    call: client => client.routes({ nodeId: PEER_ID, amountMsat: '5' }),
    asked: { nodeId: PEER_ID, amountMsat: 5n },
    answer: [{ feeMsat: '100', hops: [{ nodeId: PEER_ID }, { amountMsat: '1500' }] }],
  },
  { verb: 'policies', call: client => client.policies(), answer: [{ feeBaseMsat: '1000', disabled: false }] },
  {
    verb: 'setPolicy',
    call: client => client.setPolicy({ channelId: CHANNEL_ID, feeBaseMsat: '1' }),
    asked: { channelId: CHANNEL_ID, feeBaseMsat: 1n },
    answer: { channelId: CHANNEL_ID },
  },
  { verb: 'graphSummary', call: client => client.graphSummary(), answer: { nodes: 2, channels: 1 } },
  {
    verb: 'graph',
    call: client => client.graph({ limit: 5, after: 0 }),
    asked: { limit: 5, after: 0 },
    answer: { channels: [{ capacitySat: '1000000' }] },
  },
  {
    verb: 'graphNode',
    call: client => client.graphNode({ nodeId: PEER_ID }),
    asked: { nodeId: PEER_ID },
    answer: { nodeId: PEER_ID, alias: 'bob' },
  },
  {
    verb: 'pay',
    call: client => client.pay({ invoice: 'lnbcrt1', idempotencyKey: 'k' }),
    asked: { invoice: 'lnbcrt1', idempotencyKey: 'k' },
    answer: { paymentHash: SENT_HASH, status: 'succeeded' },
  },
  {
    verb: 'payments',
    call: client => client.payments({ limit: 2, before: 9 }),
    asked: { limit: 2, before: 9 },
    answer: [{ number: 8 }, { number: 7 }],
  },
  { verb: 'payments', call: client => client.payments(), asked: { limit: 100 }, answer: [{}, {}] },
  {
    verb: 'payment',
    call: client => client.payment({ paymentHash: PAYMENT_HASH }),
    asked: { paymentHash: PAYMENT_HASH },
    answer: { number: 7 },
  },
  { verb: 'backup', call: client => client.backup(), answer: Uint8Array.of(0, 1, 2, 255) },
  {
    verb: 'createToken',
    call: client => client.createToken({ name: 'x', scopes: ['read'] }),
    asked: { name: 'x', scopes: ['read'] },
    answer: { token: { name: 'x' }, secret: 'told-once' },
  },
  { verb: 'tokens', call: client => client.tokens(), answer: expect.arrayContaining([]) },
  {
    verb: 'revokeToken',
    call: client => client.revokeToken({ id: 'a/b?c' }),
    asked: { id: 'a/b?c' },
    answer: undefined,
  },
]

describe('each verb', () => {
  it.each(TRIPS)('$verb goes to the node and back', async ({ verb, call, asked, answer }) => {
    const { client, calls } = await served()
    const got = await call(client)
    if (typeof answer === 'object') expect(got).toMatchObject(answer as object)
    else expect(got).toBe(answer)
    expect(calls).toEqual([{ verb, request: asked }])
  })

  it.each(TRIPS)('$verb fails without a node', async ({ call }) => {
    const client = createClient({ url: 'http://127.0.0.1:1', token: 'x' })
    await expect(call(client)).rejects.toMatchObject({ code: 'stopped' })
  })

  it('stop is heard', async () => {
    const { client, stops } = await served()
    expect(await client.stop()).toEqual({ stopping: true })
    await until(() => stops() === 1)
  })

  it('is given up with its signal, and the error says what to do', async () => {
    const { client, node } = await served()
    Object.assign(node, { pay: () => new Promise(() => {}) })
    const own = new AbortController()
    const paying = client.pay({ invoice: 'lnbcrt1', signal: own.signal })
    setTimeout(() => own.abort(), 10)
    await expect(paying).rejects.toMatchObject({ code: 'aborted', advice: expect.stringContaining('idempotency key') })
    await expect(client.info({ signal: own.signal })).rejects.toMatchObject({ code: 'aborted' })
  })
})

describe('a failure', () => {
  it('of the node comes out as the error that went in', async () => {
    const { client, failNext } = await served()
    const error = new BookendError('insufficient_funds', 'There is too little.', {
      advice: 'Pay in.',
      facts: { a: 'b' },
    })
    failNext('pay', error)
    const failed = client.pay({ invoice: 'lnbcrt1' })
    await expect(failed).rejects.toBeInstanceOf(BookendError)
    await expect(failed).rejects.toMatchObject({
      code: 'insufficient_funds',
      message: 'There is too little.',
      advice: 'Pay in.',
      facts: { a: 'b' },
    })
  })

  it('to reach a node says where it was looked for, and how to start one', async () => {
    const { client, api } = await served()
    await api.close()
    await expect(client.info()).rejects.toMatchObject({
      code: 'stopped',
      message: `No node answers at ${api.url}.`,
      advice: expect.stringContaining('bookend start'),
      facts: { url: api.url, system: 'ECONNREFUSED' },
    })
  })

  it.each([
    ['<html>', 'text/html', 200],
    ['<html>', 'text/html', 502],
    ['{"error":"no"}', 'application/json', 500],
    ['{"error":{"code":"internal"}}', 'application/json', 500],
    ['null', 'application/json', 404],
  ])('of something that is no node (%s as %s, status %i) is told as that', async (body, type, status) => {
    const server = createServer((_, response) => response.writeHead(status, { 'Content-Type': type }).end(body))
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    await expect(createClient({ url: `127.0.0.1:${port}`, token: 'x' }).info()).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('not the API of a Bookend node'),
      facts: { status: `${status}`, contentType: type },
    })
  })

  it('in the middle of an answer is one of reaching it', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'Content-Length': 100 }).write('{')
      setTimeout(() => response.destroy(), 10)
    })
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const client = createClient({ url: `http://127.0.0.1:${port}/`, token: 'x' })
    await expect(client.info()).rejects.toMatchObject({ code: 'stopped' })
    await expect(client.backup()).rejects.toMatchObject({ code: 'stopped' })
  })
})

describe('events', () => {
  const PEER = { type: 'peer_connected', peer: PEER_ID } as const

  /** Reads until it has `count` events, and lets go. */
  async function take(events: AsyncIterable<EventJson>, count: number): Promise<readonly number[]> {
    const numbers: number[] = []
    for await (const { id, type } of events) {
      expect(type).toBe('peer_connected')
      numbers.push(id)
      if (numbers.length === count) break
    }
    return numbers
  }

  it('come from a number on, and leave nothing behind', async () => {
    const { client, tell, readers } = await served()
    for (let i = 0; i < 5; i++) tell(PEER)
    expect(await take(client.events({ after: 2 }), 3)).toEqual([3, 4, 5])
    expect(await take(client.events({ after: 0 }), 1)).toEqual([1])
    await until(() => readers() === 0)
  })

  it('end with the signal', async () => {
    const { client, tell, readers } = await served()
    tell(PEER)
    const own = new AbortController()
    const seen: number[] = []
    for await (const { id } of client.events({ after: 0, signal: own.signal })) {
      seen.push(id)
      setTimeout(() => own.abort(), 10)
    }
    expect(seen).toEqual([1])
    await until(() => readers() === 0)
    expect(await client.events({ signal: own.signal }).next()).toEqual({ done: true, value: undefined })
  })

  it('go on over a node that goes and comes, without a gap and without a repetition', async () => {
    const first = await served()
    const { api, node, tell, client } = first
    const reading = take(client.events(), 4)
    await until(() => first.readers() === 1)
    tell(PEER)
    await until(() => first.taken() === 1)
    await api.close()
    tell(PEER)
    tell(PEER)
    const again = await serveApi({
      node,
      listen: api.address,
      adminSecret: ADMIN_SECRET,
      onStop: () => {},
      version: '1',
    })
    onTestFinished(() => again.close())
    await until(() => first.taken() === 3)
    tell(PEER)
    expect(await reading).toEqual([1, 2, 3, 4])
  })

  it('miss none that came while the first connection was lost, though none had come before', async () => {
    const first = await served()
    const { api, node, tell, client } = first
    tell(PEER)
    const reading = take(client.events(), 1)
    await until(() => first.readers() === 1)
    await api.close()
    tell(PEER)
    const again = await serveApi({
      node,
      listen: api.address,
      adminSecret: ADMIN_SECRET,
      onStop: () => {},
      version: '1',
    })
    onTestFinished(() => again.close())
    expect(await reading).toEqual([2])
  })

  it('fail where no node answers, or it will not', async () => {
    const { api, client } = await served()
    const stranger = createClient({ url: api.url, token: 'nobody' })
    await expect(stranger.events().next()).rejects.toMatchObject({ code: 'unauthorized' })
    await api.close()
    await expect(client.events().next()).rejects.toMatchObject({ code: 'stopped' })
  })

  it('fail where the token is revoked', async () => {
    const { api, tokens, tell, readers } = await served({ limits: { heartbeatMs: 5 } })
    const events = createClient({ url: api.url, token: 'secret-of-read' }).events({ after: 0 })
    tell(PEER)
    expect((await events.next()).value).toMatchObject({ id: 1 })
    tokens.splice(0)
    await expect(events.next()).rejects.toMatchObject({ code: 'unauthorized' })
    expect(readers()).toBe(0)
  })
})

describe('the client in a browser', () => {
  it('is given its fetch, and takes an address without a scheme', async () => {
    const asked: string[] = []
    const client = createClient({
      url: 'node.example:9740/',
      token: 'secret',
      fetch: async (input, init) => {
        asked.push(`${init?.method} ${input} ${new Headers(init?.headers).get('authorization')}`)
        return Response.json({ address: 'bc1q' })
      },
    })
    expect(await client.newAddress()).toEqual({ address: 'bc1q' })
    expect(asked).toEqual(['POST http://node.example:9740/v1/addresses Bearer secret'])
  })

  it('needs nothing of Node, and no package', () => {
    const seen = new Set<string>()
    const foreign: string[] = []
    const visit = (file: URL): void => {
      if (seen.has(file.href)) return
      seen.add(file.href)
      // What is imported as types alone is not there when the program runs.
      for (const [, names, from = ''] of readFileSync(file, 'utf8').matchAll(
        /^(?:import|export) ([^']*?)from '([^']+)'$/gms,
      )) {
        if (names?.startsWith('type ')) continue
        if (from.startsWith('.')) visit(new URL(from, file))
        else foreign.push(`${file.pathname} imports ${from}`)
      }
    }
    visit(new URL('../../src/api/client/client.ts', import.meta.url))
    expect(foreign).toEqual([])
    expect(seen.size).toBeGreaterThan(5)
  })
})
