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

/** Every record whose key begins with `prefix`, or a page of them. */
export interface LoadQuery {
  readonly prefix: string
  readonly page?: Page
}

export type WriterRequest =
  | { readonly type: 'write'; readonly writes: PackedWrites }
  | { readonly type: 'load'; readonly queries: readonly LoadQuery[] }
  | { readonly type: 'close' }

export type WriterReply =
  /** What was asked is done, and durable. */
  | { readonly type: 'done' }
  /** What each query found, in their order. */
  | { readonly type: 'loaded'; readonly found: readonly PackedWrites[] }
  | { readonly type: 'failed'; readonly code: StorageErrorCode; readonly message: string }
