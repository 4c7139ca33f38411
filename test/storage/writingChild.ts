// A process that writes batches to the store of its first argument until it is killed or something fails. It prints the number
// of each batch when it is durable; the end, when it has one of its own, as a line of JSON. With a second argument it kills
// itself in the instant in which it has printed so many numbers.
import { writeSync } from 'node:fs'
import { sqliteStore } from '../../src/storage/index.ts'
import { batch, lastBatch } from './batches.ts'

const [file = '', killAfter] = process.argv.slice(2)
const WAITING_AT_ONCE = 3

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : String(error))

const moment = new Int32Array(new SharedArrayBuffer(4))

/** At once, since the process may be killed in the next instant; a parent that is slow to read is waited for. */
function say(line: string): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`)
      return
    } catch (error) {
      if (codeOf(error) !== 'EAGAIN') throw error
      Atomics.wait(moment, 0, 0, 1)
    }
  }
}

const store = await sqliteStore({ file })
let next = (await lastBatch(store)) + 1
let printed = 0
say('open')

async function write(): Promise<void> {
  for (;;) {
    const number = next++
    await store.commit(batch(number))
    say(`${number}`)
    if (++printed === Number(killAfter)) process.kill(process.pid, 'SIGKILL')
  }
}

const ends = await Promise.allSettled(Array.from({ length: WAITING_AT_ONCE }, write))
const after = await Promise.allSettled([store.commit(batch(next)), store.load('')])
await store.close()
const codes = (results: readonly PromiseSettledResult<unknown>[]) =>
  results.map(result => (result.status === 'rejected' ? codeOf(result.reason) : 'fine'))
say(JSON.stringify({ ends: codes(ends), after: codes(after) }))
