// The thread that writes a store, so that syncs of the disk hold up nobody else. It is started by writerThread.ts, which says
// which file to open. It ends when it is told to close, and at the first thing that fails.
import { parentPort, workerData } from 'node:worker_threads'
import { defined, unreachable } from '../base/index.ts'
import { openSqliteDatabase, type SqliteDatabase } from './sqliteDatabase.ts'
import type { WriterOptions, WriterReply, WriterRequest } from './sqliteMessages.ts'
import { StorageError } from './storageError.ts'

const port = defined(parentPort ?? undefined, 'the writer of a store is started as a thread')
// writerThread.ts wrote it, and has it typed.
const { file, migrations } = workerData as WriterOptions
let ended = false

attempt(() => {
  const database = openSqliteDatabase(file, migrations)
  port.on('message', (request: WriterRequest) => attempt(() => answer(database, request)))
  reply({ type: 'done' })
})

function answer(database: SqliteDatabase, request: WriterRequest): void {
  switch (request.type) {
    case 'write':
      database.write(request.writes)
      reply({ type: 'done' })
      // After the answer, because nobody needs to wait for it.
      database.tidy()
      break
    case 'load':
      reply({ type: 'loaded', found: request.queries.map(({ prefix, page }) => database.load(prefix, page)) })
      break
    case 'close':
      database.close()
      reply({ type: 'done' })
      end()
      break
    default:
      unreachable(request)
  }
}

/** Does one part of the work. When it fails nothing more is done: what the disk holds is for the next start to find out. */
function attempt(work: () => void): void {
  if (ended) return
  try {
    work()
  } catch (error) {
    if (error instanceof StorageError) reply({ type: 'failed', code: error.code, message: error.message })
    else
      reply({
        type: 'failed',
        code: 'store_failed',
        message: `${file} failed: ${error}. A new start finds what is durable.`,
      })
    end()
  }
}

function reply(message: WriterReply): void {
  port.postMessage(message, message.type === 'loaded' ? message.found.map(({ bytes }) => bytes.buffer) : [])
}

/** Without its port the thread has nothing left to wait for. */
function end(): void {
  ended = true
  port.close()
}
