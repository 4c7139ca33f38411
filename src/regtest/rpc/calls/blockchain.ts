import { type BlockHash, ok, type Result } from '../../../base/index.ts'
import type { RegtestChain } from '../../chain.ts'
import type { ChainBlock } from '../../types.ts'
import {
  bitsText,
  blockHex,
  blockView,
  chainSize,
  chainworkAt,
  DIFFICULTY,
  headerHex,
  headerView,
  targetText,
} from '../blockView.ts'
import { defineCall } from '../call.ts'
import { fail, RPC, type RpcFailure } from '../failure.ts'
import { btc } from '../json.ts'
import { blockHash, flag, integer, optional, txid, verbosity } from '../params.ts'
import { scriptView } from '../txView.ts'

// The chain as it stands.

const getBlockchainInfo = defineCall('getblockchaininfo', {
  does: 'Tells how far the chain is. It is never in its initial download: there is nobody to download from.',
  params: {},
  run: ({ chain }) =>
    ok({
      chain: 'regtest',
      blocks: chain.height,
      headers: chain.height,
      bestblockhash: chain.tip.hash,
      bits: bitsText(),
      target: targetText(),
      difficulty: DIFFICULTY,
      time: chain.tip.header.time,
      mediantime: chain.medianTimePast,
      verificationprogress: 1,
      initialblockdownload: false,
      chainwork: chainworkAt(chain.height),
      size_on_disk: chainSize(chain, chain.tip.hash),
      pruned: false,
      warnings: [],
    }),
})

const getBlockCount = defineCall('getblockcount', {
  does: 'Tells the height of the tip.',
  params: {},
  run: ({ chain }) => ok(chain.height),
})

const getBestBlockHash = defineCall('getbestblockhash', {
  does: 'Tells the hash of the tip.',
  params: {},
  run: ({ chain }) => ok(chain.tip.hash),
})

const getBlockHash = defineCall('getblockhash', {
  does: 'Tells the hash of the block at a height of the best branch.',
  params: { height: integer },
  run: ({ chain }, { height }) => {
    const block = height < 0 ? undefined : chain.blockAt(height)
    return block === undefined ? fail(RPC.INVALID_PARAMETER, 'Block height out of range') : ok(block.hash)
  },
})

const getBlockHeader = defineCall('getblockheader', {
  does: 'Tells what is in the header of a block, or its 80 bytes in hexadecimal.',
  params: { blockhash: blockHash, verbose: optional(flag, true) },
  run: ({ chain }, { blockhash, verbose }) => {
    const block = findBlock(chain, blockhash)
    if (!block.ok) return block
    return ok(verbose ? headerView(chain, block.value) : headerHex(block.value))
  },
})

const getBlock = defineCall('getblock', {
  does: 'Tells a block: 0 its bytes in hexadecimal, 1 with txids, 2 with transactions, 3 also with what they spend.',
  params: { blockhash: blockHash, verbosity: optional(verbosity, 1) },
  run: ({ chain }, { blockhash, verbosity: level }) => {
    const block = findBlock(chain, blockhash)
    if (!block.ok) return block
    return ok(level <= 0 ? blockHex(block.value) : blockView(chain, block.value, level))
  },
})

const getTxOut = defineCall('gettxout', {
  does: 'Tells an unspent output, or null. What waiting transactions spend and make counts unless told not to.',
  params: { txid, n: integer, include_mempool: optional(flag, true) },
  run: ({ chain }, { txid: id, n, include_mempool }) => {
    if (n < 0) return ok(null)
    const outpoint = { txid: id, vout: n }
    if (include_mempool && chain.spendingTx(outpoint) !== undefined) return ok(null)
    const coin = chain.utxo(outpoint)
    const waiting = include_mempool ? chain.mempoolEntry(id)?.tx.outputs[n] : undefined
    const output = coin ?? waiting
    if (output === undefined) return ok(null)
    return ok({
      bestblock: chain.tip.hash,
      confirmations: coin === undefined ? 0 : chain.height - coin.height + 1,
      value: btc(output.amountSat),
      scriptPubKey: scriptView(output.script),
      coinbase: coin?.coinbase ?? false,
    })
  },
})

const invalidateBlock = defineCall('invalidateblock', {
  does: 'Takes a block and all that follows it out of the running; what it held waits again.',
  changes: true,
  params: { blockhash: blockHash },
  run: ({ chain }, { blockhash }) => {
    const block = findBlock(chain, blockhash)
    if (!block.ok) return block
    const done = chain.invalidateBlock(blockhash)
    return done.ok ? ok(null) : fail(RPC.DATABASE_ERROR, done.error.details)
  },
})

const reconsiderBlock = defineCall('reconsiderblock', {
  does: 'Takes back what invalidateblock said against a block, those before it and those after it.',
  changes: true,
  params: { blockhash: blockHash },
  run: ({ chain }, { blockhash }) => {
    const block = findBlock(chain, blockhash)
    if (!block.ok) return block
    chain.reconsiderBlock(blockhash)
    return ok(null)
  },
})

export const BLOCKCHAIN_CALLS = [
  getBlockchainInfo,
  getBlockCount,
  getBestBlockHash,
  getBlockHash,
  getBlockHeader,
  getBlock,
  getTxOut,
  invalidateBlock,
  reconsiderBlock,
]

function findBlock(chain: RegtestChain, hash: BlockHash): Result<ChainBlock, RpcFailure> {
  const block = chain.blockByHash(hash)
  return block === undefined ? fail(RPC.INVALID_ADDRESS_OR_KEY, 'Block not found') : ok(block)
}
