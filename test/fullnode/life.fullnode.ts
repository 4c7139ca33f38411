import { describe, expect, it, onTestFinished } from 'vitest'
import { defined, feeratePerKw, msat, sat, type Txid } from '../../src/base/index.ts'
import { addressFromScript, scriptFromAddress } from '../../src/bitcoin/index.ts'
import { bitcoindChain } from '../../src/chain/index.ts'
import { type BookendNode, createNode, PipeHub, pipe } from '../../src/node/index.ts'
import { alice as keyOfAlice, value } from '../regtest/support.ts'
import { BITCOIND_EXE, type FullNode, startBitcoind } from './fullNode.ts'
import { chainBeside, FULL_NODES, Journal, MINING_ADDRESS } from './journal.ts'

// Two nodes on a full node that we did not write, from the first coin to the last claim: what they publish is in its blocks.

if (BITCOIND_EXE === undefined) console.log('BITCOIND_EXE is not set: of full nodes, only btcd is lived on.')

const COIN_SAT = sat(2_000_000n)
/** Another than blocks pay: else the same block would come again. */
const OTHER_ADDRESS = defined(addressFromScript(keyOfAlice.script, 'regtest'), 'a script of a key has an address')
const CAPACITY_SAT = sat(500_000n)
/** Of the peer's share of the closing fees, and of what the wallet pays. */
const MOST_FEES_SAT = 30_000n

/** A coin of two million satoshis, in a block. */
async function fund(node: BookendNode, full: FullNode): Promise<void> {
  const world = await chainBeside(full)
  const journal = new Journal(world)
  const script = value(scriptFromAddress((await node.newAddress()).address, 'regtest'))
  value(world.fund(script, COIN_SAT))
  await journal.replay(full)
  await until(async () => (await node.balance()).onchainConfirmedSat === COIN_SAT)
}

async function living(hub: PipeHub, full: FullNode, name: string): Promise<BookendNode> {
  const chain = await bitcoindChain({ url: full.url, network: 'regtest', pollMs: 20 })
  const node = await createNode({ chain, net: pipe({ hub, listen: { host: name, port: 9735 } }) })
  onTestFinished(() => node.stop())
  return node
}

/** Until it holds. What never comes is found by the limit of the test. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise(resolve => setTimeout(resolve, 20))
}

const waits = (full: FullNode, txid: Txid | undefined) => async (): Promise<boolean> =>
  ((await full.call('getrawmempool')) as readonly (Txid | undefined)[]).includes(txid)

/** The newest block goes, and another one takes its place. */
async function undone(full: FullNode, txid: Txid | undefined): Promise<void> {
  await full.call('invalidateblock', await full.call('getbestblockhash'))
  await until(waits(full, txid))
  await full.call('generatetoaddress', 1, OTHER_ADDRESS)
}

describe.each(FULL_NODES)('on $name', ({ start }) => {
  it('a channel opens, is paid over, ends alone, and everybody has what is theirs', async () => {
    const full = await start()
    onTestFinished(() => full.stop())
    const hub = new PipeHub()
    const [alice, bob] = [await living(hub, full, 'alice'), await living(hub, full, 'bob')]
    const seesAll = async (node: BookendNode) =>
      (await node.info()).blockHeight === Number(await full.call('getblockcount'))
    const mined = async (count: number) => {
      await full.mine(count)
      for (const node of [alice, bob]) await until(() => seesAll(node))
    }
    await fund(alice, full)
    const before = (await alice.balance()).onchainConfirmedSat

    const peer = { nodeId: bob.nodeId, address: { host: 'bob', port: 9735 } }
    const { channelId, fundingTxid } = await alice.openChannel({ peer, capacitySat: CAPACITY_SAT })
    await until(waits(full, fundingTxid))
    await mined(6)
    for (const node of [alice, bob]) await until(async () => (await node.channel({ channelId })).usable)
    for (let i = 0; i < 5; i++) {
      const { invoice } = await bob.createInvoice({ amountMsat: msat(20_000_000n) })
      await alice.pay({ invoice })
    }

    const { closingTxid } = await alice.closeChannel({ channelId, force: true })
    await until(waits(full, closingTxid))
    await mined(1)
    // btcd was not seen to put back what such a block held.
    if (full.name === 'bitcoind') await undone(full, closingTxid)
    await mined(2)
    await until(async () => {
      await mined(1)
      return (await alice.channels()).length === 0 && (await bob.channels()).length === 0
    })
    const [hers, his] = [await alice.balance(), await bob.balance()]
    const [paid, spent] = [100_000n, before - hers.onchainConfirmedSat - hers.onchainImmatureSat]
    expect(his.onchainConfirmedSat).toBeGreaterThan(paid - MOST_FEES_SAT)
    expect(his.onchainConfirmedSat).toBeLessThan(paid)
    expect(spent).toBeGreaterThan(paid)
    expect(spent).toBeLessThan(paid + MOST_FEES_SAT)
    expect([hers.channelLocalMsat, his.channelLocalMsat]).toEqual([0n, 0n])
  }, 300_000)
})

describe.runIf(BITCOIND_EXE !== undefined)('on a Bitcoin Core that asks for five satoshis for a virtual byte', () => {
  it('a funding transaction that it would refuse is no channel: the peer hears of none, and the coins are free', async () => {
    const full = await startBitcoind(BITCOIND_EXE ?? '', MINING_ADDRESS, ['-minrelaytxfee=0.00005'])
    onTestFinished(() => full.stop())
    const hub = new PipeHub()
    const [alice, bob] = [await living(hub, full, 'alice'), await living(hub, full, 'bob')]
    await fund(alice, full)
    const before = await alice.balance()
    const peer = { nodeId: bob.nodeId, address: { host: 'bob', port: 9735 } }
    const open = (perKw: number) =>
      alice.openChannel({ peer, capacitySat: CAPACITY_SAT, feeratePerKw: feeratePerKw(perKw) })
    await expect(open(300)).rejects.toMatchObject({ message: expect.stringContaining('min relay fee not met') })
    for (const node of [alice, bob]) await until(async () => (await node.channels()).length === 0)
    expect(await alice.balance()).toEqual(before)
    const { fundingTxid } = await open(3_000)
    await until(waits(full, fundingTxid))
  })
})
