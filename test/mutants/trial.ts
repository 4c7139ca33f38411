import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { NOT_PLANTED, planted } from './mutant.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const HOOK = './test/mutants/hook.ts'

export interface TrialOptions {
  /** Without one, the code as it is. */
  readonly mutant?: { readonly id: string; readonly file: string }
  /** The program that runs seeds, from the root of the project, and what it is told besides. */
  readonly world: readonly string[]
  readonly firstSeed: number
  readonly seeds: number
  readonly limitMs: number
}

/** What became of a run of the world. */
export type Trial =
  | { readonly type: 'survived' }
  | {
      readonly type: 'killed'
      readonly seedsRun: number
      readonly seed: string
      readonly rule: string
      readonly message: string
      /** What was run, as far as it takes to see it. */
      readonly plan?: unknown
    }
  /** It did not end in time: so a machine would notice it too, but nobody knows in which seed. */
  | { readonly type: 'endless' }
  /** It says nothing about the mutant. */
  | { readonly type: 'broken'; readonly why: string }

/**
 * Runs `node --import ./test/mutants/hook.ts <world> --seeds N --seed S --jobs 1 --json` with the mutant in its environment. The world is to
 * end with 0 where nothing was found; with 1 and a last line `{"seedsRun":…,"failed":true,"seed":…,"rule":…,"message":…}` otherwise. One seed
 * after the other, so that it says how many it took.
 */
export function runTrial({ mutant, world, firstSeed, seeds, limitMs }: TrialOptions): Promise<Trial> {
  const args = ['--import', HOOK, ...world, '--seeds', `${seeds}`, '--seed', `${firstSeed}`, '--jobs', '1', '--json']
  const env = { ...process.env, BOOKEND_MUTANT: mutant?.id ?? '' }
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said.stdout = (said.stdout + text).slice(-MOST_KEPT)
  })
  let isPlanted = mutant === undefined
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said.stderr += text
    if (mutant !== undefined && said.stderr.includes(planted(mutant))) isPlanted = true
    said.stderr = said.stderr.slice(-MOST_KEPT)
  })
  let isLate = false
  const alarm = setTimeout(() => {
    isLate = true
    child.kill('SIGKILL')
  }, limitMs)
  return new Promise(resolve => {
    child.on('error', error => {
      clearTimeout(alarm)
      resolve({ type: 'broken', why: error.message })
    })
    child.on('close', code => {
      clearTimeout(alarm)
      if (code === NOT_PLANTED || !isPlanted) resolve({ type: 'broken', why: notPlanted(said.stderr) })
      else if (isLate) resolve({ type: 'endless' })
      else resolve(trialOf(code, said))
    })
  })
}

/** Of each stream, in characters. */
const MOST_KEPT = 1_000_000

/** The complaint of the hook, or that the world never loaded the file. */
function notPlanted(stderr: string): string {
  return `the mutant was not planted: ${lastLine(stderr) ?? 'the world never loaded its file'}`
}

interface Report {
  readonly seedsRun?: number
  readonly failed?: boolean
  readonly seed?: string | number
  readonly rule?: string
  readonly message?: string
  readonly plan?: unknown
}

/** A process that ends with 1 for another reason has found nothing: so there has to be a report. */
export function trialOf(code: number | null, { stdout, stderr }: { stdout: string; stderr: string }): Trial {
  if (code === 0) return { type: 'survived' }
  const report = reportIn(stdout)
  if (code !== 1 || report?.seedsRun === undefined || report.failed !== true) {
    return {
      type: 'broken',
      why: `the world ended with ${code} and no report: ${lastLine(stderr) ?? 'it said nothing'}`,
    }
  }
  const { seedsRun, seed = '?', rule = '?', message = '', plan } = report
  return { type: 'killed', seedsRun, seed: `${seed}`, rule, message, ...(plan !== undefined && { plan }) }
}

function reportIn(stdout: string): Report | undefined {
  try {
    // What the world prints, or nothing that is taken for its report.
    return JSON.parse(lastLine(stdout) ?? '') as Report
  } catch {
    return undefined
  }
}

function lastLine(text: string): string | undefined {
  return text.trim().split('\n').at(-1) || undefined
}
