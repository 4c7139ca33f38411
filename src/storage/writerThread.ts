import { Worker } from 'node:worker_threads'
import type { WriterOptions, WriterReply, WriterRequest } from './sqliteMessages.ts'

/** The near end of the thread that writes a store. */
export interface WriterThread {
  send(request: WriterRequest): void
  /** Resolves when the thread is gone. */
  readonly ended: Promise<void>
}

/**
 * Starts the thread. `listen` gets its answers in the order of the requests; the first one, unasked, says whether the file is
 * open. However the thread ends, the last one is `failed`.
 */
export function startWriter(options: WriterOptions, listen: (reply: WriterReply) => void): WriterThread {
  // The compiler leaves names in strings alone, so the thread's file has the ending of this one: .ts in a checkout, .js when
  // published.
  const ending = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
  const worker = new Worker(new URL(`./sqliteWriter${ending}`, import.meta.url), {
    name: 'bookend store',
    workerData: options,
    // Flags of the main program may be wrong for a file of ours, such as those of `node --eval`.
    execArgv: [],
  })
  const fail = (message: string) => listen({ type: 'failed', code: 'store_failed', message })
  worker.on('message', listen)
  worker.on('error', error => fail(`The writer of ${options.file} broke: ${error}.`))
  const ended = new Promise<void>(resolve => {
    worker.on('exit', () => {
      fail(`The writer of ${options.file} has ended.`)
      resolve()
    })
  })
  return {
    ended,
    send: request => worker.postMessage(request, request.type === 'write' ? [request.writes.bytes.buffer] : []),
  }
}
