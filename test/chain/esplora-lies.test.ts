import { describe, expect, test } from 'vitest'
import { defined, encode, sat } from '../../src/base/index.ts'
import { blockCodec, type Tx, txid } from '../../src/bitcoin/index.ts'
import { esploraChain } from '../../src/chain/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import { coinOf, spend, type TestCoin, value } from '../regtest/support.ts'
import { blockView, cut, half, hang, json, notFound, type Rough, type Said } from './esploraServer.ts'
import { ESPLORA, testServers } from './servers.ts'
import { failureOf } from './stubbed.ts'

// A server may say what it likes: it is found out, named, and others are asked.

const servers = testServers(ESPLORA)

/** Says something else for paths that match. */
const says = (path: RegExp, it: Said | Rough) => (asked: string) => (path.test(asked) ? it : undefined)

const FAULTS: readonly (readonly [string, Said | Rough])[] = [
  ['cuts the connection', cut],
  ['stalls', hang],
  ['answers by half', half],
  ['has too much to do', { status: 503, body: 'busy' }],
  ['is asked too often', { status: 429, body: 'slow down' }],
  ['fails', { status: 500, body: 'oops' }],
  ['answers with a page', { body: '<html>Sign in</html>' }],
  ['answers with another status', { status: 418, body: 'teapot' }],
  ['sends too much', { body: 'x'.repeat(4_000_001) }],
]

describe.each(FAULTS)('a server that %s', (_, fault) => {
  test('is passed over where another answers, and is named', async () => {
    const { world, connect, first, said } = await servers(2)
    const chain = await connect()
    first.twist = says(/./, fault)
    world.mine(1)
    const { hash, height, transactions } = world.tip
    expect(await chain.tip()).toStrictEqual({ height, hash })
    expect(await chain.block(hash)).toStrictEqual({ height, hash, transactions })
    expect(await chain.feerate(6)).toBeDefined()
    expect(said.join()).toContain(`127.0.0.1:${first.port}`)
  })

  test('alone is no chain, says so, and is one again afterwards', async () => {
    const { world, connect, first } = await servers(1)
    const chain = await connect()
    first.twist = says(/./, fault)
    const { code, message } = await failureOf(chain.tip())
    expect(['unreachable', 'bad_answer']).toContain(code)
    expect(message).toContain(`127.0.0.1:${first.port}`)
    expect(message).toContain('--esplora')
    first.twist = undefined
    expect((await chain.tip()).hash).toBe(world.tip.hash)
  })
})

describe('blocks', () => {
  test('without a transaction, with one twice, with other witnesses, or another block: the next server gives the right one', async () => {
    const { world, coins, connect, first, said } = await servers(2)
    value(world.submit(spend([defined(coins[0], 'a coin')])))
    value(world.submit(spend([defined(coins[1], 'a coin')])))
    const [mined] = world.mine(1)
    const block = defined(mined, 'one was mined')
    const { hash, height, header, transactions } = block
    const [coinbase, one, two] = transactions
    const all = [coinbase, one, two].map(tx => defined(tx, 'three transactions'))
    const [a, b, c] = all as [Tx, Tx, Tx]
    const bare: Tx = { ...b, inputs: b.inputs.map(input => ({ ...input, witness: [new Uint8Array(1)] })) }
    const chain = await connect()
    const lies: readonly (readonly Tx[])[] = [
      [a, b],
      [a, b, c, c],
      [a, bare, c],
      [a, c, b],
    ]
    for (const lie of lies) {
      first.twist = says(/raw$/, { body: encode(blockCodec, { header, transactions: lie }) })
      expect(await chain.block(hash)).toStrictEqual({ hash, height, transactions })
    }
    const other = defined(world.blockAt(height - 1), 'the one below')
    first.twist = says(/raw$/, { body: encode(blockCodec, other) })
    expect(await chain.block(hash)).toStrictEqual({ hash, height, transactions })
    expect(said.join('\n')).toMatch(/other transactions than its own/)
  })

  test('that a liar alone holds back are not said to be unknown', async () => {
    const { world, connect, first } = await servers(1)
    const chain = await connect()
    await chain.tip()
    first.twist = says(/raw$/, notFound)
    expect((await failureOf(chain.block(world.tip.hash))).code).toBe('bad_answer')
  })
})

describe('headers', () => {
  /** Goes its own way from here on: a transaction of its own makes its blocks others. */
  function forkOf(world: RegtestChain, coins: readonly TestCoin[]): RegtestChain {
    const fork = world.fork()
    value(fork.submit(spend([defined(coins[0], 'a coin')])))
    return fork
  }

  const tipOf = (world: RegtestChain) => blockView(world.tip)

  test('a tip without work, with other bits, from the future or on nothing is no tip', async () => {
    const { world, connect, first, said } = await servers(2)
    const chain = await connect()
    world.mine(2)
    const true_ = tipOf(world)
    const lies = [
      { ...true_, bits: 0x1d00ffff },
      { ...true_, timestamp: 4_000_000_000 },
      { ...true_, previousblockhash: 'ab'.repeat(32) },
      { ...true_, height: true_.height + 1 },
      { ...true_, id: 'ab'.repeat(32) },
    ]
    for (const lie of lies) {
      first.twist = says(/^\/blocks/, json([lie]))
      expect(await chain.tip()).toStrictEqual({ height: world.height, hash: world.tip.hash })
    }
    expect(said.join('\n')).toContain(`127.0.0.1:${first.port} answered with`)
  })

  test('of two forks the one with more work wins, whoever shows it; the other server is told to be behind', async () => {
    const { world, coins, connect, first, second, said } = await servers(2)
    const chain = await connect()
    const fork = forkOf(world, coins)
    first.world = fork
    fork.mine(1)
    world.mine(5)
    expect((await chain.tip()).hash).toBe(world.tip.hash)
    fork.mine(9)
    expect((await chain.tip()).hash).toBe(fork.tip.hash)
    expect(await chain.hashAt(world.height)).toBe(fork.blockAt(world.height)?.hash)
    expect(said.join('\n')).toContain(`127.0.0.1:${first.port} is 4 blocks behind`)
    expect(second.asked.length).toBeGreaterThan(0)
  })

  test('a fork deeper than the limit is another chain', async () => {
    const { world, coins, connect, first, said } = await servers(2)
    const fork = forkOf(world, coins)
    world.mine(20)
    const chain = await connect({ limits: { firstPauseMs: 1, forkDepth: 12 } })
    fork.mine(30)
    first.world = fork
    expect((await chain.tip()).hash).toBe(world.tip.hash)
    expect(said.join('\n')).toContain('parts from the others')
  })

  test('servers of another network are none', async () => {
    const { connect, first } = await servers(1)
    first.twist = says(/^\/block-height\/0/, {
      body: '00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6',
    })
    const { code, message } = await failureOf(connect())
    expect(code).toBe('wrong_network')
    expect(message).toContain('signet')
  })

  test.each(['ftp://h', 'https://user:password@h/api', 'nothing'])('%s is no address', async url => {
    const { message } = await failureOf(esploraChain({ urls: [url], network: 'regtest' }))
    expect(message).toContain('is not the address of an Esplora server')
    expect(message).not.toContain('password')
  })
})

describe('outputs', () => {
  /** A transaction that is deep, unspent, and how to ask for it. */
  async function deep(count: number) {
    const made = await servers(count)
    const { world, coins } = made
    const tx = spend([defined(coins[0], 'a coin')])
    for (const each of [tx, spend([defined(coins[1], 'a coin')])]) value(world.submit(each))
    world.mine(1)
    const { height } = world
    const txIndex = world.tip.transactions.findIndex(each => txid(each) === txid(tx))
    world.mine(10)
    const chain = await made.connect()
    const { amountSat, script } = defined(tx.outputs[0], 'an output')
    const unspent = { txid: txid(tx), unspent: { amountSat, script } }
    return { ...made, chain, tx, place: { height, txIndex, outputIndex: 0 }, unspent }
  }

  test('deep ones are proven without their block; beyond the last one there is none', async () => {
    const { chain, place, unspent, first } = await deep(1)
    expect(await chain.outputAt(place)).toStrictEqual(unspent)
    expect(first.asked.some(path => path.endsWith('/merkle-proof'))).toBe(true)
    expect(first.asked.some(path => path.endsWith('/raw') && path.startsWith('/block/'))).toBe(false)
    expect(await chain.outputAt({ ...place, txIndex: 3 })).toBeUndefined()
  })

  test('far below all headers the hash is as the servers name it, and the proof holds against it', async () => {
    const { place, unspent, connect, first } = await deep(1)
    const chain = await connect({ limits: { headersForPlace: -20 } })
    first.asked.length = 0
    expect(await chain.outputAt(place)).toStrictEqual(unspent)
    expect(first.asked).toContain(`/block-height/${place.height}`)
  })

  test('another transaction, another index, a wrong branch: found out', async () => {
    const { chain, place, unspent, world, first, said } = await deep(2)
    const coinbase = txid(defined(world.blockAt(place.height)?.transactions[0], 'a coinbase'))
    const proof = { block_height: place.height, pos: place.txIndex, merkle: ['ab'.repeat(32), 'cd'.repeat(32)] }
    const twists = [
      says(/\/txid\//, { body: coinbase }),
      says(/merkle-proof$/, json(proof)),
      says(/merkle-proof$/, json({ ...proof, pos: 7 })),
      says(/merkle-proof$/, json({ pos: 'x' })),
      says(/^\/tx\/.*raw$/, { body: 'no transaction' }),
    ]
    for (const twist of twists) {
      first.twist = twist
      expect(await chain.outputAt(place)).toStrictEqual(unspent)
    }
    expect(said.join('\n')).toMatch(/is not at index/)
  })

  test('a spend is believed with its proof alone, and beats who denies it', async () => {
    const { chain, place, unspent, world, tx, first, said } = await deep(2)
    first.twist = says(/outspend/, json({ spent: true, txid: txid(tx), status: { confirmed: true } }))
    expect(await chain.outputAt(place)).toStrictEqual(unspent)
    expect(said.join('\n')).toContain('does not prove it')
    value(world.submit(spend([coinOf(tx)], { outputs: [{ amountSat: sat(900_000), script: unspent.unspent.script }] })))
    world.mine(3)
    first.twist = says(/outspend/, json({ spent: false }))
    expect(await chain.outputAt(place)).toStrictEqual({ txid: txid(tx) })
  })

  test('who calls a spent output unspent is set aside', async () => {
    const { chain, place, world, tx, first, said } = await deep(2)
    value(world.submit(spend([coinOf(tx)])))
    world.mine(3)
    first.twist = says(/outspend/, json({ spent: false }))
    expect(await chain.outputAt(place)).toStrictEqual({ txid: txid(tx) })
    expect(said.join('\n')).toMatch(/answered with unspent for output 0/)
  })
})

describe('publishing and fees', () => {
  test('goes to all servers, and one that takes it is enough', async () => {
    const { chain, coins, first, second } = await ready()
    first.twist = says(/^\/tx$/, {
      status: 400,
      body: 'sendrawtransaction RPC error: {"code":-26,"message":"non-final"}',
    })
    const tx = spend([coins])
    expect(value(await chain.publish(tx))).toBe(txid(tx))
    expect([first, second].map(({ asked }) => asked.filter(path => path === '/tx').length)).toStrictEqual([1, 1])
  })

  test.each([
    [
      'sendrawtransaction RPC error: {"code":-26,"message":"min relay fee not met, 1 < 2"}',
      { reason: 'min relay fee not met', details: '1 < 2' },
    ],
    ['sendrawtransaction RPC error: non-final', { reason: 'non-final' }],
    [
      'sendrawtransaction RPC error: {"code":-25,"message":"bad-txns-inputs-missingorspent"}',
      { reason: 'bad-txns-inputs-missingorspent' },
    ],
  ])('%s', async (body, refusal) => {
    const { chain, coins, first, second } = await ready()
    for (const each of [first, second]) each.twist = says(/^\/tx$/, { status: 400, body })
    expect(await chain.publish(spend([coins]))).toStrictEqual({ ok: false, error: refusal })
  })

  test.each([
    'sendrawtransaction RPC error: {"code":-27,"message":"Transaction outputs already in utxo set"}',
    'sendrawtransaction RPC error: txn-already-in-mempool',
  ])('known: %s', async body => {
    const { chain, coins, first, second } = await ready()
    for (const each of [first, second]) each.twist = says(/^\/tx$/, { status: 400, body })
    expect((await chain.publish(spend([coins]))).ok).toBe(true)
  })

  test('an id that is not its own is a lie, and where nobody takes it, nobody has it', async () => {
    const { chain, coins, first, second } = await ready()
    for (const each of [first, second]) each.twist = says(/^\/tx$/, { body: 'ab'.repeat(32) })
    expect((await failureOf(chain.publish(spend([coins])))).code).toBe('bad_answer')
  })

  test('of the estimates the median counts; without any there is none', async () => {
    const { connect, world, first, second } = await servers(3)
    const chain = await connect()
    expect(world.height).toBeGreaterThan(0)
    first.twist = says(/fee/, json({ '1': 90_000 }))
    expect(await chain.feerate(10)).toBe(375)
    expect(await chain.feerate(1)).toBe(503)
    second.twist = says(/fee/, json({ '1': -5 }))
    expect(await chain.feerate(10)).toBeGreaterThan(0)
    const alone = await servers(1)
    const other = await alone.connect()
    alone.first.twist = says(/fee/, json({}))
    expect(await other.feerate(6)).toBeUndefined()
  })

  async function ready() {
    const made = await servers(2)
    return { ...made, chain: await made.connect(), coins: defined(made.coins[0], 'a coin') }
  }
})
