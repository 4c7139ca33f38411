import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Worker } from 'node:worker_threads'
import { hashFailure, readHashes, writeHashes } from './hashes.ts'
import { invariants } from './invariants/index.ts'
import { type Checks, isPlan, type Mode, type Plan } from './plan.ts'
import { randomOf } from './random.ts'
import { runPlan } from './run.ts'
import { type FailedSeed, type SeedJob, type SeedResult, seedPlan } from './seeds.ts'
import { shrink } from './shrink.ts'
import { deedsOf } from './size.ts'
import { COVERAGE_BOUNDS, Coverage, reachable } from './specCoverage.ts'
import { coverageLines, isWhole, seenIn } from './specCoverageLines.ts'
import { story } from './story.ts'
import { useCrypto } from './useCrypto.ts'

// The command line of the seeded world:
//
//   npm run sim -- --seeds 1000 [--seed S] [--mode fast|real] [--nodes N] [--deeds N] [--minutes M] [--jobs J] [--json]
//   npm run sim -- --guided [--seeds N] [--seed S] [--mode fast|real] [--deeds N] [--json]
//   npm run sim -- --compare FILE
//   npm run sim -- --replay FILE

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    mode: { type: 'string', default: 'fast' },
    nodes: { type: 'string' },
    deeds: { type: 'string' },
    minutes: { type: 'string' },
    checks: { type: 'string', default: 'sampled' },
    guided: { type: 'boolean', default: false },
    jobs: { type: 'string', default: String(availableParallelism()) },
    replay: { type: 'string' },
    hashes: { type: 'string' },
    compare: { type: 'string' },
    out: { type: 'string', default: '.' },
    'keep-going': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const HELP = `npm run sim -- [options]

  --seeds N       how many seeds (default 1000)
  --seed S        the first one, any text; the others are S+1, S+2, … where it is a number (default: the time)
  --mode MODE     fast: keys without a curve, for breadth (default). real: secp256k1 and its scripts
  --nodes N       2 to 7 nodes (default: 3)
  --deeds N       what happens in each run (default: the seed chooses, 10 to 40, and 400 in 3 of 100; for a guide 400)
  --checks WHAT   sampled: forks of the world at some commits (default). every: at each of them, which takes minutes
  --guided        leads worlds of two nodes to each state and move of the specification, and ends when none is left
  --minutes M     ends after so long, however many seeds are left
  --jobs J        threads (default: one for each processor)
  --hashes FILE   writes what the seeds told that ran twice, one in a hundred
  --compare FILE  runs the seeds of such a file, on another version of Node: they have to tell the same
  --keep-going    goes on where a rule was broken, and names all such seeds at the end
  --out DIR       where the shortest plan of a failure is written (default: here)
  --json          one object at the end
  --replay FILE   tells the story of a plan, message by message

Ends with 1 where a rule was broken, or where a guide knows no way to what is left.`

const DEEDS_OF_GUIDE = 400
/** Nearly all that a world makes is gone with the next turn: with more room for what is young, less is looked through for what stays. */
const YOUNG_MB = 192
/** What the coverage of the specification is counted in: its states with one HTLC at a time, and with two. */
const COVERED = [{ ...COVERAGE_BOUNDS, htlcs: 1 }, COVERAGE_BOUNDS] as const

if (values.help) console.log(HELP)
else if (values.replay !== undefined) await replay(values.replay)
else await runSeeds()

async function runSeeds(): Promise<void> {
  const kept = values.compare === undefined ? undefined : readHashes(values.compare)
  const again = Object.keys(kept?.hashes ?? {})
  const mode = modeOf(kept?.mode ?? values.mode)
  const count = kept === undefined ? numberOf('seeds', values.seeds) : again.length
  const jobs = Math.max(1, numberOf('jobs', values.jobs))
  const first = values.seed ?? String(Date.now())
  const nodes = kept?.nodes ?? (values.nodes === undefined ? 3 : numberOf('nodes', values.nodes))
  const deeds = kept?.deeds ?? givenDeeds()
  const options = { mode, nodes, checks: checksOf(values.checks) }
  const jobOf = (seed: string) => ({ seed, ...options, deeds: deeds ?? deedsOf(randomOf(seed)) })
  if (!values.json && kept === undefined) console.log(`The first of ${count} seeds is ${first}.`)
  let isLost = false
  const deadline =
    values.minutes === undefined ? Number.POSITIVE_INFINITY : Date.now() + numberOf('minutes', values.minutes) * 60_000
  const started = performance.now()
  const results: SeedResult[] = []
  const twice = new Set<string>()
  const coverages = COVERED.map(bounds => new Coverage(reachable(bounds)))
  let next = 0
  const failures: FailedSeed[] = []
  const take = (): SeedJob | undefined => {
    if (next >= count || (failures.length > 0 && !values['keep-going']) || Date.now() > deadline) return undefined
    if (values.guided && (isLost || coverages.every(isWhole))) return undefined
    const seed = again[next] ?? (/^\d+$/.test(first) ? String(BigInt(first) + BigInt(next)) : `${first}-${next}`)
    // Every hundredth runs twice: both must tell the same.
    const isTwice = kept === undefined && next % 100 === 0
    next += 1
    if (isTwice) twice.add(seed)
    return { ...jobOf(seed), isTwice, ...(values.guided && { guided: seenIn(coverages) }) }
  }
  const report = (result: SeedResult) => {
    results.push(result)
    for (const coverage of coverages) coverage.merge(result.covered)
    const failure = result.failure ?? (kept && hashFailure(kept, result))
    if (failure !== undefined) failures.push({ ...result, failure })
    if (failure !== undefined && values['keep-going'] && !values.json) console.log(brokenLine({ ...result, failure }))
    if (result.plan?.deeds.length === 0) isLost = true
    if (!values.json && (results.length % 50 === 0 || result.failure !== undefined))
      console.log(progress(results.length, count, started))
  }
  await Promise.all(Array.from({ length: Math.min(jobs, count) }, () => work(mode, take, report)))
  const seconds = (performance.now() - started) / 1000
  if (values.hashes !== undefined) {
    const about = { mode, nodes, ...(deeds !== undefined && { deeds }) }
    const told = results.filter(({ seed }) => twice.has(seed))
    writeHashes(values.hashes, about, told)
  }
  const figures = { ...sums(results), ...paceOf(results.length, seconds) }
  const [failed] = failures
  if (values['keep-going'] && failed !== undefined) tellFailures(failures, results.length, figures)
  else if (failed !== undefined) await tellFailure(failed, results.length, seconds, jobOf(failed.seed))
  else if (values.json)
    console.log(
      JSON.stringify({
        seedsRun: results.length,
        seconds,
        failed: false,
        ...figures,
        specification: coverages.map(({ shares }, index) => ({ htlcs: COVERED[index]?.htlcs, ...shares })),
      }),
    )
  else {
    console.log(`${progress(results.length, count, started)}. No rule was broken.`)
    console.log(JSON.stringify(figures))
    for (const [index, { shares }] of coverages.entries()) {
      const { htlcs } = COVERED[index] ?? COVERAGE_BOUNDS
      for (const line of coverageLines(htlcs, shares)) console.log(line)
    }
  }
  if (isLost && !coverages.every(isWhole)) process.exitCode = 1
}

/** One thread, which asks for one seed after the other. */
function work(mode: Mode, take: () => SeedJob | undefined, report: (result: SeedResult) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { mode },
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    })
    const give = () => {
      const job = take()
      if (job !== undefined) worker.postMessage(job)
      else {
        resolve()
        void worker.terminate()
      }
    }
    worker.on('message', (result: SeedResult) => {
      report(result)
      give()
    })
    worker.on('error', reject)
    give()
  })
}

function brokenLine({ seed, failure: { rule, message } }: FailedSeed): string {
  return `Seed ${seed} breaks a rule.  ${rule}: ${message}`
}

/** All of a long run; none is made shorter, since each is a command away. */
function tellFailures(failures: readonly FailedSeed[], seedsRun: number, figures: object): void {
  process.exitCode = 1
  if (values.json) {
    const broken = failures.map(({ seed, failure: { rule, message } }) => ({ seed, rule, message }))
    console.log(JSON.stringify({ seedsRun, failed: true, broken, ...figures }))
    return
  }
  console.log(`\n${failures.length} of ${seedsRun} seeds broke a rule. The shortest plan of one: --seeds 1 --seed S`)
  for (const failure of failures) console.log(`  ${brokenLine(failure)}`)
  console.log(JSON.stringify(figures))
}

async function tellFailure(
  { seed, failure, plan: guided }: FailedSeed,
  seedsRun: number,
  seconds: number,
  job: Omit<SeedJob, 'isTwice' | 'guided'>,
): Promise<void> {
  process.exitCode = 1
  if (values.json) {
    console.log(JSON.stringify({ seedsRun, seconds, failed: true, seed, rule: failure.rule, message: failure.message }))
    return
  }
  console.log(
    `\nSeed ${seed} breaks a rule.\n  ${failure.rule}: ${failure.message}${failure.stack === undefined ? '' : `\n${failure.stack}`}`,
  )
  console.log('Looking for the shortest plan that does …')
  await useCrypto(job.mode)
  const { plan, trials } = shrink(guided ?? seedPlan(job), candidate => {
    const outcome = runPlan(candidate, world => invariants(world))
    return outcome.failure?.rule === failure.rule
  })
  const file = `${values.out}/sim-${seed}.json`
  writeFileSync(file, `${JSON.stringify(plan, undefined, 1)}\n`)
  console.log(`${plan.deeds.length} deeds are left after ${trials} runs: ${file}`)
  for (const { id, at, deed } of plan.deeds) console.log(`  ${id} after ${at} ms: ${JSON.stringify(deed)}`)
  const last = runPlan(plan, world => invariants(world)).failure
  console.log(`  ${last?.rule}: ${last?.message}\nSee it happen: npm run sim -- --replay ${file}`)
}

async function replay(file: string): Promise<void> {
  const plan: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (!isPlan(plan)) throw new Error(`${file} is not a plan of the simulator`)
  await useCrypto(plan.mode)
  const { failure, traceHash } = runPlan(plan as Plan, world => [
    story(world, line => console.log(line)),
    ...invariants(world),
  ])
  console.log(failure === undefined ? 'No rule is broken.' : `${failure.rule}: ${failure.message}`)
  if (failure?.stack !== undefined) console.log(failure.stack)
  console.log(`trace ${traceHash}`)
  if (failure !== undefined) process.exitCode = 1
}

function progress(done: number, count: number, started: number): string {
  const minutes = (performance.now() - started) / 60_000
  return `${done} of ${count} seeds, ${(done / minutes).toFixed(0)} a minute`
}

/** By the clock on the wall, and by the time of processors: what else runs on the machine shows less in that. */
function paceOf(runs: number, seconds: number): Readonly<Record<string, number>> {
  const { user, system } = process.cpuUsage()
  const cpuSeconds = (user + system) / 1e6
  return {
    seconds: Math.round(seconds),
    cpuSeconds: Math.round(cpuSeconds),
    seedsPerMinute: Math.round((60 * runs) / seconds),
    seedsPerMinuteAndCore: Math.round((60 * runs) / cpuSeconds),
  }
}

/** A guide ends by itself, and goes as far as it is let. */
function givenDeeds(): number | undefined {
  if (values.deeds !== undefined) return numberOf('deeds', values.deeds)
  return values.guided ? DEEDS_OF_GUIDE : undefined
}

function sums(results: readonly SeedResult[]): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {}
  for (const { stats } of results)
    for (const [name, value] of Object.entries(stats)) sum[name] = (sum[name] ?? 0) + value
  return sum
}

function modeOf(name: string): Mode {
  if (name === 'fast' || name === 'real') return name
  throw new Error(`--mode is fast or real, not '${name}'`)
}

function checksOf(name: string): Checks {
  if (name === 'every' || name === 'sampled') return name
  throw new Error(`--checks is every or sampled, not '${name}'`)
}

function numberOf(name: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new Error(`--${name} is a whole number above 0, not '${text}'`)
}
