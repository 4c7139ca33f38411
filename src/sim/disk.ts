import type { EngineWrite } from '../engine/index.ts'

/** How far back an old image of the disk may be. */
const REMEMBERED_COMMITS = 100

/** What becomes of a commit that was asked for. */
export type SyncFault = 'fails' | 'fails_but_kept' | 'full'

interface Pending {
  readonly writes: readonly EngineWrite[]
  readonly sequence: number
}

/**
 * The records of one node: what is durable, and commits that were asked for and are not durable yet. A commit is all or nothing and
 * commits keep their order, as the store promises; a crash keeps some first part of those that wait, chosen by whoever makes it crash.
 */
export class Disk {
  readonly #records = new Map<string, Uint8Array>()
  /** What stood there before each of the last commits: the newest last. */
  readonly #past: (readonly (readonly [string, Uint8Array | undefined])[])[] = []
  #pending: Pending[] = []
  #asked = 0
  #durable = 0
  /** What the next sync does instead of storing. */
  fault: SyncFault | undefined
  /** What the sync does that comes before the next publication. */
  faultWhenPublishing: SyncFault | undefined

  /** Commits that are durable, over the whole life of the disk. */
  get durable(): number {
    return this.#durable
  }

  get records(): ReadonlyMap<string, Uint8Array> {
    return this.#records
  }

  /** Asks for a commit, whose number comes back. The effects: what is done once it is durable. */
  write(writes: readonly EngineWrite[], effects: readonly { readonly type: string }[] = []): number {
    if (effects.some(({ type }) => type === 'publish')) {
      this.fault = this.faultWhenPublishing ?? this.fault
      this.faultWhenPublishing = undefined
    }
    this.#asked += 1
    this.#pending.push({ writes, sequence: this.#asked })
    return this.#asked
  }

  /** All that waits becomes durable. False where the disk fails: then nobody knows what was kept, and the process must end. */
  sync(): boolean {
    const { fault } = this
    this.fault = undefined
    if (fault === 'fails' || fault === 'full') {
      this.#drop()
      return false
    }
    this.#store(this.#pending.length)
    return fault === undefined
  }

  /** The process ends: of the commits that wait the first so many have reached the disk. */
  crash(kept: number): void {
    this.fault = undefined
    this.#store(kept)
    this.#drop()
  }

  /** The records under a prefix. */
  load(prefix: string): ReadonlyMap<string, Uint8Array> {
    const found = new Map<string, Uint8Array>()
    for (const [key, value] of this.#records) if (key.startsWith(prefix)) found.set(key, value)
    return found
  }

  /** Those of these records that there are. */
  pick(keys: readonly string[]): ReadonlyMap<string, Uint8Array> {
    const found = new Map<string, Uint8Array>()
    for (const key of keys) {
      const value = this.#records.get(key)
      if (value !== undefined) found.set(key, value)
    }
    return found
  }

  /** No image from before this moment is ever put back: on the one of a new node there is nothing to lose yet. */
  keepFromHere(): void {
    this.#past.length = 0
  }

  /** Puts the image of the disk of so many commits ago in its place: as far back as is remembered. */
  rollBack(commits: number): void {
    for (let i = 0; i < commits; i++) {
      const before = this.#past.pop()
      if (before === undefined) return
      for (const [key, value] of before.toReversed()) {
        if (value === undefined) this.#records.delete(key)
        else this.#records.set(key, value)
      }
    }
  }

  get waiting(): number {
    return this.#pending.length
  }

  #store(count: number): void {
    for (const { writes, sequence } of this.#pending.splice(0, count)) {
      this.#past.push(writes.map(({ key }) => [key, this.#records.get(key)]))
      if (this.#past.length > REMEMBERED_COMMITS) this.#past.shift()
      for (const write of writes) {
        if (write.type === 'put') this.#records.set(write.key, write.value)
        else this.#records.delete(write.key)
      }
      this.#durable = sequence
    }
  }

  #drop(): void {
    this.#pending = []
    // Numbers of commits that never were are given again: what matters is that they only grow.
    this.#asked = this.#durable
  }
}
