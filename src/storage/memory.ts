import type { Store, StoreWrite } from '../ports/index.ts'

/** A store that lives as long as the process. */
export interface MemoryStore extends Store {
  /** A copy of all records as they are now, to start another node from: a crash, or a stale backup. */
  snapshot(): ReadonlyMap<string, Uint8Array>
}

/** `records`: what it holds at the start. */
export function memoryStore(records: ReadonlyMap<string, Uint8Array> = new Map()): MemoryStore {
  const held = new Map(records)
  return {
    async load(prefix) {
      return new Map([...held].filter(([key]) => key.startsWith(prefix)))
    },
    async commit(writes: readonly StoreWrite[]) {
      for (const write of writes) {
        if (write.type === 'put') held.set(write.key, write.value)
        else held.delete(write.key)
      }
    },
    async close() {},
    snapshot: () => new Map(held),
  }
}
