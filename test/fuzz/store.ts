import { array, type Codec, decode, encode, lengthPrefixed, struct, u8, u16 } from '../../src/base/index.ts'
import type { Random } from '../processes/random.ts'
import { mutateJson } from './json.ts'
import { mutateBytes } from './mutate.ts'

// A store with some of its records changed. An input says which store, and what becomes of which record of it, so that it is short.

interface Patch {
  /** Which record, in the order of the keys. */
  readonly at: number
  /** 0: another value. 1: it is gone. 2: its value stands under the key of another one as well. 3: a record under another key. */
  readonly way: number
  readonly value: Uint8Array
}

const patch: Codec<Patch> = struct({ at: u16, way: u8, value: lengthPrefixed(u16) })
const patched = struct({ store: u8, patches: array(u8, patch) })

type Records = ReadonlyMap<string, Uint8Array>

const MOST_PATCHES = 4

/** One input for each store, without a change. */
export function untouched(stores: readonly Records[]): readonly Uint8Array[] {
  return stores.map((_, store) => encode(patched, { store, patches: [] }))
}

/** The store that an input says, or nothing where it says none. */
export function patchedStore(input: Uint8Array, stores: readonly Records[]): Map<string, Uint8Array> | undefined {
  const read = decode(patched, input)
  const store = read.ok ? stores[read.value.store] : undefined
  if (!read.ok || store === undefined) return undefined
  const records = new Map(store)
  const keys = [...store.keys()].sort()
  for (const { at, way, value } of read.value.patches) {
    const key = keys[at % keys.length] ?? ''
    if (way === 0) records.set(key, value)
    else if (way === 1) records.delete(key)
    else if (way === 2) records.set(keys[(at + (value[0] ?? 1)) % keys.length] ?? '', records.get(key) ?? value)
    else records.set(`${key.slice(0, value[0] ?? 0)}${new TextDecoder().decode(value.subarray(1, 40))}`, value)
  }
  return records
}

/** One record more is changed, or the last change is changed again. */
export function mutatePatches(input: Uint8Array, random: Random, stores: readonly Records[]): Uint8Array {
  const read = decode(patched, input)
  const before = read.ok ? read.value : { store: random.between(0, stores.length - 1), patches: [] }
  const store = stores[before.store] ?? new Map<string, Uint8Array>()
  const keys = [...store.keys()].sort()
  const last = before.patches.at(-1)
  const goesOn = last !== undefined && (random.chance(0.5) || before.patches.length >= MOST_PATCHES)
  const at = goesOn ? last.at : random.between(0, Math.max(0, keys.length - 1))
  const old =
    goesOn && last.way === 0 ? last.value : (store.get(keys[at % Math.max(1, keys.length)] ?? '') ?? new Uint8Array(0))
  const way = random.chance(0.75) ? 0 : random.between(1, 3)
  const isText = old[0] === 0x7b || old[0] === 0x5b
  const value =
    way === 0
      ? (isText ? mutateJson : mutateBytes)(old, random, [...store.values()])
      : mutateBytes(old.subarray(0, 8), random, [])
  const patches = [
    ...(goesOn ? before.patches.slice(0, -1) : before.patches),
    { at, way, value: value.slice(0, 0xffff) },
  ]
  return encode(patched, { store: before.store, patches })
}
