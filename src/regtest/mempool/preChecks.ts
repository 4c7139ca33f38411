import { type OutPoint, ok, outPointKey, type Result, type Txid } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import { isCoinbase } from '../coinbase.ts'
import { checkInputs, checkTransaction, sigopsCost } from '../consensus.ts'
import { isFinalForNext } from '../ledger.ts'
import { satisfiesLock, sequenceLock } from '../locks.ts'
import {
  BYTES_PER_SIGOP,
  feeAtRate,
  MAX_STANDARD_TX_SIGOPS_COST,
  TRUC_VERSION,
  WITNESS_SCALE_FACTOR,
} from '../params.ts'
import { type Reject, reject } from '../reject.ts'
import { txFacts } from '../txFacts.ts'
import type { Coin, CoinView } from '../utxo.ts'
import { checkDustFee } from './ephemeral.ts'
import { checkChainLimits } from './limits.ts'
import { checkStandardInputs, checkStandardTx, checkStandardWitness } from './policy.ts'
import { checkTruc } from './truc.ts'
import type { AcceptMode, MempoolContext, Workspace } from './workspace.ts'

// All that is asked of a newcomer but replacement rules and scripts, in Core's order (MemPoolAccept::PreChecks), so that
// a transaction with several faults is refused for the same one.

export function preChecks(context: MempoolContext, tx: Tx, mode: AcceptMode): Result<Workspace, Reject> {
  const alone = checkAlone(context, tx)
  if (!alone.ok) return alone
  const conflicts = findConflicts(context, tx)
  if (!conflicts.ok) return conflicts
  const spent = checkSpent(context, tx, mode)
  if (!spent.ok) return spent
  const { coins, feeSat, vsize } = spent.value
  const fees = mode.fromBlock ? ok(true as const) : checkFees(context, { tx, feeSat, vsize }, mode)
  if (!fees.ok) return fees
  const facts = txFacts(tx)
  const parents = new Set(tx.inputs.map(input => input.outpoint.txid).filter(txid => context.pool.has(txid)))
  const ancestors = context.pool.withAncestors(waitingBelow(context, tx, mode))
  const workspace = { tx, facts, coins, feeSat, vsize, parents, ancestors }
  return mode.fromBlock
    ? ok({ ...workspace, conflicts: conflicts.value, evictsSibling: false })
    : checkTopology(context, { ...workspace, conflicts: conflicts.value, evictsSibling: false }, mode)
}

/** The waiting transactions that it spends, itself or through the parents in its package. */
function waitingBelow({ pool }: MempoolContext, tx: Tx, mode: AcceptMode): ReadonlySet<Txid> {
  const inputs = [tx, ...mode.packageParents.values()].flatMap(member => member.inputs)
  return new Set(inputs.map(input => input.outpoint.txid).filter(txid => pool.has(txid)))
}

/** What the transaction itself, the height and the mempool's list tell. */
function checkAlone(context: MempoolContext, tx: Tx): Result<true, Reject> {
  const valid = checkTransaction(tx)
  if (!valid.ok) return valid
  if (isCoinbase(tx)) return reject('coinbase', 'a coinbase comes in a block only')
  const standard = checkStandardTx(tx, context.policy)
  if (!standard.ok) return standard
  const { tip } = context.ledger
  if (!isFinalForNext(tx, tip)) {
    return reject(
      'non-final',
      `locktime ${tx.locktime} is not reached: next height ${tip.height + 1}, median time past ${tip.medianTimePast}`,
    )
  }
  const { txid, wtxid } = txFacts(tx)
  const waiting = context.pool.get(txid)
  if (waiting === undefined) return ok(true)
  return waiting.wtxid === wtxid
    ? reject('txn-already-in-mempool', `${txid} is waiting already`)
    : reject('txn-same-nonwitness-data-in-mempool', `${txid} is waiting already, with another witness`)
}

/** What it double spends among the waiting, where that may be replaced at all. */
function findConflicts({ pool, policy }: MempoolContext, tx: Tx): Result<ReadonlySet<Txid>, Reject> {
  const conflicts = pool.conflictsOf(tx)
  if (policy.fullReplaceByFee) return ok(conflicts)
  for (const txid of conflicts) {
    const replaceable = [...pool.withAncestors([txid])].some(at => signalsReplacement(pool.get(at)?.tx))
    if (!replaceable) return reject('txn-mempool-conflict', `${txid} spends the same output and does not signal`)
  }
  return ok(conflicts)
}

/** BIP 125 signalling, or TRUC, which is always replaceable. */
function signalsReplacement(tx: Tx | undefined): boolean {
  return tx !== undefined && (tx.version === TRUC_VERSION || tx.inputs.some(input => input.sequence <= 0xfffffffd))
}

interface Spent {
  readonly coins: readonly Coin[]
  readonly feeSat: bigint
  readonly vsize: number
}

function checkSpent(context: MempoolContext, tx: Tx, mode: AcceptMode): Result<Spent, Reject> {
  const { ledger } = context
  const nextHeight = ledger.tip.height + 1
  const view = unconfirmedView(context, mode.packageParents, tx)
  const known = checkKnown(context, tx, view)
  if (!known.ok) return known
  // A coin that is still waiting counts as made in the next block (BIP 68).
  const heights = tx.inputs.map(({ outpoint }) => view.get(outPointKey(outpoint))?.height ?? nextHeight)
  if (!satisfiesLock(sequenceLock(tx, heights, ledger.tip), ledger.tip)) {
    return reject('non-BIP68-final', `a relative lock of ${txFacts(tx).txid} has not run out at height ${nextHeight}`)
  }
  const inputs = checkInputs(tx, view, nextHeight)
  if (!inputs.ok) return inputs
  const { coins, feeSat } = inputs.value
  const standard = checkStandardInputs(tx, coins)
  if (!standard.ok) return standard
  const witness = checkStandardWitness(tx, coins)
  if (!witness.ok) return witness
  const sigops = sigopsCost(tx, coins)
  if (sigops > MAX_STANDARD_TX_SIGOPS_COST) {
    return reject('bad-txns-too-many-sigops', `signature operations cost ${sigops}`)
  }
  const weight = Math.max(txFacts(tx).weight, sigops * BYTES_PER_SIGOP)
  return ok({ coins, feeSat, vsize: Math.ceil(weight / WITNESS_SCALE_FACTOR) })
}

/** The coins, those of waiting transactions and of the package's parents included; conflicts are not taken away. */
function unconfirmedView({ ledger, pool }: MempoolContext, packageParents: ReadonlyMap<Txid, Tx>, tx: Tx): CoinView {
  const unconfirmed = new Map<string, Coin>()
  for (const { outpoint } of tx.inputs) {
    const parent = pool.get(outpoint.txid)?.tx ?? packageParents.get(outpoint.txid)
    const output = parent?.outputs[outpoint.vout]
    if (output === undefined) continue
    unconfirmed.set(outPointKey(outpoint), { ...output, height: ledger.tip.height + 1, coinbase: false })
  }
  return { get: key => unconfirmed.get(key) ?? ledger.get(key) }
}

function checkKnown({ ledger }: MempoolContext, tx: Tx, view: CoinView): Result<true, Reject> {
  const missing: OutPoint | undefined = tx.inputs.find(({ outpoint }) => !view.get(outPointKey(outpoint)))?.outpoint
  if (missing === undefined) return ok(true)
  const { txid } = txFacts(tx)
  // Like Core, which finds out by looking for its outputs among the coins.
  if (tx.outputs.some((_, vout) => ledger.get(outPointKey({ txid, vout })) !== undefined)) {
    return reject('txn-already-known', `${txid} is confirmed already`)
  }
  return reject('bad-txns-inputs-missingorspent', `${outPointKey(missing)} is unknown or spent`)
}

function checkFees(
  context: MempoolContext,
  newcomer: { readonly tx: Tx; readonly feeSat: bigint; readonly vsize: number },
  mode: AcceptMode,
): Result<true, Reject> {
  const dust = checkDustFee(newcomer.tx, newcomer.feeSat, context.policy)
  if (!dust.ok) return dust
  if (!mode.packageFeerates) return checkFeerate(context, newcomer)
  // In a package only TRUC parents may be below the relay fee: their one child keeps paying for them as long as they
  // wait, while others could lose the child that paid.
  if (newcomer.tx.version === TRUC_VERSION) return ok(true)
  return checkRelayFee(context, newcomer)
}

/** What a full mempool asks, then what relay asks at all times (Core's CheckFeeRate). */
export function checkFeerate(
  context: MempoolContext,
  sums: { readonly feeSat: bigint; readonly vsize: number },
): Result<true, Reject> {
  const asked = feeAtRate(context.mempoolMinFeeSatPerKvB, sums.vsize)
  if (sums.feeSat < asked) return reject('mempool min fee not met', `${sums.feeSat} < ${asked}`)
  return checkRelayFee(context, sums)
}

function checkRelayFee(
  { policy }: MempoolContext,
  { feeSat, vsize }: { readonly feeSat: bigint; readonly vsize: number },
): Result<true, Reject> {
  const asked = feeAtRate(policy.minRelayFeeSatPerKvB, vsize)
  return feeSat < asked ? reject('min relay fee not met', `${feeSat} < ${asked}`) : ok(true)
}

/** Where it stands among the waiting: TRUC, length of chains, no ancestor that it replaces. */
function checkTopology(context: MempoolContext, workspace: Workspace, mode: AcceptMode): Result<Workspace, Reject> {
  const { tx, facts, vsize, parents, ancestors } = workspace
  const truc = checkTruc(context.pool, {
    txid: facts.txid,
    tx,
    vsize,
    parents,
    ancestors,
    packageParents: [...mode.packageParents.values()],
    conflicts: workspace.conflicts,
  })
  if (!truc.ok) return truc
  const { sibling } = truc.value
  if (sibling !== undefined && !mode.siblingEviction) {
    return reject('TRUC-violation', `the parent of tx ${facts.txid} would exceed descendant count limit`)
  }
  const conflicts = sibling === undefined ? workspace.conflicts : new Set([...workspace.conflicts, sibling])
  const limits = checkChainLimits(context.pool, context.policy, { version: tx.version, vsize, ancestors, conflicts })
  if (!limits.ok) return limits
  for (const ancestor of ancestors) {
    if (!conflicts.has(ancestor)) continue
    return reject('bad-txns-spends-conflicting-tx', `${facts.txid} spends conflicting transaction ${ancestor}`)
  }
  return ok({ ...workspace, conflicts, evictsSibling: sibling !== undefined })
}
