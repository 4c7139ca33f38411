import { defined, type Txid } from '../../base/index.ts'
import type { Tx } from '../../bitcoin/index.ts'
import { isFinalForNext } from '../ledger.ts'
import { feeAtRate, MAX_BLOCK_WEIGHT } from '../params.ts'
import type { Mempool, MempoolEntry } from './pool.ts'
import type { MempoolContext } from './workspace.ts'

/** Room for the header, the count and the coinbase. */
const RESERVED_WEIGHT = 8000

/** What a fee-maximising miner puts into the next block, in an order in which it is valid. */
export interface Template {
  readonly transactions: readonly Tx[]
  readonly feesSat: bigint
}

/**
 * Takes the best-paying package (a transaction with all of its unmined ancestors) again and again while there is room,
 * so that a child pays for its parents. `leastSatPerKvB`: what pays less for each 1,000 virtual bytes is left out, as by miners with dearer things to do.
 */
// Cost: n waiting transactions make n rounds; each compares n packages and builds again those that it touched.
export function selectTransactions(context: MempoolContext, leastSatPerKvB = 0n): Template {
  const { pool, policy } = context
  const least = leastSatPerKvB > policy.minBlockFeeSatPerKvB ? leastSatPerKvB : policy.minBlockFeeSatPerKvB
  const taken = new Set<Txid>()
  const left = new Map<Txid, Package>()
  for (const { txid } of pool.entries()) left.set(txid, packageOf(context, txid, taken))
  let weight = RESERVED_WEIGHT
  let feesSat = 0n
  for (let best = bestPackage(left); best !== undefined; best = bestPackage(left)) {
    if (best.feeSat < feeAtRate(least, best.vsize)) break
    const fits = weight + best.weight <= MAX_BLOCK_WEIGHT
    if (!fits || !best.entries.every(entry => isFinalForNext(entry.tx, context.ledger.tip))) {
      left.delete(best.txid)
      continue
    }
    weight += best.weight
    feesSat += best.feeSat
    const members = best.entries.map(entry => entry.txid)
    for (const txid of members) {
      taken.add(txid)
      left.delete(txid)
    }
    for (const txid of pool.withDescendants(members)) {
      if (left.has(txid)) left.set(txid, packageOf(context, txid, taken))
    }
  }
  const transactions = [...taken].map(txid => defined(pool.get(txid), `${txid} left the mempool`).tx)
  return { transactions, feesSat }
}

interface Package {
  readonly txid: Txid
  /** Ancestors first. */
  readonly entries: readonly MempoolEntry[]
  readonly feeSat: bigint
  readonly vsize: number
  readonly weight: number
}

/** Of equal feerates the one that waits longer. */
function bestPackage(left: ReadonlyMap<Txid, Package>): Package | undefined {
  let best: Package | undefined
  for (const candidate of left.values()) {
    if (best === undefined || candidate.feeSat * BigInt(best.vsize) > best.feeSat * BigInt(candidate.vsize)) {
      best = candidate
    }
  }
  return best
}

function packageOf({ pool }: MempoolContext, txid: Txid, taken: ReadonlySet<Txid>): Package {
  const members = [...pool.withAncestors([txid])].filter(member => !taken.has(member))
  const entries = parentsFirst(pool, members)
  let [feeSat, vsize, weight] = [0n, 0, 0]
  for (const entry of entries) {
    feeSat += entry.feeSat
    vsize += entry.vsize
    weight += entry.weight
  }
  return { txid, entries, feeSat, vsize, weight }
}

/** Entries in an order in which a block could hold them. */
export function parentsFirst(pool: Mempool, txids: readonly Txid[]): readonly MempoolEntry[] {
  // Whoever has fewer ancestors comes first: an ancestor always has fewer than what rests on it.
  return txids
    .map(txid => ({
      entry: defined(pool.get(txid), `${txid} left the mempool`),
      depth: pool.withAncestors([txid]).size,
    }))
    .sort((a, b) => a.depth - b.depth)
    .map(({ entry }) => entry)
}
