import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type BlockHash, sat } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { bitcoindChain } from '../../src/chain/index.ts'
import type { Chain } from '../../src/ports/index.ts'
import { alice, coinOf, spend, value } from '../regtest/support.ts'
import { BITCOIND_EXE, type FullNode } from './fullNode.ts'
import { chainBeside, FULL_NODES, Journal } from './journal.ts'

// `chain/bitcoind` against full nodes that we did not write. btcd has fewer calls than a Bitcoin Core, and other words; what it lacks stands
// in docs/interop.md.

if (BITCOIND_EXE === undefined) console.log('BITCOIND_EXE is not set: of full nodes, only btcd is asked.')

describe.each(FULL_NODES)('the adapter for bitcoind, over $name', ({ start }) => {
  let node: FullNode
  let chain: Chain
  beforeAll(async () => {
    node = await start()
    await node.mine(1)
    chain = await bitcoindChain({ url: node.url, network: 'regtest', pollMs: 20 })
  })
  afterAll(async () => {
    await chain.close()
    await node.stop()
  })

  it('reads tips, blocks and outputs, tells of new blocks, and takes transactions with the words of Bitcoin Core', async () => {
    const world = await chainBeside(node)
    const journal = new Journal(world)
    const { tx: funding, outpoint } = value(world.fund(alice.script, sat(100_000)))
    let changes = 0
    const stop = chain.onChange(() => {
      changes += 1
    })
    await journal.replay(node)
    expect(await chain.tip()).toEqual({ height: world.height, hash: world.tip.hash })
    expect(await chain.hashAt(world.height + 1)).toBeUndefined()
    expect((await chain.block(world.tip.hash))?.transactions).toEqual(world.tip.transactions)
    expect(await chain.block('ab'.repeat(32) as BlockHash)).toBeUndefined()
    const place = { height: world.height, txIndex: 1, outputIndex: outpoint.vout }
    const unspent = { amountSat: 100_000n, script: alice.script }
    expect(await chain.outputAt(place)).toEqual({ txid: txid(funding), unspent })
    // It has seen too few transactions to estimate, or cannot.
    expect(await chain.feerate(6)).toBeUndefined()

    const coin = coinOf(funding, outpoint.vout)
    const cheap = spend([coin], { feeSat: 1 })
    expect((await chain.publish(cheap)).ok).toBe(false)
    expect(await chain.testAccept(cheap)).toBeDefined()
    const tx = spend([coin])
    expect(await chain.testAccept(tx)).toBeUndefined()
    expect(await chain.testAccept(spend([coinOf(tx)]))).toMatchObject({ reason: 'bad-txns-inputs-missingorspent' })
    for (let i = 0; i < 2; i++) expect(await chain.publish(tx)).toEqual({ ok: true, value: txid(tx) })
    expect(await chain.waitingSpends([coin.outpoint, coinOf(tx).outpoint])).toEqual([tx])
    const child = spend([coinOf(tx)])
    expect(await chain.publish(child, tx)).toEqual({ ok: true, value: txid(child) })
    const orphan = spend([coinOf(child)], { feeSat: 90_000 })
    const missing = { ok: false, error: { reason: 'bad-txns-inputs-missingorspent' } }
    expect(await chain.publish(spend([{ ...coinOf(orphan) }], { feeSat: 500 }))).toMatchObject(missing)
    await node.mine(1)
    expect(await chain.publish(tx)).toEqual({ ok: true, value: txid(tx) })
    expect(await chain.testAccept(tx)).toBeUndefined()
    expect(await chain.publish(spend([coin], { feeSat: 5_000 }))).toMatchObject(missing)
    expect(await chain.testAccept(spend([coin], { feeSat: 5_000 }))).toMatchObject(missing.error)
    expect((await chain.outputAt(place))?.unspent).toBeUndefined()
    while (changes === 0) await new Promise(resolve => setTimeout(resolve, 20))
    stop()
  })

  it('refuses a node of another network', async () => {
    const other = bitcoindChain({ url: node.url, network: 'signet' })
    await expect(other).rejects.toMatchObject({ code: 'wrong_network' })
  })
})
