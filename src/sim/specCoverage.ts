// How much of the specification the engine has been seen in: the share of the states and moves of a small bound.
import { keyOf } from './specKey.ts'
import { type Bounds, isBusy, moves, newPair, type State } from './specPair.ts'

/** What a state is like, or what is done in a move. */
export type Kind = string

/** As the engine plays today: whatever can be decided and signed is, in the turn in which it can be. */
export const COVERAGE_BOUNDS: Bounds = { htlcs: 2, pace: 'eager' }

/** States between turns, and what leads from one to another in one turn. */
export interface Reachable {
  readonly states: ReadonlyMap<string, Kind>
  /** By both keys, with a space between them. */
  readonly edges: ReadonlyMap<string, Kind>
}

/** Cost: some hundred milliseconds for the bounds above; ask once. */
export function reachable(bounds: Bounds = COVERAGE_BOUNDS): Reachable {
  const first = newPair()
  const states = new Map([[keyOf(first), kindOfState(first)]])
  const edges = new Map<string, Kind>()
  const queue: State[] = [first]
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    const from = keyOf(state)
    for (const { labels, next } of turns(state, bounds)) {
      const to = keyOf(next)
      if (to !== from) edges.set(edgeOf(from, to), kindOfMove(labels[0]))
      if (states.has(to)) continue
      states.set(to, kindOfState(next))
      queue.push(next)
    }
  }
  return { states, edges }
}

export const edgeOf = (from: string, to: string): string => `${from} ${to}`

/** By what the two know of their connection. */
function kindOfState({ sides: [a, b] }: State): Kind {
  const lines = [a.line, b.line]
  const isUp = lines.every(line => line === 'up')
  if (isUp) return 'connected'
  if (!lines.includes('down')) return 'meeting again'
  return lines.every(line => line === 'down') ? 'disconnected' : 'one has lost the connection'
}

/** The move without the names in it: `A offers HTLC 3` is one that offers. */
const kindOfMove = (label = ''): Kind => label.replace(/^[AB] /, '').replace(/ HTLC \d+$/, '')

/** To the end of the turn: where something is left to decide, through each decision. */
export function turns(state: State, bounds: Bounds): readonly SpecTurn[] {
  return moves(state, bounds).flatMap(([label, next]): readonly SpecTurn[] =>
    isBusy(next, 0) || isBusy(next, 1)
      ? turns(next, bounds).map(rest => ({ labels: [label, ...rest.labels], next: rest.next }))
      : [{ labels: [label], next }],
  )
}

export interface SpecTurn {
  readonly labels: readonly string[]
  readonly next: State
}

export interface Share {
  readonly seen: number
  readonly of: number
}

export interface Shares {
  readonly states: Share
  readonly edges: Share
  readonly byKind: { readonly states: Readonly<Record<Kind, Share>>; readonly edges: Readonly<Record<Kind, Share>> }
}

/** Counts what an `Oracle` tells it. What lies outside the bound is counted apart. */
export class Coverage {
  readonly #reachable: Reachable
  readonly #states = new Set<string>()
  readonly #edges = new Set<string>()
  /** Times that a state beyond the bound was come to. */
  beyond = 0

  constructor(within: Reachable = reachable()) {
    this.#reachable = within
  }

  readonly onState = (key: string, before: string | undefined): void => {
    if (!this.#reachable.states.has(key)) {
      this.beyond += 1
      return
    }
    this.#states.add(key)
    const edge = before === undefined ? '' : edgeOf(before, key)
    if (this.#reachable.edges.has(edge)) this.#edges.add(edge)
  }

  get states(): Share {
    return { seen: this.#states.size, of: this.#reachable.states.size }
  }

  get edges(): Share {
    return { seen: this.#edges.size, of: this.#reachable.edges.size }
  }

  get shares(): Shares {
    const { states, edges } = this.#reachable
    const byKind = { states: sharesOf(states, this.#states), edges: sharesOf(edges, this.#edges) }
    return { states: this.states, edges: this.edges, byKind }
  }

  /** Whether nobody has gone this way, or come to its end, for whoever wants to lead a world there. */
  readonly isNew = (from: string, to: string): boolean => {
    const edge = edgeOf(from, to)
    return this.isNewState(to) || (this.#reachable.edges.has(edge) && !this.#edges.has(edge))
  }

  isNewState(key: string): boolean {
    return this.#reachable.states.has(key) && !this.#states.has(key)
  }

  /** What several workers have seen together. */
  merge({ states, edges }: { readonly states: Iterable<string>; readonly edges: Iterable<string> }): void {
    for (const key of states) if (this.#reachable.states.has(key)) this.#states.add(key)
    for (const key of edges) if (this.#reachable.edges.has(key)) this.#edges.add(key)
  }

  seen(): { readonly states: readonly string[]; readonly edges: readonly string[] } {
    return { states: [...this.#states], edges: [...this.#edges] }
  }
}

function sharesOf(all: ReadonlyMap<string, Kind>, seen: ReadonlySet<string>): Readonly<Record<Kind, Share>> {
  const shares: Record<Kind, { seen: number; of: number }> = {}
  for (const [key, kind] of all) {
    shares[kind] ??= { seen: 0, of: 0 }
    shares[kind].of += 1
    if (seen.has(key)) shares[kind].seen += 1
  }
  return shares
}
