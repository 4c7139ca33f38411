import { defined } from '../base/index.ts'
import type { StoreWrite } from '../ports/index.ts'

/**
 * Writes on their way between two threads: one buffer that changes hands instead of a copy for each value. `sizes` has the
 * bytes of each value, which stand in `bytes` one after the other, or `DELETED`. Bytes that nobody needs any more have
 * `REPLACED` less their number.
 */
export interface PackedWrites {
  readonly keys: readonly string[]
  readonly sizes: readonly number[]
  readonly bytes: Uint8Array<ArrayBuffer>
}

const DELETED = -1
/** Less the number of bytes to be passed over. */
const REPLACED = -2

/**
 * Collects writes, of which the last one to each key counts: they are all stored in one go, and a turn may write a record several
 * times. It keeps copies, so the caller's bytes stay the caller's.
 */
export class WritePacker {
  readonly #keys: string[] = []
  readonly #sizes: number[] = []
  /** Where the last write to each key stands. */
  readonly #places = new Map<string, number>()
  #bytes = new Uint8Array(0)
  #used = 0

  /** Adds all of them, or throws before it has added any. */
  add(writes: readonly StoreWrite[]): void {
    this.#reserve(writes.reduce((sum, write) => sum + (write.type === 'put' ? write.value.length : 0), 0))
    for (const write of writes) {
      this.#replace(write.key)
      this.#keys.push(write.key)
      this.#sizes.push(write.type === 'put' ? write.value.length : DELETED)
      if (write.type === 'delete') continue
      this.#bytes.set(write.value, this.#used)
      this.#used += write.value.length
    }
  }

  /** Ends the packer: its buffer belongs to the result. */
  finish(): PackedWrites {
    return { keys: this.#keys, sizes: this.#sizes, bytes: this.#bytes.subarray(0, this.#used) }
  }

  /** The key is written anew, in the next place. */
  #replace(key: string): void {
    const place = this.#places.get(key)
    this.#places.set(key, this.#keys.length)
    if (place === undefined) return
    const size = defined(this.#sizes[place], 'each key has a size')
    this.#sizes[place] = REPLACED - Math.max(size, 0)
  }

  #reserve(more: number): void {
    const needed = this.#used + more
    if (needed <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length))
    larger.set(this.#bytes.subarray(0, this.#used))
    this.#bytes = larger
  }
}

/** The writes that count, in their order. The values are views of the one buffer. */
export function* unpackWrites({ keys, sizes, bytes }: PackedWrites): Generator<StoreWrite> {
  let offset = 0
  for (const [index, key] of keys.entries()) {
    const size = defined(sizes[index], 'each key has a size')
    if (size === DELETED) yield { type: 'delete', key }
    else if (size <= REPLACED) offset += REPLACED - size
    else {
      yield { type: 'put', key, value: bytes.subarray(offset, offset + size) }
      offset += size
    }
  }
}
