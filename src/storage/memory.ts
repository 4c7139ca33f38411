import type { Store, StoreWrite } from '../ports/index.ts'

/** A store that lives as long as the process. As any other store, it keeps bytes of its own. */
export interface MemoryStore extends Store {
  /** A copy of all records as they are now, to start another node from: a crash, or a stale backup. */
  snapshot(): ReadonlyMap<string, Uint8Array>
}

/** `records`: what it holds at the start. */
export function memoryStore(records: ReadonlyMap<string, Uint8Array> = new Map()): MemoryStore {
  const held = new Map(records)
  return {
    async load(prefix) {
      const found = [...held].filter(([key]) => key.startsWith(prefix))
      return new Map(found.map(([key, value]) => [key, value.slice()]))
    },
    async loadPage(prefix, { after = '', before, limit, backwards = false }) {
      const found = [...held]
        .filter(([key]) => key.startsWith(prefix) && key > after && (before === undefined || key < before))
        .sort(([a], [b]) => (a < b !== backwards ? -1 : 1))
      return new Map(found.slice(0, limit).map(([key, value]) => [key, value.slice()]))
    },
    async commit(writes: readonly StoreWrite[]) {
      for (const write of writes) {
        if (write.type === 'put') held.set(write.key, write.value.slice())
        else held.delete(write.key)
      }
    },
    async close() {},
    snapshot: () => new Map(held),
  }
}
