// A map that is never changed: `pmapSet` gives a new one that shares nearly all of the old one. For the states of steps that hold
// thousands of entries, where copying a Map would cost more than the step itself.
//
// Two levels of 32 slots, then the entries of one slot in the order in which they came. Up to some ten thousand entries a change
// copies about a hundred references.

export interface PMap<V> {
  readonly size: number
  readonly root: readonly (Branch<V> | undefined)[]
}

type Branch<V> = readonly (Bucket<V> | undefined)[]
type Bucket<V> = readonly Entry<V>[]
type Entry<V> = readonly [key: string, value: V]

const BITS = 5
const WIDTH = 1 << BITS
/** Characters of a key that choose its slot: ids are uniform in far fewer. */
const HASHED_CHARACTERS = 24

export function emptyPMap<V>(): PMap<V> {
  return { size: 0, root: [] }
}

export function pmapGet<V>(map: PMap<V>, key: string): V | undefined {
  const slot = slotOf(key)
  return map.root[slot >> BITS]?.[slot & (WIDTH - 1)]?.find(entry => entry[0] === key)?.[1]
}

export function pmapHas(map: PMap<unknown>, key: string): boolean {
  const slot = slotOf(key)
  return map.root[slot >> BITS]?.[slot & (WIDTH - 1)]?.some(entry => entry[0] === key) === true
}

/** The same map where the value is there already. */
export function pmapSet<V>(map: PMap<V>, key: string, value: V): PMap<V> {
  const slot = slotOf(key)
  const bucket = map.root[slot >> BITS]?.[slot & (WIDTH - 1)] ?? []
  const at = bucket.findIndex(entry => entry[0] === key)
  if (at >= 0 && bucket[at]?.[1] === value) return map
  const entry: Entry<V> = [key, value]
  const next = at < 0 ? [...bucket, entry] : bucket.with(at, entry)
  return withBucket(map, slot, next, at < 0 ? map.size + 1 : map.size)
}

/** The same map where the key is not there. */
export function pmapDelete<V>(map: PMap<V>, key: string): PMap<V> {
  const slot = slotOf(key)
  const bucket = map.root[slot >> BITS]?.[slot & (WIDTH - 1)]
  if (bucket?.some(entry => entry[0] === key) !== true) return map
  return withBucket(
    map,
    slot,
    bucket.filter(entry => entry[0] !== key),
    map.size - 1,
  )
}

/** Every entry, in an order that depends on the keys and on when they came, and on nothing else. */
export function* pmapEntries<V>(map: PMap<V>): Generator<Entry<V>, void, undefined> {
  for (const branch of map.root) {
    if (branch === undefined) continue
    for (const bucket of branch) {
      if (bucket === undefined) continue
      for (const entry of bucket) yield entry
    }
  }
}

export function* pmapValues<V>(map: PMap<V>): Generator<V, void, undefined> {
  // Not by way of the entries: one generator within another takes twice as long.
  for (const branch of map.root) {
    if (branch === undefined) continue
    for (const bucket of branch) {
      if (bucket === undefined) continue
      for (const entry of bucket) yield entry[1]
    }
  }
}

/** Later entries of a key win. */
export function pmapFrom<V>(entries: Iterable<Entry<V>>): PMap<V> {
  let map = emptyPMap<V>()
  for (const [key, value] of entries) map = pmapSet(map, key, value)
  return map
}

function withBucket<V>(map: PMap<V>, slot: number, bucket: Bucket<V>, size: number): PMap<V> {
  const branch = filled(map.root[slot >> BITS] ?? [])
  branch[slot & (WIDTH - 1)] = bucket.length === 0 ? undefined : bucket
  const root = filled(map.root)
  root[slot >> BITS] = branch
  return { size, root }
}

/** A copy with all slots: arrays with holes are slow, and compare unequal to those without. */
function filled<T>(slots: readonly (T | undefined)[]): (T | undefined)[] {
  return slots.length === 0 ? new Array<T | undefined>(WIDTH).fill(undefined) : slots.slice()
}

function slotOf(key: string): number {
  const end = Math.min(key.length, HASHED_CHARACTERS)
  let hash = 0x811c9dc5
  for (let i = 0; i < end; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  return ((hash >>> 16) ^ hash) & (WIDTH * WIDTH - 1)
}
