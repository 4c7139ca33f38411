import type { EngineState } from '../engine/index.ts'
import type { WatchedNode } from './observer.ts'

/** States of a node that are kept: one per turn in which a channel changed. */
const MAX_KEPT = 400

/**
 * What every node once was. States are values, so keeping them costs no copies; with one of them goes every transaction that the node
 * could sign then, whether or not that state ever became durable.
 */
export class History {
  readonly #past = new Map<WatchedNode, EngineState[]>()

  /** To be told after each turn. */
  remember(node: WatchedNode, state: EngineState): void {
    const past = this.#past.get(node) ?? []
    if (past.length === 0) this.#past.set(node, past)
    if (past.at(-1)?.links === state.links) return
    past.push(state)
    if (past.length > MAX_KEPT) past.splice(0, MAX_KEPT / 2)
  }

  /** Oldest first. */
  of(node: WatchedNode): readonly EngineState[] {
    return this.#past.get(node) ?? []
  }
}
