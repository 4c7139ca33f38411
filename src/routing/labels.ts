import { MAX_LABELS_PER_NODE } from './limits.ts'

// The ways that a search has found from nodes to the payee, as rows of numbers, and the order in which they are looked at.

/** Says of a way that it begins with no channel of the graph, or of a node that it has no way yet. */
export const NOWHERE = -1

/** One way from a node to the payee. */
export interface Label {
  readonly node: number
  /** What makes it dear, in msat. */
  readonly cost: number
  /** What a whole way that ends with it costs at least. */
  readonly least: number
  /** What has to reach the node, in msat. */
  readonly amount: number
  /** Blocks above the height that the HTLC which reaches the node has. */
  readonly cltv: number
  /** HTLCs behind the node. */
  readonly hops: number
  /** `2 * row + direction` of the channel that it begins with. */
  readonly channel: number
  /** The way from the other end of that channel; for a first label, which tail it stands for. */
  readonly parent: number
}

/** Most graphs that tests and small networks have need no more, and larger ones double it. */
const FIRST = 128

/** Columns that grow, and a heap over them. */
export class Labels {
  count = 0
  costs = new Float64Array(FIRST)
  /** What the heap goes by. */
  leasts = new Float64Array(FIRST)
  amounts = new Float64Array(FIRST)
  nodes = new Int32Array(FIRST)
  cltvs = new Int32Array(FIRST)
  hops = new Uint8Array(FIRST)
  channels = new Int32Array(FIRST)
  parents = new Int32Array(FIRST)
  /** Strict: 1 where a better way has been found since. */
  #dead = new Uint8Array(FIRST)
  /** Strict: the next label of the same node. */
  #next = new Int32Array(FIRST)
  readonly #first: Int32Array
  /** Quick: the cheapest that was offered. */
  readonly #least: Float64Array
  #heap = new Int32Array(FIRST)
  #waiting = 0
  readonly #isStrict: boolean

  /**
   * Quick: a node keeps its cheapest way alone. Strict: a way gives way to another one only if that is at least as good in cost, amount,
   * expiry and length.
   */
  constructor(nodes: number, isStrict: boolean) {
    this.#isStrict = isStrict
    this.#first = new Int32Array(isStrict ? nodes : 0).fill(NOWHERE)
    this.#least = new Float64Array(isStrict ? 0 : nodes).fill(Number.POSITIVE_INFINITY)
  }

  /** Whether no way of this cost or a higher one would be kept. */
  isBeaten(node: number, cost: number): boolean {
    return !this.#isStrict && value(this.#least, node) <= cost
  }

  /** Keeps a way unless one that is known is at least as good; forgets those that it is better than. Its number, where it is kept. */
  offer(label: Label): number | undefined {
    const { node, cost } = label
    if (this.#isStrict) return this.#offerStrictly(label)
    if (cost >= value(this.#least, node)) return undefined
    this.#least[node] = cost
    return this.#keep(label)
  }

  /** Of the ways that nobody has looked at, the one that a cheapest way may end with. */
  take(): number | undefined {
    while (this.#waiting > 0) {
      const label = value(this.#heap, 0)
      this.#waiting -= 1
      if (this.#waiting > 0) this.#sink(value(this.#heap, this.#waiting))
      if (!this.#isForgotten(label)) return label
    }
    return undefined
  }

  #isForgotten(label: number): boolean {
    if (this.#isStrict) return value(this.#dead, label) === 1
    return value(this.costs, label) > value(this.#least, value(this.nodes, label))
  }

  #offerStrictly(label: Label): number | undefined {
    const { node, cost, amount, cltv, hops } = label
    let length = 0
    let before = NOWHERE
    for (let at = value(this.#first, node); at !== NOWHERE; at = value(this.#next, at)) {
      const [theirCost, theirAmount] = [value(this.costs, at), value(this.amounts, at)]
      const [theirCltv, theirHops] = [value(this.cltvs, at), value(this.hops, at)]
      if (theirCost <= cost && theirAmount <= amount && theirCltv <= cltv && theirHops <= hops) return undefined
      if (cost <= theirCost && amount <= theirAmount && cltv <= theirCltv && hops <= theirHops) {
        this.#dead[at] = 1
        if (before === NOWHERE) this.#first[node] = value(this.#next, at)
        else this.#next[before] = value(this.#next, at)
      } else {
        length += 1
        before = at
      }
    }
    if (length >= MAX_LABELS_PER_NODE) return undefined
    const at = this.#keep(label)
    this.#next[at] = value(this.#first, node)
    this.#first[node] = at
    return at
  }

  #keep({ node, cost, least, amount, cltv, hops, channel, parent }: Label): number {
    const at = this.count
    if (at === this.costs.length) this.#grow()
    this.count += 1
    this.costs[at] = cost
    this.leasts[at] = least
    this.amounts[at] = amount
    this.nodes[at] = node
    this.cltvs[at] = cltv
    this.hops[at] = hops
    this.channels[at] = channel
    this.parents[at] = parent
    this.#rise(at)
    return at
  }

  #rise(label: number): void {
    const least = value(this.leasts, label)
    let at = this.#waiting
    this.#waiting += 1
    while (at > 0) {
      const above = (at - 1) >> 1
      const other = value(this.#heap, above)
      if (value(this.leasts, other) <= least) break
      this.#heap[at] = other
      at = above
    }
    this.#heap[at] = label
  }

  /** Puts a label at the top and lets it find its place. */
  #sink(label: number): void {
    const least = value(this.leasts, label)
    let at = 0
    for (;;) {
      let below = 2 * at + 1
      if (below >= this.#waiting) break
      const right = below + 1
      if (right < this.#waiting && this.#leastAt(right) < this.#leastAt(below)) below = right
      if (this.#leastAt(below) >= least) break
      this.#heap[at] = value(this.#heap, below)
      at = below
    }
    this.#heap[at] = label
  }

  #leastAt(place: number): number {
    return value(this.leasts, value(this.#heap, place))
  }

  #grow(): void {
    this.costs = floats(this.costs)
    this.leasts = floats(this.leasts)
    this.amounts = floats(this.amounts)
    this.nodes = integers(this.nodes)
    this.cltvs = integers(this.cltvs)
    this.hops = bytes(this.hops)
    this.channels = integers(this.channels)
    this.parents = integers(this.parents)
    this.#dead = bytes(this.#dead)
    this.#next = integers(this.#next)
    this.#heap = integers(this.#heap)
  }
}

/** The number at an index that the surrounding code keeps inside the column. */
export function value(column: Float64Array | Int32Array | Uint16Array | Uint8Array, at: number): number {
  // A typed array has a number at each index below its length.
  return column[at] as number
}

function floats(column: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(2 * column.length)
  larger.set(column)
  return larger
}

function integers(column: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * column.length)
  larger.set(column)
  return larger
}

function bytes(column: Uint8Array): Uint8Array<ArrayBuffer> {
  const larger = new Uint8Array(2 * column.length)
  larger.set(column)
  return larger
}
