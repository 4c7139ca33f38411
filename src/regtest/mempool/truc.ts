import { ok, type Result, type Txid } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import {
  TRUC_ANCESTOR_LIMIT,
  TRUC_CHILD_MAX_VSIZE,
  TRUC_DESCENDANT_LIMIT,
  TRUC_MAX_VSIZE,
  TRUC_VERSION,
} from '../params.ts'
import { type Reject, reject } from '../reject.ts'
import type { Mempool } from './pool.ts'

// Topologically restricted until confirmation (BIP 431): a version 3 transaction is alone, or has one parent, or has one
// child, all of version 3, and the child is small. So nobody can pin it.

/** A newcomer with its direct parents: those that wait, and those in its own package. */
export interface TrucNewcomer {
  readonly txid: Txid
  readonly tx: Tx
  readonly vsize: number
  readonly parents: ReadonlySet<Txid>
  /** All waiting transactions that it rests on, through its package too. */
  readonly ancestors: ReadonlySet<Txid>
  readonly packageParents: readonly Tx[]
  readonly conflicts: ReadonlySet<Txid>
}

/** Good; or good if this sibling is pushed out. */
export interface TrucVerdict {
  readonly sibling?: Txid
}

export function checkTruc(pool: Mempool, newcomer: TrucNewcomer): Result<TrucVerdict, Reject> {
  const mixed = versionFault(pool, newcomer)
  if (mixed !== undefined) return reject('TRUC-violation', mixed)
  if (newcomer.tx.version !== TRUC_VERSION) return ok({})
  const fault = sizeFault(newcomer) ?? ancestorFault(newcomer)
  if (fault !== undefined) return reject('TRUC-violation', fault)
  return checkSiblings(pool, newcomer)
}

/** Version 3 and other versions never rest on one another while they wait. */
function versionFault(pool: Mempool, newcomer: TrucNewcomer): string | undefined {
  const waiting = [...newcomer.parents].map(txid => pool.get(txid)?.tx)
  for (const parent of [...waiting, ...newcomer.packageParents]) {
    if (parent === undefined || (parent.version === TRUC_VERSION) === (newcomer.tx.version === TRUC_VERSION)) continue
    return newcomer.tx.version === TRUC_VERSION
      ? `version=3 tx ${newcomer.txid} cannot spend from a non-version=3 tx`
      : `non-version=3 tx ${newcomer.txid} cannot spend from a version=3 tx`
  }
  return undefined
}

function sizeFault({ txid, vsize, parents, packageParents }: TrucNewcomer): string | undefined {
  const child = parents.size + packageParents.length > 0
  const limit = child ? TRUC_CHILD_MAX_VSIZE : TRUC_MAX_VSIZE
  if (vsize <= limit) return undefined
  return `version=3 ${child ? 'child ' : ''}tx ${txid} is too big: ${vsize} > ${limit} virtual bytes`
}

function ancestorFault({ txid, ancestors, packageParents }: TrucNewcomer): string | undefined {
  if (ancestors.size + packageParents.length + 1 <= TRUC_ANCESTOR_LIMIT) return undefined
  return `tx ${txid} would have too many ancestors`
}

/** The one parent may have no other child, unless that child is pushed out by this one. */
function checkSiblings(pool: Mempool, newcomer: TrucNewcomer): Result<TrucVerdict, Reject> {
  const [parent] = newcomer.parents
  if (parent === undefined) return ok({})
  const siblings = pool.withDescendants([parent])
  siblings.delete(parent)
  const [sibling] = siblings
  if (sibling === undefined) return ok({})
  if ([...siblings].some(txid => newcomer.conflicts.has(txid))) return ok({})
  // Only the plain case: a reorganisation can leave a parent with several children, or with a child that has one.
  if (siblings.size + 1 === TRUC_DESCENDANT_LIMIT && pool.withAncestors([sibling]).size === TRUC_ANCESTOR_LIMIT) {
    return ok({ sibling })
  }
  return reject('TRUC-violation', `tx ${parent} would exceed descendant count limit`)
}
