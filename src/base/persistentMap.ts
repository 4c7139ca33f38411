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

/**
 * Every entry, in an order that depends on the keys and on when they came, and on nothing else. A list, and no generator: most maps
 * are small and looked through in each step, and to resume a generator takes longer than to go on.
 */
export function pmapEntries<V>(map: PMap<V>): readonly Entry<V>[] {
  const entries: Entry<V>[] = []
  const { size, root } = map
  // Past the last entry there are only empty slots.
  for (let i = 0; entries.length < size; i++) {
    const branch = root[i]
    if (branch === undefined) continue
    for (const bucket of branch) if (bucket !== undefined) for (const entry of bucket) entries.push(entry)
  }
  return entries
}

/** The values, in the order of their entries. */
export function pmapValues<V>(map: PMap<V>): readonly V[] {
  const values: V[] = []
  const { size, root } = map
  for (let i = 0; values.length < size; i++) {
    const branch = root[i]
    if (branch === undefined) continue
    for (const bucket of branch) if (bucket !== undefined) for (const entry of bucket) values.push(entry[1])
  }
  return values
}

/** The entries of `after` that are not the same in `before`, in their order. What both share is not looked at. */
export function pmapChanges<V>(before: PMap<V>, after: PMap<V>): readonly Entry<V>[] {
  const changes: Entry<V>[] = []
  if (before.root === after.root) return changes
  for (let i = 0; i < after.root.length; i++) {
    const [branch, earlier] = [after.root[i], before.root[i]]
    if (branch === undefined || branch === earlier) continue
    for (let j = 0; j < branch.length; j++) {
      const bucket = branch[j]
      if (bucket === undefined || bucket === earlier?.[j]) continue
      for (const entry of bucket) if (!holds(earlier?.[j], entry)) changes.push(entry)
    }
  }
  return changes
}

function holds<V>(bucket: Bucket<V> | undefined, [key, value]: Entry<V>): boolean {
  return bucket?.some(entry => entry[0] === key && entry[1] === value) === true
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
