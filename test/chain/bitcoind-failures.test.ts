import { createServer } from 'node:net'
import { describe, expect, test } from 'vitest'
import { startRpc } from '../regtest/rpcClient.ts'
import { spend, testBeds } from '../regtest/support.ts'
import { cut, half, hang, type StubAnswer, urlOf } from './stubBitcoind.ts'
import { afterwards, connect, failureOf, scripted, stub } from './stubbed.ts'

// bitcoind away, busy, locked, or something else altogether: what people read then, and how often it is asked.

const bed = testBeds()
const json = (value: unknown): StubAnswer => ({ text: JSON.stringify(value) })
const error = (code: number, message: string): StubAnswer => ({ error: { code, message } })

interface Misbehaviour {
  readonly name: string
  readonly answer: StubAnswer
  readonly code: string
  readonly says: string | RegExp
  /** Reads are asked this often. */
  readonly asked: number
}

const NO_RPC = 'something else than JSON-RPC'
const ATTEMPTS = 3
const weather = { code: 'unreachable', asked: ATTEMPTS }
const wrong = { code: 'bad_answer', asked: 1 }

const MISBEHAVIOURS: readonly Misbehaviour[] = [
  { name: 'cuts the connection', answer: cut, ...weather, says: '(connection cut)' },
  { name: 'cuts the connection within its answer', answer: half, ...weather, says: '(connection cut)' },
  { name: 'says nothing', answer: hang, ...weather, says: '(no answer within 1 s)' },
  { name: 'never ends', answer: slow, ...weather, says: '(no answer within 1 s)' },
  {
    name: 'has a full queue',
    answer: { text: '', status: 503 },
    ...weather,
    says: 'not ready yet (it has too much to do)',
  },
  {
    name: 'starts',
    answer: error(-28, 'Loading block\n index…'),
    ...weather,
    says: 'not ready yet (Loading block index…)',
  },
  {
    name: 'wants another password',
    answer: { text: '', status: 401 },
    code: 'unauthorized',
    says: 'does not accept',
    asked: 1,
  },
  { name: 'forbids', answer: { text: '', status: 403 }, code: 'unauthorized', says: '-rpcallowip', asked: 1 },
  { name: 'sends a page', answer: { text: '<html>', status: 404 }, ...wrong, says: `${NO_RPC} (HTTP 404)` },
  { name: 'fails inside', answer: { text: 'oops', status: 500 }, ...wrong, says: `${NO_RPC} (HTTP 500)` },
  { name: 'sends us elsewhere', answer: redirect, ...wrong, says: `${NO_RPC} (HTTP 302)` },
  { name: 'says nothing in its answer', answer: { text: '' }, ...wrong, says: NO_RPC },
  { name: 'sends half of its JSON', answer: { text: '{"result":' }, ...wrong, says: NO_RPC },
  { name: 'sends a list', answer: json([]), ...wrong, says: NO_RPC },
  { name: 'sends null', answer: json(null), ...wrong, says: NO_RPC },
  { name: 'sends a number', answer: json(42), ...wrong, says: NO_RPC },
  { name: 'answers another request', answer: json({ result: 1, error: null, id: -1 }), ...wrong, says: NO_RPC },
  { name: 'answers none', answer: json({ result: 1, error: null }), ...wrong, says: NO_RPC },
  { name: 'errs in a word', answer: { error: 'no' }, ...wrong, says: NO_RPC },
  { name: 'errs without a number', answer: { error: { message: 'no' } }, ...wrong, says: NO_RPC },
  { name: 'errs without a message', answer: { error: { code: -1 } }, ...wrong, says: NO_RPC },
  {
    name: 'does not know the method',
    answer: error(-32601, 'Method not found'),
    ...wrong,
    says: 'an error (Method not found, code -32601)',
  },
  { name: 'errs at length', answer: error(-1, 'x'.repeat(1000)), ...wrong, says: /an error \(x{199}…, code -1\)/ },
  { name: 'announces too much', answer: announced, ...wrong, says: 'more than 5000 bytes' },
  { name: 'sends too much', answer: endless, ...wrong, says: 'more than 5000 bytes' },
]

function slow(response: Parameters<Extract<StubAnswer, (...all: never[]) => unknown>>[0]): void {
  const drip = setInterval(() => response.write(' '), 5)
  response.on('close', () => clearInterval(drip))
}

function redirect(response: Parameters<typeof slow>[0]): void {
  response.writeHead(302, { location: '/elsewhere' }).end()
}

function announced(response: Parameters<typeof slow>[0]): void {
  response.writeHead(200, { 'content-length': 1e12 }).write('{')
}

function endless(response: Parameters<typeof slow>[0]): void {
  const more = () => {
    while (!response.destroyed && response.write(' '.repeat(1000)));
  }
  response.on('drain', more)
  more()
}

describe.each(MISBEHAVIOURS)('a bitcoind that $name', ({ answer, code, says, asked }) => {
  // The slow ones are to be slow soon, and the others never.
  const limits = { timeoutMs: answer === hang || answer === slow ? 1_000 : 60_000, answerBytes: 5000 }

  test('is told to who reads, after as many attempts as make sense', async () => {
    const { bitcoind, chain } = await scripted({ getblockchaininfo: () => answer }, { limits })
    const failure = await failureOf(chain.tip())
    expect(failure.code).toBe(code)
    expect(failure.message).toMatch(says)
    expect(failure.message).toContain(`127.0.0.1:${bitcoind.port}`)
    expect(bitcoind.calls.filter(call => call.method === 'getblockchaininfo')).toHaveLength(asked)
  })

  test('is told to who publishes, who alone decides about a second time', async () => {
    const { bitcoind, chain } = await scripted({ sendrawtransaction: () => answer }, { limits })
    const { coins } = bed()
    expect((await failureOf(chain.publish(spend(coins.slice(0, 1))))).code).toBe(code)
    expect(bitcoind.calls.filter(call => call.method === 'sendrawtransaction')).toHaveLength(1)
  })

  test('is not taken for a chain at the start', async () => {
    const bitcoind = await stub({ getblockhash: () => answer })
    expect((await failureOf(connect(bitcoind.url, { limits }))).code).toBe(code)
  })
})

test('two answers that are lost are no failure', async () => {
  const result = { chain: 'regtest', blocks: 7, bestblockhash: 'ab'.repeat(32) }
  const { bitcoind, chain } = await scripted({ getblockchaininfo: ({ before }) => (before < 2 ? cut : { result }) })
  expect(await chain.tip()).toStrictEqual({ height: 7, hash: 'ab'.repeat(32) })
  expect(bitcoind.calls.filter(call => call.method === 'getblockchaininfo')).toHaveLength(3)
})

test('nobody there: the sentence says what to do', async () => {
  const { port, close } = await stub({})
  await close()
  const failure = await failureOf(connect(urlOf(port)))
  expect(failure.code).toBe('unreachable')
  expect(failure.message).toBe(
    `No bitcoind answers at 127.0.0.1:${port} (connection refused). Start it, or name another one with --chain.`,
  )
})

test('a name that no host has', async () => {
  const failure = await failureOf(connect('http://alice:sesame@bookend.invalid:18443'))
  expect(failure.message).toMatch(
    /^No bitcoind answers at bookend\.invalid:18443 \((no host has this name|the name of the host cannot be looked up)\)\./,
  )
})

test('a server of something else', async () => {
  const server = createServer(socket => {
    socket.on('error', () => {}).resume()
    socket.end('SSH-2.0-OpenSSH_9.9\r\n')
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  afterwards(() => new Promise(done => server.close(() => done())))
  // Listening on TCP, so that the address has a port.
  const { port } = server.address() as { port: number }
  const failure = await failureOf(connect(urlOf(port)))
  expect(failure.code).toBe('bad_answer')
  expect(failure.message).toContain('something that is not HTTP')
})

test('wrong user, wrong password', async () => {
  const server = await startRpc()
  afterwards(server.close)
  for (const login of ['alice:wrong', 'bob:open%3Asesame', 'alice:']) {
    const failure = await failureOf(connect(`http://${login}@127.0.0.1:${server.port}`))
    expect(failure.code).toBe('unauthorized')
    expect(failure.message).toMatch(/^The bitcoind at 127\.0\.0\.1:\d+ does not accept the user and password\./)
  }
})

test('a bitcoind that ends and comes back on the same port: failures between, and nothing else', async () => {
  const { chain: world } = bed()
  const first = await startRpc({ chain: world })
  const chain = await connect(first.url.replace('http://', 'http://alice:open%3Asesame@'))
  const { height, hash } = world.tip
  expect(await chain.tip()).toStrictEqual({ height, hash })
  await first.close()
  expect((await failureOf(chain.tip())).code).toBe('unreachable')
  const second = await startRpc({ chain: world, port: first.port })
  afterwards(second.close)
  expect(await chain.tip()).toStrictEqual({ height, hash })
})

describe('the end of a view', () => {
  test('cuts what is under way, and what waits behind it', async () => {
    const { bitcoind, chain } = await scripted({ getblockchaininfo: () => hang }, { limits: { concurrent: 2 } })
    const asked = Array.from({ length: 5 }, () => failureOf(chain.tip()))
    while (bitcoind.calls.filter(call => call.method === 'getblockchaininfo').length < 2)
      await new Promise(resolve => setImmediate(resolve))
    await chain.close()
    for (const failure of await Promise.all(asked)) expect(failure.message).toBe('This view of the chain is closed.')
  })

  test('ends the pause before another attempt', async () => {
    const { bitcoind, chain } = await scripted({ getblockchaininfo: () => cut }, { limits: { firstPauseMs: 1e9 } })
    const asked = failureOf(chain.tip())
    while (bitcoind.calls.every(call => call.method !== 'getblockchaininfo'))
      await new Promise(resolve => setImmediate(resolve))
    await chain.close()
    expect((await asked).message).toBe('This view of the chain is closed.')
  })
})
