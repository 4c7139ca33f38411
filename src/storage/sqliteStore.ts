import { assert, defined } from '../base/index.ts'
import type { Page, Store, StoreWrite } from '../ports/index.ts'
import { MIGRATIONS } from './migrations.ts'
import { unpackWrites, WritePacker } from './packedWrites.ts'
import type { LoadQuery, WriterReply, WriterRequest } from './sqliteMessages.ts'
import { StorageError } from './storageError.ts'
import { startWriter, type WriterThread } from './writerThread.ts'

export interface SqliteStoreOptions {
  /** Made where there is none. Nothing else in this process opens it: closing it again would take our lock away. */
  readonly file: string
}

/**
 * A store in one SQLite file, written by a thread of its own.
 *
 * A commit that has resolved is durable: appended to the log, and synced. Commits that are asked for while another one is
 * being written go into the next transaction together, so load makes its own batches; each is still all or nothing, in the
 * order in which they were asked for. What is asked to load in the same while is asked of the writer in one go as well, and
 * finds what was asked to be stored before it. At the first failure everything rejects with a `StorageError`, for good.
 *
 * Rejects with a `StorageError` when the file is open elsewhere, is no store, or has a schema that we do not know.
 */
export async function sqliteStore({ file }: SqliteStoreOptions): Promise<Store> {
  const store = new SqliteStore(file)
  await store.opened
  return store
}

type GoodReply = Exclude<WriterReply, { readonly type: 'failed' }>

interface Waiting {
  readonly resolve: (reply: GoodReply) => void
  readonly reject: (reason: StorageError) => void
}

/** What the writer is asked in one go, and everyone who waits for the answer: several where it is a group. */
interface Job {
  readonly work: GroupOfCommits | GroupOfLoads | Exclude<WriterRequest, { readonly type: 'write' | 'load' }>
  readonly waiting: Waiting[]
}

interface GroupOfCommits {
  readonly type: 'group'
  readonly packer: WritePacker
}

/** Each is for the one who waits at the same place. */
interface GroupOfLoads {
  readonly type: 'load'
  readonly queries: LoadQuery[]
}

/** A commit that comes after them waits for no more than these. */
const MOST_LOADS = 100

const PRINTABLE_ASCII = /^[\x20-\x7e]*$/

class SqliteStore implements Store {
  /** Resolves when the file is open. */
  readonly opened: Promise<unknown>
  readonly #writer: WriterThread
  /** Who waits for what the writer is doing now, which is opening the file at first. */
  #current: Waiting[] | undefined
  #queue: Job[] = []
  /** Why nothing more is taken. */
  #refusal: StorageError | undefined
  #failed = false
  #closed: Promise<void> | undefined

  constructor(file: string) {
    const opening: Waiting[] = []
    this.#current = opening
    this.opened = answerTo(opening)
    this.#writer = startWriter({ file, migrations: MIGRATIONS }, reply => this.#take(reply))
  }

  load(prefix: string): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#load({ prefix })
  }

  loadPage(prefix: string, page: Page): Promise<ReadonlyMap<string, Uint8Array>> {
    return this.#load({ prefix, page })
  }

  async #load(query: LoadQuery): Promise<ReadonlyMap<string, Uint8Array>> {
    assert(PRINTABLE_ASCII.test(query.prefix), 'a key is printable ASCII')
    if (this.#refusal !== undefined) throw this.#refusal
    const last = this.#queue.at(-1)
    const group = last?.work.type === 'load' && last.work.queries.length < MOST_LOADS ? last.work : undefined
    const queries = group?.queries ?? []
    const place = queries.push(query) - 1
    const reply = await (last !== undefined && group !== undefined
      ? answerTo(last.waiting)
      : this.#ask({ type: 'load', queries }))
    assert(reply.type === 'loaded', 'what is asked to load answers with records')
    const records = new Map<string, Uint8Array>()
    for (const record of unpackWrites(defined(reply.found[place], 'each query has an answer'))) {
      // Copies, so that one record does not keep all of the others in memory.
      if (record.type === 'put') records.set(record.key, record.value.slice())
    }
    return records
  }

  async commit(writes: readonly StoreWrite[]): Promise<void> {
    for (const { key } of writes) assert(PRINTABLE_ASCII.test(key), 'a key is printable ASCII')
    if (this.#refusal !== undefined) throw this.#refusal
    if (writes.length === 0) return
    const last = this.#queue.at(-1)
    if (last?.work.type === 'group') {
      last.work.packer.add(writes)
      await answerTo(last.waiting)
    } else {
      const packer = new WritePacker()
      packer.add(writes)
      await this.#ask({ type: 'group', packer })
    }
  }

  /** Resolves when everything that was asked before is done and the file is closed; after a failure, when the writer is gone. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    if (this.#refusal === undefined) {
      const answer = this.#ask({ type: 'close' })
      this.#refusal = new StorageError('store_closed', 'The store is closed.')
      await answer
    }
    await this.#writer.ended
  }

  async #ask(work: Job['work']): Promise<GoodReply> {
    if (this.#refusal !== undefined) throw this.#refusal
    const waiting: Waiting[] = []
    this.#queue.push({ work, waiting })
    // Not at once: commits of the same instant share a transaction.
    queueMicrotask(() => this.#next())
    return answerTo(waiting)
  }

  #next(): void {
    if (this.#current !== undefined) return
    const job = this.#queue.shift()
    if (job === undefined) return
    this.#current = job.waiting
    this.#writer.send(job.work.type === 'group' ? { type: 'write', writes: job.work.packer.finish() } : job.work)
  }

  #take(reply: WriterReply): void {
    if (reply.type === 'failed') {
      this.#fail(new StorageError(reply.code, reply.message))
      return
    }
    // A thread that breaks may say so before its last answers come in.
    if (this.#failed) return
    const waiting = defined(this.#current, 'the writer answers what it is asked')
    this.#current = undefined
    for (const { resolve } of waiting) resolve(reply)
    this.#next()
  }

  /** What was being written may be durable or not, and nobody can tell from here: so nothing is done any more. */
  #fail(reason: StorageError): void {
    this.#failed = true
    this.#refusal ??= reason
    const disappointed = [this.#current ?? [], ...this.#queue.map(job => job.waiting)].flat()
    this.#current = undefined
    this.#queue = []
    for (const { reject } of disappointed) reject(reason)
  }
}

function answerTo(waiting: Waiting[]): Promise<GoodReply> {
  return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
}
