import { ok, type Result, type Txid, toHex } from '../../../base/index.ts'
import { encodeTx, type Tx } from '../../../bitcoin/index.ts'
import type { RegtestChain } from '../../chain.ts'
import { REGTEST_GENESIS } from '../../genesis.ts'
import { txFacts } from '../../txFacts.ts'
import type { ChainBlock } from '../../types.ts'
import { confirmationsOf } from '../blockView.ts'
import { defineCall } from '../call.ts'
import { fail, RPC, type RpcFailure, rejectText } from '../failure.ts'
import type { Json } from '../json.ts'
import { checkBurn, DEFAULT_MAX_BURN, DEFAULT_MAX_FEERATE, exceedsFeerate, feerateLimit } from '../maxFeerate.ts'
import { amount, blockHash, optional, rawTx, txid, verbosity } from '../params.ts'
import { feeOf, txView } from '../txView.ts'

// Single transactions: to look at, and to send.

const getRawTransaction = defineCall('getrawtransaction', {
  does:
    'Tells a transaction that waits or is confirmed, or one of a block: 0 in hexadecimal, 1 in full, 2 also with what ' +
    'it spends. Every confirmed transaction is found, as with -txindex.',
  params: { txid, verbosity: optional(verbosity, 0), blockhash: optional(blockHash, undefined) },
  run: ({ chain }, { txid: id, verbosity: level, blockhash }) => {
    const found = findTransaction(chain, id, blockhash)
    if (!found.ok) return found
    const { tx, block } = found.value
    if (level <= 0) return ok(toHex(encodeTx(tx)))
    const detail = level >= 2 ? { sourceOf: (source: Txid) => chain.transaction(source), prevouts: true } : {}
    return ok({
      in_active_chain: block !== undefined && blockhash !== undefined ? chain.isOnBestBranch(block.hash) : undefined,
      ...txView(tx, detail),
      ...(block === undefined ? {} : placeView(chain, block)),
    })
  },
})

const decodeRawTransaction = defineCall('decoderawtransaction', {
  does: 'Tells what is in the bytes of a transaction.',
  params: { hexstring: rawTx },
  run: (_, { hexstring: tx }) => ok(txView(tx, { hex: false })),
})

const sendRawTransaction = defineCall('sendrawtransaction', {
  does:
    'Lets a transaction into the mempool. maxfeerate (BTC per 1000 virtual bytes, 0 for none) and maxburnamount (BTC in ' +
    'outputs that can never be spent) guard against mistakes.',
  changes: true,
  params: {
    hexstring: rawTx,
    maxfeerate: optional(amount, DEFAULT_MAX_FEERATE),
    maxburnamount: optional(amount, DEFAULT_MAX_BURN),
  },
  run: ({ chain }, { hexstring: tx, maxfeerate, maxburnamount }) => {
    const limit = feerateLimit(maxfeerate)
    if (!limit.ok) return limit
    const burnt = checkBurn(tx, maxburnamount)
    if (!burnt.ok) return burnt
    return send(chain, tx, limit.value)
  },
})

export const TRANSACTION_CALLS = [getRawTransaction, decodeRawTransaction, sendRawTransaction]

/** Core's BroadcastTransaction: what waits already is fine, what is confirmed has a code of its own. */
function send(chain: RegtestChain, tx: Tx, maxFeerateSatPerKvB: bigint): Result<Json, RpcFailure> {
  const { txid: id, weight } = txFacts(tx)
  if (tx.outputs.some((_, vout) => chain.utxo({ txid: id, vout }) !== undefined)) {
    return fail(RPC.VERIFY_ALREADY_IN_UTXO_SET, 'Transaction outputs already in utxo set')
  }
  if (chain.mempoolEntry(id) !== undefined) return ok(id)
  const feeSat = feeOf(tx, source => chain.transaction(source))
  if (exceedsFeerate(feeSat, Math.ceil(weight / 4), maxFeerateSatPerKvB)) {
    // Core judges first and compares then: what is refused anyway is refused for its own reason.
    const judged = chain.testAccept(tx)
    if (judged.ok) {
      const message = 'Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)'
      return fail(RPC.VERIFY_ERROR, message)
    }
  }
  const taken = chain.submit(tx)
  if (taken.ok) return ok(taken.value)
  const missing = taken.error.reason === 'bad-txns-inputs-missingorspent'
  return fail(missing ? RPC.VERIFY_ERROR : RPC.VERIFY_REJECTED, rejectText(taken.error))
}

interface Found {
  readonly tx: Tx
  /** Absent while it waits. */
  readonly block: ChainBlock | undefined
}

const GENESIS_TXIDS = new Set(REGTEST_GENESIS.transactions.map(tx => txFacts(tx).txid))

function findTransaction(
  chain: RegtestChain,
  id: Txid,
  blockhash: ChainBlock['hash'] | undefined,
): Result<Found, RpcFailure> {
  if (GENESIS_TXIDS.has(id)) {
    const sentence = 'The genesis block coinbase is not considered an ordinary transaction and cannot be retrieved'
    return fail(RPC.INVALID_ADDRESS_OR_KEY, sentence)
  }
  if (blockhash !== undefined) {
    const block = chain.blockByHash(blockhash)
    if (block === undefined) return fail(RPC.INVALID_ADDRESS_OR_KEY, 'Block hash not found')
    const tx = block.transactions.find(member => txFacts(member).txid === id)
    return tx === undefined ? notFound('No such transaction found in the provided block') : ok({ tx, block })
  }
  const known = chain.transaction(id)
  if (known === undefined) return notFound('No such mempool or blockchain transaction')
  return ok({ tx: known.tx, block: known.blockHash && chain.blockByHash(known.blockHash) })
}

function notFound(sentence: string): ReturnType<typeof fail> {
  return fail(RPC.INVALID_ADDRESS_OR_KEY, `${sentence}. Use gettransaction for wallet transactions.`)
}

function placeView(chain: RegtestChain, block: ChainBlock): Readonly<Record<string, Json>> {
  const confirmations = confirmationsOf(chain, block)
  const { time } = block.header
  // A block that is not on the best branch has no confirmations, and Core leaves its time out.
  return confirmations < 0
    ? { blockhash: block.hash, confirmations: 0 }
    : { blockhash: block.hash, confirmations, time, blocktime: time }
}
