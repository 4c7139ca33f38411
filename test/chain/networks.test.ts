import { expect, test } from 'vitest'
import { type BlockHash, fromHex, reverseBytes } from '../../src/base/index.ts'
import { headerHash } from '../../src/bitcoin/index.ts'
import { type ChainNetwork, NETWORKS } from '../../src/chain/index.ts'
import { connect, failureOf, scripted, stub } from './stubbed.ts'

// The first blocks of Bitcoin Core's kernel/chainparams.cpp, from what their headers hold.

const SATOSHIS_COINBASE = '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b'
const TESTNET4_COINBASE = '7aa0a7ae1e223414cb807e40cd57e667b718e42aaf9306db9102fe28912b7b4e'
const HEADERS = {
  bitcoin: { coinbase: SATOSHIS_COINBASE, time: 1231006505, bits: 0x1d00ffff, nonce: 2083236893 },
  testnet3: { coinbase: SATOSHIS_COINBASE, time: 1296688602, bits: 0x1d00ffff, nonce: 414098458 },
  testnet4: { coinbase: TESTNET4_COINBASE, time: 1714777860, bits: 0x1d00ffff, nonce: 393743547 },
  signet: { coinbase: SATOSHIS_COINBASE, time: 1598918400, bits: 0x1e0377ae, nonce: 52613770 },
  regtest: { coinbase: SATOSHIS_COINBASE, time: 1296688602, bits: 0x207fffff, nonce: 2 },
} as const

function genesisOf(name: keyof typeof HEADERS): BlockHash {
  const { coinbase, ...header } = HEADERS[name]
  const previous = '00'.repeat(32) as BlockHash
  // A tree of one leaf is the leaf.
  return headerHash({ version: 1, previous, merkleRoot: reverseBytes(fromHex(coinbase)), ...header })
}

const NAMES: readonly ChainNetwork[] = ['regtest', 'signet', 'testnet4', 'bitcoin']

test.each(NAMES)('the first block of %s is the one of its header', network => {
  expect(NETWORKS[network].genesisHash).toBe(genesisOf(network))
})

test.each(NAMES)('a bitcoind of %s is taken where it is asked for, and nowhere else', async network => {
  const bitcoind = await stub({ getblockhash: () => ({ result: genesisOf(network) }) })
  for (const asked of NAMES) {
    const connected = connect(bitcoind.url, { network: asked })
    if (asked === network) await connected
    else
      expect(await failureOf(connected)).toMatchObject({
        code: 'wrong_network',
        message:
          `The bitcoind at 127.0.0.1:${bitcoind.port} is on ${network}, and this node is on ${asked}. ` +
          `Name one on ${asked} with --chain.`,
      })
  }
  expect(bitcoind.calls.map(call => [call.method, call.params])).toStrictEqual(NAMES.map(() => ['getblockhash', [0]]))
})

test('a network that is served no more, and one that nobody knows, are named all the same', async () => {
  const unknown = 'ab'.repeat(32)
  for (const [hash, name] of [
    [genesisOf('testnet3'), 'testnet3'],
    [unknown, `a network whose first block is ${unknown}`],
  ]) {
    const bitcoind = await stub({ getblockhash: () => ({ result: hash }) })
    const failure = await failureOf(connect(bitcoind.url))
    expect(failure.code).toBe('wrong_network')
    expect(failure.message).toContain(`is on ${name}, and this node is on regtest`)
  }
})

test('a bitcoind without a first block is none', async () => {
  const bitcoind = await stub({ getblockhash: () => ({ error: { code: -8, message: 'Block height out of range' } }) })
  expect(await failureOf(connect(bitcoind.url))).toMatchObject({ code: 'bad_answer' })
})

test('another network in the same place is found out with the next tip', async () => {
  const info = (chain: string) => ({ result: { chain, blocks: 7, bestblockhash: 'ab'.repeat(32) } })
  for (const network of NAMES) {
    const script = {
      getblockhash: () => ({ result: genesisOf(network) }),
      getblockchaininfo: ({ before }: { before: number }) => info(before === 0 ? NETWORKS[network].coreName : 'test'),
    }
    const { chain } = await scripted(script, { network })
    expect((await chain.tip()).height).toBe(7)
    const failure = await failureOf(chain.tip())
    expect(failure.code).toBe('wrong_network')
    expect(failure.message).toContain(`is on test, and this node is on ${network}`)
  }
})
