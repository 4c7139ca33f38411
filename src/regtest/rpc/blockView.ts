import { type BlockHash, encode, reverseBytes, toHex } from '../../base/index.ts'
import { blockCodec, headerCodec, targetOf, workOf } from '../../bitcoin/index.ts'
import { blockWeight } from '../blockRules.ts'
import type { RegtestChain } from '../chain.ts'
import { MEDIAN_TIME_SPAN, REGTEST_BITS, WITNESS_SCALE_FACTOR } from '../params.ts'
import { txFacts } from '../txFacts.ts'
import type { ChainBlock } from '../types.ts'
import type { Json } from './json.ts'
import { txView } from './txView.ts'

// Blocks in the shapes of Core's `blockheaderToJSON` and `blockToJSON`.

type JsonObject = Readonly<Record<string, Json | undefined>>

/** What `getblockheader` tells. */
export function headerView(chain: RegtestChain, block: ChainBlock): JsonObject {
  const { hash, height, header, transactions } = block
  return {
    hash,
    confirmations: confirmationsOf(chain, block),
    height,
    version: header.version,
    versionHex: hexOf(header.version >>> 0, 8),
    merkleroot: toHex(reverseBytes(header.merkleRoot)),
    time: header.time,
    mediantime: medianTimePast(chain, block),
    nonce: header.nonce,
    bits: hexOf(header.bits, 8),
    target: targetText(),
    difficulty: DIFFICULTY,
    chainwork: chainworkAt(height),
    nTx: transactions.length,
    previousblockhash: height === 0 ? undefined : header.previous,
    nextblockhash: chain.isOnBestBranch(hash) ? chain.blockAt(height + 1)?.hash : undefined,
  }
}

/** What `getblock` tells: 1 names the transactions, 2 shows them, 3 also shows what they spend. */
export function blockView(chain: RegtestChain, block: ChainBlock, verbosity: number): JsonObject {
  const size = encode(blockCodec, block).length
  const weight = blockWeight(block)
  return {
    ...headerView(chain, block),
    // From the definition of weight: three times the stripped size and once the whole.
    strippedsize: (weight - size) / (WITNESS_SCALE_FACTOR - 1),
    size,
    weight,
    tx: block.transactions.map(tx =>
      verbosity < 2
        ? txFacts(tx).txid
        : txView(tx, { sourceOf: txid => chain.transaction(txid), prevouts: verbosity >= 3 }),
    ),
  }
}

export const headerHex = (block: ChainBlock): string => toHex(encode(headerCodec, block.header))
export const blockHex = (block: ChainBlock): string => toHex(encode(blockCodec, block))

/** Blocks from here to the tip, both counted; -1 on another branch. */
export function confirmationsOf(chain: RegtestChain, { hash, height }: ChainBlock): number {
  return chain.isOnBestBranch(hash) ? chain.height - height + 1 : -1
}

/** Median of the times of the last eleven blocks, this one included (BIP 113). */
export function medianTimePast(chain: RegtestChain, block: ChainBlock): number {
  const times: number[] = []
  for (let at: ChainBlock | undefined = block; at !== undefined && times.length < MEDIAN_TIME_SPAN; ) {
    times.push(at.header.time)
    at = chain.blockByHash(at.header.previous)
  }
  times.sort((a, b) => a - b)
  return times[Math.floor(times.length / 2)] ?? block.header.time
}

/**
 * All of regtest has one difficulty. Core's `GetDifficulty`: the largest target of the main network through this one, with
 * the 16 digits that Core prints.
 */
export const DIFFICULTY = Number(
  (0xffff / (REGTEST_BITS & 0xffffff) / 256 ** ((REGTEST_BITS >>> 24) - 29)).toPrecision(16),
)

/** Hashes expected behind the branch up to a height: every block has the same target. */
export function chainworkAt(height: number): string {
  return (workOf(REGTEST_BITS) * BigInt(height + 1)).toString(16).padStart(64, '0')
}

export const bitsText = (): string => hexOf(REGTEST_BITS, 8)
export const targetText = (): string => targetOf(REGTEST_BITS).toString(16).padStart(64, '0')

/** Bytes of all blocks of the best branch: a chain in memory has no other size. */
export function chainSize(chain: RegtestChain, upTo: BlockHash): number {
  let size = 0
  for (let at = chain.blockByHash(upTo); at !== undefined; at = chain.blockByHash(at.header.previous)) {
    size += encode(blockCodec, at).length
  }
  return size
}

function hexOf(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0')
}
