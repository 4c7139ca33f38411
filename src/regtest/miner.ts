import { type Sat, sat, txidToWire } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { type Block, solve } from './block.ts'
import { buildCoinbase } from './coinbase.ts'
import { merkleRoot } from './merkle.ts'
import { BLOCK_INTERVAL_SECONDS, BLOCK_VERSION, REGTEST_BITS, subsidySat } from './params.ts'
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
