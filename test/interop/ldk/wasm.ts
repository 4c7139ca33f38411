import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { initializeWasmFromBinary } from 'lightningdevkit'
import * as bindings from 'lightningdevkit/bindings.mjs'

// LDK is WebAssembly: it is loaded once, in the one process that it has for itself.

/** Grown once at the start: where the heap is small, the library asks the garbage collector for room again and again. */
const HEAP_BYTES = 512 * 1024 * 1024

/** What the package exports, and leaves out of its types. */
interface Heap {
  readonly encodeUint8Array: (bytes: Uint8Array) => number
  readonly freeWasmMemory: (pointer: number) => void
}

const heap = bindings as unknown as Heap

export async function loadLdk(): Promise<void> {
  const binary = createRequire(import.meta.url).resolve('lightningdevkit/liblightningjs.wasm')
  await initializeWasmFromBinary(readFileSync(binary))
  heap.freeWasmMemory(heap.encodeUint8Array(new Uint8Array(HEAP_BYTES)))
}
