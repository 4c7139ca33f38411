import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { concat, fromHex, sat, toHex } from '../../src/base/index.ts'
import { addressFromScript, encodeTx, p2aScript, p2trScript, p2wshScript, script } from '../../src/bitcoin/index.ts'
import { REGTEST_GENESIS_HASH } from '../../src/regtest/index.ts'
import { type Rpc, startRpc } from './rpcClient.ts'
import { alice, coinOf, spend, type TestCoin, value } from './support.ts'

// Answers beside what Bitcoin Core's help and documentation say that they look like, field for field.

const TARGET = `7fffff${'0'.repeat(58)}`
const DIFFICULTY = 4.656542373906925e-10
const HASH = /^[0-9a-f]{64}$/
const hex64 = (n: number) => n.toString(16).padStart(64, '0')

let rpc: Rpc
let coin: TestCoin
beforeAll(async () => {
  rpc = await startRpc()
  const funded = value(rpc.chain.fund(alice.script, sat(1_000_000)))
  coin = coinOf(funded.tx)
})
afterAll(() => rpc.close())

/** An output script inside a transaction, as the server reads it. */
async function described(scriptPubKey: Uint8Array): Promise<unknown> {
  const tx = spend([coin], { to: scriptPubKey })
  const view = (await rpc.call('decoderawtransaction', toHex(encodeTx(tx)))) as {
    vout: { scriptPubKey: unknown }[]
  }
  return view.vout[0]?.scriptPubKey
}

describe('the chain', () => {
  it('getblockchaininfo', async () => {
    expect(await rpc.call('getblockchaininfo')).toEqual({
      chain: 'regtest',
      blocks: 101,
      headers: 101,
      bestblockhash: rpc.chain.tip.hash,
      bits: '207fffff',
      target: TARGET,
      difficulty: DIFFICULTY,
      time: rpc.chain.tip.header.time,
      mediantime: rpc.chain.medianTimePast,
      verificationprogress: 1,
      initialblockdownload: false,
      chainwork: hex64(2 * 102),
      size_on_disk: expect.any(Number),
      pruned: false,
      warnings: [],
    })
  })

  it('getblockcount, getbestblockhash, getblockhash', async () => {
    expect(await rpc.call('getblockcount')).toBe(101)
    expect(await rpc.call('getbestblockhash')).toBe(rpc.chain.tip.hash)
    expect(await rpc.call('getblockhash', 0)).toBe('0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206')
    for (const height of [-1, 102]) {
      expect(await rpc.fails('getblockhash', height)).toEqual({ code: -8, message: 'Block height out of range' })
    }
  })

  it('getblockheader and getblock of the genesis block, known from every regtest', async () => {
    const header = {
      hash: REGTEST_GENESIS_HASH,
      confirmations: 102,
      height: 0,
      version: 1,
      versionHex: '00000001',
      merkleroot: '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b',
      time: 1_296_688_602,
      mediantime: 1_296_688_602,
      nonce: 2,
      bits: '207fffff',
      target: TARGET,
      difficulty: DIFFICULTY,
      chainwork: hex64(2),
      nTx: 1,
      nextblockhash: rpc.chain.blockAt(1)?.hash,
    }
    expect(await rpc.call('getblockheader', REGTEST_GENESIS_HASH)).toEqual(header)
    const headerBytes =
      `01000000${'0'.repeat(64)}3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a` +
      'dae5494dffff7f2002000000'
    expect(await rpc.call('getblockheader', REGTEST_GENESIS_HASH, false)).toBe(headerBytes)
    const body = { ...header, strippedsize: 285, size: 285, weight: 1140 }
    expect(await rpc.call('getblock', REGTEST_GENESIS_HASH)).toEqual({ ...body, tx: [header.merkleroot] })
    const bytes = (await rpc.call('getblock', REGTEST_GENESIS_HASH, 0)) as string
    expect([bytes.slice(0, 160), bytes.length]).toEqual([headerBytes, 2 * 285])
    expect(await rpc.call('getblock', REGTEST_GENESIS_HASH, 2)).toMatchObject({
      ...body,
      tx: [
        {
          txid: header.merkleroot,
          hash: header.merkleroot,
          version: 1,
          size: 204,
          vsize: 204,
          weight: 816,
          locktime: 0,
          vin: [{ coinbase: expect.stringMatching(/^04ffff001d0104/), sequence: 0xffffffff }],
          vout: [{ value: 50, n: 0, scriptPubKey: { type: 'pubkey' } }],
          hex: bytes.slice(162),
        },
      ],
    })
  })

  it('getblock 3 with what is spent, and the fee', async () => {
    const { hash } = rpc.chain.tip
    const block = (await rpc.call('getblock', hash, 3)) as {
      tx: { vin: unknown[]; fee?: number }[]
      previousblockhash: string
    }
    expect(block.previousblockhash).toBe(rpc.chain.blockAt(100)?.hash)
    expect(block).not.toHaveProperty('nextblockhash')
    const [coinbase, payment] = block.tx
    expect(coinbase).not.toHaveProperty('fee')
    expect(coinbase?.vin).toEqual([
      { coinbase: expect.any(String), txinwitness: ['0'.repeat(64)], sequence: 0xffffffff },
    ])
    expect(payment?.fee).toBe(0.0000071)
    expect(payment?.vin).toEqual([
      {
        txid: expect.stringMatching(HASH),
        vout: 0,
        scriptSig: { asm: '', hex: '' },
        txinwitness: [expect.any(String), expect.any(String)],
        prevout: {
          generated: true,
          height: 1,
          value: 50,
          scriptPubKey: expect.objectContaining({ type: 'witness_v0_keyhash', hex: toHex(rpc.chain.minerScript) }),
        },
        sequence: 0xfffffffd,
      },
    ])
  })

  it('gettxout: confirmed, waiting, spent by what waits, and not there', async () => {
    const own = await startRpc()
    const { tx } = value(own.chain.fund(alice.script, sat(1_000_000)))
    const { outpoint } = coinOf(tx)
    const address = addressFromScript(alice.script, 'regtest')
    const scriptPubKey = {
      asm: `0 ${toHex(alice.script.slice(2))}`,
      desc: expect.stringMatching(`^addr\\(${address}\\)#[a-z0-9]{8}$`),
      hex: toHex(alice.script),
      address,
      type: 'witness_v0_keyhash',
    }
    const confirmed = { bestblock: own.chain.tip.hash, confirmations: 1, value: 0.01, scriptPubKey, coinbase: false }
    expect(await own.call('gettxout', outpoint.txid, 0)).toEqual(confirmed)
    const child = value(own.chain.submit(spend([coinOf(tx)])))
    expect(await own.call('gettxout', outpoint.txid, 0)).toBeNull()
    expect(await own.call('gettxout', outpoint.txid, 0, false)).toEqual(confirmed)
    expect(await own.call('gettxout', child, 0)).toEqual({ ...confirmed, confirmations: 0, value: 0.00999 })
    expect(await own.call('gettxout', child, 0, false)).toBeNull()
    expect(await own.call('gettxout', child, 9)).toBeNull()
    expect(await own.call('gettxout', child, -1)).toBeNull()
    await own.close()
  })

  it('knows no block that is not there', async () => {
    for (const method of ['getblock', 'getblockheader', 'invalidateblock', 'reconsiderblock']) {
      expect(await rpc.fails(method, 'ab'.repeat(32))).toEqual({ code: -5, message: 'Block not found' })
    }
    expect(await rpc.fails('invalidateblock', REGTEST_GENESIS_HASH)).toMatchObject({ code: -20 })
  })
})

describe('transactions', () => {
  it('getrawtransaction: in hexadecimal, in full, with what is spent, and from a block', async () => {
    const { txid } = coin.outpoint
    const { hash, header } = rpc.chain.tip
    const raw = await rpc.call('getrawtransaction', txid)
    const full = (await rpc.call('getrawtransaction', txid, true)) as Record<string, unknown>
    expect(full).toMatchObject({
      txid,
      hex: raw,
      blockhash: hash,
      confirmations: 1,
      time: header.time,
      blocktime: header.time,
    })
    expect(full).not.toHaveProperty('in_active_chain')
    expect(full).not.toHaveProperty('fee')
    const { hex, blockhash, confirmations, time, blocktime, ...decoded } = full
    expect(await rpc.call('decoderawtransaction', raw)).toEqual(decoded)
    expect(await rpc.call('getrawtransaction', txid, 1, hash)).toEqual({ ...full, in_active_chain: true })
    expect(await rpc.call('getrawtransaction', txid, 2)).toMatchObject({
      fee: 0.0000071,
      vin: [{ prevout: { generated: true, value: 50 } }],
    })
  })

  it('getrawtransaction says why it finds nothing', async () => {
    const { txid } = coin.outpoint
    const nothing = 'ab'.repeat(32)
    const cases = [
      [[nothing], 'No such mempool or blockchain transaction. Use gettransaction for wallet transactions.'],
      [
        [txid, 1, REGTEST_GENESIS_HASH],
        'No such transaction found in the provided block. Use gettransaction for wallet transactions.',
      ],
      [[txid, 1, nothing], 'Block hash not found'],
      [
        ['4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b'],
        'The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved',
      ],
    ] as const
    for (const [params, message] of cases) {
      expect(await rpc.fails('getrawtransaction', ...params)).toEqual({ code: -5, message })
    }
  })

  it('refuses bytes that are no transaction', async () => {
    const error = { code: -22, message: 'TX decode failed. Make sure the tx has at least one input.' }
    for (const method of ['decoderawtransaction', 'sendrawtransaction']) {
      for (const bytes of ['', 'xyz', '0200', '00']) expect(await rpc.fails(method, bytes)).toEqual(error)
    }
    expect(await rpc.fails('testmempoolaccept', ['00'])).toMatchObject({ code: -22 })
    expect(await rpc.fails('testmempoolaccept', [])).toEqual({
      code: -8,
      message: 'Array must contain between 1 and 25 transactions.',
    })
  })

  it('describes output scripts of every kind', async () => {
    const x = '79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
    const key = fromHex(`02${x}`)
    const of = async (bytes: Uint8Array) => (await described(bytes)) as Record<string, unknown>
    // BIP 380 has this descriptor with its checksum.
    expect(await of(fromHex('deadbeef'))).toEqual({
      asm: 'OP_UNKNOWN OP_CHECKSIGVERIFY OP_UNKNOWN OP_UNKNOWN',
      desc: 'raw(deadbeef)#89f8spxm',
      hex: 'deadbeef',
      type: 'nonstandard',
    })
    expect(await of(p2aScript)).toMatchObject({ asm: '1 29518', type: 'anchor', address: 'bcrt1pfeesnyr2tx' })
    expect(await of(p2trScript(key.slice(1)))).toMatchObject({
      asm: `1 ${x}`,
      type: 'witness_v1_taproot',
      desc: expect.stringMatching(`^rawtr\\(${x}\\)#`),
    })
    expect(await of(p2wshScript(key))).toMatchObject({
      type: 'witness_v0_scripthash',
      address: expect.stringMatching(/^bcrt1q/),
    })
    expect(await of(script(0x6a, fromHex('0102030405')))).toMatchObject({
      asm: 'OP_RETURN 0102030405',
      type: 'nulldata',
    })
    expect(await of(script(key, 0xac))).toMatchObject({
      type: 'pubkey',
      desc: expect.stringMatching(`^pk\\(02${x}\\)#`),
    })
    expect(await of(script(0x51, key, key, 0x52, 0xae))).toMatchObject({
      asm: `1 02${x} 02${x} 2 OP_CHECKMULTISIG`,
      type: 'multisig',
      desc: expect.stringMatching(`^multi\\(1,02${x},02${x}\\)#`),
    })
    // A push that runs over the end, numbers with a sign, and opcodes with names of their own.
    const odd = concat(script(0x4f, 0x50, 0xff, fromHex('81ff'), fromHex('ffffff80'), 0xb1), fromHex('05aa'))
    expect(await of(odd)).toMatchObject({
      asm: '-1 OP_RESERVED OP_INVALIDOPCODE -32641 -16777215 OP_CHECKLOCKTIMEVERIFY [error]',
      type: 'nonstandard',
    })
  })

  it('names the sighash of a signature in a scriptSig', async () => {
    const signature = '3006020101020101'
    const tx = spend([coin])
    const [input] = tx.inputs
    const inputs = input === undefined ? [] : [{ ...input, witness: [], scriptSig: script(fromHex(`${signature}83`)) }]
    expect(await rpc.call('decoderawtransaction', toHex(encodeTx({ ...tx, inputs })))).toMatchObject({
      vin: [{ scriptSig: { asm: `${signature}[SINGLE|ANYONECANPAY]` } }],
    })
  })
})

describe('the server itself', () => {
  it('getnetworkinfo', async () => {
    expect(await rpc.call('getnetworkinfo')).toEqual({
      version: 290_000,
      subversion: '/Satoshi:29.0.0(bookend)/',
      protocolversion: 70_016,
      localservices: '0000000000000009',
      localservicesnames: ['NETWORK', 'WITNESS'],
      localrelay: true,
      timeoffset: 0,
      networkactive: false,
      connections: 0,
      connections_in: 0,
      connections_out: 0,
      networks: [],
      relayfee: 0.00001,
      incrementalfee: 0.00001,
      localaddresses: [],
      warnings: [],
    })
  })

  it('has no peers and no notifications, and an index of all transactions', async () => {
    expect(await rpc.call('getpeerinfo')).toEqual([])
    expect(await rpc.call('getzmqnotifications')).toEqual([])
    expect(await rpc.call('getindexinfo')).toEqual({ txindex: { synced: true, best_block_height: 101 } })
    expect(await rpc.call('getindexinfo', 'coinstatsindex')).toEqual({})
  })

  it('uptime, echo, help', async () => {
    rpc.now.seconds += 42
    expect(await rpc.call('uptime')).toBe(42)
    expect(await rpc.call('echo', 1, { a: [null] }, null, 'x')).toEqual([1, { a: [null] }, null, 'x'])
    expect(await rpc.call('echo')).toEqual([])
    const names = (await rpc.call('help')) as string
    expect(names.split('\n')).toContain('getblock blockhash ( verbosity )')
    expect(names.split('\n')).toEqual(names.split('\n').toSorted())
    expect(await rpc.call('help', 'getblockcount')).toBe('getblockcount\n\nTells the height of the tip.')
    expect(await rpc.call('help', 'nothing')).toBe('help: unknown command: nothing')
  })

  it('estimatesmartfee: above the relay fee, for any target, for the modes that there are', async () => {
    expect(await rpc.call('estimatesmartfee', 6)).toEqual({ feerate: 0.00002, blocks: 6 })
    expect(await rpc.call('estimatesmartfee', 1, 'CONSERVATIVE')).toEqual({ feerate: 0.00002, blocks: 2 })
    for (const target of [0, 1009]) {
      const message = 'Invalid conf_target, must be between 1 and 1008'
      expect(await rpc.fails('estimatesmartfee', target)).toEqual({ code: -8, message })
    }
    expect(await rpc.fails('estimatesmartfee', 6, 'cheap')).toEqual({
      code: -8,
      message: 'Invalid estimate_mode parameter, must be one of: "unset", "economical", "conservative"',
    })
  })

  it('validateaddress', async () => {
    const address = addressFromScript(alice.script, 'regtest')
    expect(await rpc.call('validateaddress', address)).toEqual({
      isvalid: true,
      address,
      scriptPubKey: toHex(alice.script),
      isscript: false,
      iswitness: true,
      witness_version: 0,
      witness_program: toHex(alice.script.slice(2)),
    })
    expect(await rpc.call('validateaddress', '2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc')).toEqual({
      isvalid: true,
      address: '2MzQwSSnBHWHqSAqtTVQ6v47XtaisrJa1Vc',
      scriptPubKey: expect.stringMatching(/^a914[0-9a-f]{40}87$/),
      isscript: true,
      iswitness: false,
    })
    const wrong = 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4'
    expect(await rpc.call('validateaddress', wrong)).toEqual({
      isvalid: false,
      error_locations: [],
      error: expect.stringContaining('regtest'),
    })
  })
})
