import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import * as channels from '../../src/api/schemas/channels.ts'
import { ERROR_CODES } from '../../src/api/schemas/error.ts'
import * as graph from '../../src/api/schemas/graph.ts'
import * as invoices from '../../src/api/schemas/invoices.ts'
import * as nodes from '../../src/api/schemas/node.ts'
import * as payments from '../../src/api/schemas/payments.ts'
import * as peers from '../../src/api/schemas/peers.ts'
import * as policies from '../../src/api/schemas/policies.ts'
import * as routes from '../../src/api/schemas/routes.ts'
import * as tokens from '../../src/api/schemas/tokens.ts'
import { BookendError, type BookendErrorCode } from '../../src/base/index.ts'
import { CHANNEL_ID, INVOICE, OUR_ID, PAYMENT_HASH, PEER_ID, SENT_HASH, TOKEN_HASH, TXID } from './fakeNode.ts'
import { type AskOptions, errorOf, served } from './served.ts'

// Every route, as issue 3 and the OpenAPI document name it: what the node is asked, and what the caller gets.

interface Route extends AskOptions {
  readonly route: string
  readonly verb: string
  readonly asked?: unknown
  readonly answer?: z.ZodType
  readonly status?: number
}

const CHANNEL_PATH = `/v1/channels/${CHANNEL_ID}`
const ADDRESS = { host: '127.0.0.1', port: 9736 }

const ROUTES: readonly Route[] = [
  { route: 'GET /v1/info', verb: 'info', answer: nodes.info },
  { route: 'POST /v1/addresses', verb: 'newAddress', answer: nodes.address },
  { route: 'POST /v1/addresses', body: {}, verb: 'newAddress', answer: nodes.address },
  { route: 'GET /v1/balance', verb: 'balance', answer: nodes.balance },
  {
    route: 'POST /v1/send',
    body: { address: 'bcrt1q', amountSat: '2100000000000000', feeratePerKw: 253 },
    verb: 'send',
    asked: { address: 'bcrt1q', amountSat: 2_100_000_000_000_000n, feeratePerKw: 253 },
    answer: nodes.sent,
  },
  {
    route: 'POST /v1/send',
    body: { address: 'bcrt1q', amountSat: 'all' },
    verb: 'send',
    asked: { address: 'bcrt1q', amountSat: 'all' },
    answer: nodes.sent,
  },
  { route: 'GET /v1/peers', verb: 'peers', answer: peers.peers },
  {
    route: 'POST /v1/peers',
    body: { nodeId: PEER_ID, address: ADDRESS },
    verb: 'connect',
    asked: { nodeId: PEER_ID, address: ADDRESS, signal: expect.any(AbortSignal) },
    answer: peers.connected,
  },
  { route: `DELETE /v1/peers/${PEER_ID}`, verb: 'disconnect', asked: { nodeId: PEER_ID }, status: 204 },
  { route: 'GET /v1/channels', verb: 'channels', asked: { closed: false }, answer: channels.channels },
  { route: 'GET /v1/channels?closed=false', verb: 'channels', asked: { closed: false }, answer: channels.channels },
  { route: 'GET /v1/channels?closed=true', verb: 'channels', asked: { closed: true }, answer: channels.channels },
  {
    route: 'POST /v1/channels',
    body: { peer: { nodeId: PEER_ID, address: ADDRESS }, capacitySat: '100000', pushMsat: '7', feeratePerKw: 1000 },
    verb: 'openChannel',
    asked: { peer: { nodeId: PEER_ID, address: ADDRESS }, capacitySat: 100_000n, pushMsat: 7n, feeratePerKw: 1000 },
    answer: channels.opened,
  },
  {
    route: 'POST /v1/channels',
    body: { peer: { nodeId: PEER_ID }, capacitySat: '100000', announce: true, zeroConf: true, scidAlias: false },
    verb: 'openChannel',
    asked: { peer: { nodeId: PEER_ID }, capacitySat: 100_000n, announce: true, zeroConf: true, scidAlias: false },
    answer: channels.opened,
  },
  { route: `GET ${CHANNEL_PATH}`, verb: 'channel', asked: { channelId: CHANNEL_ID }, answer: channels.channel },
  {
    route: `GET ${CHANNEL_PATH}/explanation`,
    verb: 'explainChannel',
    asked: { channelId: CHANNEL_ID },
    answer: channels.explanation,
  },
  {
    route: `POST ${CHANNEL_PATH}/close`,
    verb: 'closeChannel',
    asked: { channelId: CHANNEL_ID },
    answer: channels.closing,
  },
  {
    route: `POST ${CHANNEL_PATH}/close`,
    body: { force: true, feeratePerKw: 500 },
    verb: 'closeChannel',
    asked: { channelId: CHANNEL_ID, force: true, feeratePerKw: 500 },
    answer: channels.closing,
  },
  { route: 'POST /v1/invoices', body: {}, verb: 'createInvoice', asked: {}, answer: invoices.invoice },
  {
    route: 'POST /v1/invoices',
    body: { paymentHash: PAYMENT_HASH, minFinalCltvExpiryDelta: 200 },
    verb: 'createInvoice',
    asked: { paymentHash: PAYMENT_HASH, minFinalCltvExpiryDelta: 200 },
    answer: invoices.invoice,
  },
  {
    route: 'POST /v1/invoices/settle',
    body: { preimage: 'ab'.repeat(32) },
    verb: 'settleInvoice',
    asked: { preimage: 'ab'.repeat(32) },
    answer: payments.payment,
  },
  {
    route: `DELETE /v1/invoices/${PAYMENT_HASH}`,
    verb: 'cancelInvoice',
    asked: { paymentHash: PAYMENT_HASH },
    status: 204,
  },
  { route: 'GET /v1/invoices', verb: 'invoices', asked: { held: false }, answer: invoices.openInvoices },
  {
    route: `GET /v1/invoices?limit=5&after=${PAYMENT_HASH}&held=true`,
    verb: 'invoices',
    asked: { limit: 5, after: PAYMENT_HASH, held: true },
    answer: invoices.openInvoices,
  },
  {
    route: `GET /v1/invoices/${PAYMENT_HASH}`,
    verb: 'invoice',
    asked: { paymentHash: PAYMENT_HASH },
    answer: invoices.openInvoice,
  },
  {
    route: 'POST /v1/decode',
    body: { invoice: INVOICE },
    verb: 'decodeInvoice',
    asked: { invoice: INVOICE },
    answer: invoices.decodedInvoice,
  },
  {
    route: 'POST /v1/invoices',
    body: { amountMsat: '1500', description: 'a cup of tea', expirySeconds: 60 },
    verb: 'createInvoice',
    asked: { amountMsat: 1500n, description: 'a cup of tea', expirySeconds: 60 },
    answer: invoices.invoice,
  },
  {
    route: 'POST /v1/payments',
    body: { invoice: 'lnbcrt1', amountMsat: '5', timeoutMs: 1000, maxFeeMsat: '7', maxParts: 3, maxCltvDelta: 500 },
    verb: 'pay',
    asked: { invoice: 'lnbcrt1', amountMsat: 5n, timeoutMs: 1000, maxFeeMsat: 7n, maxParts: 3, maxCltvDelta: 500 },
    answer: payments.payment,
  },
  {
    route: 'POST /v1/payments',
    body: { nodeId: PEER_ID, amountMsat: '5' },
    verb: 'pay',
    asked: { nodeId: PEER_ID, amountMsat: 5n },
    answer: payments.payment,
  },
  { route: 'GET /v1/payments', verb: 'payments', asked: { limit: 100 }, answer: payments.payments },
  {
    route: 'GET /v1/payments?limit=1000&before=8',
    verb: 'payments',
    asked: { limit: 1000, before: 8 },
    answer: payments.payments,
  },
  {
    route: 'GET /v1/payments?direction=received&status=failed',
    verb: 'payments',
    asked: { limit: 100, direction: 'received', status: 'failed' },
    answer: payments.payments,
  },
  {
    route: 'POST /v1/routes',
    body: { invoice: 'lnbcrt1', maxFeeMsat: '0' },
    verb: 'routes',
    asked: { invoice: 'lnbcrt1', maxFeeMsat: 0n },
    answer: routes.routes,
  },
  {
    route: 'POST /v1/routes',
    body: { nodeId: PEER_ID, amountMsat: '5', maxParts: 2 },
    verb: 'routes',
    asked: { nodeId: PEER_ID, amountMsat: 5n, maxParts: 2 },
    answer: routes.routes,
  },
  { route: 'GET /v1/policies', verb: 'policies', answer: policies.channelPolicies },
  {
    route: `POST ${CHANNEL_PATH}/policy`,
    body: { feeBaseMsat: '0', feeProportionalMillionths: 50, cltvExpiryDelta: 40, disabled: true },
    verb: 'setPolicy',
    asked: {
      channelId: CHANNEL_ID,
      feeBaseMsat: 0n,
      feeProportionalMillionths: 50,
      cltvExpiryDelta: 40,
      disabled: true,
    },
    answer: policies.channelPolicy,
  },
  {
    route: `POST ${CHANNEL_PATH}/policy`,
    body: { htlcMinimumMsat: '1000', htlcMaximumMsat: '2000' },
    verb: 'setPolicy',
    asked: { channelId: CHANNEL_ID, htlcMinimumMsat: 1000n, htlcMaximumMsat: 2000n },
    answer: policies.channelPolicy,
  },
  { route: 'GET /v1/graph', verb: 'graphSummary', answer: graph.graphSummary },
  { route: 'GET /v1/graph/channels', verb: 'graph', asked: {}, answer: graph.graphPage },
  {
    route: 'GET /v1/graph/channels?limit=1000&after=7',
    verb: 'graph',
    asked: { limit: 1000, after: 7 },
    answer: graph.graphPage,
  },
  { route: `GET /v1/graph/nodes/${PEER_ID}`, verb: 'graphNode', asked: { nodeId: PEER_ID }, answer: graph.graphNode },
  {
    route: `GET /v1/payments/${SENT_HASH}`,
    verb: 'payment',
    asked: { paymentHash: SENT_HASH },
    answer: payments.payment,
  },
  { route: 'GET /v1/tokens', verb: 'tokens', answer: tokens.tokens },
  {
    route: 'POST /v1/tokens',
    body: { name: 'shop', scopes: ['spend'], budgetMsat: '9' },
    verb: 'createToken',
    asked: { name: 'shop', scopes: ['spend'], budgetMsat: 9n },
    answer: tokens.createdToken,
  },
  { route: 'DELETE /v1/tokens/id-read', verb: 'revokeToken', asked: { id: 'id-read' }, status: 204 },
]

describe('each route', () => {
  it.each(ROUTES)('$route asks the node to $verb', async ({ route, verb, asked, answer, status = 200, ...options }) => {
    const { ask, calls } = await served()
    const [method = '', path = ''] = route.split(' ')
    const got = await ask(method, path, options)
    expect(got.status).toBe(status)
    expect(calls).toEqual([{ verb, request: asked }])
    expect(got.headers.get('cache-control')).toBe('no-store')
    if (answer === undefined) expect(got.text).toBe('')
    // A key that the schema does not name would be missing from what it parses.
    else expect(answer.parse(got.json)).toEqual(got.json)
  })

  it('passes an amount beyond 2^53 on exactly, and leaves absent values out', async () => {
    const { ask } = await served()
    expect((await ask('GET', '/v1/balance')).text).toContain('"onchainConfirmedSat":"5000000000"')
    const [, absent] = (await ask('GET', '/v1/peers')).json
    expect(Object.keys(absent).sort()).toEqual(['channels', 'connected', 'nodeId'])
  })

  it('gives the names of the contract to scripts', async () => {
    const { ask } = await served()
    const info = (await ask('GET', '/v1/info')).json
    expect(info).toMatchObject({
      nodeId: OUR_ID,
      network: 'regtest',
      blockHeight: 110,
      synced: true,
      peers: 1,
      channels: 1,
    })
    const [channel] = (await ask('GET', '/v1/channels')).json
    expect(channel).toMatchObject({
      channelId: CHANNEL_ID,
      peer: PEER_ID,
      state: 'normal',
      capacitySat: '1000000',
      localMsat: '900000000',
      remoteMsat: '100000000',
    })
    const body = { peer: { nodeId: PEER_ID }, capacitySat: '100000' }
    expect((await ask('POST', '/v1/channels', { body })).json).toMatchObject({
      channelId: CHANNEL_ID,
      fundingTxid: TXID,
    })
  })

  it('shows the hash of no token', async () => {
    const { ask } = await served()
    const listed = await ask('GET', '/v1/tokens')
    const created = await ask('POST', '/v1/tokens', { body: { name: 'x', scopes: ['read'] } })
    expect(created.json.secret).toBe('told-once')
    expect(listed.text + created.text).not.toContain(TOKEN_HASH)
  })

  it('gives the backup as bytes', async () => {
    const { api } = await served()
    const answer = await fetch(`${api.url}/v1/backup`, {
      method: 'POST',
      headers: { Authorization: 'Bearer the-secret-of-the-data-directory' },
    })
    expect(answer.headers.get('content-type')).toBe('application/octet-stream')
    expect(new Uint8Array(await answer.arrayBuffer())).toEqual(Uint8Array.of(0, 1, 2, 255))
  })

  it('answers a stop before it asks for it', async () => {
    let stopped = () => {}
    const stop = new Promise<void>(done => {
      stopped = done
    })
    const { ask, calls } = await served({ onStop: () => stopped() })
    const answer = await ask('POST', '/v1/stop')
    expect(answer).toMatchObject({ status: 202, json: { stopping: true } })
    await stop
    expect(calls).toEqual([])
  })
})

describe('Idempotency-Key', () => {
  const MOVING = [
    { route: '/v1/send', body: { address: 'bcrt1q', amountSat: '5' } },
    { route: '/v1/channels', body: { peer: { nodeId: PEER_ID }, capacitySat: '100000' } },
    { route: '/v1/payments', body: { invoice: 'lnbcrt1' } },
  ]

  it.each(MOVING)('goes to the node from $route', async ({ route, body }) => {
    const { ask, calls } = await served()
    const longest = `${'k'.repeat(254)}~`
    for (const key of ['a', longest]) {
      expect((await ask('POST', route, { body, headers: { 'Idempotency-Key': key } })).status).toBe(200)
    }
    expect(calls.map(({ request }) => request)).toMatchObject([{ idempotencyKey: 'a' }, { idempotencyKey: longest }])
  })

  it.each(MOVING)(
    'is refused by $route where it is empty, too long, of two words or no ASCII',
    async ({ route, body }) => {
      const { ask, calls } = await served()
      for (const key of ['', 'a key', 'k'.repeat(256), 'schl\u00fcssel']) {
        const answer = await ask('POST', route, { body, headers: { 'Idempotency-Key': key } })
        expect(answer.status).toBe(400)
        expect(errorOf(answer).facts).toEqual({ place: 'headers', fields: 'Idempotency-Key' })
      }
      expect(calls).toEqual([])
    },
  )
})

describe('a failure of the node', () => {
  const STATUSES: Readonly<Record<BookendErrorCode, number>> = {
    bad_request: 400,
    not_found: 404,
    not_possible_now: 409,
    conflict: 409,
    insufficient_funds: 409,
    limit_reached: 429,
    unauthorized: 401,
    forbidden: 403,
    budget_exceeded: 403,
    peer_unreachable: 502,
    peer_refused: 502,
    payment_failed: 422,
    timeout: 504,
    aborted: 409,
    chain_unavailable: 503,
    wrong_network: 400,
    wrong_passphrase: 403,
    address_in_use: 409,
    data_directory: 500,
    disk: 507,
    stopped: 503,
    internal: 500,
  }

  it.each(ERROR_CODES)('%s is told with its code, advice and facts', async code => {
    const { ask, failNext, logged } = await served()
    failNext(
      'info',
      new BookendError(code, 'It did not work.', { advice: 'Try another.', facts: { section: 'BOLT 2' } }),
    )
    const answer = await ask('GET', '/v1/info')
    expect(answer.status).toBe(STATUSES[code])
    expect(answer.json).toEqual({
      error: { code, message: 'It did not work.', advice: 'Try another.', facts: { section: 'BOLT 2' } },
    })
    expect(logged).toEqual([])
  })

  it('that nobody foresaw goes to the log, without the secret, and not to the caller', async () => {
    const { ask, failNext, logged } = await served()
    failNext('payment', new Error('row 7 is torn, said the-secret-of-the-data-directory'))
    const answer = await ask('GET', `/v1/payments/${PAYMENT_HASH}`)
    expect(answer.status).toBe(500)
    expect(errorOf(answer).code).toBe('internal')
    expect(answer.text).not.toMatch(/torn|at .*\.ts/)
    expect(logged).toHaveLength(1)
    expect(logged[0]).toContain('row 7 is torn, said (secret)')
    expect(logged[0]).not.toContain('the-secret-of-the-data-directory')
  })

  it('that is no Error at all is told as well', async () => {
    const { ask, failNext } = await served()
    failNext('info', 'thrown as text')
    expect(await ask('GET', '/v1/info')).toMatchObject({ status: 500, json: { error: { code: 'internal' } } })
  })
})
