/** What keeps a program from its data, or ends it: a new start with something put right is what helps. */
export type StorageErrorCode =
  /** Another process works with this data directory. */
  | 'directory_in_use'
  /** Other users of this computer could read the data directory. */
  | 'directory_not_private'
  /** The file is open in another process, or a second time in this one. */
  | 'store_in_use'
  /** The file is no store of Bookend. */
  | 'not_a_store'
  /** A later version of Bookend made the store. */
  | 'newer_schema'
  /** The store was made by other migrations than those that this program knows by their numbers. */
  | 'altered_migration'
  /** A write or a sync failed, or the writer ended: what was asked last may be durable or not. */
  | 'store_failed'
  /** Asked of a store after its end. */
  | 'store_closed'
  /** There is a seed already: it is never replaced. */
  | 'seed_exists'

export class StorageError extends Error {
  override readonly name = 'StorageError'
  readonly code: StorageErrorCode
  constructor(code: StorageErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
