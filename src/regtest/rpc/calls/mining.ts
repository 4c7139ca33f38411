import { decode, err, ok, parseHex, type Result, type Txid, toHex } from '../../../base/index.ts'
import { blockCodec, decodeTx, type Tx } from '../../../bitcoin/index.ts'
import type { RegtestChain } from '../../chain.ts'
import { defineCall } from '../call.ts'
import { fail, RPC, type RpcFailure, rejectText } from '../failure.ts'
import type { Json } from '../json.ts'
import { address, amount, collect, flag, integer, list, optional, text } from '../params.ts'

// New blocks, and money from them.

/** Blocks that one call mines at most: nothing else is answered meanwhile. */
const MAX_BLOCKS_PER_CALL = 10_000

const generateToAddress = defineCall('generatetoaddress', {
  does: `Mines blocks, at most ${MAX_BLOCKS_PER_CALL}, whose rewards go to an address.`,
  changes: true,
  params: { nblocks: integer, address, maxtries: optional(integer, 0) },
  run: ({ chain }, { nblocks, address: to }) => mine(chain, nblocks, to),
})

const bookendMine = defineCall('bookend_mine', {
  does: `Bookend's own. Mines blocks, at most ${MAX_BLOCKS_PER_CALL}, for the miner that bookend_fund pays from.`,
  changes: true,
  params: { nblocks: integer },
  run: ({ chain }, { nblocks }) => mine(chain, nblocks, chain.minerScript),
})

const generateBlock = defineCall('generateblock', {
  does: 'Mines one block with exactly these transactions, each a txid of the mempool or whole in hexadecimal.',
  changes: true,
  params: { output: address, transactions: list },
  run: ({ chain }, { output, transactions }) => {
    const contents = collect(transactions, item => listedTx(chain, item))
    if (!contents.ok) return contents
    const mined = chain.generateBlock({ to: output, transactions: contents.value })
    if (mined.ok) return ok({ hash: mined.value.hash })
    return fail(RPC.VERIFY_ERROR, `TestBlockValidity failed: ${rejectText(mined.error)}`)
  },
})

const submitBlock = defineCall('submitblock', {
  does: 'Takes a block made elsewhere: null when it is the new tip, otherwise a word (BIP 22).',
  changes: true,
  params: { hexdata: text, dummy: optional(text, '') },
  run: ({ chain }, { hexdata }) => {
    const bytes = parseHex(hexdata)
    const block = bytes.ok ? decode(blockCodec, bytes.value) : err('not_hex')
    if (!block.ok) return fail(RPC.DESERIALIZATION_ERROR, 'Block decode failed')
    const taken = chain.submitBlock(block.value)
    if (!taken.ok) return ok(taken.error.reason)
    return ok(chain.isOnBestBranch(taken.value.hash) ? null : 'inconclusive')
  },
})

const bookendFund = defineCall('bookend_fund', {
  does:
    "Bookend's own. Pays an amount of bitcoin to an address from the miner's coins, which it mines first where there " +
    'are too few, and confirms it in a block unless confirm is false.',
  changes: true,
  params: { address, amount, confirm: optional(flag, true) },
  run: ({ chain }, { address: script, amount: amountSat, confirm }) => {
    if (amountSat === 0n) return fail(RPC.TYPE_ERROR, 'Invalid amount for send')
    const funded = chain.fund(script, amountSat, { confirm })
    if (!funded.ok) return fail(RPC.VERIFY_REJECTED, rejectText(funded.error))
    const { txid, outpoint } = funded.value
    const { height, blockHash } = chain.transaction(txid) ?? {}
    return ok({ txid, vout: outpoint.vout, scriptPubKey: toHex(script), blockhash: blockHash, height })
  },
})

export const MINING_CALLS = [generateToAddress, generateBlock, submitBlock, bookendFund, bookendMine]

function mine(chain: RegtestChain, count: number, to: Uint8Array): Result<Json, RpcFailure> {
  if (count < 0 || count > MAX_BLOCKS_PER_CALL) {
    return fail(RPC.INVALID_PARAMETER, `nblocks must be between 0 and ${MAX_BLOCKS_PER_CALL}, not ${count}`)
  }
  return ok(chain.mine(count, { to }).map(({ hash }) => hash))
}

function listedTx(chain: RegtestChain, item: unknown): Result<Tx, RpcFailure> {
  const given = typeof item === 'string' ? item : ''
  const bytes = parseHex(given)
  if (bytes.ok && bytes.value.length === 32) {
    // Any 32 bytes may be asked for: only what waits is found.
    const entry = chain.mempoolEntry(given.toLowerCase() as Txid)
    return entry === undefined ? fail(RPC.INVALID_ADDRESS_OR_KEY, `Transaction ${given} not in mempool.`) : ok(entry.tx)
  }
  const tx = bytes.ok ? decodeTx(bytes.value) : bytes
  if (tx.ok) return tx
  const shown = given.slice(0, 100)
  return fail(
    RPC.DESERIALIZATION_ERROR,
    `Transaction decode failed for ${shown}. Make sure the tx has at least one input.`,
  )
}
