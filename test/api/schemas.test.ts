import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { z } from 'zod'
import type { BookendClient } from '../../src/api/index.ts'
import { type JsonOf, toJson } from '../../src/api/json.ts'
import type { ChannelJson, ExplanationJson } from '../../src/api/schemas/channels.ts'
import type { EventJson } from '../../src/api/schemas/events.ts'
import type { GraphChannelJson, GraphNodeJson, GraphPageJson, GraphSummaryJson } from '../../src/api/schemas/graph.ts'
import type { DecodedInvoiceJson, OpenInvoiceJson } from '../../src/api/schemas/invoices.ts'
import type { BalanceJson, InfoJson } from '../../src/api/schemas/node.ts'
import type { PaymentJson } from '../../src/api/schemas/payments.ts'
import type { PeerJson } from '../../src/api/schemas/peers.ts'
import type { ChannelPolicyJson } from '../../src/api/schemas/policies.ts'
import type { PaymentProgressJson } from '../../src/api/schemas/routes.ts'
import type { TokenJson } from '../../src/api/schemas/tokens.ts'
import { msatIn, nodeIdIn, satIn } from '../../src/api/schemas/values.ts'
import { MAX_MONEY_MSAT, MAX_MONEY_SAT } from '../../src/base/index.ts'
import type { NodeEvent, Payment, PaymentProgress, Token } from '../../src/engine/index.ts'
import type { PlainInvoice } from '../../src/invoice/index.ts'
import type {
  Balance,
  BookendNode,
  ChannelExplanation,
  ChannelInfo,
  ChannelPolicy,
  GraphChannelInfo,
  GraphNodeInfo,
  GraphPage,
  GraphSummary,
  InvoiceInfo,
  NodeInfo,
  PeerInfo,
} from '../../src/node/index.ts'
import { CHANNEL_ID, PAYMENT_HASH, PEER_ID } from './fakeNode.ts'
import { errorOf, served } from './served.ts'

// What a request may look like, and that the schemas say of answers what the node's types say.

describe('the schemas', () => {
  it('have exactly the keys of the types of the node', () => {
    expectTypeOf<keyof InfoJson>().toEqualTypeOf<keyof NodeInfo>()
    expectTypeOf<keyof BalanceJson>().toEqualTypeOf<keyof Balance>()
    expectTypeOf<keyof PeerJson>().toEqualTypeOf<keyof PeerInfo>()
    expectTypeOf<keyof ChannelJson>().toEqualTypeOf<keyof ChannelInfo>()
    expectTypeOf<keyof ExplanationJson>().toEqualTypeOf<keyof ChannelExplanation>()
    expectTypeOf<keyof PaymentJson>().toEqualTypeOf<keyof Payment>()
    expectTypeOf<keyof OpenInvoiceJson>().toEqualTypeOf<keyof InvoiceInfo>()
    expectTypeOf<keyof DecodedInvoiceJson>().toEqualTypeOf<keyof PlainInvoice>()
    expectTypeOf<keyof ChannelPolicyJson>().toEqualTypeOf<keyof ChannelPolicy>()
    expectTypeOf<keyof GraphSummaryJson>().toEqualTypeOf<keyof GraphSummary>()
    expectTypeOf<keyof GraphPageJson>().toEqualTypeOf<keyof GraphPage>()
    expectTypeOf<keyof GraphChannelJson>().toEqualTypeOf<keyof GraphChannelInfo>()
    expectTypeOf<keyof GraphNodeJson>().toEqualTypeOf<keyof GraphNodeInfo>()
    expectTypeOf<keyof TokenJson>().toEqualTypeOf<Exclude<keyof Token, 'secretHash'>>()
    expectTypeOf<PaymentProgressJson['type']>().toEqualTypeOf<PaymentProgress['type']>()
    type Keys<T> = T extends { readonly type: infer Type } ? readonly [Type, keyof T] : never
    type Flat<T> = T extends NodeEvent ? T & { readonly id: number; readonly at: number } : never
    expectTypeOf<Keys<EventJson>>().toEqualTypeOf<Keys<Flat<NodeEvent>>>()
  })

  it('give a client every verb of a node that makes sense at a distance', () => {
    type AtHome = 'nodeId' | 'network' | 'listening' | 'stopped' | 'tokenOf' | typeof Symbol.asyncDispose
    expectTypeOf<keyof BookendClient>().toEqualTypeOf<Exclude<keyof BookendNode, AtHome>>()
  })
})

describe('an amount', () => {
  const reads = (schema: z.ZodType<bigint>, text: unknown): boolean => schema.safeParse(text).success

  it('comes back from its text as it was', () => {
    fc.assert(fc.property(fc.bigInt(0n, MAX_MONEY_MSAT), amount => msatIn.parse(`${amount}`) === amount))
    fc.assert(fc.property(fc.bigInt(0n, MAX_MONEY_SAT), amount => satIn.parse(`${amount}`) === amount))
  })

  it('is no more than all the bitcoin there can be', () => {
    expect(reads(satIn, `${MAX_MONEY_SAT}`)).toBe(true)
    expect(reads(satIn, `${MAX_MONEY_SAT + 1n}`)).toBe(false)
    expect(reads(msatIn, `${MAX_MONEY_MSAT}`)).toBe(true)
    expect(reads(msatIn, `${MAX_MONEY_MSAT + 1n}`)).toBe(false)
  })

  it.each([
    '',
    ' 1',
    '1 ',
    '01',
    '-1',
    '+1',
    '1.0',
    '1e3',
    '0x10',
    '1_000',
    '١',
    '9'.repeat(20),
    1,
    1n,
    null,
    true,
    [],
    {},
  ])('is not %s', text => {
    expect(reads(satIn, text)).toBe(false)
    expect(reads(msatIn, text)).toBe(false)
  })
})

describe('a node id', () => {
  it.each([
    PEER_ID.toUpperCase().replace('02', '0A'),
    `04${PEER_ID.slice(2)}`,
    PEER_ID.slice(2),
    `${PEER_ID}00`,
    `${PEER_ID}\n`,
  ])('is not %j', text => {
    expect(nodeIdIn.safeParse(text).success).toBe(false)
    expect(nodeIdIn.safeParse(PEER_ID).success).toBe(true)
  })
})

describe('a request that does not fit', () => {
  const OPEN = { peer: { nodeId: PEER_ID }, capacitySat: '100000' }
  const BAD: readonly (readonly [string, unknown, string, string])[] = [
    [
      'POST /v1/send',
      {},
      'address, amountSat',
      'The field `address` of the body is missing, expected an address on chain',
    ],
    ['POST /v1/send', { address: 'a', amountSat: 5 }, 'amountSat', 'as a string of decimal digits, or "all"'],
    ['POST /v1/send', { address: 'a', amountSat: 'some' }, 'amountSat', 'or "all"'],
    ['POST /v1/send', { address: '', amountSat: 'all' }, 'address', 'got a text of 0 characters'],
    ['POST /v1/send', { address: 'a', amountSat: 'all', fee: 1 }, 'fee', 'The body has unknown fields: `fee`.'],
    ['POST /v1/send', { address: 'a', amountSat: 'all', feeratePerKw: 0 }, 'feeratePerKw', 'from 1 to 4294967295'],
    ['POST /v1/send', { address: 'a', amountSat: 'all', feeratePerKw: 1.5 }, 'feeratePerKw', 'a whole number'],
    ['POST /v1/send', [], '', 'The body: '],
    ['POST /v1/send', null, '', 'The body: '],
    ['POST /v1/peers', { nodeId: 'x' }, 'nodeId', 'got a text of 1 characters'],
    ['POST /v1/peers', { nodeId: PEER_ID, address: { host: 'a', port: 65_536 } }, 'address.port', 'from 1 to 65535'],
    ['POST /v1/peers', { nodeId: PEER_ID, address: { host: '[::1]', port: 1 } }, 'address.host', 'without brackets'],
    ['POST /v1/peers', { nodeId: PEER_ID, address: 'a:1' }, 'address', '`address` of the body'],
    ['POST /v1/channels', { ...OPEN, capacitySat: null }, 'capacitySat', 'got null'],
    [
      'POST /v1/channels',
      { ...OPEN, capacitySat: undefined },
      'capacitySat',
      'is missing, expected an amount in satoshis',
    ],
    ['POST /v1/channels', { ...OPEN, pushMsat: ['1'] }, 'pushMsat', 'got a list'],
    ['POST /v1/channels', { ...OPEN, pushMsat: {} }, 'pushMsat', 'got an object'],
    ['POST /v1/channels', { ...OPEN, peer: {} }, 'peer.nodeId', '`peer.nodeId` of the body is missing'],
    ['POST /v1/channels', { ...OPEN, peer: { nodeId: PEER_ID, x: 1 } }, 'peer.x', 'unknown fields: `peer.x`'],
    [`POST /v1/channels/${CHANNEL_ID}/close`, { force: 'yes' }, 'force', 'expected true or false, got a text'],
    ['POST /v1/channels/zz/close', {}, 'channelId', 'of the path'],
    ['GET /v1/channels/zz', undefined, 'channelId', '64 lowercase hexadecimal digits'],
    [`GET /v1/channels/${CHANNEL_ID}0/explanation`, undefined, 'channelId', 'of the path'],
    ['GET /v1/channels?closed=1', undefined, 'closed', 'one of true, false'],
    ['GET /v1/channels?closed=true&closed=true', undefined, 'closed', 'of the query'],
    ['GET /v1/channels?open=true', undefined, 'open', 'The query has unknown fields: `open`.'],
    ['POST /v1/invoices', { amountMsat: '-1' }, 'amountMsat', 'at most 2100000000000000000'],
    ['POST /v1/invoices', { description: 'x'.repeat(640) }, 'description', '0 to 639 characters'],
    ['POST /v1/invoices', { expirySeconds: 0 }, 'expirySeconds', 'from 1'],
    ['POST /v1/payments', {}, '', 'either `invoice` or `nodeId`'],
    ['POST /v1/payments', { invoice: 'a', nodeId: PEER_ID, amountMsat: '1' }, '', 'and not both'],
    ['POST /v1/payments', { nodeId: PEER_ID }, 'amountMsat', 'a payment without an invoice needs an amount'],
    ['POST /v1/payments', { invoice: 'a', timeoutMs: 86_400_001 }, 'timeoutMs', 'from 1 to 86400000'],
    ['GET /v1/payments?limit=0', undefined, 'limit', 'from 1 to 1000'],
    ['GET /v1/payments?limit=1001', undefined, 'limit', 'from 1 to 1000'],
    ['GET /v1/payments?before=x', undefined, 'before', 'a number of a payment'],
    [`GET /v1/payments/${PAYMENT_HASH.slice(2)}`, undefined, 'paymentHash', 'of the path'],
    ['DELETE /v1/peers/03', undefined, 'nodeId', 'a public key'],
    ['POST /v1/tokens', { name: 'x', scopes: [] }, 'scopes', 'at least one scope'],
    ['POST /v1/tokens', { name: 'x', scopes: ['root'] }, 'scopes.0', 'one of admin, read, invoice, spend'],
    ['POST /v1/tokens', { name: 'x'.repeat(101), scopes: ['read'] }, 'name', '1 to 100 characters'],
    [`DELETE /v1/tokens/${'x'.repeat(129)}`, undefined, 'id', '1 to 128 characters'],
  ]

  it.each(BAD)('%s %j is told which field: %s', async (route, body, fields, words) => {
    const { ask, calls } = await served()
    const [method = '', path = ''] = route.split(' ')
    const answer = await ask(method, path, { ...(body === undefined ? {} : { body }) })
    expect(answer.status).toBe(400)
    const error = errorOf(answer)
    expect(error).toMatchObject({ code: 'bad_request', facts: { fields } })
    expect(error.message).toContain(words)
    expect(calls).toEqual([])
  })

  it('is told at most five fields, each shortened, and none of its values', async () => {
    const { ask } = await served()
    const body = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`${i}-${'k'.repeat(80)}`, 'a-secret-value']))
    const answer = await ask('POST', '/v1/invoices', { body: { ...body, amountMsat: 'a-secret-value' } })
    expect(answer.status).toBe(400)
    expect(answer.text.length).toBeLessThan(1500)
    expect(answer.text).not.toContain('a-secret-value')
  })

  it('is refused with keys that mean something to JavaScript', async () => {
    const { ask, calls } = await served()
    for (const key of ['__proto__', 'constructor', 'toString']) {
      const answer = await ask('POST', '/v1/invoices', { body: `{"${key}":{"amountMsat":"1"}}` })
      expect(answer.status).toBe(400)
    }
    expect(calls).toEqual([])
  })
})

describe('JSON of a value', () => {
  it('keeps everything but amounts, which become text, and what is not there', () => {
    const value = { a: 1n, b: [2n, { c: undefined, d: null }], e: 'x', f: true, g: undefined }
    expect(toJson(value)).toEqual({ a: '1', b: ['2', { d: null }], e: 'x', f: true })
    expect(Object.keys(toJson(value))).not.toContain('g')
    expectTypeOf<JsonOf<typeof value>['a']>().toEqualTypeOf<string>()
  })
})
