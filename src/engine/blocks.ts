import { type OutPoint, outPointKey } from '../base/index.ts'
import { type Tx, txid } from '../bitcoin/index.ts'
import type { ChannelParams } from '../channel/index.ts'
import type { ConfirmedFunding } from './types.ts'

// What a block says about a channel.

/** The funding transaction, if this block holds it. Cost: one hash for each transaction; asked only while it is awaited. */
export function findFunding(
  { fundingOutpoint }: ChannelParams,
  transactions: readonly Tx[],
  height: number,
): ConfirmedFunding | undefined {
  const index = transactions.findIndex(tx => txid(tx) === fundingOutpoint.txid)
  const tx = transactions[index]
  return tx === undefined ? undefined : { height, output: tx.outputs[fundingOutpoint.vout], coinbase: index === 0 }
}

/** The watched outputs that a transaction spends. */
export function watchedSpends(tx: Tx, watched: ReadonlyMap<string, OutPoint>): readonly OutPoint[] {
  return tx.inputs.map(input => input.outpoint).filter(outpoint => watched.has(outPointKey(outpoint)))
}
