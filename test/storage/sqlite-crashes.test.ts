import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { sqliteStore } from '../../src/storage/index.ts'
import { lastBatch } from './batches.ts'
import { temporaryDirectories } from './temporary.ts'

const CHILD = fileURLToPath(new URL('./writingChild.ts', import.meta.url))
const directory = temporaryDirectories()

/** Lines that a process prints, until it ends. */
async function linesOf(command: string, args: readonly string[], seen: (line: string, kill: () => void) => void) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    seen(line, () => child.kill('SIGKILL'))
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return { lines, signal: child.signalCode }
}

const numbersIn = (lines: readonly string[]): readonly number[] => lines.filter(line => /^\d+$/.test(line)).map(Number)

async function judged(file: string): Promise<number> {
  const store = await sqliteStore({ file })
  const last = await lastBatch(store)
  await store.close()
  return last
}

test('a process killed at any moment leaves all batches that were acknowledged, and each whole or not at all', async () => {
  const file = join(directory(), 'store')
  let acknowledged = -1
  let unacknowledged = 0
  for (let kills = 0; kills < 30; kills++) {
    // From the first word of the child on, which comes before its first batch, to dozens of batches later. Half of the kills
    // come from outside, at any moment; half come in the instant of an acknowledgement, while the next batch is being written.
    const killAfter = kills % 6 === 0 ? 1 : Math.floor(2 + 60 * Math.random())
    const fromInside = kills % 2 === 1 ? [`${killAfter}`] : []
    let lines = 0
    const ended = await linesOf(process.execPath, [CHILD, file, ...fromInside], (_, kill) => {
      if (++lines >= killAfter && fromInside.length === 0) kill()
    })
    expect(ended.signal).toBe('SIGKILL')
    acknowledged = Math.max(acknowledged, ...numbersIn(ended.lines))
    // Not every time, so that a child also finds a log that nobody has put in order.
    if (kills % 3 === 0) continue
    const last = await judged(file)
    expect(last).toBeGreaterThanOrEqual(acknowledged)
    unacknowledged += last - acknowledged
    acknowledged = last
  }
  expect(acknowledged).toBeGreaterThan(200)
  // Some kills came between the sync of a batch and its acknowledgement, so they did come in the middle of the work.
  expect(unacknowledged).toBeGreaterThan(0)
})

describe('a disk that takes no more', () => {
  // The largest file that the child may write, in KiB: first its log reaches that, then the database behind a shorter log.
  test.each([512, 6144])('at %i KiB: the commit rejects, and nothing is done any more', async kibibytes => {
    const file = join(directory(), 'store')
    const limited = ['-c', `ulimit -f ${kibibytes} && exec "$0" "$@"`, process.execPath, CHILD, file]
    const { lines } = await linesOf('bash', limited, () => {})
    const refused = ['store_failed', 'store_failed', 'store_failed']
    expect(lines.at(-1)).toBe(JSON.stringify({ ends: refused, after: refused.slice(1) }))
    const acknowledged = Math.max(...numbersIn(lines))
    expect(acknowledged).toBeGreaterThan(5)
    expect(await judged(file)).toBeGreaterThanOrEqual(acknowledged)
  })
})
