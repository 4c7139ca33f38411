import { describe, expect, it } from 'vitest'
import { CHANNEL_ID, INVOICE, PAYMENT_HASH, PEER_ID, SENT_HASH } from './fakeNode.ts'
import { type AskOptions, errorOf, served } from './served.ts'

// Who may do what: each kind of token against each route.

const OWNER = 'the-secret-of-the-data-directory'
const HOLDERS = ['read', 'invoice', 'spend', 'admin', 'read-spend'] as const
type Holder = (typeof HOLDERS)[number]

interface Row extends AskOptions {
  readonly route: string
  readonly open: readonly Holder[]
}

const READS: readonly Holder[] = ['read', 'read-spend', 'admin']
const SPENDS: readonly Holder[] = ['spend', 'read-spend', 'admin']
const PAID: readonly Holder[] = ['invoice', 'admin']
const ADMIN: readonly Holder[] = ['admin']

const TABLE: readonly Row[] = [
  { route: 'GET /v1/info', open: READS },
  { route: 'GET /v1/balance', open: READS },
  { route: 'GET /v1/peers', open: READS },
  { route: 'GET /v1/channels', open: READS },
  { route: `GET /v1/channels/${CHANNEL_ID}`, open: READS },
  { route: `GET /v1/channels/${CHANNEL_ID}/explanation`, open: READS },
  { route: 'GET /v1/payments', open: READS },
  { route: `GET /v1/payments/${PAYMENT_HASH}`, open: [...READS, 'invoice'] },
  { route: 'GET /v1/policies', open: READS },
  { route: 'GET /v1/graph', open: READS },
  { route: 'GET /v1/graph/channels', open: READS },
  { route: `GET /v1/graph/nodes/${PEER_ID}`, open: READS },
  { route: 'GET /v1/invoices', open: READS },
  { route: `GET /v1/invoices/${PAYMENT_HASH}`, open: [...READS, 'invoice'] },
  { route: 'POST /v1/decode', body: { invoice: INVOICE }, open: [...READS, 'invoice', 'spend'] },
  { route: 'POST /v1/invoices', body: {}, open: PAID },
  { route: 'POST /v1/invoices/settle', body: { preimage: PAYMENT_HASH }, open: PAID },
  { route: `DELETE /v1/invoices/${PAYMENT_HASH}`, open: PAID },
  { route: `POST /v1/channels/${CHANNEL_ID}/policy`, body: { disabled: true }, open: ADMIN },
  { route: 'POST /v1/routes', body: { invoice: 'lnbcrt1' }, open: [...READS, 'spend'] },
  { route: 'POST /v1/payments', body: { invoice: 'lnbcrt1' }, open: SPENDS },
  { route: 'POST /v1/send', body: { address: 'bcrt1q', amountSat: '5' }, open: SPENDS },
  { route: 'POST /v1/addresses', open: ADMIN },
  { route: 'POST /v1/peers', body: { nodeId: PEER_ID }, open: ADMIN },
  { route: `DELETE /v1/peers/${PEER_ID}`, open: ADMIN },
  { route: 'POST /v1/channels', body: { peer: { nodeId: PEER_ID }, capacitySat: '100000' }, open: ADMIN },
  { route: `POST /v1/channels/${CHANNEL_ID}/close`, body: { force: true }, open: ADMIN },
  { route: 'POST /v1/backup', open: ADMIN },
  { route: 'GET /v1/tokens', open: ADMIN },
  { route: 'POST /v1/tokens', body: { name: 'x', scopes: ['read'] }, open: ADMIN },
  { route: 'DELETE /v1/tokens/id-read', open: ADMIN },
  { route: 'POST /v1/stop', open: ADMIN },
]

describe('a token and a route', () => {
  it.each(TABLE)('$route serves $open and the owner', async ({ route, open, ...options }) => {
    const { ask, calls } = await served()
    const [method = '', path = ''] = route.split(' ')
    for (const holder of HOLDERS) {
      const answer = await ask(method, path, { ...options, token: `secret-of-${holder}` })
      if (open.includes(holder)) {
        expect(answer.status, `${holder} at ${route}`).toBeLessThan(300)
      } else {
        expect(answer.status, `${holder} at ${route}`).toBe(403)
        expect(errorOf(answer)).toMatchObject({ code: 'forbidden', advice: expect.stringContaining('admin') })
      }
    }
    expect((await ask(method, path, { ...options, token: OWNER })).status).toBeLessThan(300)
    expect(calls).toHaveLength(route.endsWith('/stop') ? 0 : open.length + 1)
  })

  it.each(TABLE)('$route serves no stranger', async ({ route, open: _, ...options }) => {
    const { ask, calls } = await served()
    const [method = '', path = ''] = route.split(' ')
    for (const token of [null, 'secret-of-nobody', `${OWNER}x`, OWNER.slice(1), 'x'.repeat(513), '']) {
      const answer = await ask(method, path, { ...options, token })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
      expect(errorOf(answer).code).toBe('unauthorized')
    }
    expect(calls).toEqual([])
  })

  it('names every route of the document but the two that are tested by themselves', async () => {
    const { ask } = await served()
    const { paths } = (await ask('GET', '/v1/openapi.json', { token: null })).json
    const documented = Object.entries<object>(paths).flatMap(([path, item]) =>
      Object.keys(item).map(method => `${method.toUpperCase()} ${path}`),
    )
    const here = TABLE.map(({ route }) =>
      route
        .replace(CHANNEL_ID, '{channelId}')
        .replace(PAYMENT_HASH, '{paymentHash}')
        .replace(PEER_ID, '{nodeId}')
        .replace('id-read', '{id}'),
    )
    expect(documented.filter(route => !here.includes(route))).toEqual(['GET /v1/events'])
  })

  it('takes the secret under another scheme for none of ours', async () => {
    const { ask } = await served()
    for (const header of [`Basic ${OWNER}`, OWNER, `Bearer ${OWNER} ${OWNER}`, `Bearer  `]) {
      const answer = await ask('GET', '/v1/info', { token: null, headers: { Authorization: header } })
      expect(answer.status).toBe(401)
    }
    const lenient = await ask('GET', '/v1/info', { token: null, headers: { Authorization: `bearer  ${OWNER}` } })
    expect(lenient.status).toBe(200)
  })

  it('reads no body of a stranger', async () => {
    const { ask } = await served()
    const answer = await ask('POST', '/v1/send', { token: 'secret-of-nobody', body: '{' })
    expect(answer.status).toBe(401)
  })
})

describe('what a token spends', () => {
  it.each([
    { route: '/v1/send', body: { address: 'bcrt1q', amountSat: '5' } },
    { route: '/v1/payments', body: { nodeId: PEER_ID, amountMsat: '5' } },
  ])('is booked on it by $route, and what the owner spends on nobody', async ({ route, body }) => {
    const { ask, calls } = await served()
    await ask('POST', route, { body, token: 'secret-of-spend' })
    await ask('POST', route, { body, token: 'secret-of-admin' })
    await ask('POST', route, { body })
    expect(calls.map(({ request }) => (request as { token?: string }).token)).toEqual([
      'id-spend',
      'id-admin',
      undefined,
    ])
  })

  it('cannot be booked on another by its body', async () => {
    const { ask, calls } = await served()
    const body = { nodeId: PEER_ID, amountMsat: '5', token: 'id-admin' }
    const answer = await ask('POST', '/v1/payments', { body, token: 'secret-of-spend' })
    expect(errorOf(answer).message).toBe('The body has unknown fields: `token`.')
    expect(calls).toEqual([])
  })

  it('is booked by an opening under a token that may do everything', async () => {
    const { ask, calls } = await served()
    const body = { peer: { nodeId: PEER_ID }, capacitySat: '100000' }
    await ask('POST', '/v1/channels', { body, token: 'secret-of-admin' })
    expect(calls[0]?.request).toMatchObject({ token: 'id-admin' })
  })
})

describe('a token that may be paid', () => {
  it('sees a payment that was received, and none that was sent', async () => {
    const { ask } = await served()
    const token = 'secret-of-invoice'
    expect((await ask('GET', `/v1/payments/${PAYMENT_HASH}`, { token })).json.direction).toBe('received')
    const sent = await ask('GET', `/v1/payments/${SENT_HASH}`, { token })
    const unknown = await ask('GET', `/v1/payments/${'00'.repeat(32)}`, { token })
    expect([sent.status, unknown.status]).toEqual([404, 404])
    expect(errorOf(sent).code).toBe('not_found')
    expect((await ask('GET', `/v1/payments/${SENT_HASH}`, { token: 'secret-of-read' })).status).toBe(200)
  })
})
