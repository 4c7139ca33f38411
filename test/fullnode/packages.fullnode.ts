import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Tx, txid } from '../../src/bitcoin/index.ts'
import { bitcoindChain } from '../../src/chain/index.ts'
import type { Chain } from '../../src/ports/index.ts'
import { makeModel, viewOf } from '../onchain/fixture.ts'
import { EnforcerNode } from '../onchain/node.ts'
import { value } from '../regtest/support.ts'
import { BITCOIND_EXE, type FullNode, POLICY_OF_CORE_28, startBitcoind } from './fullNode.ts'
import { chainBeside, Journal, MINING_ADDRESS } from './journal.ts'

// A commitment of a quiet day and its child (decision 25) before a Bitcoin Core that asks for more than the commitment pays. btcd has no
// packages.

/** Five satoshis for a virtual byte. */
const ASKS = ['-minrelaytxfee=0.00005', ...POLICY_OF_CORE_28.filter(option => !option.startsWith('-minrelaytxfee'))]
const ASKS_SAT_PER_KVB = 5_000n

describe.runIf(BITCOIND_EXE !== undefined)('a Bitcoin Core whose mempool asks for more than a commitment pays', () => {
  let node: FullNode
  let view: Chain
  beforeAll(async () => {
    node = await startBitcoind(BITCOIND_EXE ?? '', MINING_ADDRESS, ASKS)
    view = await bitcoindChain({ url: node.url, network: 'regtest' })
  })
  afterAll(async () => {
    await view.close()
    await node.stop()
  })

  const waits = async (tx: Tx): Promise<boolean> =>
    ((await node.call('getrawmempool')) as readonly string[]).includes(txid(tx))

  it('takes it with its child, and the child that pays more in its place; the block that holds both is one for both', async () => {
    const chain = await chainBeside(node)
    const journal = new Journal(chain)
    const model = makeModel({ format: 'anchors_zero_fee_htlc', chain })
    const leaving = viewOf(model, 'alice', 2, { publish: 'commitment', knows: [1] })
    const alice = new EnforcerNode(model, 'alice', leaving).fundCoins(3, 60_000)
    await journal.replay(node)
    chain.setMempoolMinFee(ASKS_SAT_PER_KVB)

    const published = (role: string): Tx => {
      const last = alice.published.findLast(each => each.role === role)
      if (last === undefined) throw new Error(`she publishes one as ${role}`)
      return last.tx
    }
    alice.feerate = 6_000
    alice.start()
    const [commitment, child] = [published('commitment'), published('anchor')]
    expect(await view.testAccept(commitment)).toMatchObject({ reason: 'min relay fee not met' })
    expect(await view.publish(commitment)).toMatchObject({ ok: false, error: { reason: 'min relay fee not met' } })
    expect(await view.publish(child)).toMatchObject({ ok: false })
    expect(value(await view.publish(child, commitment))).toBe(txid(child))
    expect([await waits(commitment), await waits(child)]).toEqual([true, true])

    alice.feerate = 12_000
    chain.mine(1, { transactions: [] })
    alice.catchUp()
    const dearer = published('anchor')
    expect(txid(dearer)).not.toBe(txid(child))
    expect(value(await view.publish(dearer, commitment))).toBe(txid(dearer))
    expect([await waits(child), await waits(dearer)]).toEqual([false, true])

    chain.mine(1)
    await journal.replay(node)
    expect(await node.call('getbestblockhash')).toBe(chain.tip.hash)
    expect(chain.tip.transactions.map(txid)).toEqual(expect.arrayContaining([txid(commitment), txid(dearer)]))
  })
})
