import { expect, test, vi } from 'vitest'
import { BlockHints, type HintLimits } from '../../src/chain/bitcoind/zmq/blockHints.ts'
import type { Publisher } from '../../src/chain/bitcoind/zmq/offer.ts'
import { ChainError } from '../../src/ports/index.ts'
import type { StubScript } from './stubBitcoind.ts'
import { afterwards, eventually, scripted } from './stubbed.ts'
import { GREETING, longFrame, news, READY, stubPublisher } from './zmqPublisher.ts'

// Blocks are heard of at once where bitcoind tells of them, and found all the same where it does not.

const HOUR = 3_600_000
const offer = (port: number) => [{ type: 'pubhashblock', address: `tcp://127.0.0.1:${port}`, hwm: 1000 }]

function hintsFrom(find: () => Promise<Publisher | undefined>, limits: Partial<HintLimits> = {}) {
  const seen: (string | boolean)[] = []
  const hints = new BlockHints(
    find,
    { onLine: isOpen => seen.push(isOpen), onHint: () => seen.push('hint') },
    { handshakeMs: HOUR, firstPauseMs: 1, longestPauseMs: 2, ...limits },
  )
  afterwards(async () => hints.close())
  hints.open()
  return { hints, seen }
}

const at = (port: number) => async () => ({ host: '127.0.0.1', port })

/** A bitcoind whose tip a test moves, and which is never asked for it by the clock. */
async function quietChain(script: StubScript) {
  let tip = 0
  const told: number[] = []
  const { bitcoind, chain } = await scripted(
    { getbestblockhash: () => ({ result: tip.toString(16).padStart(64, '0') }), ...script },
    { pollMs: HOUR, notifiedPollMs: HOUR },
  )
  return {
    chain,
    told,
    listen: () => chain.onChange(() => told.push(tip)),
    move: () => {
      tip += 1
    },
    asked: (method: string) => bitcoind.calls.filter(call => call.method === method).length,
  }
}

test('a block is found when it is told of, though nobody polls', async () => {
  let tell = () => {}
  const publisher = await stubPublisher(socket => {
    socket.write(Buffer.concat([GREETING, READY]))
    tell = () => socket.write(news('hashblock'))
  })
  const { told, listen, move, asked } = await quietChain({
    getzmqnotifications: () => ({ result: offer(publisher.port) }),
  })
  listen()
  // The first look, and one when the line is open.
  await eventually(() => expect(asked('getbestblockhash')).toBe(2))
  await eventually(() => expect(told).toStrictEqual([0]))
  move()
  tell()
  await eventually(() => expect(told).toStrictEqual([0, 1]))
})

test('what is told is not believed: without another tip nobody is called', async () => {
  let tell = () => {}
  const publisher = await stubPublisher(socket => {
    socket.write(Buffer.concat([GREETING, READY]))
    tell = () => socket.write(news('hashblock'))
  })
  const { told, listen, asked } = await quietChain({ getzmqnotifications: () => ({ result: offer(publisher.port) }) })
  listen()
  await eventually(() => {
    tell()
    expect(asked('getbestblockhash')).toBeGreaterThan(5)
  })
  expect(told).toStrictEqual([0])
})

test('what was missed before the line was open, and since it was lost, is looked for', async () => {
  let isUp = false
  let cut = () => {}
  const publisher = await stubPublisher(socket => {
    cut = () => socket.destroy()
    if (isUp) socket.write(Buffer.concat([GREETING, READY]))
    else void vi.waitUntil(() => isUp).then(() => socket.write(Buffer.concat([GREETING, READY])))
  })
  const { told, listen, move } = await quietChain({ getzmqnotifications: () => ({ result: offer(publisher.port) }) })
  listen()
  await eventually(() => expect(told).toStrictEqual([0]))
  move()
  isUp = true
  await eventually(() => expect(told).toStrictEqual([0, 1]))
  move()
  cut()
  await eventually(() => expect(told).toStrictEqual([0, 1, 2]))
})

test.each([
  ['no such call', undefined],
  ['an empty list', { result: [] }],
  ['other things', { result: [{ type: 'pubrawtx', address: 'tcp://127.0.0.1:1' }, null, 7, { type: 'pubhashblock' }] }],
  ['no list', { result: 'yes' }],
  ['a refusal', { error: { code: -1, message: 'no' } }],
])('where bitcoind offers %s, it is polled', async (_, answer) => {
  const { bitcoind, chain } = await scripted({
    getbestblockhash: ({ before }) => ({ result: before.toString(16).padStart(64, '0') }),
    ...(answer !== undefined && { getzmqnotifications: () => answer }),
  })
  let calls = 0
  chain.onChange(() => {
    calls += 1
  })
  await eventually(() => expect(calls).toBeGreaterThan(5))
  expect(bitcoind.calls.filter(({ method }) => method === 'getzmqnotifications')).toHaveLength(1)
})

test('who does not listen, or has closed, never asks for notifications', async () => {
  const { chain, asked } = await quietChain({})
  await chain.tip().catch(() => {})
  await chain.close()
  chain.onChange(() => {})
  expect(asked('getzmqnotifications')).toBe(0)
})

test('a line that is lost is made again, and only hints are told', async () => {
  const publisher = await stubPublisher((socket, before) => {
    const said = [news('rawblock'), news('hashblock2'), news('hashblock', 31), news('hashblock')]
    socket.end(Buffer.concat([GREETING, READY, ...said]))
    if (before > 3) socket.destroy()
  })
  const { seen } = hintsFrom(at(publisher.port))
  await eventually(() => expect(seen.length).toBeGreaterThanOrEqual(6))
  expect(seen.slice(0, 6)).toStrictEqual([true, 'hint', false, true, 'hint', false])
})

test.each([
  ['garbage', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['a frame that is too long', Buffer.concat([GREETING, longFrame(new Uint8Array(2000))])],
])('from %s we go, and come again later', async (_, said) => {
  const publisher = await stubPublisher(socket => socket.write(said))
  const { seen } = hintsFrom(at(publisher.port))
  await eventually(() => expect(publisher.connections()).toBeGreaterThan(3))
  expect(seen).toStrictEqual([])
})

test('who says nothing is left after a while', async () => {
  const publisher = await stubPublisher(() => {})
  const { seen } = hintsFrom(at(publisher.port), { handshakeMs: 1 })
  await eventually(() => expect(publisher.connections()).toBeGreaterThan(3))
  expect(seen).toStrictEqual([])
})

test('nothing is told in what follows an error, and nothing after the end', async () => {
  const publisher = await stubPublisher((socket, before) =>
    socket.write(Buffer.concat([GREETING, READY, before === 0 ? Buffer.of(8, 0) : news('hashblock')])),
  )
  const { hints, seen } = hintsFrom(at(publisher.port))
  await eventually(() => expect(seen).toContain('hint'))
  hints.close()
  hints.open()
  const told = [...seen]
  await new Promise(done => setTimeout(done, 20))
  expect(seen).toStrictEqual(told)
})

test('a bitcoind that is away, or offers nothing, is asked again later', async () => {
  const publisher = await stubPublisher(socket => socket.write(Buffer.concat([GREETING, READY, news('hashblock')])))
  let asked = 0
  const { seen } = hintsFrom(async () => {
    asked += 1
    if (asked === 1) throw new ChainError('unreachable', 'away')
    return asked === 2 ? undefined : { host: '127.0.0.1', port: publisher.port }
  })
  await eventually(() => expect(seen).toStrictEqual([true, 'hint']))
  expect(asked).toBe(3)
})
