// The specification as a map: where a channel can go from where it is, in one turn, and the shortest way to somewhere new.
import type { End, Party } from './spec.ts'
import { type SpecTurn, turns } from './specCoverage.ts'
import { keyAsNamed, keyOf } from './specKey.ts'
import type { Bounds, State } from './specPair.ts'

/** What will become of the HTLCs that nobody has decided on, by `nameOf`: who pays knows it, since it chose what to pay. */
export type Fates = ReadonlyMap<string, End>

export const fateOf = (by: Party, id: number): string => `${by}.${id}`

/** A turn that leads from one place to another. */
export interface Way {
  readonly label: string
  /** Of the HTLC that is offered, if one is. */
  readonly fate: End | undefined
  readonly to: string
}

/** A channel and the fates of its HTLCs. Places that differ by numbers alone are one. */
interface Place {
  readonly state: State
  readonly fates: Fates
  /** As coverage counts it: A may be B. */
  readonly key: string
  ways?: readonly Way[]
}

/** Told of each turn of a way: whether it is what is looked for. */
export type IsNew = (from: string, to: string) => boolean

const FATES: readonly End[] = ['fulfil', 'fail']

/** It grows as far as it is looked at, and may be used for many worlds. Cost: some 100 µs for each new place. */
export class GuideMap {
  readonly #bounds: Bounds
  readonly #places = new Map<string, Place>()
  /** Ways that did not lead where they should, by place and label, with how often. */
  readonly #failures = new Map<string, number>()

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** The place where a channel is. */
  placeOf(state: State, fates: Fates): string {
    const live = liveFates(state, fates)
    const name = `${keyAsNamed(state)} ${[...live].map(([htlc, end]) => `${htlc.slice(0, 1)}${end}`).join(' ')}`
    if (!this.#places.has(name)) this.#places.set(name, { state, fates: live, key: keyOf(state) })
    return name
  }

  keyOf(place: string): string {
    return this.#place(place).key
  }

  /** The shortest way to a turn that is new, or nothing where none is in reach. */
  wayFrom(from: string, isNew: IsNew): readonly Way[] | undefined {
    const cameBy = new Map<string, { readonly before: string; readonly way: Way } | undefined>([[from, undefined]])
    const queue = [from]
    for (const at of queue) {
      const { key } = this.#place(at)
      for (const way of this.#waysFrom(at)) {
        if ((this.#failures.get(`${at} ${way.label}`) ?? 0) >= MOST_FAILURES) continue
        if (isNew(key, this.#place(way.to).key)) return [...this.#pathTo(at, cameBy), way]
        if (cameBy.has(way.to)) continue
        cameBy.set(way.to, { before: at, way })
        queue.push(way.to)
      }
    }
    return undefined
  }

  /** It was gone, and led elsewhere. */
  failed(from: string, { label }: Way): void {
    const name = `${from} ${label}`
    this.#failures.set(name, (this.#failures.get(name) ?? 0) + 1)
  }

  #pathTo(
    place: string,
    cameBy: ReadonlyMap<string, { readonly before: string; readonly way: Way } | undefined>,
  ): readonly Way[] {
    const path: Way[] = []
    for (let step = cameBy.get(place); step !== undefined; step = cameBy.get(step.before)) path.unshift(step.way)
    return path
  }

  #place(name: string): Place {
    const place = this.#places.get(name)
    if (place === undefined) throw new Error(`there is no place ${name}`)
    return place
  }

  #waysFrom(name: string): readonly Way[] {
    const place = this.#place(name)
    place.ways ??= turns(place.state, this.#bounds).flatMap(turn => this.#waysOf(place, turn))
    return place.ways
  }

  #waysOf({ state, fates }: Place, { labels: [label = '', ...decisions], next }: SpecTurn): readonly Way[] {
    const offer = offerOf(state, label)
    if (offer !== undefined) {
      return FATES.map(fate => ({ label, fate, to: this.placeOf(next, new Map([...fates, [offer, fate]])) }))
    }
    const fit = decisions.every(decision => isFated(decision, fates))
    return fit ? [{ label, fate: undefined, to: this.placeOf(next, fates) }] : []
  }
}

/** What fails twice may have been bad luck; a third time it is a way that there is not. */
const MOST_FAILURES = 3

/** The HTLC that is offered by a turn of this name, if one is. */
export function offerOf(state: State, label: string): string | undefined {
  const [who = '', what] = label.split(' ')
  if (what !== 'offers') return undefined
  const party = partyOf(who)
  return fateOf(party, state.sides[party].nextId[party])
}

export const partyOf = (name: string): Party => (name === 'A' ? 0 : 1)

/** `A fulfils HTLC 3`: one that B has offered. */
function isFated(decision: string, fates: Fates): boolean {
  const [who = '', what = '', , id = ''] = decision.split(' ')
  const fate = fates.get(fateOf(partyOf(who) === 0 ? 1 : 0, Number(id)))
  return fate === undefined || what === `${fate}s`
}

/** Of those that somebody has yet to decide on, in the order of their ids. */
function liveFates({ sides, wire }: State, fates: Fates): Fates {
  const live = new Map<string, End>()
  for (const by of [0, 1] as const) {
    const decider = by === 0 ? 1 : 0
    const ids = new Set<number>()
    for (const side of sides) for (const htlc of side.htlcs) if (htlc.by === by) ids.add(htlc.id)
    for (const message of wire[decider]) if (message.type === 'add') ids.add(message.id)
    for (const htlc of sides[decider].htlcs) if (htlc.by === by && htlc.end !== undefined) ids.delete(htlc.id)
    for (const { by: of, id } of sides[decider].ended) if (of === by) ids.delete(id)
    for (const id of [...ids].sort((a, b) => a - b)) {
      const fate = fates.get(fateOf(by, id))
      if (fate !== undefined) live.set(fateOf(by, id), fate)
    }
  }
  return live
}
