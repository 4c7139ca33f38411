import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { Report, Sample } from './siege.ts'

// A live node under random and changed messages (BOLT 1, BOLT 2, BOLT 8): it neither falls nor grows, it closes the connections that
// it has to close, and pays its honest peer meanwhile. BOOKEND_MALFORMED says how many messages, BOOKEND_SEED which.

const MESSAGES = Number(process.env.BOOKEND_MALFORMED ?? 30_000)
const SEED = Number(process.env.BOOKEND_SEED ?? 1 + Math.floor(Math.random() * 1_000_000))
const SIEGE = fileURLToPath(new URL('./siege.ts', import.meta.url))
/** What counts as flat: what a heap moves by from one collection to the next. A short siege is little more than its own warm-up. */
const MOVES_BY_MB = MESSAGES >= 300_000 ? 6 : 20
/** Of the samples, so many belong to the warm-up. */
const WARM_UP = 0.4

test(`${MESSAGES} malformed messages (BOOKEND_SEED=${SEED})`, async () => {
  const { code, report, errors } = await besiege()
  expect(errors).toBe('')
  expect(code).toBe(0)
  expect(report?.complaints).toEqual([])
  if (report === undefined) throw new Error('the siege ended without a report')
  expect(report.messages).toBeGreaterThanOrEqual(MESSAGES)
  expect(report.visits['before init']).toMatchObject({ closed: report.visits['before init']?.visits })
  expect(report.insider.plays).toBeGreaterThanOrEqual(4)
  for (const { honestPayments, heapMb, channels } of report.samples) {
    expect(honestPayments).toBeGreaterThan(0)
    expect(Number.isFinite(heapMb) && channels > 0).toBe(true)
  }
  expect(heldAfterWarmUp(report.samples)).toBeLessThan(MOVES_BY_MB)
  console.log(JSON.stringify({ ...report, samples: report.samples.map(line) }, null, 1))
}, 7_200_000)

/** By how much the heap at the end exceeds the one after the warm-up, as means of several samples, in megabytes. */
function heldAfterWarmUp(samples: readonly Sample[]): number {
  const warm = samples.slice(Math.floor(samples.length * WARM_UP))
  const half = Math.floor(warm.length / 2)
  const mean = (part: readonly Sample[]) =>
    part.reduce((sum, { heapMb, outsideMb }) => sum + heapMb + outsideMb, 0) / part.length
  return mean(warm.slice(half)) - mean(warm.slice(0, half))
}

const line = (sample: Sample): string =>
  Object.entries(sample)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')

interface Ended {
  readonly code: number | null
  readonly report: Report | undefined
  readonly errors: string
}

function besiege(): Promise<Ended> {
  const child = spawn(process.execPath, ['--expose-gc', SIEGE, `${MESSAGES}`, `${SEED}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let [out, errors] = ['', '']
  child.stdout.on('data', bytes => {
    out += String(bytes)
  })
  child.stderr.on('data', bytes => {
    errors += String(bytes)
  })
  return new Promise(done => {
    child.once('close', code => {
      const last = out.trim().split('\n').at(-1) ?? ''
      const report: Report | undefined = last.startsWith('{"report"') ? JSON.parse(last).report : undefined
      done({ code, report, errors })
    })
  })
}
