import { describe, expect, test } from 'vitest'
import { defined } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { coinOf, spend, value } from '../regtest/support.ts'
import { cutOff, type ElectrumSaid, type ElectrumTwist, nothing, raw, refused } from './electrumServer.ts'
import { ELECTRUM, testServers } from './servers.ts'
import { failureOf } from './stubbed.ts'

// An Electrum server may say what it likes: it is found out, named, and others are asked.

const servers = testServers(ELECTRUM)

/** Says something else to one method. */
const says =
  (method: string, it: ElectrumSaid | ((params: readonly unknown[], truth: ElectrumSaid) => ElectrumSaid)) =>
  (asked: string, params: readonly unknown[], truth: ElectrumSaid): ElectrumSaid | undefined =>
    asked !== method ? undefined : typeof it === 'function' ? it(params, truth) : it

const FAULTS: readonly (readonly [string, ElectrumSaid])[] = [
  ['cuts the connection', cutOff],
  ['stalls', nothing],
  ['answers by half', { rough: socket => socket.end('{"jsonrpc":"2.0","id":') }],
  ['has too much to do', refused('server busy - request timed out')],
  ['is asked too often', refused('excessive resource usage')],
  ['does not know the protocol', refused('unknown method')],
  ['answers with a page', raw('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ['answers with a list', raw('[]\n')],
  ['answers with lists in lists', raw(`${'['.repeat(5000)}\n`)],
  ['sends a line without end', raw('x'.repeat(100_001))],
  ['floods with what nobody asked for', raw('{"jsonrpc":"2.0","method":"x","params":[]}\n'.repeat(2000))],
  ['answers with nothing', { result: null }],
  ['answers with another type', { result: [{ hex: 7, height: 'x' }] }],
]

describe.each(FAULTS)('an Electrum server that %s', (_, fault) => {
  const limits = { lineBytes: 100_000 }

  test('is passed over where another answers, and is named', async () => {
    const { world, connect, first, said } = await servers(2)
    const chain = await connect({ limits })
    first.twist = () => fault
    world.mine(1)
    const { hash, height, transactions } = world.tip
    expect(await chain.tip()).toStrictEqual({ height, hash })
    expect(await chain.block(hash)).toStrictEqual({ height, hash, transactions })
    expect(await chain.feerate(6)).toBeDefined()
    expect(said.join()).toContain(`127.0.0.1:${first.port}`)
  })

  test('alone is no chain, says so, and is one again afterwards', async () => {
    const { world, connect, first } = await servers(1)
    const chain = await connect({ limits })
    first.twist = () => fault
    const { code, message } = await failureOf(chain.tip())
    expect(['unreachable', 'bad_answer']).toContain(code)
    expect(message).toContain(`127.0.0.1:${first.port}`)
    expect(message).toContain('--electrum')
    first.twist = undefined
    expect((await chain.tip()).hash).toBe(world.tip.hash)
  })
})

describe('blocks', () => {
  /** A block of three transactions, which make an odd tree. */
  async function mined() {
    const made = await servers(2)
    const { world, coins } = made
    const txs = [0, 1].map(index => spend([defined(coins[index], 'a coin')]))
    for (const tx of txs) value(world.submit(tx))
    world.mine(1)
    const { hash, height, transactions } = world.tip
    return { ...made, tx: defined(transactions[2], 'three'), block: { hash, height, transactions } }
  }
  const ID_AT = 'blockchain.transaction.id_from_pos'

  test.each<readonly [string, (id: string) => ElectrumTwist]>([
    [
      'without its last transaction',
      () => says(ID_AT, (params, truth) => (params[1] === 2 ? refused('no tx at position') : truth)),
    ],
    ['of one transaction alone', () => says(ID_AT, (_, truth) => ({ result: { ...resultOf(truth), merkle: [] } }))],
    [
      'with another transaction',
      () => says(ID_AT, (_, truth) => ({ result: { ...resultOf(truth), tx_hash: 'ab'.repeat(32) } })),
    ],
    [
      'with a forged branch',
      () => says(ID_AT, (_, truth) => ({ result: { ...resultOf(truth), merkle: ['ab'.repeat(32), 'cd'.repeat(32)] } })),
    ],
    [
      'with a branch that has no end',
      () => says(ID_AT, { result: { tx_hash: 'ab'.repeat(32), merkle: Array(1000).fill('ab'.repeat(32)) } }),
    ],
    [
      'without one of its transactions',
      id =>
        says('blockchain.transaction.get', (params, truth) =>
          params[0] === id ? refused('No such transaction') : truth,
        ),
    ],
    [
      'with something else than one',
      id => says('blockchain.transaction.get', (params, truth) => (params[0] === id ? { result: '00' } : truth)),
    ],
  ])('%s: the next server gives the right one', async (_, twistFor) => {
    const { block, tx, connect, first, second } = await mined()
    const chain = await connect()
    await chain.tip()
    first.twist = twistFor(txid(tx))
    second.asked.length = 0
    expect(await chain.block(block.hash)).toStrictEqual(block)
    expect(second.asked).toContain(ID_AT)
  })

  test('with other witnesses: found out by what the coinbase says of them', async () => {
    const { block, tx, connect, first, said } = await mined()
    const chain = await connect()
    first.twist = says('blockchain.transaction.get', (params, truth) => {
      const { result } = truth as { readonly result?: unknown }
      // The last byte before the locktime is in the witness.
      const other = String(result).replace(/..(?=.{8}$)/, byte => (byte === '00' ? '01' : '00'))
      return params[0] === txid(tx) ? { result: other } : truth
    })
    expect(await chain.block(block.hash)).toStrictEqual(block)
    expect(said.join('\n')).toContain('other witnesses than its own')
  })

  test('that a liar alone holds back are not said to be unknown', async () => {
    const { world, connect, first } = await servers(1)
    const chain = await connect()
    await chain.tip()
    first.twist = says(ID_AT, refused('no tx at position'))
    expect((await failureOf(chain.block(world.tip.hash))).code).toBe('bad_answer')
  })

  test('a server that has another block at this height is no liar', async () => {
    const { world, coins, connect, first, said } = await servers(2)
    const chain = await connect()
    world.mine(2)
    expect((await chain.tip()).hash).toBe(world.tip.hash)
    const fork = world.fork()
    value(fork.submit(spend([defined(coins[0], 'a coin')])))
    value(fork.reorganize({ depth: 1 }))
    first.world = fork
    const { hash, height, transactions } = world.tip
    expect(await chain.block(hash)).toStrictEqual({ hash, height, transactions })
    expect(said).toStrictEqual([])
  })
})

const resultOf = (said: ElectrumSaid): object => ('result' in said ? Object(said.result) : {})

describe('headers', () => {
  test('of two forks the one with more work wins, whoever shows it', async () => {
    const { world, coins, connect, first, said } = await servers(2)
    const chain = await connect()
    const fork = world.fork()
    value(fork.submit(spend([defined(coins[0], 'a coin')])))
    first.world = fork
    fork.mine(1)
    world.mine(5)
    expect((await chain.tip()).hash).toBe(world.tip.hash)
    fork.mine(9)
    expect((await chain.tip()).hash).toBe(fork.tip.hash)
    expect(said.join('\n')).toContain(`127.0.0.1:${first.port} is 4 blocks behind`)
  })

  test('a tip without work is no tip', async () => {
    const { world, connect, first, said } = await servers(2)
    const chain = await connect()
    world.mine(1)
    first.twist = says('blockchain.block.headers', (_, truth) => {
      const { hex } = resultOf(truth) as { readonly hex: string }
      // Bits of the last header that ask for more work than it has.
      return { result: { hex: `${hex.slice(0, -16)}ffff001d${hex.slice(-8)}` } }
    })
    expect(await chain.tip()).toStrictEqual({ height: world.height, hash: world.tip.hash })
    expect(said.join('\n')).toContain(`127.0.0.1:${first.port} answered with`)
  })

  test('servers of another network are none', async () => {
    const { connect, first } = await servers(1)
    const testnet3 =
      '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4adae5494dffff001d1aa4ae18'
    first.twist = says('blockchain.block.header', { result: testnet3 })
    const { code, message } = await failureOf(connect())
    expect(code).toBe('wrong_network')
    expect(message).toContain('testnet3')
  })
})

describe('outputs', () => {
  /** A transaction that is deep, and how to ask for it. */
  async function deep() {
    const made = await servers(2)
    const { world, coins } = made
    const tx = spend([defined(coins[0], 'a coin')])
    value(world.submit(tx))
    world.mine(1)
    const { height } = world
    world.mine(10)
    const { amountSat, script } = defined(tx.outputs[0], 'an output')
    const unspent = { txid: txid(tx), unspent: { amountSat, script } }
    return { ...made, tx, place: { height, txIndex: 1, outputIndex: 0 }, unspent, chain: await made.connect() }
  }

  test('deep ones are proven without their block; another transaction there is found out', async () => {
    const { chain, place, unspent, world, first, said } = await deep()
    expect(await chain.outputAt(place)).toStrictEqual(unspent)
    const coinbase = txid(defined(world.blockAt(place.height)?.transactions[0], 'a coinbase'))
    first.twist = says('blockchain.transaction.id_from_pos', (_, truth) => ({
      result: { ...resultOf(truth), tx_hash: coinbase },
    }))
    expect(await chain.outputAt(place)).toStrictEqual(unspent)
    expect(said.join('\n')).toMatch(/is not at index 1/)
  })

  test('a spend that one server hides is believed of the other, which proves it, and the liar is named', async () => {
    const { chain, place, world, tx, first, said } = await deep()
    value(world.submit(spend([coinOf(tx)])))
    world.mine(3)
    first.twist = says('blockchain.scripthash.listunspent', {
      result: [{ tx_hash: txid(tx), tx_pos: 0, height: 5, value: 1 }],
    })
    expect(await chain.outputAt(place)).toStrictEqual({ txid: txid(tx) })
    expect(said.join('\n')).toMatch(/answered with unspent for output 0/)
  })

  test('a fake confirmation of a spend is not believed', async () => {
    const { chain, place, unspent, world, tx, first, said } = await deep()
    const waiting = spend([coinOf(tx)])
    value(world.submit(waiting))
    first.twist = (method, _, truth) => {
      if (method === 'blockchain.scripthash.get_history')
        return { result: [{ tx_hash: txid(waiting), height: place.height }] }
      if (method === 'blockchain.transaction.get_merkle')
        return { result: { block_height: place.height, pos: 1, merkle: ['ab'.repeat(32)] } }
      return truth
    }
    expect(await chain.outputAt(place)).toStrictEqual(unspent)
    expect(said.join('\n')).toContain(`a proof that ${txid(waiting)} is in block ${place.height}, where it is not`)
  })
})

test('what Core says to a transaction, out of what each server writes around it', async () => {
  const { coins, connect, first } = await servers(1)
  const chain = await connect()
  const tx = spend([defined(coins[0], 'a coin')])
  for (const words of [
    'the transaction was rejected by network rules.\n\nmin relay fee not met, 1 < 2\n[0200ab]',
    'the transaction was rejected by network rules.\n\nmin relay fee not met, 1 < 2',
    'sendrawtransaction RPC error -26: min relay fee not met, 1 < 2',
    'sendrawtransaction RPC error: {"code":-26,"message":"min relay fee not met, 1 < 2"}',
  ]) {
    first.twist = says('blockchain.transaction.broadcast', refused(words))
    expect(await chain.publish(tx)).toStrictEqual({
      ok: false,
      error: { reason: 'min relay fee not met', details: '1 < 2' },
    })
  }
  // Words of Core, and none of a server that has too much to do.
  first.twist = says('blockchain.transaction.broadcast', refused('too-long-mempool-chain, exceeds size limit'))
  expect(await chain.publish(tx)).toMatchObject({ ok: false, error: { reason: 'too-long-mempool-chain' } })
  first.twist = says('blockchain.transaction.broadcast', { result: 'ab'.repeat(32) })
  expect((await failureOf(chain.publish(tx))).code).toBe('bad_answer')
})
