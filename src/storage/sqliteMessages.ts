import type { Page } from '../ports/index.ts'
import type { Migration } from './migrations.ts'
import type { PackedWrites } from './packedWrites.ts'
import type { StorageErrorCode } from './storageError.ts'

// What a store and its writer say to each other. Each request is answered before the next one is sent; the writer's first
// word, `done` or `failed`, is about the opening. After `failed` it is gone.

/** What the writer starts with. */
export interface WriterOptions {
  readonly file: string
  readonly migrations: readonly Migration[]
}

export type WriterRequest =
  | { readonly type: 'write'; readonly writes: PackedWrites }
  | { readonly type: 'load'; readonly prefix: string; readonly page?: Page }
  | { readonly type: 'close' }

export type WriterReply =
  /** What was asked is done, and durable. */
  | { readonly type: 'done' }
  | { readonly type: 'loaded'; readonly records: PackedWrites }
  | { readonly type: 'failed'; readonly code: StorageErrorCode; readonly message: string }
