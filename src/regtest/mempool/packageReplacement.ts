import { defined, ok, type Result, type Txid } from '../../base/index.ts'
import { MAX_REPLACEMENT_EVICTIONS } from '../params.ts'
import { type Reject, reject } from '../reject.ts'
import { type Chunk, chunksOf, compareRates, improvesDiagram } from './diagram.ts'
import type { Mempool } from './pool.ts'
import { feeFault } from './replacement.ts'
import type { MempoolContext, Workspace } from './workspace.ts'

/** The clusters (a parent, or a parent and its child) that a package may replace, and be. */
const MAX_CLUSTER = 2

/** When a package of one parent and one child may push others out (Core's PackageMempoolChecks). */
export function checkPackageReplacement(
  context: MempoolContext,
  workspaces: readonly Workspace[],
): Result<ReadonlySet<Txid>, Reject> {
  const conflicts = new Set(workspaces.flatMap(workspace => [...workspace.conflicts]))
  if (conflicts.size === 0) return ok(new Set())
  const [parent, child, ...others] = workspaces
  if (parent === undefined || child === undefined || others.length > 0) {
    return fail('package must be 1-parent-1-child', `got ${workspaces.length} transactions`)
  }
  if (parent.ancestors.size + child.ancestors.size > 0) {
    return fail('new transaction cannot have mempool ancestors', `${child.facts.txid} rests on waiting transactions`)
  }
  const evicted = context.pool.withDescendants(conflicts)
  if (evicted.size > MAX_REPLACEMENT_EVICTIONS) return fail('too many potential replacements', `${evicted.size}`)
  const clusters = clustersOf(context.pool, conflicts)
  const large = clusters.find(cluster => cluster.size > MAX_CLUSTER)
  if (large !== undefined) {
    return fail('replaced clusters must be of one or two transactions', `one of them has ${large.size}`)
  }
  const paid = checkFees(context, { parent, child, evicted })
  if (!paid.ok) return paid
  const before = clusters.flatMap(cluster => clusterChunks(context.pool, cluster, new Set()))
  const kept = clusters.flatMap(cluster => clusterChunks(context.pool, cluster, evicted))
  if (!improvesDiagram(before, [...kept, ...chunksOf(parent, child)])) {
    return fail(
      'insufficient feerate: does not improve feerate diagram',
      `of the ${evicted.size} transactions replaced`,
    )
  }
  return ok(evicted)
}

function checkFees(
  context: MempoolContext,
  { parent, child, evicted }: { readonly parent: Chunk; readonly child: Chunk; readonly evicted: ReadonlySet<Txid> },
): Result<true, Reject> {
  const sum = { feeSat: parent.feeSat + child.feeSat, vsize: parent.vsize + child.vsize }
  const fault = feeFault(context, { ...sum, evictedFees: context.pool.feesOf(evicted) })
  if (fault !== undefined) return fail('insufficient anti-DoS fees', fault)
  if (compareRates(sum, parent) > 0) return ok(true)
  return fail('package feerate is less than or equal to parent feerate', 'the child does not pay for its parent')
}

/** The connected groups that the conflicts belong to, each once. */
function clustersOf(pool: Mempool, conflicts: ReadonlySet<Txid>): readonly ReadonlySet<Txid>[] {
  const clusters: ReadonlySet<Txid>[] = []
  for (const txid of conflicts) {
    if (clusters.some(cluster => cluster.has(txid))) continue
    const cluster = new Set([txid])
    for (const member of cluster) {
      for (const next of [...pool.parents(member), ...pool.children(member)]) cluster.add(next)
    }
    clusters.push(cluster)
  }
  return clusters
}

function clusterChunks(pool: Mempool, cluster: ReadonlySet<Txid>, without: ReadonlySet<Txid>): readonly Chunk[] {
  const left = [...cluster].filter(txid => !without.has(txid))
  const parent = left.find(txid => pool.parents(txid).size === 0)
  if (parent === undefined) return []
  const child = left.find(txid => txid !== parent)
  const entry = (txid: Txid): Chunk => defined(pool.get(txid), `${txid} is not in the mempool`)
  return chunksOf(entry(parent), child && entry(child))
}

function fail(what: string, details: string): { readonly ok: false; readonly error: Reject } {
  return reject(`package RBF failed: ${what}`, details)
}
