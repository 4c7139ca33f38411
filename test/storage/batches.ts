import type { Store, StoreWrite } from '../../src/ports/index.ts'

// Numbered batches, so that what is left of them after an end without warning can be judged: a child process writes them, the
// test reads what it left.

/** Records of a batch. Each batch writes records of its own, and the same ones as all others. */
const PARTS = 4
const VALUE_BYTES = 600

export function batch(number: number): readonly StoreWrite[] {
  const value = new Uint8Array(VALUE_BYTES).fill(number & 0xff)
  new DataView(value.buffer).setUint32(0, number)
  return Array.from({ length: PARTS }, (_, part): readonly StoreWrite[] => [
    { type: 'put', key: `batch/${String(number).padStart(8, '0')}/${part}`, value },
    { type: 'put', key: `shared/${part}`, value },
  ]).flat()
}

/**
 * The number of the last batch that is there, or -1. Throws where a batch is there in part, where one is missing before it, or
 * where the shared records are not all of the last batch.
 */
export async function lastBatch(store: Store): Promise<number> {
  const records = await store.load('batch/')
  const parts = new Map<number, number>()
  for (const [key, value] of records) {
    const number = Number(key.split('/')[1])
    if (numberIn(value) !== number || value.length !== VALUE_BYTES) throw new Error(`${key} holds other bytes`)
    parts.set(number, (parts.get(number) ?? 0) + 1)
  }
  for (const [number, count] of parts) {
    if (count !== PARTS) throw new Error(`batch ${number} is there in part: ${count} of ${PARTS} records`)
    if (number >= parts.size) throw new Error(`a batch before ${number} is missing`)
  }
  const last = parts.size - 1
  const shared = [...(await store.load('shared/')).values()]
  if (shared.length !== (last < 0 ? 0 : PARTS)) throw new Error(`${shared.length} shared records`)
  for (const value of shared)
    if (numberIn(value) !== last) throw new Error(`a shared record is of ${numberIn(value)}, not ${last}`)
  return last
}

const numberIn = (value: Uint8Array): number => new DataView(value.buffer, value.byteOffset).getUint32(0)
