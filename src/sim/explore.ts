// Every state of the specification, breadth first, so that the path to a broken rule is a shortest one.
import { keyAsNamed, keyOf } from './specKey.ts'
import { type Bounds, type Move, moves, newPair, type State } from './specPair.ts'
import { brokenRule, type RuleName } from './specRules.ts'

export interface Explored {
  readonly states: number
  /** Moves from one state to another, those that lead to the same one included. */
  readonly edges: number
  /** Steps to the state that is furthest away. */
  readonly depth: number
  /** False where `most` states were not enough. */
  readonly isComplete: boolean
  readonly broken?: { readonly rule: RuleName; readonly path: readonly string[] }
}

/** A model that can be explored: the channel of two parties, or the forwarding of an HTLC. */
export interface Model<S> {
  readonly start: S
  readonly moves: (state: S) => readonly (readonly [label: string, next: S])[]
  readonly keyOf: (state: S) => string
  readonly brokenRule: (state: S) => string | undefined
}

export interface Look<S> {
  /** No more than so many states. */
  readonly most?: number
  readonly onState?: (key: string, state: S) => void
  readonly onEdge?: (from: string, to: string) => void
}

/** Cost: some 20 to 40 µs a state, and 100 bytes to remember it by. */
export function explore(bounds: Bounds, look: Look<State> = {}): Explored {
  const model: Model<State> = {
    start: newPair(),
    moves: (state): readonly Move[] => moves(state, bounds),
    keyOf: bounds.fees === undefined ? keyOf : keyAsNamed,
    brokenRule,
  }
  // The rules of the pair have the names that its `brokenRule` gives.
  return exploreModel(model, look) as Explored
}

export type ExploredModel = Omit<Explored, 'broken'> & {
  readonly broken?: { readonly rule: string; readonly path: readonly string[] }
}

export function exploreModel<S>(model: Model<S>, look: Look<S> = {}): ExploredModel {
  const { most = Number.POSITIVE_INFINITY, onState, onEdge } = look
  const first = model.keyOf(model.start)
  const seen = new Set([first])
  /** How each state was come by first: the state before, and the move. */
  const from: number[] = [-1]
  const by: string[] = ['']
  let level: { readonly state: S; readonly key: string; readonly index: number }[] = [
    { state: model.start, key: first, index: 0 },
  ]
  onState?.(first, model.start)
  let edges = 0
  let depth = 0
  let isComplete = true
  for (; level.length > 0; depth++) {
    const next: typeof level = []
    for (const { state, key, index } of level) {
      for (const [label, reached] of model.moves(state)) {
        edges += 1
        const to = model.keyOf(reached)
        onEdge?.(key, to)
        const rule = model.brokenRule(reached)
        if (rule !== undefined) {
          const path = [...pathTo(index, from, by), label]
          return { states: seen.size, edges, depth: depth + 1, isComplete: false, broken: { rule, path } }
        }
        if (seen.has(to)) continue
        if (seen.size >= most) {
          isComplete = false
          continue
        }
        seen.add(to)
        onState?.(to, reached)
        next.push({ state: reached, key: to, index: from.length })
        from.push(index)
        by.push(label)
      }
    }
    level = next
  }
  return { states: seen.size, edges, depth, isComplete }
}

function pathTo(index: number, from: readonly number[], by: readonly string[]): readonly string[] {
  const path: string[] = []
  for (let at = index; at > 0; at = from[at] ?? -1) path.unshift(by[at] ?? '')
  return path
}
