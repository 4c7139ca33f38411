// storage: where records survive. For now in memory; every store implements the `Store` port.
// It must not know what the records mean. Start reading at memory.ts.
export { type MemoryStore, memoryStore } from './memory.ts'
