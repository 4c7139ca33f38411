import { type Sat, sat, type Txid, txidToWire } from '../base/index.ts'
import { type Block, merkleRoot, type Tx } from '../bitcoin/index.ts'
import { buildCoinbase } from './coinbase.ts'
import { BLOCK_INTERVAL_SECONDS, BLOCK_VERSION, REGTEST_BITS, subsidySat } from './params.ts'
import { solve } from './proofOfWork.ts'
import type { BlockNode } from './tree.ts'
import { txFacts } from './txFacts.ts'

/** Puts a block together and does its (trivial) proof of work. */
export function assembleBlock(parts: {
  readonly parent: BlockNode
  /** Script of the reward. */
  readonly to: Uint8Array
  readonly transactions: readonly Tx[]
  readonly feesSat: bigint
  readonly time: number
  /** Tells siblings apart that are equal otherwise. */
  readonly extraNonce: number
}): Block {
  const height = parts.parent.height + 1
  const rewardSat: Sat = sat(subsidySat(height) + parts.feesSat)
  const { to, transactions, extraNonce } = parts
  const coinbase = buildCoinbase({ height, extraNonce, rewardSat, to, transactions })
  const all = [coinbase, ...transactions]
  const header = solve({
    version: BLOCK_VERSION,
    previous: parts.parent.hash,
    merkleRoot: merkleRoot(all.map(tx => txidToWire(txFacts(tx).txid))).root,
    time: parts.time,
    bits: REGTEST_BITS,
    nonce: 0,
  })
  return { header, transactions: all }
}

/** The time of a block on `parent`: by the clock but never before the rules allow it, or ten minutes later without a clock. */
export function nextBlockTime(parent: BlockNode, now: number | undefined): number {
  const earliest = parent.medianTimePast + 1
  return Math.max(earliest, now ?? parent.block.header.time + BLOCK_INTERVAL_SECONDS)
}

/** Fees of listed transactions; what spends unknown outputs adds nothing, and its block will be refused. */
export function feesOf(transactions: readonly Tx[], sourceOf: (txid: Txid) => Tx | undefined): bigint {
  const listed = new Map(transactions.map(tx => [txFacts(tx).txid, tx]))
  let fees = 0n
  for (const tx of transactions) {
    let left = 0n
    for (const { outpoint } of tx.inputs) {
      const source = listed.get(outpoint.txid) ?? sourceOf(outpoint.txid)
      left += source?.outputs[outpoint.vout]?.amountSat ?? 0n
    }
    for (const output of tx.outputs) left -= output.amountSat
    if (left > 0n) fees += left
  }
  return fees
}
