// storage: where records survive: in memory, or in a file of SQLite. Every store implements the `Store` port.
// It must not know what the records mean. Start reading at memory.ts, then sqliteStore.ts.
export { type DataDirectory, openDataDirectory } from './dataDirectory.ts'
export { type MemoryStore, memoryStore } from './memory.ts'
export { type SqliteStoreOptions, sqliteStore } from './sqliteStore.ts'
export { StorageError, type StorageErrorCode } from './storageError.ts'
