/** One record put or deleted. Keys are printable ASCII, such as `channel/<id>/head`. */
export type StoreWrite =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }

/** Which of the records under a prefix: keys between the two, neither of them included. */
export interface Page {
  readonly after?: string
  readonly before?: string
  readonly limit: number
  /** The highest keys first. */
  readonly backwards?: boolean
}

/**
 * Where records survive the process. One writer; batches are all or nothing, and stored in the order in which they were asked
 * for. The bytes that go in and come out are the caller's: the store keeps its own. `test/storage/storeSuite.ts` says it all.
 */
export interface Store {
  /** Every record whose key begins with `prefix`. */
  load(prefix: string): Promise<ReadonlyMap<string, Uint8Array>>
  /** A page of them, in the order of their keys, or backwards from the newest. */
  loadPage(prefix: string, page: Page): Promise<ReadonlyMap<string, Uint8Array>>
  /** Resolves when all of the writes are durable. Rejects when it is not known that they are: the process must end then. */
  commit(writes: readonly StoreWrite[]): Promise<void>
  close(): Promise<void>
}
