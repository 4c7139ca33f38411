import { defined, type OutPoint, outPointKey, type Txid } from '../../base/index.ts'
import type { Tx, Wtxid } from '../../bitcoin/index.ts'
import { txFacts } from '../txFacts.ts'

/** A transaction that waits for a block. */
export interface MempoolEntry {
  readonly tx: Tx
  readonly txid: Txid
  readonly wtxid: Wtxid
  readonly feeSat: bigint
  readonly weight: number
  /** In virtual bytes; many signature operations make a transaction count for more than its weight. */
  readonly vsize: number
  /** Height of the tip when it came in. */
  readonly height: number
}

/** Something came into the mempool, or left it. */
export interface MempoolChange {
  readonly type: 'transaction_added' | 'transaction_removed'
  readonly txid: Txid
  readonly tx: Tx
}

interface Links {
  readonly parents: Set<Txid>
  readonly children: Set<Txid>
}

/** The waiting transactions and who spends whom. Holds data only: what may come in is decided in `accept.ts`. */
export class Mempool {
  // In order of arrival: parents come before children, except for what a reorganisation brought back.
  #entries = new Map<Txid, MempoolEntry>()
  readonly #links = new Map<Txid, Links>()
  #spenders = new Map<string, Txid>()
  readonly #changes: MempoolChange[] = []
  #vsize = 0

  /** One with the same entries, that goes its own way. Its changes start from here. */
  copy(): Mempool {
    const copy = new Mempool()
    copy.#entries = new Map(this.#entries)
    for (const [txid, { parents, children }] of this.#links) {
      copy.#links.set(txid, { parents: new Set(parents), children: new Set(children) })
    }
    copy.#spenders = new Map(this.#spenders)
    copy.#vsize = this.#vsize
    return copy
  }

  /** Of all entries together, in virtual bytes. */
  get vsize(): number {
    return this.#vsize
  }

  entries(): IterableIterator<MempoolEntry> {
    return this.#entries.values()
  }

  get(txid: Txid): MempoolEntry | undefined {
    return this.#entries.get(txid)
  }

  has(txid: Txid): boolean {
    return this.#entries.has(txid)
  }

  /** The waiting transaction that spends an outpoint. */
  spender(outpoint: OutPoint): Txid | undefined {
    return this.#spenders.get(outPointKey(outpoint))
  }

  parents(txid: Txid): ReadonlySet<Txid> {
    return this.#link(txid).parents
  }

  children(txid: Txid): ReadonlySet<Txid> {
    return this.#link(txid).children
  }

  /** All that these entries rest on, themselves included. */
  withAncestors(from: Iterable<Txid>): Set<Txid> {
    return this.#closure(from, 'parents')
  }

  /** All that rests on these entries, themselves included. */
  withDescendants(from: Iterable<Txid>): Set<Txid> {
    return this.#closure(from, 'children')
  }

  /** Sum of the sizes of some entries, in virtual bytes. */
  vsizeOf(txids: Iterable<Txid>): number {
    let sum = 0
    for (const txid of txids) sum += this.#entry(txid).vsize
    return sum
  }

  feesOf(txids: Iterable<Txid>): bigint {
    let sum = 0n
    for (const txid of txids) sum += this.#entry(txid).feeSat
    return sum
  }

  add(entry: MempoolEntry): void {
    const links: Links = { parents: new Set(), children: new Set() }
    this.#entries.set(entry.txid, entry)
    this.#links.set(entry.txid, links)
    this.#vsize += entry.vsize
    this.#changes.push({ type: 'transaction_added', txid: entry.txid, tx: entry.tx })
    for (const { outpoint } of entry.tx.inputs) {
      this.#spenders.set(outPointKey(outpoint), entry.txid)
      const parent = this.#links.get(outpoint.txid)
      if (parent === undefined) continue
      links.parents.add(outpoint.txid)
      parent.children.add(entry.txid)
    }
    // After a reorganisation a parent may come back to children that are here already.
    for (const vout of entry.tx.outputs.keys()) {
      const child = this.spender({ txid: entry.txid, vout })
      if (child === undefined) continue
      links.children.add(child)
      this.#link(child).parents.add(entry.txid)
    }
  }

  /** Takes these entries out, and only these: the caller knows whether what rests on them may stay. */
  remove(txids: Iterable<Txid>): void {
    for (const txid of txids) {
      const entry = this.#entry(txid)
      const { parents, children } = this.#link(txid)
      for (const parent of parents) this.#link(parent).children.delete(txid)
      for (const child of children) this.#link(child).parents.delete(txid)
      for (const input of entry.tx.inputs) this.#spenders.delete(outPointKey(input.outpoint))
      this.#entries.delete(txid)
      this.#links.delete(txid)
      this.#vsize -= entry.vsize
      this.#changes.push({ type: 'transaction_removed', txid, tx: entry.tx })
    }
  }

  /** What happened since the last call, in order. */
  takeChanges(): readonly MempoolChange[] {
    return this.#changes.splice(0)
  }

  /** The waiting transactions that spend what `tx` spends, `tx` itself left out. */
  conflictsOf(tx: Tx): Set<Txid> {
    const conflicts = new Set<Txid>()
    for (const input of tx.inputs) {
      const spender = this.spender(input.outpoint)
      if (spender !== undefined && spender !== txFacts(tx).txid) conflicts.add(spender)
    }
    return conflicts
  }

  #entry(txid: Txid): MempoolEntry {
    return defined(this.#entries.get(txid), `${txid} is not in the mempool`)
  }

  #link(txid: Txid): Links {
    return defined(this.#links.get(txid), `${txid} is not in the mempool`)
  }

  // Cost: one visit for each entry found; chain limits keep that near 25 for each start.
  #closure(from: Iterable<Txid>, direction: keyof Links): Set<Txid> {
    const found = new Set<Txid>(from)
    for (const txid of found) for (const next of this.#link(txid)[direction]) found.add(next)
    return found
  }
}
