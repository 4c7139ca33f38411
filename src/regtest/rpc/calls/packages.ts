import { assert, ok, type Result, type Txid } from '../../../base/index.ts'
import type { Tx } from '../../../bitcoin/index.ts'
import { type RegtestChain, restoreRegtestChain } from '../../chain.ts'
import type { MempoolEntry } from '../../mempool/pool.ts'
import { MAX_PACKAGE_COUNT } from '../../params.ts'
import type { Reject } from '../../reject.ts'
import { txFacts } from '../../txFacts.ts'
import { defineCall } from '../call.ts'
import { fail, RPC, type RpcFailure, rejectText } from '../failure.ts'
import { btc, btcPerKvB, type Json } from '../json.ts'
import { checkBurn, DEFAULT_MAX_BURN, DEFAULT_MAX_FEERATE, exceedsFeerate, feerateLimit } from '../maxFeerate.ts'
import { amount, optional, rawTxs } from '../params.ts'
import type { Session } from '../session.ts'
import { feeOf } from '../txView.ts'

// Several transactions at once.

const testMempoolAccept = defineCall('testmempoolaccept', {
  does: 'Tells whether transactions, parents first, would come into the mempool; nothing changes.',
  params: { rawtxs: rawTxs(MAX_PACKAGE_COUNT), maxfeerate: optional(amount, DEFAULT_MAX_FEERATE) },
  run: (session, { rawtxs, maxfeerate }) => {
    const limit = feerateLimit(maxfeerate)
    if (!limit.ok) return limit
    // Those that spend from each other are tried on a copy, where the parents are really let in.
    const copy = rawtxs.length === 1 ? session.chain : copyOf(session)
    const results: Json[] = []
    let failed = false
    for (const tx of rawtxs) {
      const { txid, wtxid } = txFacts(tx)
      const judged = failed ? undefined : judge(copy, tx, limit.value)
      if (judged?.ok === true && rawtxs.length > 1) copy.submit(tx)
      if (judged?.ok === false) failed = true
      results.push({ txid, wtxid, ...(judged === undefined ? {} : judgementView(judged)) })
    }
    return ok(results)
  },
})

const submitPackage = defineCall('submitpackage', {
  does: 'Takes a child with its unconfirmed parents, the child last, which may pay for parents that pay too little.',
  changes: true,
  params: {
    package: rawTxs(MAX_PACKAGE_COUNT),
    maxfeerate: optional(amount, DEFAULT_MAX_FEERATE),
    maxburnamount: optional(amount, DEFAULT_MAX_BURN),
  },
  run: ({ chain }, { package: txs, maxfeerate, maxburnamount }) => {
    const limit = feerateLimit(maxfeerate)
    if (!limit.ok) return limit
    if (txs.length > 1 && !isChildWithParents(txs)) {
      const shape = 'package topology disallowed. not child-with-parents or parents depend on each other.'
      return fail(RPC.VERIFY_ERROR, shape)
    }
    const burnt = txs.map(tx => checkBurn(tx, maxburnamount)).find(checked => !checked.ok)
    return burnt ?? submitAll(chain, txs, limit.value)
  },
})

export const PACKAGE_CALLS = [testMempoolAccept, submitPackage]

type Judgement = Result<MempoolEntry, { readonly reason: string; readonly details: string }>

function judge(chain: RegtestChain, tx: Tx, limitSatPerKvB: bigint): Judgement {
  const judged = chain.testAccept(tx)
  if (!judged.ok) {
    const { reason } = judged.error
    // Core's own word for it in this call.
    const named = reason === 'bad-txns-inputs-missingorspent' ? 'missing-inputs' : reason
    return { ok: false, error: { reason: named, details: rejectText(judged.error) } }
  }
  const { feeSat, vsize } = judged.value
  if (!exceedsFeerate(feeSat, vsize, limitSatPerKvB)) return judged
  return { ok: false, error: { reason: 'max-fee-exceeded', details: 'max-fee-exceeded' } }
}

function judgementView(judged: Judgement): Readonly<Record<string, Json>> {
  if (!judged.ok) {
    return { allowed: false, 'reject-reason': judged.error.reason, 'reject-details': judged.error.details }
  }
  const { vsize, feeSat, wtxid } = judged.value
  return { allowed: true, vsize, fees: feesView(feeSat, { feeSat, vsize, members: [wtxid] }) }
}

interface PaidTogether {
  readonly feeSat: bigint
  readonly vsize: number
  readonly members: readonly string[]
}

function feesView(feeSat: bigint, together: PaidTogether): Json {
  return {
    base: btc(feeSat),
    'effective-feerate': btcPerKvB(together.feeSat, together.vsize),
    'effective-includes': together.members,
  }
}

// Cost: the whole chain is written and read again, a few milliseconds for each hundred blocks.
function copyOf({ chain, now }: Session): RegtestChain {
  const copy = restoreRegtestChain(chain.save(), { now })
  assert(copy.ok, 'a chain can be restored from what it saved')
  return copy.value
}

/** Every transaction but the last is spent by the last, and by no other (Core's IsChildWithParentsTree). */
function isChildWithParents(txs: readonly Tx[]): boolean {
  const parents = new Set(txs.slice(0, -1).map(tx => txFacts(tx).txid))
  const sources = (tx: Tx | undefined) => (tx?.inputs ?? []).map(({ outpoint }) => outpoint.txid)
  const spentByChild = new Set(sources(txs.at(-1)))
  const apart = txs.slice(0, -1).every(tx => !sources(tx).some(txid => parents.has(txid)))
  return apart && [...parents].every(txid => spentByChild.has(txid))
}

function submitAll(chain: RegtestChain, txs: readonly Tx[], limitSatPerKvB: bigint): Result<Json, RpcFailure> {
  const before = new Set(txs.map(tx => txFacts(tx).txid).filter(txid => chain.mempoolEntry(txid) !== undefined))
  const tooDear = txs.find(tx => exceedsFeerate(feeWithin(chain, txs, tx), vsizeOf(tx), limitSatPerKvB))
  if (tooDear !== undefined)
    return ok(refusedView(txs, 'transaction failed', new Map([[tooDear, 'max feerate exceeded']])))
  const together = paidTogether(chain, txs)
  const taken = chain.submitPackage(txs)
  const errors = taken.ok ? new Map<Txid, string>() : errorsOf(taken.error.transactions)
  const { evicted } = taken.ok ? taken.value : taken.error
  const results = txs.map(tx => {
    const { txid, wtxid } = txFacts(tx)
    const entry = chain.mempoolEntry(txid)
    if (entry === undefined) return [wtxid, { txid, error: errors.get(txid) ?? 'package-not-validated' }] as const
    const vsize = entry.vsize
    if (before.has(txid)) {
      const other = entry.wtxid === wtxid ? undefined : entry.wtxid
      return [wtxid, { txid, 'other-wtxid': other, vsize, fees: { base: btc(entry.feeSat) } }] as const
    }
    const alone = { feeSat: entry.feeSat, vsize, members: [wtxid] }
    return [wtxid, { txid, vsize, fees: feesView(entry.feeSat, together.get(txid) ?? alone) }] as const
  })
  return ok({
    package_msg: taken.ok ? 'success' : taken.error.reason,
    'tx-results': Object.fromEntries(results),
    'replaced-transactions': [...evicted],
  })
}

function refusedView(txs: readonly Tx[], message: string, errors: ReadonlyMap<Tx, string>): Json {
  const results = txs.map(tx => {
    const { txid, wtxid } = txFacts(tx)
    return [wtxid, { txid, error: errors.get(tx) ?? 'package-not-validated' }] as const
  })
  return { package_msg: message, 'tx-results': Object.fromEntries(results), 'replaced-transactions': [] }
}

function errorsOf(transactions: readonly { readonly txid: Txid; readonly error: Reject }[]): Map<Txid, string> {
  return new Map(transactions.map(({ txid, error }) => [txid, rejectText(error)]))
}

/** The parents that cannot come in alone and the child that pays for them: one feerate counts for all of these. */
function paidTogether(chain: RegtestChain, txs: readonly Tx[]): ReadonlyMap<Txid, PaidTogether> {
  const waits = (tx: Tx) => chain.mempoolEntry(txFacts(tx).txid) !== undefined
  const helped = txs.slice(0, -1).filter(tx => !waits(tx) && !chain.testAccept(tx).ok)
  const child = txs.at(-1)
  if (helped.length === 0 || child === undefined) return new Map()
  const members = [...helped, child]
  const together = {
    feeSat: members.reduce((sum, tx) => sum + (feeWithin(chain, txs, tx) ?? 0n), 0n),
    vsize: members.reduce((sum, tx) => sum + vsizeOf(tx), 0),
    members: members.map(tx => txFacts(tx).wtxid),
  }
  return new Map(members.map(tx => [txFacts(tx).txid, together]))
}

const vsizeOf = (tx: Tx): number => Math.ceil(txFacts(tx).weight / 4)

/** The fee of a member, whose sources may be other members. */
function feeWithin(chain: RegtestChain, txs: readonly Tx[], tx: Tx): bigint | undefined {
  return feeOf(tx, txid => {
    const member = txs.find(other => txFacts(other).txid === txid)
    return member === undefined ? chain.transaction(txid) : { txid, tx: member, confirmations: 0 }
  })
}
