import type { z } from 'zod'
import { toJson } from '../../../src/api/json.ts'
import { channelPath, channelsQuery, closeRequest, openRequest } from '../../../src/api/schemas/channels.ts'
import { eventsHeaders, eventsQuery } from '../../../src/api/schemas/events.ts'
import { repeatableHeaders } from '../../../src/api/schemas/idempotency.ts'
import { invoiceRequest } from '../../../src/api/schemas/invoices.ts'
import { sendRequest } from '../../../src/api/schemas/node.ts'
import { paymentPath, paymentsQuery, payRequest } from '../../../src/api/schemas/payments.ts'
import { peerAddress, peerPath } from '../../../src/api/schemas/peers.ts'
import { tokenPath, tokenRequest } from '../../../src/api/schemas/tokens.ts'
import { sseReader } from '../../../src/api/sse.ts'
import { BookendError, concat, MAX_MONEY_MSAT, MAX_MONEY_SAT, utf8Encode } from '../../../src/base/index.ts'
import { parseUrl } from '../../../src/chain/bitcoind/login.ts'
import { readOptions as readDemo } from '../../../src/cli/demo/options.ts'
import { readBlockCount, readEndpoint, readOptions } from '../../../src/cli/regtest/options.ts'
import {
  addressTyped,
  byPrefix,
  feerateTyped,
  msatTyped,
  nodeIdTyped,
  peerTyped,
  satTyped,
  wholeTyped,
} from '../../../src/cli/typed.ts'
import { plainAddress, sourceOf } from '../../../src/net/address.ts'
import { ChainError } from '../../../src/ports/index.ts'
import { createRegtestChain } from '../../../src/regtest/index.ts'
import { answer, USAGES } from '../../../src/regtest/rpc/dispatch.ts'
import { writeJson } from '../../../src/regtest/rpc/json.ts'
import { createSession } from '../../../src/regtest/rpc/session.ts'
import { mutateBody, mutateJson } from '../json.ts'
import { mutateBytes, mutateText } from '../mutate.ts'
import { claim, claimSame, kindOf, type Target, utf8Text } from '../target.ts'

// What users and their programs say: bodies of the API and of the regtest RPC, and what is typed.

const ID = 'ab'.repeat(32)
const NODE = `02${ID}`

/** Each request with good ones of it. */
const REQUESTS: readonly (readonly [string, z.ZodType, readonly unknown[]])[] = [
  [
    'open',
    openRequest,
    [
      {
        peer: { nodeId: NODE, address: { host: '::1', port: 9735 } },
        capacitySat: '100000',
        pushMsat: '0',
        feeratePerKw: 253,
      },
    ],
  ],
  ['close', closeRequest, [{}, { force: true, feeratePerKw: 1000 }]],
  [
    'send',
    sendRequest,
    [
      { address: 'bcrt1q', amountSat: 'all' },
      { address: 'x', amountSat: '546', feeratePerKw: 1 },
    ],
  ],
  ['invoice', invoiceRequest, [{}, { amountMsat: '1', description: '', expirySeconds: 1 }]],
  ['pay', payRequest, [{ invoice: 'lnbcrt1' }, { nodeId: NODE, amountMsat: '5', timeoutMs: 1 }]],
  ['token', tokenRequest, [{ name: 'shop', scopes: ['spend', 'read'], budgetMsat: '1' }]],
  ['peer', peerAddress, [{ nodeId: NODE }, { nodeId: NODE, address: { host: 'a', port: 1 } }]],
  ['channelPath', channelPath, [{ channelId: ID }]],
  ['channelsQuery', channelsQuery, [{}, { closed: 'true' }]],
  ['eventsQuery', eventsQuery, [{}, { after: '7' }]],
  ['eventsHeaders', eventsHeaders, [{}, { 'last-event-id': '3' }]],
  ['repeatable', repeatableHeaders, [{}, { 'idempotency-key': 'a' }]],
  ['paymentPath', paymentPath, [{ paymentHash: ID }]],
  ['paymentsQuery', paymentsQuery, [{}, { limit: '5', before: '9' }]],
  ['peerPath', peerPath, [{ nodeId: NODE }]],
  ['tokenPath', tokenPath, [{ id: 'x' }]],
]

const api: Target = {
  name: 'api.bodies',
  runs: 2_500,
  seeds: () =>
    REQUESTS.flatMap(([, , good], at) => good.map(body => concat(Uint8Array.of(at), utf8Encode(JSON.stringify(body))))),
  mutate: mutateBody,
  judge(input) {
    const [name, schema] = REQUESTS[(input[0] ?? 0) % REQUESTS.length] ?? ['', openRequest]
    let body: unknown
    try {
      body = JSON.parse(utf8Text(input.subarray(1)))
    } catch {
      return 'no JSON'
    }
    const read = schema.safeParse(body)
    if (!read.success) {
      const { issues } = read.error
      for (const { message } of issues)
        claim(message.length < 600 && !message.includes('\n'), () => `a sentence, not ${message.slice(0, 99)}`)
      claim(issues.length <= 50 || issues.length <= input.length, () => `${issues.length} complaints`)
      return `${name} ${issues
        .map(({ path, code }) => `${path.join('.').slice(0, 20)} ${code}`)
        .slice(0, 2)
        .join()}`
    }
    amountsFit(read.data)
    claimSame(schema.safeParse(written(name, read.data)).data, read.data, 'read again')
    return `${name} ok ${Object.keys(Object(read.data)).sort().join()}`
  },
}

/** In queries and headers every value is text. */
function written(name: string, value: unknown): unknown {
  const json = toJson(value)
  if (!/Query|Headers/.test(name)) return json
  return Object.fromEntries(Object.entries(Object(json)).map(([key, part]) => [key, String(part)]))
}

/** No amount that came through is beyond all the money there is, and no prototype was touched. */
function amountsFit(value: unknown): void {
  claim(
    (Object.getPrototypeOf({}) as unknown) === Object.prototype && !('polluted' in {}),
    () => 'objects are as they were',
  )
  if (typeof value === 'bigint') claim(value >= 0n && value <= MAX_MONEY_MSAT, () => `an amount of ${value}`)
  else if (typeof value === 'object' && value !== null) for (const part of Object.values(value)) amountsFit(part)
}

const sse: Target = {
  name: 'api.events',
  runs: 3_000,
  seeds: () => ['id: 7\nevent: x\ndata: {}\n\n', ': ping\n\ndata: a\ndata: b\r\n\r\n'].map(utf8Encode),
  judge(input) {
    const text = utf8Text(input)
    const whole = sseReader()(text)
    const reader = sseReader()
    const pieces = [...text].flatMap(character => reader(character))
    claimSame(pieces, whole, 'however the stream is cut')
    claim(JSON.stringify(whole).length <= 12 * input.length + 300, () => 'no more comes out than came in')
    return `${Math.min(3, whole.length)} ${whole[0]?.id === undefined} ${whole[0]?.event === 'message'} ${Math.min(9, whole[0]?.data.length ?? 0)}`
  },
}

const RAW_TX = `0200000001${ID}0000000000fdffffff01e803000000000000160014${'00'.repeat(20)}00000000`
const CALL_PARAMS: readonly (readonly unknown[])[] = [
  [],
  [1],
  [0, true],
  [ID],
  [ID, 2],
  [RAW_TX],
  [[RAW_TX]],
  [2, 'bcrt1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqdku202'],
]

const rpc: Target = {
  name: 'regtest.rpc',
  runs: 250,
  seeds: () =>
    [...USAGES.keys()].flatMap((method, at) =>
      [CALL_PARAMS[at % CALL_PARAMS.length], CALL_PARAMS[(at * 3 + 1) % CALL_PARAMS.length]].map(params =>
        utf8Encode(JSON.stringify({ jsonrpc: '1.0', id: at, method, params })),
      ),
    ),
  mutate(input, random, others) {
    if (!random.chance(0.2)) return mutateJson(input, random, others)
    const call = {
      jsonrpc: random.of(['1.0', '2.0', 2]),
      id: 1,
      method: random.of([...USAGES.keys()]),
      params: random.of(CALL_PARAMS),
    }
    return utf8Encode(JSON.stringify(random.chance(0.2) ? [call, call] : call))
  },
  judge(input) {
    const body = utf8Text(input)
    // Whoever asks for many blocks gets them, which takes a while and proves nothing.
    if (/generate|mine|reorg|invalidate/.test(body) && /\d{3}/.test(body)) return 'many blocks'
    const chain = createRegtestChain({ now: () => 1_800_000_000 })
    chain.mine(1)
    const session = createSession({ chain, usages: USAGES, now: () => 1_800_000_000, stop: () => undefined })
    const said = answer(session, body)
    session.end()
    claim([200, 204, 400, 404, 500].includes(said.status), () => `status ${said.status}`)
    if (said.body === undefined) return `${said.status}`
    const text = writeJson(said.body)
    claim(text.length <= 40_000 + 40 * input.length, () => `${text.length} characters for ${input.length}`)
    claim(
      !/TypeError|RangeError|SyntaxError|\.ts:/.test(text),
      () => `our own troubles are told: ${text.slice(0, 200)}`,
    )
    return `${said.status} ${kindOf(text).slice(0, 90)}`
  },
}

/** How each text is read; what cannot be read is a sentence. */
const TYPED: readonly (readonly [string, (text: string) => unknown, readonly string[]])[] = [
  ['sat', text => amount(satTyped(text, 'it'), MAX_MONEY_SAT), ['1', '100_000', '2100000000000000']],
  ['msat', text => amount(msatTyped(text, 'it'), MAX_MONEY_MSAT), ['1', '1_000', '2100000000000000000']],
  ['whole', text => wholeTyped(text, 'it', { min: 0, max: 65_535 }), ['0', '65535']],
  ['feerate', text => feerateTyped(text), ['1', '1.5', '10000', '0.999']],
  ['nodeId', text => nodeIdTyped(text), [NODE, NODE.toUpperCase()]],
  ['peer', text => peerTyped(text), [NODE, `${NODE}@127.0.0.1:9735`, `${NODE}@[::1]`]],
  ['address', text => addressTyped(text, 'it', 9735), ['127.0.0.1:1', '[::1]:65535', 'node.example']],
  ['prefix', text => byPrefix(text, [ID, NODE, ID.replace('a', 'b')], 'channel'), ['ababab', 'bbabab', '02abab']],
  ['blocks', text => readBlockCount(text), ['1', '10000']],
  ['endpoint', text => readEndpoint({ rpcPort: text, rpcUser: text, rpcPassword: text }, 1), ['1', '65535']],
  ['regtest', text => readOptions({ rpcPort: '1', rpcUser: 'u', rpcPassword: 'p', dataDir: text }), ['a', '/']],
  ['demo', text => readDemo({ scenario: text, payments: text }), ['cooperative', '1000']],
  ['url', text => parseUrl(text, 'regtest').endpoint, ['http://a:b@127.0.0.1:18443', 'http://[::1]/x', 'https://a']],
  [
    'source',
    text => [plainAddress(text), sourceOf(text)],
    ['1.2.3.4', '::ffff:1.2.3.4', '2001:db8::1', '1:2:3:4:5:6:7:8'],
  ],
]

const typed: Target = {
  name: 'cli.typed',
  runs: 4_000,
  seeds: () => TYPED.flatMap(([, , good], at) => good.map(text => concat(Uint8Array.of(at), utf8Encode(text)))),
  mutate: (input, random, others) =>
    random.chance(0.1)
      ? mutateBytes(input, random, others)
      : concat(input.subarray(0, 1), mutateText(input.subarray(1), random, '0123456789_.:@[]abcdefx-/%')),
  judge(input) {
    const [name, read] = TYPED[(input[0] ?? 0) % TYPED.length] ?? ['', () => undefined]
    try {
      const value = read(utf8Text(input.subarray(1)))
      return `${name} ${typeof value} ${typeof value === 'object' ? Object.keys(Object(value)).join() : ''}`
    } catch (error) {
      if (error instanceof BookendError) {
        claim(
          ['bad_request', 'not_found'].includes(error.code) && error.message.length > 5,
          () => 'a failure says what was wrong',
        )
        return `${name} ${kindOf(error.message.replace(/'.*'/s, '')).slice(0, 30)}`
      }
      if (error instanceof ChainError) return `${name} ${error.code}`
      throw error
    }
  },
}

function amount(text: string, most: bigint): string {
  claim(/^[1-9]\d*$/.test(text) && BigInt(text) <= most, () => `an amount of ${text}`)
  return text
}

export const BODIES: readonly Target[] = [api, sse, rpc, typed]
