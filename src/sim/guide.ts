// Leads a real channel of a world along the specification to where none has been: each deed is one turn of it.
import type { ChannelId } from '../base/index.ts'
import { type Fates, type GuideMap, type IsNew, offerOf, partyOf, type Way } from './guideMap.ts'
import type { Oracle } from './oracle.ts'
import type { Deed, PlannedDeed } from './plan.ts'
import type { Random } from './random.ts'
import { type End, other, type Party } from './spec.ts'
import type { State } from './specPair.ts'

/** Longer than a deed of a guide takes: a connection, two turns of each node and their syncs, or a process that comes back. */
export const GUIDED_PAUSE_MS = 60
/** A payment that waits would come when nobody asks for it. */
const TIMEOUT_MS = 15
const DOWN_MS = 5
/** How often a lost connection is a process that ends. */
const CRASHES = 0.15

export interface GuideOptions {
  readonly map: GuideMap
  readonly oracle: Oracle
  readonly random: Random
  /** Where the guide wants to go. */
  readonly isNew: IsNew
  /** The channel that it leads, when there is one. */
  readonly channel: () => ChannelId | undefined
  /** Index of a node in the plan. */
  readonly indexOf: (name: string) => number
  /** Lets time pass in the world. */
  readonly pass: (ms: number) => void
  /** Deeds at most. */
  readonly most: number
}

/** A guide through one world. */
export class Guide implements Iterable<PlannedDeed> {
  readonly #options: GuideOptions
  #fates: Fates = new Map()
  #path: readonly Way[] = []
  /** The step that is under way, and where it began. */
  #last: { readonly from: string; readonly way: Way } | undefined
  /** What it has done, for whoever wants to do it again. */
  readonly deeds: PlannedDeed[] = []

  constructor(options: GuideOptions) {
    this.#options = options
  }

  /** Each deed is chosen when the world has done the one before it. */
  *[Symbol.iterator](): Generator<PlannedDeed> {
    for (let id = 0; id < this.#options.most; id++) {
      this.#options.pass(GUIDED_PAUSE_MS)
      const deed = this.#next()
      if (deed === undefined) return
      const planned = { id, at: (id + 1) * GUIDED_PAUSE_MS, deed }
      this.deeds.push(planned)
      yield planned
    }
  }

  #next(): Deed | undefined {
    const { map, oracle, channel, isNew } = this.#options
    const id = channel()
    const state = id === undefined ? undefined : oracle.stateOf(id)
    if (id === undefined || state === undefined) return undefined
    const here = map.placeOf(state, this.#fates)
    this.#learn(here)
    if (this.#path.length === 0) this.#path = map.wayFrom(here, isNew) ?? []
    const [way, ...rest] = this.#path
    if (way === undefined) return undefined
    this.#path = rest
    this.#last = { from: here, way }
    return this.#deedOf(way, state, oracle.namesOf(id))
  }

  /** Where a step has not led where it should, or to nothing new where it should have, that is remembered, and the way is looked for anew. */
  #learn(here: string): void {
    if (this.#last === undefined) return
    const { from, way } = this.#last
    const { map, isNew } = this.#options
    const isThere = way.to === here
    if (!isThere) this.#path = []
    if (!isThere || isNew(map.keyOf(from), map.keyOf(here))) map.failed(from, way)
  }

  /** What has to happen for a turn of the specification. */
  #deedOf({ label, fate }: Way, state: State, names: readonly (string | undefined)[]): Deed {
    const { indexOf, random } = this.#options
    const index = (party: Party) => indexOf(names[party] ?? '')
    // The first of two nodes is the one whose user has named the other: it is the one that dials.
    if (label === 'they connect') {
      const [a, b] = [index(0), index(1)].sort((one, two) => one - two)
      return { type: 'second_connection', a: a ?? 0, b: b ?? 0 }
    }
    const me = partyOf(label.slice(0, 1))
    const [who, peer] = [index(me), index(other(me))]
    const offered = offerOf(state, label)
    if (offered !== undefined) {
      this.#fates = new Map([...this.#fates, [offered, fate ?? 'fulfil']])
      return payment(who, peer, fate ?? 'fulfil', random)
    }
    if (!label.endsWith('loses the connection')) return { type: 'deliver', a: peer, b: who }
    return random.chance(CRASHES)
      ? { type: 'crash', who, downMs: DOWN_MS, keepsLast: random.chance(0.5) }
      : { type: 'lose', a: who, b: peer }
  }
}

/** Some with an output of its own, some without. */
const AMOUNTS_MSAT = [2_000_000, 5_000_000, 354_001, 353_999, 1_000]

function payment(from: number, to: number, fate: End, random: Random): Deed {
  const by = fate === 'fail' ? 'forgotten_invoice' : random.pick(['keysend', 'invoice'] as const)
  return { type: 'pay', from, to, amountMsat: random.pick(AMOUNTS_MSAT), by, twin: false, timeoutMs: TIMEOUT_MS }
}
