import { describe, expect, it } from 'vitest'
import { encode, sat, toHex } from '../../src/base/index.ts'
import {
  addressFromScript,
  blockCodec,
  encodeTx,
  script,
  type Tx,
  txid,
  txVsize,
  wtxid,
} from '../../src/bitcoin/index.ts'
import { type Rpc, startRpc } from './rpcClient.ts'
import { alice, bob, coinOf, spend, type TestCoin, testBeds, value } from './support.ts'

// What a wallet does over the wire: mines, gets money, sends, waits, and sees its history change.

const beds = testBeds()
const addressOf = (to: Uint8Array) => addressFromScript(to, 'regtest')
const raw = (tx: Tx) => toHex(encodeTx(tx))

async function withCoins(work: (rpc: Rpc, coins: readonly TestCoin[]) => Promise<void>): Promise<void> {
  const { chain, coins } = beds()
  const rpc = await startRpc({ chain })
  await work(rpc, coins)
  await rpc.close()
}

const at = <T>(list: readonly T[], index: number): T => {
  const found = list[index]
  if (found === undefined) throw new Error(`nothing at ${index}`)
  return found
}

describe('a wallet', () => {
  it('mines, is funded, sends, and sees a reorganisation undo and redo its payment', async () => {
    const rpc = await startRpc()
    const mined = (await rpc.call('generatetoaddress', 101, addressOf(bob.script))) as string[]
    expect(mined).toHaveLength(101)
    expect(await rpc.call('getbestblockhash')).toBe(mined.at(-1))
    const funded = (await rpc.call('bookend_fund', addressOf(alice.script), 0.5)) as { txid: string; height: number }
    expect(funded).toEqual({
      txid: expect.any(String),
      vout: 0,
      scriptPubKey: toHex(alice.script),
      blockhash: await rpc.call('getbestblockhash'),
      height: rpc.chain.height,
    })
    const known = rpc.chain.transaction(funded.txid as ReturnType<typeof txid>)
    const payment = spend([coinOf(known?.tx as Tx)], { to: bob.script, feeSat: 500 })
    expect(await rpc.call('sendrawtransaction', raw(payment))).toBe(txid(payment))
    expect(await rpc.call('getrawmempool')).toEqual([txid(payment)])
    const [hash] = (await rpc.call('generatetoaddress', 1, addressOf(bob.script))) as string[]
    expect(await rpc.call('getrawtransaction', txid(payment), 1)).toMatchObject({ confirmations: 1, blockhash: hash })
    expect(await rpc.call('getrawmempool')).toEqual([])

    expect(await rpc.call('invalidateblock', hash)).toBeNull()
    expect(await rpc.call('getrawmempool')).toEqual([txid(payment)])
    expect(await rpc.call('getrawtransaction', txid(payment), 1)).not.toHaveProperty('blockhash')
    expect(await rpc.call('getblockheader', hash)).toMatchObject({ confirmations: -1 })
    const gone = (await rpc.call('getrawtransaction', txid(payment), 1, hash)) as object
    expect(gone).toMatchObject({ in_active_chain: false, blockhash: hash, confirmations: 0 })
    expect(gone).not.toHaveProperty('blocktime')

    expect(await rpc.call('reconsiderblock', hash)).toBeNull()
    expect(await rpc.call('getbestblockhash')).toBe(hash)
    expect(await rpc.call('getrawmempool')).toEqual([])
    await rpc.close()
  })

  it('is funded without a block when it asks for that, and the miner mines for itself', async () => {
    const rpc = await startRpc()
    expect(await rpc.call('bookend_mine', 101)).toHaveLength(101)
    const funded = (await rpc.call('bookend_fund', addressOf(alice.script), 1, false)) as { txid: string }
    expect(funded).not.toHaveProperty('blockhash')
    expect(await rpc.call('getrawmempool')).toEqual([funded.txid])
    expect(await rpc.fails('bookend_fund', addressOf(alice.script), 20_000_000)).toMatchObject({
      code: -26,
      message: expect.stringMatching(/^not-enough-miner-coins, /),
    })
    await rpc.close()
  })
})

describe('sendrawtransaction', () => {
  it('takes what waits already once more, and tells what is confirmed by -27', () =>
    withCoins(async (rpc, coins) => {
      const tx = spend([at(coins, 0)])
      for (let i = 0; i < 2; i++) expect(await rpc.call('sendrawtransaction', raw(tx))).toBe(txid(tx))
      await rpc.call('bookend_mine', 1)
      const error = { code: -27, message: 'Transaction outputs already in utxo set' }
      expect(await rpc.fails('sendrawtransaction', raw(tx))).toEqual(error)
    }))

  it('tells missing inputs by -25 and what the rules refuse by -26, in the words of Core', () =>
    withCoins(async (rpc, coins) => {
      const missing = spend([coinOf(spend([at(coins, 0)]))])
      const error = { code: -25, message: 'bad-txns-inputs-missingorspent' }
      expect(await rpc.fails('sendrawtransaction', raw(missing))).toEqual(error)
      const unsigned = spend([at(coins, 0)], { from: bob })
      const cases: readonly (readonly [Tx, RegExp])[] = [
        [spend([at(coins, 0)], { feeSat: 1 }), /^min relay fee not met, /],
        [spend([at(coins, 0)], { version: 4 }), /^version, /],
        [spend([at(coins, 0)], { locktime: 1000 }), /^non-final, /],
        [unsigned, /^mandatory-script-verify-flag-failed \(/],
      ]
      for (const [tx, message] of cases) {
        expect(await rpc.fails('sendrawtransaction', raw(tx))).toEqual({
          code: -26,
          message: expect.stringMatching(message),
        })
      }
    }))

  it('guards against a fee or a burnt amount above what the sender allows', () =>
    withCoins(async (rpc, coins) => {
      const rich = coinOf(value(rpc.chain.fund(alice.script, sat(5_000_000))).tx)
      const dear = spend([rich], { feeSat: 2_000_000 })
      const error = { code: -25, message: 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)' }
      expect(await rpc.fails('sendrawtransaction', raw(dear))).toEqual(error)
      expect(await rpc.fails('sendrawtransaction', raw(spend([at(coins, 1)], { feeSat: 1000 })), 0.00001)).toEqual(
        error,
      )
      expect(await rpc.fails('sendrawtransaction', raw(dear), 1)).toEqual({
        code: -8,
        message: 'Fee rates larger than or equal to 1BTC/kvB are not accepted',
      })
      expect(await rpc.call('sendrawtransaction', raw(dear), 0)).toBe(txid(dear))
      const outputs = [
        { amountSat: sat(990_000), script: alice.script },
        { amountSat: sat(9_000), script: script(0x6a, Uint8Array.of(1, 2)) },
      ]
      const burning = spend([at(coins, 2)], { outputs })
      expect(await rpc.fails('sendrawtransaction', raw(burning))).toEqual({
        code: -25,
        message: 'Unspendable output exceeds maximum configured by user (maxburnamount)',
      })
      expect(await rpc.fails('submitpackage', [raw(burning)])).toMatchObject({ code: -25 })
      expect(await rpc.call('sendrawtransaction', raw(burning), 0.1, '0.00009')).toBe(txid(burning))
    }))
})

describe('testmempoolaccept', () => {
  it('says for one transaction what sending it would say, and changes nothing', () =>
    withCoins(async (rpc, coins) => {
      const tx = spend([at(coins, 0)], { feeSat: 1100 })
      const vsize = txVsize(tx)
      const ids = { txid: txid(tx), wtxid: wtxid(tx) }
      expect(await rpc.call('testmempoolaccept', [raw(tx)])).toEqual([
        {
          ...ids,
          allowed: true,
          vsize,
          fees: {
            base: 0.000011,
            'effective-feerate': Math.floor(1_100_000 / vsize) / 1e8,
            'effective-includes': [ids.wtxid],
          },
        },
      ])
      expect(await rpc.call('getrawmempool')).toEqual([])
      expect(await rpc.call('testmempoolaccept', [raw(tx)], 0.00001)).toEqual([
        { ...ids, allowed: false, 'reject-reason': 'max-fee-exceeded', 'reject-details': 'max-fee-exceeded' },
      ])
      const orphan = spend([coinOf(tx)])
      expect(await rpc.call('testmempoolaccept', [raw(orphan)])).toMatchObject([
        { allowed: false, 'reject-reason': 'missing-inputs', 'reject-details': 'bad-txns-inputs-missingorspent' },
      ])
    }))

  it('tries parents before children, and stops at the first that is refused', () =>
    withCoins(async (rpc, coins) => {
      const parent = spend([at(coins, 0)])
      const child = spend([coinOf(parent)])
      expect(await rpc.call('testmempoolaccept', [raw(parent), raw(child)])).toMatchObject([
        { txid: txid(parent), allowed: true },
        { txid: txid(child), allowed: true },
      ])
      const poor = spend([at(coins, 0)], { feeSat: 1 })
      const heir = spend([coinOf(poor)])
      expect(await rpc.call('testmempoolaccept', [raw(poor), raw(heir)])).toEqual([
        expect.objectContaining({ allowed: false, 'reject-reason': 'min relay fee not met' }),
        { txid: txid(heir), wtxid: wtxid(heir) },
      ])
      expect(await rpc.call('getrawmempool')).toEqual([])
    }))
})

describe('submitpackage', () => {
  it('lets a child pay for its parent, and tells the feerate that counted', () =>
    withCoins(async (rpc, coins) => {
      const parent = spend([at(coins, 0)], { feeSat: 0, version: 3 })
      const child = spend([coinOf(parent)], { feeSat: 1000, version: 3 })
      const together = {
        'effective-feerate': Math.floor(1_000_000 / (txVsize(parent) + txVsize(child))) / 1e8,
        'effective-includes': [wtxid(parent), wtxid(child)],
      }
      const accepted = {
        [wtxid(parent)]: { txid: txid(parent), vsize: txVsize(parent), fees: { base: 0, ...together } },
        [wtxid(child)]: { txid: txid(child), vsize: txVsize(child), fees: { base: 0.00001, ...together } },
      }
      const sent = [raw(parent), raw(child)]
      expect(await rpc.call('submitpackage', sent)).toEqual({
        package_msg: 'success',
        'tx-results': accepted,
        'replaced-transactions': [],
      })
      expect(await rpc.call('submitpackage', sent)).toMatchObject({
        package_msg: 'success',
        'tx-results': { [wtxid(child)]: { txid: txid(child), vsize: txVsize(child), fees: { base: 0.00001 } } },
      })
    }))

  it('tells which transaction failed and which were not looked at', () =>
    withCoins(async (rpc, coins) => {
      const parent = spend([at(coins, 0)], { version: 4 })
      const child = spend([coinOf(parent)])
      expect(await rpc.call('submitpackage', [raw(parent), raw(child)])).toEqual({
        package_msg: 'transaction failed',
        'tx-results': {
          [wtxid(parent)]: { txid: txid(parent), error: expect.stringMatching(/^version/) },
          [wtxid(child)]: { txid: txid(child), error: 'package-not-validated' },
        },
        'replaced-transactions': [],
      })
      const dear = spend([at(coins, 1)], { feeSat: 500_000 })
      expect(await rpc.call('submitpackage', [raw(dear)], 0.04)).toMatchObject({
        package_msg: 'transaction failed',
        'tx-results': { [wtxid(dear)]: { error: 'max feerate exceeded' } },
      })
      expect(await rpc.call('getrawmempool')).toEqual([])
    }))

  it('replaces what conflicts, and takes no other shape than a child with its parents', () =>
    withCoins(async (rpc, coins) => {
      const first = spend([at(coins, 0)], { feeSat: 500 })
      await rpc.call('sendrawtransaction', raw(first))
      const better = spend([at(coins, 0)], { feeSat: 5000 })
      expect(await rpc.call('submitpackage', [raw(better)])).toMatchObject({
        package_msg: 'success',
        'replaced-transactions': [txid(first)],
      })
      const strangers = [raw(spend([at(coins, 1)])), raw(spend([at(coins, 2)]))]
      expect(await rpc.fails('submitpackage', strangers)).toEqual({
        code: -25,
        message: 'package topology disallowed. not child-with-parents or parents depend on each other.',
      })
    }))
})

describe('the mempool', () => {
  it('getmempoolentry, and the lists of it, with all relations', () =>
    withCoins(async (rpc, coins) => {
      const parent = spend([at(coins, 0)], { feeSat: 1000 })
      const child = spend([coinOf(parent)], { feeSat: 2000, sequence: 0xffffffff })
      await rpc.call('sendrawtransaction', raw(parent))
      rpc.now.seconds += 60
      await rpc.call('sendrawtransaction', raw(child))
      const vsize = txVsize(child)
      const both = txVsize(parent) + vsize
      const entry = {
        vsize,
        weight: expect.any(Number),
        time: rpc.now.seconds,
        height: rpc.chain.height,
        descendantcount: 1,
        descendantsize: vsize,
        ancestorcount: 2,
        ancestorsize: both,
        wtxid: wtxid(child),
        fees: { base: 0.00002, modified: 0.00002, ancestor: 0.00003, descendant: 0.00002 },
        depends: [txid(parent)],
        spentby: [],
        // It does not say so itself, but its parent does.
        'bip125-replaceable': true,
        unbroadcast: false,
      }
      expect(await rpc.call('getmempoolentry', txid(child))).toEqual(entry)
      const above = { time: rpc.now.seconds - 60, spentby: [txid(child)], descendantsize: both, ancestorcount: 1 }
      expect(await rpc.call('getrawmempool', true)).toEqual({
        [txid(parent)]: expect.objectContaining(above),
        [txid(child)]: entry,
      })
      expect(await rpc.call('getmempoolancestors', txid(child))).toEqual([txid(parent)])
      expect(await rpc.call('getmempooldescendants', txid(parent), true)).toEqual({ [txid(child)]: entry })
      expect(await rpc.call('getmempoolinfo')).toEqual({
        loaded: true,
        size: 2,
        bytes: both,
        usage: both,
        total_fee: 0.00003,
        maxmempool: 75_000_000,
        mempoolminfee: 0.00001,
        minrelaytxfee: 0.00001,
        incrementalrelayfee: 0.00001,
        unbroadcastcount: 0,
        fullrbf: true,
      })
      const { txids, mempool_sequence: before } = (await rpc.call('getrawmempool', false, true)) as {
        txids: string[]
        mempool_sequence: number
      }
      expect(txids).toEqual([txid(parent), txid(child)])
      await rpc.call('bookend_mine', 1)
      expect(await rpc.call('getrawmempool', false, true)).toEqual({ txids: [], mempool_sequence: before + 2 })
    }))

  it('gettxspendingprevout tells what waits and spends an output, and nothing of what a block has spent', () =>
    withCoins(async (rpc, coins) => {
      const [one, two] = [at(coins, 0), at(coins, 1)]
      const tx = spend([one])
      await rpc.call('sendrawtransaction', toHex(encodeTx(tx)))
      const asked = [one.outpoint, two.outpoint]
      const waits = [{ ...one.outpoint, spendingtxid: txid(tx) }, two.outpoint]
      expect(await rpc.call('gettxspendingprevout', asked)).toEqual(waits)
      await rpc.call('bookend_mine', 1)
      expect(await rpc.call('gettxspendingprevout', asked)).toEqual(asked)
      for (const wrong of [[], [{ txid: one.outpoint.txid, vout: -1 }], [{ txid: 'ab', vout: 0 }]])
        expect(await rpc.fails('gettxspendingprevout', wrong)).toMatchObject({ code: -8 })
      expect(await rpc.fails('gettxspendingprevout', [{ txid: one.outpoint.txid }])).toMatchObject({ code: -3 })
    }))

  it('refuses what does not wait, and a sequence with the entries', () =>
    withCoins(async (rpc, coins) => {
      for (const method of ['getmempoolentry', 'getmempoolancestors', 'getmempooldescendants']) {
        const error = { code: -5, message: 'Transaction not in mempool' }
        expect(await rpc.fails(method, at(coins, 0).outpoint.txid)).toEqual(error)
      }
      expect(await rpc.fails('getrawmempool', true, true)).toMatchObject({ code: -8 })
    }))
})

describe('blocks', () => {
  it('generatetoaddress pays the address, and refuses wrong ones and wrong counts', async () => {
    const rpc = await startRpc()
    const [hash] = (await rpc.call('generatetoaddress', 1, addressOf(bob.script))) as string[]
    const block = (await rpc.call('getblock', hash, 2)) as { tx: { vout: unknown[] }[] }
    expect(block.tx[0]?.vout[0]).toMatchObject({ value: 50, scriptPubKey: { address: addressOf(bob.script) } })
    const error = { code: -5, message: 'Error: Invalid address' }
    expect(await rpc.fails('generatetoaddress', 1, 'bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4')).toEqual(error)
    for (const count of [-1, 10_001]) {
      expect(await rpc.fails('generatetoaddress', count, addressOf(bob.script))).toMatchObject({ code: -8 })
    }
    expect(await rpc.call('generatetoaddress', 0, addressOf(bob.script))).toEqual([])
    await rpc.close()
  })

  it('generateblock holds exactly what it is given, by txid or whole', () =>
    withCoins(async (rpc, coins) => {
      const [waiting, left, whole] = [spend([at(coins, 0)]), spend([at(coins, 1)]), spend([at(coins, 2)])]
      for (const tx of [waiting, left]) await rpc.call('sendrawtransaction', raw(tx))
      const to = addressOf(bob.script)
      const { hash } = (await rpc.call('generateblock', to, [txid(waiting), raw(whole)])) as { hash: string }
      expect(((await rpc.call('getblock', hash)) as { tx: string[] }).tx.slice(1)).toEqual([txid(waiting), txid(whole)])
      expect(await rpc.call('getrawmempool')).toEqual([txid(left)])
      const absent = 'ab'.repeat(32)
      expect(await rpc.fails('generateblock', to, [absent])).toEqual({
        code: -5,
        message: `Transaction ${absent} not in mempool.`,
      })
      for (const wrong of ['00', 5]) {
        expect(await rpc.fails('generateblock', to, [wrong])).toMatchObject({
          code: -22,
          message: expect.stringMatching(/^Transaction decode failed/),
        })
      }
      expect(await rpc.fails('generateblock', to, [raw(whole)])).toEqual({
        code: -25,
        message: expect.stringMatching(/^TestBlockValidity failed: bad-txns-BIP30, /),
      })
    }))

  it('submitblock: null for a new tip, a word for everything else', async () => {
    const [here, there] = [await startRpc(), await startRpc()]
    there.chain.mine(2, { to: bob.script })
    const bytes = (height: number) => toHex(encode(blockCodec, there.chain.blockAt(height) as never))
    expect(await here.call('submitblock', bytes(2))).toBe('prev-blk-not-found')
    expect(await here.call('submitblock', bytes(1))).toBeNull()
    expect(await here.call('submitblock', bytes(1))).toBe('duplicate')
    await here.call('bookend_mine', 2)
    expect(await here.call('submitblock', bytes(2))).toBe('inconclusive')
    expect(await here.fails('submitblock', 'xyz')).toEqual({ code: -22, message: 'Block decode failed' })
    expect(await here.fails('submitblock', '00')).toEqual({ code: -22, message: 'Block decode failed' })
    for (const rpc of [here, there]) await rpc.close()
  })
})
