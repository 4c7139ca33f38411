import { ok, outPointKey, type Result, type Txid } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import { MAX_PACKAGE_COUNT, MAX_PACKAGE_WEIGHT } from '../params.ts'
import { type Reject, type RejectReason, reject } from '../reject.ts'
import { txFacts } from '../txFacts.ts'
import { admit, entryOf, judgeScripts, judgeTransaction } from './accept.ts'
import { checkDustSpent } from './ephemeral.ts'
import { checkPackageReplacement } from './packageReplacement.ts'
import { checkFeerate, preChecks } from './preChecks.ts'
import { type AcceptMode, type MempoolContext, SINGLE, type Workspace } from './workspace.ts'

/** What a package brought about. */
export interface PackageAcceptance {
  /** Of the package's transactions, those that came in now, in the order of the package. */
  readonly accepted: readonly Txid[]
  readonly evicted: ReadonlySet<Txid>
}

/** Why a package was refused, what each refused transaction lacks, and what came in all the same. */
export interface PackageReject extends Reject, PackageAcceptance {
  readonly transactions: readonly { readonly txid: Txid; readonly error: Reject }[]
}

/**
 * Takes a child with its unconfirmed parents, the child last: each on its own if it can, and what is left as one whole
 * whose child pays for its parents. Parents that pay for themselves stay even when the rest is refused.
 */
export function submitPackage(context: MempoolContext, txs: readonly Tx[]): Result<PackageAcceptance, PackageReject> {
  const progress: Progress = { accepted: [], evicted: new Set(), failures: new Map() }
  const shape = checkShape(txs)
  if (!shape.ok) return refuse(progress, shape.error)
  const rest: Tx[] = []
  for (const tx of txs) {
    const single = submitOne(context, tx, progress)
    if (single.ok) continue
    progress.failures.set(txFacts(tx).txid, single.error)
    if (!canBeHelped(single.error.reason)) return refuse(progress, failed(single.error))
    rest.push(tx)
  }
  if (rest.length === 0) return ok({ accepted: progress.accepted, evicted: progress.evicted })
  // The child alone is left: its parents are in, and did not help it.
  const whole = rest.length === 1 ? submitLast(progress) : submitWhole(context, rest, progress)
  if (!whole.ok) return refuse(progress, whole.error)
  const accepted = txs.map(tx => txFacts(tx).txid).filter(txid => progress.accepted.includes(txid))
  return ok({ accepted, evicted: progress.evicted })
}

interface Progress {
  readonly accepted: Txid[]
  readonly evicted: Set<Txid>
  readonly failures: Map<Txid, Reject>
}

function refuse(progress: Progress, error: Reject): { readonly ok: false; readonly error: PackageReject } {
  const transactions = [...progress.failures].map(([txid, failure]) => ({ txid, error: failure }))
  return {
    ok: false,
    error: { ...error, transactions, accepted: progress.accepted, evicted: progress.evicted },
  }
}

function failed(error: Reject): Reject {
  return { reason: 'transaction failed', details: `${error.reason}: ${error.details}` }
}

function submitOne(context: MempoolContext, tx: Tx, progress: Progress): Result<true, Reject> {
  const { txid, wtxid } = txFacts(tx)
  if (context.pool.get(txid)?.wtxid === wtxid) return ok(true)
  const judged = judgeTransaction(context, tx)
  if (!judged.ok) return judged
  take(context, judged.value, progress)
  return ok(true)
}

function take(context: MempoolContext, acceptance: Parameters<typeof admit>[1], progress: Progress): void {
  admit(context, acceptance)
  progress.accepted.push(acceptance.entry.txid)
  for (const txid of acceptance.evicted) progress.evicted.add(txid)
}

/** Too little fee, or parents that are not there yet: the package may make up for these. */
function canBeHelped(reason: RejectReason): boolean {
  return (
    reason === 'min relay fee not met' ||
    reason === 'mempool min fee not met' ||
    reason === 'bad-txns-inputs-missingorspent' ||
    reason.startsWith('insufficient fee')
  )
}

/** Core's IsWellFormedPackage, and the one topology that relay takes. */
function checkShape(txs: readonly Tx[]): Result<true, Reject> {
  if (txs.length === 0 || txs.length > MAX_PACKAGE_COUNT) {
    return reject('package-too-many-transactions', `expected 1 to ${MAX_PACKAGE_COUNT}, got ${txs.length}`)
  }
  const weight = txs.reduce((sum, tx) => sum + txFacts(tx).weight, 0)
  if (txs.length > 1 && weight > MAX_PACKAGE_WEIGHT) {
    return reject('package-too-large', `expected a weight of at most ${MAX_PACKAGE_WEIGHT}, got ${weight}`)
  }
  const txids = txs.map(tx => txFacts(tx).txid)
  if (new Set(txids).size < txids.length) return reject('package-contains-duplicates', 'a transaction is there twice')
  const later = new Set(txids)
  for (const tx of txs) {
    if (tx.inputs.some(input => later.has(input.outpoint.txid))) {
      return reject('package-not-sorted', `${txFacts(tx).txid} stands before its parent`)
    }
    later.delete(txFacts(tx).txid)
  }
  const spent = txs.flatMap(tx => tx.inputs.map(input => outPointKey(input.outpoint)))
  if (new Set(spent).size < spent.length) return reject('conflict-in-package', 'two transactions spend the same output')
  const childInputs = new Set(txs.at(-1)?.inputs.map(input => input.outpoint.txid))
  const stranger = txids.slice(0, -1).find(txid => !childInputs.has(txid))
  if (stranger === undefined) return ok(true)
  return reject('package-not-child-with-parents', `the last transaction does not spend from ${stranger}`)
}

function submitLast(progress: Progress): Result<true, Reject> {
  const last = [...progress.failures.values()].at(-1)
  return last === undefined ? ok(true) : { ok: false, error: failed(last) }
}

/** Judges what could not come in alone as one whole (Core's AcceptMultipleTransactions). */
function submitWhole(context: MempoolContext, txs: readonly Tx[], progress: Progress): Result<true, Reject> {
  const workspaces: Workspace[] = []
  for (const tx of txs) {
    const checked = preChecks(context, tx, modeFor(tx, txs))
    if (!checked.ok) return failWith(progress, tx, checked.error)
    workspaces.push(checked.value)
  }
  const evicted = checkWhole(context, workspaces, progress)
  if (!evicted.ok) return evicted
  for (const workspace of workspaces) {
    const scripts = judgeScripts(context, workspace)
    if (!scripts.ok) return failWith(progress, workspace.tx, scripts.error)
  }
  const entries = workspaces.map(workspace => entryOf(context, workspace))
  for (const [index, entry] of entries.entries()) {
    take(context, { entry, evicted: index === 0 ? evicted.value : new Set() }, progress)
  }
  return ok(true)
}

function modeFor(tx: Tx, txs: readonly Tx[]): AcceptMode {
  const spent = new Set(tx.inputs.map(input => input.outpoint.txid))
  const parents = txs.filter(other => spent.has(txFacts(other).txid))
  return {
    ...SINGLE,
    packageParents: new Map(parents.map(parent => [txFacts(parent).txid, parent])),
    packageFeerates: true,
    siblingEviction: false,
  }
}

function failWith(progress: Progress, tx: Tx, error: Reject): { readonly ok: false; readonly error: Reject } {
  progress.failures.set(txFacts(tx).txid, error)
  return { ok: false, error: failed(error) }
}

/** Fees, dust, limits and replacement of the package as one. */
function checkWhole(
  context: MempoolContext,
  workspaces: readonly Workspace[],
  progress: Progress,
): Result<ReadonlySet<Txid>, Reject> {
  const child = workspaces.at(-1)
  const feeSat = workspaces.reduce((sum, { feeSat }) => sum + feeSat, 0n)
  const vsize = workspaces.reduce((sum, { vsize }) => sum + vsize, 0)
  const pays = checkFeerate(context, { feeSat, vsize })
  if (!pays.ok && child !== undefined) return failWith(progress, child.tx, pays.error)
  const inPackage = new Map(workspaces.map(({ tx, facts }) => [facts.txid, tx]))
  for (const { tx } of workspaces) {
    const dust = checkDustSpent(tx, txid => inPackage.get(txid) ?? context.pool.get(txid)?.tx, context.policy)
    if (!dust.ok) return failWith(progress, tx, dust.error)
  }
  const limits = checkPackageLimits(context, workspaces, vsize)
  return limits.ok ? checkPackageReplacement(context, workspaces) : limits
}

/** The whole package counts as a descendant of each of its ancestors, and all ancestors count for each member. */
function checkPackageLimits(
  { pool, policy }: MempoolContext,
  workspaces: readonly Workspace[],
  vsize: number,
): Result<true, Reject> {
  const ancestors = new Set(workspaces.flatMap(workspace => [...workspace.ancestors]))
  const count = workspaces.length
  const fault = (what: string) => reject('package-mempool-limits', what)
  if (ancestors.size + count > policy.maxAncestors) return fault(`more than ${policy.maxAncestors} ancestors`)
  if (pool.vsizeOf(ancestors) + vsize > policy.maxAncestorVsize) return fault('the ancestors are too large')
  for (const ancestor of ancestors) {
    const descendants = pool.withDescendants([ancestor])
    if (descendants.size + count > policy.maxDescendants) return fault(`too many descendants for ${ancestor}`)
    if (pool.vsizeOf(descendants) + vsize > policy.maxDescendantVsize) {
      return fault(`the descendants of ${ancestor} are too large`)
    }
  }
  return ok(true)
}
