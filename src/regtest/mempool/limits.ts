import { ok, type Result, type Txid } from '../../base/index.ts'
import { CARVE_OUT_VSIZE, type RelayPolicy, TRUC_VERSION } from '../params.ts'
import { type Reject, reject } from '../reject.ts'
import type { Mempool } from './pool.ts'

// How long a chain of waiting transactions may get (Core's CalculateMemPoolAncestors and its limits).

/** A newcomer, with all that it rests on among the waiting. */
export interface Newcomer {
  readonly version: number
  readonly vsize: number
  readonly ancestors: ReadonlySet<Txid>
  readonly conflicts: ReadonlySet<Txid>
}

interface Limits {
  readonly ancestors: number
  readonly ancestorVsize: number
  readonly descendants: number
  readonly descendantVsize: number
}

export function checkChainLimits(pool: Mempool, policy: RelayPolicy, newcomer: Newcomer): Result<true, Reject> {
  const limits = limitsFor(pool, policy, newcomer.conflicts)
  const fault = limitFault(pool, newcomer, limits)
  if (fault === undefined) return ok(true)
  // The carve-out for channels: two parties who do not trust each other share an unconfirmed parent, and one of them
  // must not be able to use up all of its descendants. A small transaction with that one ancestor always fits in.
  const carveOut = {
    ...limits,
    ancestors: 2,
    descendants: limits.descendants + 1,
    descendantVsize: limits.descendantVsize + CARVE_OUT_VSIZE,
  }
  const small = newcomer.vsize <= CARVE_OUT_VSIZE && newcomer.version !== TRUC_VERSION
  if (small && limitFault(pool, newcomer, carveOut) === undefined) return ok(true)
  return reject('too-long-mempool-chain', fault)
}

/** A replacement of exactly one transaction takes that one's place, so it does not count as one more descendant. */
function limitsFor(pool: Mempool, policy: RelayPolicy, conflicts: ReadonlySet<Txid>): Limits {
  const replaced = conflicts.size === 1 ? pool.vsizeOf(pool.withDescendants(conflicts)) : 0
  return {
    ancestors: policy.maxAncestors,
    ancestorVsize: policy.maxAncestorVsize,
    descendants: policy.maxDescendants + (conflicts.size === 1 ? 1 : 0),
    descendantVsize: policy.maxDescendantVsize + replaced,
  }
}

function limitFault(pool: Mempool, newcomer: Newcomer, limits: Limits): string | undefined {
  const ancestors = newcomer.ancestors.size + 1
  if (ancestors > limits.ancestors) return `too many unconfirmed ancestors: ${ancestors} [limit: ${limits.ancestors}]`
  const ancestorVsize = pool.vsizeOf(newcomer.ancestors) + newcomer.vsize
  if (ancestorVsize > limits.ancestorVsize) {
    return `exceeds ancestor size limit: ${ancestorVsize} [limit: ${limits.ancestorVsize}]`
  }
  for (const ancestor of newcomer.ancestors) {
    const descendants = pool.withDescendants([ancestor])
    if (descendants.size + 1 > limits.descendants) {
      return `too many descendants for tx ${ancestor} [limit: ${limits.descendants}]`
    }
    if (pool.vsizeOf(descendants) + newcomer.vsize > limits.descendantVsize) {
      return `exceeds descendant size limit for tx ${ancestor} [limit: ${limits.descendantVsize}]`
    }
  }
  return undefined
}
