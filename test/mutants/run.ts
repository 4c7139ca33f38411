import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { CLASSES } from './classes.ts'
import { type Kept, keptOf, type Results, readResults, rowHash, writeResults } from './kept.ts'
import type { Mutant } from './mutant.ts'
import { MARKERS, sentenceOf, summaryOf, tableOf, withTable } from './report.ts'
import { MUTANTS } from './table.ts'
import { runTrial, type Trial } from './trial.ts'

// Runs the seeded world with each mutant, until a rule of it breaks or the seeds are through. First a few seeds for all, then more for those
// that live: so most of the table is there soon.

const HELP = `node test/mutants/run.ts [options] [-- what the world is told besides]

  --seeds N     for each mutant at most (20000)
  --seed S      the first of them (1)
  --jobs N      worlds at once (1)
  --only IDS    these mutants alone, with commas between
  --again       forget what is known of them
  --world FILE  another program that runs seeds (test/mutants/world.ts)
  --results F   where what is known is kept (test/mutants/results.json)
  --plans DIR   where what kills them is kept (test/mutants/plans)
  --document F  whose table is written (docs/simulator.md)
  --table       write the table from what is known, and run nothing`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    only: { type: 'string' },
    again: { type: 'boolean', default: false },
    world: { type: 'string', default: 'test/mutants/world.ts' },
    results: { type: 'string', default: 'test/mutants/results.json' },
    plans: { type: 'string', default: 'test/mutants/plans' },
    document: { type: 'string', default: 'docs/simulator.md' },
    table: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

/** Of the world: what it takes by far the longest to do, also on a machine that others use. */
const LONGEST_SEED_MS = 60_000
const LONGEST_START_MS = 120_000
/** How many seeds all have survived before some are given more. */
const ROUNDS: readonly number[] = [20, 100, 500, 2_000]
/** Of the code as it is: where these find something, the rest would say nothing. */
const SEEDS_WITHOUT_MUTANT = 5

const root = new URL('../../', import.meta.url)
const pathOf = (name: string): string => fileURLToPath(new URL(name, root))
const [seeds, firstSeed, jobs] = [whole('seeds'), whole('seed'), whole('jobs')]
const world = [values.world, ...positionals]
const chosen = values.only?.split(',')
const mutants = MUTANTS.filter(({ id }) => chosen === undefined || chosen.includes(id))
let results: Results = readResults(pathOf(values.results))
/** Seeds that are known to go well without a mutant. */
const good = new Set<string>()

if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const strangers = (chosen ?? []).filter(id => mutants.every(mutant => mutant.id !== id))
  if (strangers.length > 0) return giveUp(`there is no mutant ${strangers.join(', ')}.`)
  if (!values.table) {
    if (!existsSync(pathOf(values.world))) return giveUp(`there is no ${values.world} that could run seeds.`)
    if (values.again) results = Object.fromEntries(Object.entries(results).filter(([id]) => !isChosen(id)))
    const bare = await runTrial({
      world,
      firstSeed,
      seeds: Math.min(seeds, SEEDS_WITHOUT_MUTANT),
      limitMs: limitMs(SEEDS_WITHOUT_MUTANT),
    })
    if (bare.type !== 'survived') return giveUp(`without a mutant the world already ends so: ${inWords(bare)}`)
    for (let i = 0; i < Math.min(seeds, SEEDS_WITHOUT_MUTANT); i++) good.add(goodKey({}, `${firstSeed + i}`))
    for (const round of [...ROUNDS.filter(each => each < seeds), seeds]) await runRound(round)
  }
  writeTable()
  const summary = summaryOf(mutants.map(judge))
  console.log(sentenceOf(summary))
  if (summary.killed < mutants.length) process.exitCode ||= 1
}

function isChosen(id: string): boolean {
  return mutants.some(mutant => mutant.id === id)
}

function goodKey({ plan }: Pick<Mutant, 'plan'>, seed: string): string {
  return `${seed} ${JSON.stringify(plan)}`
}

function worldOf({ plan }: Mutant): readonly string[] {
  return plan === undefined ? world : [...world, '--plan', JSON.stringify(plan)]
}

/** Each that lives and has seen fewer seeds than this. */
async function runRound(upTo: number): Promise<void> {
  const due = mutants.filter(mutant => {
    const kept = keptOf(results, mutant, firstSeed)
    return kept === undefined || (kept.outcome === 'alive' && kept.seedsRun < upTo)
  })
  const work = async () => {
    for (let mutant = due.shift(); mutant !== undefined; mutant = due.shift()) await tryOn(mutant, upTo)
  }
  await Promise.all(Array.from({ length: Math.max(jobs, 1) }, work))
}

async function tryOn(mutant: Mutant, upTo: number): Promise<void> {
  const survived = keptOf(results, mutant, firstSeed)?.seedsRun ?? 0
  const left = upTo - survived
  const run = { world: worldOf(mutant), firstSeed: firstSeed + survived, seeds: left, limitMs: limitMs(left) }
  const trial = await confirmed(mutant, await runTrial({ mutant, ...run }))
  console.log(`${mutant.id}: ${inWords(trial, survived, upTo)}`)
  if (trial.type === 'broken') {
    // Nothing was learned, and whoever reads the exit code is to know.
    process.exitCode = 2
    return
  }
  results = { ...results, [mutant.id]: keepOf(mutant, trial, { survived, upTo }) }
  writeResults(pathOf(values.results), results)
  if (trial.type === 'killed' && trial.plan !== undefined)
    writeFileSync(`${pathOf(values.plans)}/${mutant.id}.json`, `${JSON.stringify(trial.plan)}\n`)
}

/** A kill is the mutant's only where its seed goes well without it. */
async function confirmed(mutant: Mutant, trial: Trial): Promise<Trial> {
  if (trial.type !== 'killed' || good.has(goodKey(mutant, trial.seed))) return trial
  const bare = await runTrial({ world: worldOf(mutant), firstSeed: Number(trial.seed), seeds: 1, limitMs: limitMs(1) })
  if (bare.type === 'survived') {
    good.add(goodKey(mutant, trial.seed))
    return trial
  }
  return { type: 'broken', why: `seed ${trial.seed} ends without the mutant, too: ${inWords(bare)}` }
}

function keepOf(
  mutant: Mutant,
  trial: Exclude<Trial, { type: 'broken' }>,
  { survived, upTo }: { readonly survived: number; readonly upTo: number },
): Kept {
  const base = { row: rowHash(mutant), firstSeed }
  if (trial.type === 'survived') return { ...base, seedsRun: upTo, outcome: 'alive' }
  if (trial.type === 'endless') return { ...base, seedsRun: upTo, outcome: 'endless', rule: 'every run ends' }
  const { seedsRun, seed, rule, message } = trial
  return {
    ...base,
    seedsRun: survived + seedsRun,
    outcome: 'killed',
    seed,
    rule,
    message: message.split('\n')[0] ?? '',
  }
}

function writeTable(): void {
  const table = tableOf(MUTANTS.map(judge), CLASSES)
  const path = pathOf(values.document)
  const next = existsSync(path) ? withTable(readFileSync(path, 'utf8'), table) : undefined
  if (next !== undefined) writeFileSync(path, next)
  else console.log(`${table}\n\n${values.document} has no place for this table: put ${MARKERS} into it.`)
}

function judge(mutant: Mutant) {
  const kept = keptOf(results, mutant, firstSeed)
  return kept === undefined ? { mutant } : { mutant, kept }
}

function inWords(trial: Trial, survived = 0, upTo = 0): string {
  switch (trial.type) {
    case 'survived':
      return `alive after ${upTo} seeds`
    case 'killed':
      return `killed after ${survived + trial.seedsRun} seeds, in seed ${trial.seed}: ${trial.rule}: ${trial.message.split('\n')[0]}`
    case 'endless':
      return `endless, within ${upTo} seeds`
    case 'broken':
      return trial.why
  }
}

function limitMs(count: number): number {
  return LONGEST_START_MS + count * LONGEST_SEED_MS
}

function whole(name: 'seeds' | 'seed' | 'jobs'): number {
  const value = Number(values[name])
  if (!Number.isSafeInteger(value) || value < 1)
    giveUp(`--${name} expects a whole number above 0, got ${values[name]}.`)
  return value
}

function giveUp(complaint: string): never {
  console.error(`error: ${complaint}`)
  process.exit(2)
}
