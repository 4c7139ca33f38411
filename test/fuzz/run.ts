import { parseArgs } from 'node:util'
import { bytesEqual, toHex } from '../../src/base/index.ts'
import { installBestBackends } from '../../src/node/crypto/installBestBackends.ts'
import { failuresOf, keep, keepFailure, keptOf, packed, readKept } from './corpus.ts'
import { Coverage } from './coverage.ts'
import { fuzz, type Report } from './fuzzer.ts'
import { lessOf } from './lessOf.ts'
import { smaller } from './smaller.ts'
import type { Target } from './target.ts'
import { TARGETS, tableOf } from './targets/index.ts'

// npm run fuzz -- [--target NAME]... [--seconds N | --runs N] [--seed S] [--keep] [--no-coverage] [--list] [--replay FILE]
//
// Fuzzes every target in turn, or those whose names begin with NAME. What broke a rule is made small and kept as a file that --replay
// takes. With --keep, what reached something new becomes the corpus, as few inputs as reach the same.

const { values } = parseArgs({
  options: {
    target: { type: 'string', multiple: true },
    seconds: { type: 'string' },
    runs: { type: 'string' },
    seed: { type: 'string' },
    keep: { type: 'boolean', default: false },
    'no-coverage': { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
    replay: { type: 'string' },
  },
})
const DEFAULT_SECONDS = 5

await installBestBackends()
const wanted = TARGETS.filter(
  ({ name }) => values.target === undefined || values.target.some(each => name.startsWith(each)),
)
if (values.list) for (const { name } of wanted) console.log(name)
else if (values.replay !== undefined) await replay(values.replay)
else await all()

async function all(): Promise<void> {
  if (wanted.length === 0) throw new Error(`no target begins with ${values.target?.join(' or ')}; --list names them`)
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 32))
  console.log(
    `${wanted.length} targets, --seed ${seed}\n${'target'.padEnd(26)}      runs   runs/s  corpus  new  outcomes  findings`,
  )
  let findings = 0
  for (const target of wanted) findings += await one(target, seed)
  if (findings > 0) process.exitCode = 1
}

async function one(target: Target, seed: number): Promise<number> {
  const coverage = values['no-coverage'] ? undefined : new Coverage()
  const kept = keptOf(target.name)
  const session = { seed, kept: [...kept, ...failuresOf(target.name)], isOver: enough(), ...(coverage && { coverage }) }
  const report = await fuzz(target, session)
  console.log(line(target, report))
  for (const { input, message, stack } of report.findings) {
    const small = await smaller(target, input)
    const file = keepFailure(target.name, small, message)
    console.log(
      `\n${target.name}: ${message}\n${stack.split('\n').slice(1, 6).join('\n')}\n${packed(small).slice(0, 400)}\n--replay ${file}\n`,
    )
  }
  if (values.keep) {
    const few = await lessOf(target, report.pool, coverage)
    if (few.length !== kept.length || few.some((input, at) => !bytesEqual(input, kept[at] ?? new Uint8Array(0)))) {
      keep(target.name, few)
    }
  }
  coverage?.stop()
  const table = tableOf(target.name)
  if (table === undefined) return report.findings.length
  console.log(`  ${table.visited} of the ${table.of} pairs of a state and a message visited`)
  return report.findings.length + (table.of - table.visited)
}

/** When a target had its share. */
function enough(): (runs: number, milliseconds: number) => boolean {
  const { runs: most } = values
  if (most !== undefined) return runs => runs >= Number(most)
  const seconds = Number(values.seconds ?? DEFAULT_SECONDS)
  return (_, milliseconds) => milliseconds >= 1000 * seconds
}

function line({ name }: Target, { runs, milliseconds, pool, fresh, outcomes, findings }: Report): string {
  const speed = Math.round((1000 * runs) / milliseconds)
  const figures = [
    [runs, 10],
    [speed, 9],
    [pool.length, 8],
    [fresh, 5],
    [outcomes, 10],
    [findings.length, 10],
  ] as const
  return name.padEnd(26) + figures.map(([figure, width]) => String(figure).padStart(width)).join('')
}

async function replay(file: string): Promise<void> {
  const { target: name, inputs } = readKept(file)
  const target = TARGETS.find(each => each.name === name)
  if (target === undefined) throw new Error(`${file} names the target '${name}', and there is none`)
  for (const input of inputs) {
    try {
      console.log(`${packed(input).slice(0, 100)}\n  ${await target.judge(input)}`)
    } catch (error) {
      console.log(`${toHex(input)}\n  ${error instanceof Error ? error.stack : error}`)
      process.exitCode = 1
    }
  }
}
