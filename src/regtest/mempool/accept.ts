import { ok, type Result, type Txid } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import { type Reject, reject } from '../reject.ts'
import { checkDustSpent } from './ephemeral.ts'
import type { MempoolEntry } from './pool.ts'
import { preChecks } from './preChecks.ts'
import { checkReplacement } from './replacement.ts'
import { type AcceptMode, type MempoolContext, SINGLE, type Workspace } from './workspace.ts'

/** What a transaction brings about when it is let in. */
export interface Acceptance {
  readonly entry: MempoolEntry
  /** Waiting transactions that go for it. */
  readonly evicted: ReadonlySet<Txid>
}

/** Judges one transaction against the mempool and changes nothing. */
export function judgeTransaction(
  context: MempoolContext,
  tx: Tx,
  mode: AcceptMode = SINGLE,
): Result<Acceptance, Reject> {
  const workspace = preChecks(context, tx, mode)
  if (!workspace.ok) return workspace
  const replacement = judgeReplacement(context, workspace.value)
  if (!replacement.ok) return replacement
  if (!mode.fromBlock) {
    const dust = checkDustSpent(tx, txid => context.pool.get(txid)?.tx, context.policy)
    if (!dust.ok) return dust
  }
  const scripts = judgeScripts(context, workspace.value)
  if (!scripts.ok) return scripts
  const entry = entryOf(context, workspace.value)
  const room = mode.fromBlock ? ok(true as const) : checkRoom(context, entry, replacement.value)
  return room.ok ? ok({ entry, evicted: replacement.value }) : room
}

/** Carries out what `judgeTransaction` found good. */
export function admit({ pool }: MempoolContext, { entry, evicted }: Acceptance): void {
  pool.remove(evicted)
  pool.add(entry)
}

export function judgeScripts({ judge }: MempoolContext, { tx, coins }: Workspace): Result<true, Reject> {
  return judge.judge(tx, coins, 'standard')
}

export function entryOf({ ledger }: MempoolContext, { tx, facts, feeSat, vsize }: Workspace): MempoolEntry {
  return { tx, txid: facts.txid, wtxid: facts.wtxid, weight: facts.weight, feeSat, vsize, height: ledger.tip.height }
}

function judgeReplacement(context: MempoolContext, workspace: Workspace): Result<ReadonlySet<Txid>, Reject> {
  return workspace.conflicts.size === 0 ? ok(new Set()) : checkReplacement(context, workspace)
}

/** The bound on the mempool. Core pushes out the cheapest packages instead, and says the same when that is the newcomer. */
function checkRoom(
  { pool, policy }: MempoolContext,
  entry: MempoolEntry,
  evicted: ReadonlySet<Txid>,
): Result<true, Reject> {
  const vsize = pool.vsize - pool.vsizeOf(evicted) + entry.vsize
  if (vsize <= policy.maxMempoolVsize) return ok(true)
  return reject('mempool full', `expected at most ${policy.maxMempoolVsize} virtual bytes in all, got ${vsize}`)
}
