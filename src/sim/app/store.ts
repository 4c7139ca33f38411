import type { Store, StoreWrite } from '../../ports/index.ts'
import { StorageError } from '../../storage/index.ts'
import type { Disk } from '../disk.ts'
import type { Random } from '../random.ts'
import type { Life } from './life.ts'

export interface LifeStoreOptions {
  readonly disk: Disk
  readonly life: Life
  readonly random: Random
  /** Milliseconds of a sync, at least and at most. */
  readonly syncMs: readonly [least: number, most: number]
  /** Told when the writes are durable. */
  readonly onDurable: (writes: readonly StoreWrite[]) => void
}

/** A disk of the world as the store of one process. What was asked of it and is not durable when the process ends may be kept or not. */
export function lifeStore({ disk, life, random, syncMs: [least, most], onDurable }: LifeStoreOptions): Store {
  let isClosed = false
  const read = <T>(look: () => T): Promise<T> => {
    if (isClosed) return Promise.reject(new StorageError('store_closed', 'This store is closed.'))
    return life.answer(0, look)
  }
  return {
    load: prefix => read(() => copied([...disk.load(prefix)])),
    loadPage: (prefix, { after = '', before, limit, backwards = false }) =>
      read(() => {
        const found = [...disk.load(prefix)]
          .filter(([key]) => key > after && (before === undefined || key < before))
          .sort(([a], [b]) => (a < b !== backwards ? -1 : 1))
        return copied(found.slice(0, limit))
      }),
    commit(writes) {
      if (isClosed) return Promise.reject(new StorageError('store_closed', 'This store is closed.'))
      if (!life.alive) return new Promise(() => undefined)
      const own = writes.map(write => (write.type === 'put' ? { ...write, value: write.value.slice() } : write))
      disk.write(own)
      return life.answer(random.between(least, most), () => {
        if (!disk.sync()) throw new StorageError('store_failed', 'A write to the disk of this world has failed.')
        onDurable(own)
      })
    },
    async close() {
      isClosed = true
    },
  }
}

function copied(entries: readonly (readonly [string, Uint8Array])[]): ReadonlyMap<string, Uint8Array> {
  return new Map(entries.map(([key, value]) => [key, value.slice()]))
}
