import { sat, type Txid } from '../../src/base/index.ts'
import type { Tx, TxOut } from '../../src/bitcoin/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import { alice, spend, type TestCoin, testBeds, value } from './support.ts'

// What the tests of several waiting transactions share.

const bed = testBeds()

export const out = (amountSat: bigint, script = alice.script): TxOut => ({ amountSat: sat(amountSat), script })

/** `count` equal outputs that use up the coins but for the fee. */
export function split(
  coins: readonly TestCoin[],
  count: number,
  feeSat = 2000,
  fields: Parameters<typeof spend>[1] = {},
): Tx {
  const total = coins.reduce((sum, coin) => sum + coin.amountSat, 0n) - BigInt(feeSat)
  const outputs = Array.from({ length: count }, () => out(total / BigInt(count)))
  return spend(coins, { ...fields, outputs })
}

export const submitAll = (chain: RegtestChain, ...txs: readonly Tx[]) => txs.map(tx => value(chain.submit(tx)))
export const waiting = (chain: RegtestChain): readonly Txid[] => chain.mempool().map(entry => entry.txid)

export function fourCoins(options?: Parameters<typeof bed>[0]) {
  const { chain, coins } = bed(options)
  return { chain, coins: coins as readonly [TestCoin, TestCoin, TestCoin, TestCoin, ...TestCoin[]] }
}
