import { bytesEqual, encode, ok, type Result, txidToWire } from '../base/index.ts'
import {
  type Block,
  type BlockHeader,
  compactSizeLength,
  headerCodec,
  meetsTarget,
  merkleRoot,
} from '../bitcoin/index.ts'
import { blockHashOf } from './blockHash.ts'
import { checkWitnessCommitment, heightPrefix, isCoinbase } from './coinbase.ts'
import { checkTransaction } from './consensus.ts'
import { isFinal } from './locks.ts'
import {
  MAX_BLOCK_SIGOPS_COST,
  MAX_BLOCK_WEIGHT,
  MAX_FUTURE_BLOCK_SECONDS,
  MIN_BLOCK_VERSION,
  REGTEST_BITS,
  WITNESS_SCALE_FACTOR,
} from './params.ts'
import { type Reject, reject } from './reject.ts'
import { countSigops } from './script.ts'
import type { BlockNode } from './tree.ts'
import { txFacts } from './txFacts.ts'

/** All that can be said of a block without the coins: header, merkle root, transactions, coinbase, weight. */
export function checkBlock(block: Block, parent: BlockNode, now: number | undefined): Result<true, Reject> {
  const work = checkProofOfWork(block.header)
  if (!work.ok) return work
  const body = checkBody(block)
  if (!body.ok) return body
  const header = checkHeaderInContext(block.header, parent, now)
  if (!header.ok) return header
  return checkBodyInContext(block, parent)
}

/** Weight of a whole block (BIP 141). */
export function blockWeight(block: Block): number {
  const overhead = encode(headerCodec, block.header).length + compactSizeLength(block.transactions.length)
  return block.transactions.reduce((sum, tx) => sum + txFacts(tx).weight, overhead * WITNESS_SCALE_FACTOR)
}

function checkProofOfWork(header: BlockHeader): Result<true, Reject> {
  const hash = blockHashOf(header)
  if (header.bits !== REGTEST_BITS) {
    return reject('bad-diffbits', `expected bits ${REGTEST_BITS.toString(16)}, got ${header.bits.toString(16)}`)
  }
  return meetsTarget(hash, header.bits) ? ok(true) : reject('high-hash', `${hash} does not meet the target`)
}

function checkBody(block: Block): Result<true, Reject> {
  const { header, transactions } = block
  const { root, mutated } = merkleRoot(transactions.map(tx => txidToWire(txFacts(tx).txid)))
  if (!bytesEqual(root, header.merkleRoot)) {
    return reject('bad-txnmrklroot', 'the merkle root is not that of the transactions')
  }
  if (mutated)
    return reject('bad-txns-duplicate', 'transactions are repeated in a way that leaves the merkle root alone')
  if (transactions.length === 0) return reject('bad-blk-length', 'expected at least a coinbase')
  const [coinbase, ...rest] = transactions
  if (coinbase === undefined || !isCoinbase(coinbase)) {
    return reject('bad-cb-missing', 'expected a coinbase as the first transaction')
  }
  if (rest.some(isCoinbase)) return reject('bad-cb-multiple', 'expected no coinbase but the first')
  for (const tx of transactions) {
    const good = checkTransaction(tx)
    if (!good.ok) return good
  }
  const sigops = transactions.reduce((sum, tx) => sum + legacySigops(tx.inputs, tx.outputs), 0)
  if (sigops * WITNESS_SCALE_FACTOR > MAX_BLOCK_SIGOPS_COST) {
    return reject('bad-blk-sigops', `signature operations cost more than ${MAX_BLOCK_SIGOPS_COST}`)
  }
  return ok(true)
}

function legacySigops(
  inputs: readonly { readonly scriptSig: Uint8Array }[],
  outputs: readonly { readonly script: Uint8Array }[],
): number {
  let count = 0
  for (const input of inputs) count += countSigops(input.scriptSig, false)
  for (const output of outputs) count += countSigops(output.script, false)
  return count
}

function checkHeaderInContext(header: BlockHeader, parent: BlockNode, now: number | undefined): Result<true, Reject> {
  if (header.time <= parent.medianTimePast) {
    return reject('time-too-old', `expected a time after ${parent.medianTimePast} (BIP 113), got ${header.time}`)
  }
  if (now !== undefined && header.time > now + MAX_FUTURE_BLOCK_SECONDS) {
    return reject('time-too-new', `expected a time up to ${now + MAX_FUTURE_BLOCK_SECONDS}, got ${header.time}`)
  }
  if (header.version < MIN_BLOCK_VERSION) {
    const version = (header.version >>> 0).toString(16).padStart(8, '0')
    return reject(`bad-version(0x${version})`, `expected a block version of at least ${MIN_BLOCK_VERSION}`)
  }
  return ok(true)
}

function checkBodyInContext(block: Block, parent: BlockNode): Result<true, Reject> {
  const height = parent.height + 1
  for (const tx of block.transactions) {
    if (!isFinal(tx, height, parent.medianTimePast)) {
      return reject('bad-txns-nonfinal', `${txFacts(tx).txid} is mined before its locktime ${tx.locktime} (BIP 113)`)
    }
  }
  const prefix = heightPrefix(height)
  const scriptSig = block.transactions[0]?.inputs[0]?.scriptSig ?? new Uint8Array(0)
  if (!bytesEqual(scriptSig.slice(0, prefix.length), prefix)) {
    return reject('bad-cb-height', `expected the coinbase to start with the height ${height} (BIP 34)`)
  }
  const commitment = checkWitnessCommitment(block.transactions)
  if (!commitment.ok) return commitment
  const weight = blockWeight(block)
  return weight <= MAX_BLOCK_WEIGHT
    ? ok(true)
    : reject('bad-blk-weight', `expected a weight of at most ${MAX_BLOCK_WEIGHT}, got ${weight}`)
}
