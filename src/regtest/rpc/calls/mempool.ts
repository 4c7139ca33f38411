import { ok, type Result } from '../../../base/index.ts'
import type { RegtestChain } from '../../chain.ts'
import type { MempoolEntry } from '../../mempool/pool.ts'
import { ESTIMATE_OVER_RELAY_FEE } from '../../params.ts'
import { defineCall } from '../call.ts'
import { fail, RPC, type RpcFailure } from '../failure.ts'
import { btc, type Json } from '../json.ts'
import { ancestorsOf, descendantsOf, entryView } from '../mempoolView.ts'
import { flag, integer, optional, outpoints, text, txid } from '../params.ts'
import type { Session } from '../session.ts'

// What waits for a block.

/** Core's `-maxmempool` of 300 MB counts memory; the embedded chain bounds virtual bytes, so this is told in those. */
const getMempoolInfo = defineCall('getmempoolinfo', {
  does: 'Tells how much waits, and what the mempool asks for.',
  params: {},
  run: ({ chain }) => {
    const entries = chain.mempool()
    const bytes = entries.reduce((sum, { vsize }) => sum + vsize, 0)
    const { policy } = chain
    return ok({
      loaded: true,
      size: entries.length,
      bytes,
      usage: bytes,
      total_fee: btc(entries.reduce((sum, { feeSat }) => sum + feeSat, 0n)),
      maxmempool: policy.maxMempoolVsize,
      mempoolminfee: btc(policy.minRelayFeeSatPerKvB),
      minrelaytxfee: btc(policy.minRelayFeeSatPerKvB),
      incrementalrelayfee: btc(policy.incrementalRelayFeeSatPerKvB),
      unbroadcastcount: 0,
      fullrbf: policy.fullReplaceByFee,
    })
  },
})

const getRawMempool = defineCall('getrawmempool', {
  does: 'Lists what waits: txids, or with verbose an entry for each.',
  params: { verbose: optional(flag, false), mempool_sequence: optional(flag, false) },
  run: (session, { verbose, mempool_sequence }) => {
    if (verbose && mempool_sequence) {
      return fail(RPC.INVALID_PARAMETER, 'Verbose results cannot contain mempool sequence values.')
    }
    const listed = listing(session, session.chain.mempool(), verbose)
    return ok(mempool_sequence ? { txids: listed, mempool_sequence: session.mempoolSequence() } : listed)
  },
})

const getMempoolEntry = defineCall('getmempoolentry', {
  does: 'Tells about a transaction that waits.',
  params: { txid },
  run: (session, { txid: id }) => {
    const entry = findEntry(session.chain, id)
    return entry.ok ? ok(entryView(session, entry.value)) : entry
  },
})

const getMempoolAncestors = defineCall('getmempoolancestors', {
  does: 'Lists the waiting transactions that one rests on.',
  params: { txid, verbose: optional(flag, false) },
  run: (session, { txid: id, verbose }) => {
    const entry = findEntry(session.chain, id)
    return entry.ok ? ok(listing(session, ancestorsOf(session.chain, entry.value), verbose)) : entry
  },
})

const getMempoolDescendants = defineCall('getmempooldescendants', {
  does: 'Lists the waiting transactions that rest on one.',
  params: { txid, verbose: optional(flag, false) },
  run: (session, { txid: id, verbose }) => {
    const entry = findEntry(session.chain, id)
    return entry.ok ? ok(listing(session, descendantsOf(session.chain, entry.value), verbose)) : entry
  },
})

const MAX_CONFIRM_TARGET = 1008
const ESTIMATE_MODES = ['unset', 'economical', 'conservative']

const estimateSmartFee = defineCall('estimatesmartfee', {
  does: 'Tells a feerate. A chain where blocks come when asked has no market, so it is always twice the relay fee.',
  params: { conf_target: integer, estimate_mode: optional(text, 'economical') },
  run: ({ chain }, { conf_target, estimate_mode }) => {
    if (conf_target < 1 || conf_target > MAX_CONFIRM_TARGET) {
      const allowed = `must be between 1 and ${MAX_CONFIRM_TARGET}`
      return fail(RPC.INVALID_PARAMETER, `Invalid conf_target, ${allowed}`)
    }
    if (!ESTIMATE_MODES.includes(estimate_mode.toLowerCase())) {
      const modes = ESTIMATE_MODES.map(mode => `"${mode}"`).join(', ')
      return fail(RPC.INVALID_PARAMETER, `Invalid estimate_mode parameter, must be one of: ${modes}`)
    }
    // Core never answers for a single block.
    const blocks = Math.max(conf_target, 2)
    return ok({ feerate: btc(chain.policy.minRelayFeeSatPerKvB * ESTIMATE_OVER_RELAY_FEE), blocks })
  },
})

const getTxSpendingPrevout = defineCall('gettxspendingprevout', {
  does: 'Tells which waiting transaction spends each of these outputs, where one does.',
  params: { outputs: outpoints },
  run: ({ chain }, { outputs }) =>
    ok(
      outputs.map((outpoint): Json => {
        const spender = chain.spendingTx(outpoint)
        const isWaiting = spender !== undefined && spender.height === undefined
        return { ...outpoint, ...(isWaiting && { spendingtxid: spender.txid }) }
      }),
    ),
})

export const MEMPOOL_CALLS = [
  getTxSpendingPrevout,
  getMempoolInfo,
  getRawMempool,
  getMempoolEntry,
  getMempoolAncestors,
  getMempoolDescendants,
  estimateSmartFee,
]

function findEntry(chain: RegtestChain, id: MempoolEntry['txid']): Result<MempoolEntry, RpcFailure> {
  const entry = chain.mempoolEntry(id)
  return entry === undefined ? fail(RPC.INVALID_ADDRESS_OR_KEY, 'Transaction not in mempool') : ok(entry)
}

function listing(session: Session, entries: readonly MempoolEntry[], verbose: boolean): Json {
  if (!verbose) return entries.map(({ txid: id }) => id)
  return Object.fromEntries(entries.map(entry => [entry.txid, entryView(session, entry)]))
}
