// storage: where things survive: the records, in memory or in a file of SQLite; the seed; the directory of both, and its lock.
// It must not know what the records mean. Every store implements the `Store` port. Start reading at sqliteStore.ts.
export { type DataDirectory, openDataDirectory } from './dataDirectory.ts'
export { type MemoryStore, memoryStore } from './memory.ts'
export type { SeedFailure, SeedProtection } from './sealedSeed.ts'
export { createSeedFile, readSeedFile } from './seedFile.ts'
export { type SqliteStoreOptions, sqliteStore } from './sqliteStore.ts'
export { StorageError, type StorageErrorCode } from './storageError.ts'
