// How much of the specification the engine has been seen in: the share of the states and moves of a small bound.
import { keyOf } from './specKey.ts'
import { type Bounds, isBusy, moves, newPair, type State } from './specPair.ts'

/** As the engine plays today: whatever can be decided and signed is, in the turn in which it can be. */
export const COVERAGE_BOUNDS: Bounds = { htlcs: 2, pace: 'eager' }

/** States between turns, and what leads from one to another in one turn. */
export interface Reachable {
  readonly states: ReadonlySet<string>
  /** Both keys, with a space between them. */
  readonly edges: ReadonlySet<string>
}

/** Cost: some hundred milliseconds for the bounds above; ask once. */
export function reachable(bounds: Bounds = COVERAGE_BOUNDS): Reachable {
  const first = newPair()
  const states = new Set([keyOf(first)])
  const edges = new Set<string>()
  const queue: State[] = [first]
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    const from = keyOf(state)
    for (const { next } of turns(state, bounds)) {
      const to = keyOf(next)
      if (to !== from) edges.add(`${from} ${to}`)
      if (states.has(to)) continue
      states.add(to)
      queue.push(next)
    }
  }
  return { states, edges }
}

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
    const edge = `${before} ${key}`
    if (before !== undefined && this.#reachable.edges.has(edge)) this.#edges.add(edge)
  }

  get states(): Share {
    return { seen: this.#states.size, of: this.#reachable.states.size }
  }

  get edges(): Share {
    return { seen: this.#edges.size, of: this.#reachable.edges.size }
  }

  /** What nobody has come to, for whoever wants to lead a world there. */
  missing(): readonly string[] {
    return [...this.#reachable.states].filter(key => !this.#states.has(key))
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
