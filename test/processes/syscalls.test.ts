import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { cleanUp, newFolder } from '../cli/regtestProcess.ts'
import { randomFrom } from './random.ts'
import { killAlices } from './syscallsAlice.ts'
import { type Case, type Ended, liveOnce, liveWith, type Milestones, wordsOf } from './syscallsCase.ts'
import { straceTrouble } from './syscallsStrace.ts'
import { SmallTown } from './syscallsTown.ts'

// Each write, sync, rename and removal of a channel's life, killed and failed: the process and its disk are real, and strace comes
// between them. BOOKEND_SYSCALLS says how many of them, `all`, or which ones, by the
// first of the words in which a failure names them: `pay fsync`.

afterAll(() => {
  killAlices()
  cleanUp()
})

const { BOOKEND_SYSCALLS: wanted = '10', BOOKEND_SEED, CI } = process.env
const SEED = Number(BOOKEND_SEED ?? 1 + Math.floor(Math.random() * 1_000_000))
/** Of one life with one fault. A busy machine takes some seconds for it. */
const LIMIT_MS = 120_000
/** More of them than this are worth a second town beside the first. */
const ENOUGH_FOR_TWO = 40
/** Long runs say how far they are. */
const TOLD_EVERY = 25

const trouble = straceTrouble()
if (trouble !== undefined) console.warn(`The disk of a real process is not tried: ${trouble}.`)

// Nobody misses this test by chance where it counts.
test.skipIf(trouble !== undefined && CI === undefined)(
  `nothing is lost when a write or a sync is the last, or fails (BOOKEND_SYSCALLS=${wanted}, BOOKEND_SEED=${SEED})`,
  async () => {
    expect(trouble).toBeUndefined()
    const logs = newFolder()
    const { town, first } = await SmallTown.found(1, randomFrom(SEED))
    const { milestones, cases } = await liveOnce(town, first, logs)
    const queue = [...chosen(cases)]
    expect(queue).not.toEqual([])
    const report = newReport(queue.length)
    const lanes = [tryAll(town, milestones, queue, join(logs, 'first'), report)]
    if (queue.length > ENOUGH_FOR_TWO) {
      const second = await SmallTown.found(2, randomFrom(SEED + 1))
      const lived = await liveOnce(second.town, second.first, undefined)
      lanes.push(tryAll(second.town, lived.milestones, queue, join(logs, 'second'), report))
    }
    await Promise.all(lanes)
    console.log(report.text())
    expect(report.problems).toEqual([])
  },
  7_200_000,
)

/** Spread over the whole life, from a place that the seed says. */
function chosen(cases: readonly Case[]): readonly Case[] {
  if (wanted === 'all') return cases
  const count = Number(wanted)
  if (Number.isNaN(count)) return cases.filter(one => `${wordsOf(one)} `.startsWith(`${wanted} `))
  const stride = cases.length / Math.min(count, cases.length)
  const start = randomFrom(SEED).next() * stride
  return cases.filter((_, index) => Math.floor((index - start) / stride) !== Math.floor((index - 1 - start) / stride))
}

async function tryAll(
  town: SmallTown,
  milestones: Milestones,
  queue: Case[],
  log: string,
  report: Report,
): Promise<void> {
  for (let tried = queue.shift(); tried !== undefined; tried = queue.shift()) {
    const words = wordsOf(tried)
    const timer = setTimeout(() => town.giveUp(`not over after ${LIMIT_MS} ms`), LIMIT_MS)
    try {
      report.add(tried, await liveWith(town, milestones, tried, log))
    } catch (error) {
      report.addProblem(`BOOKEND_SYSCALLS='${words}': ${error instanceof Error ? error.message : error}`)
    } finally {
      clearTimeout(timer)
    }
  }
  await town.end()
}

interface Report {
  readonly problems: string[]
  add(tried: Case, ended: Ended): void
  addProblem(problem: string): void
  text(): string
}

function newReport(total: number): Report {
  const counts = new Map<string, number>()
  const sentences = new Map<string, number>()
  const problems: string[] = []
  let tried = 0
  const done = (): void => {
    tried += 1
    if (tried % TOLD_EVERY === 0) console.log(`${tried} of ${total}, ${problems.length} of them with a problem`)
  }
  const count = (map: Map<string, number>, key: string) => map.set(key, (map.get(key) ?? 0) + 1)
  return {
    problems,
    add({ act, call, path, fault }, { outcome, sentence }) {
      done()
      const what = fault === 'kill' ? 'kill' : fault.errno
      count(counts, `${act} ${call} ${what}: ${outcome}`)
      if (outcome === 'unmoved') count(sentences, `(lived on, at ${call} ${path} in ${act})`)
      if (sentence !== undefined) count(sentences, sentence.replaceAll(/\S*\/alice\//g, ''))
    },
    addProblem(problem) {
      done()
      console.log(problem)
      problems.push(problem)
    },
    text: () =>
      [`${total} faults, seed ${SEED}`, ...[...counts, ...sentences].map(([key, times]) => `${times} × ${key}`)].join(
        '\n',
      ),
  }
}
