import { join } from 'node:path'
import { defined } from '../../src/base/index.ts'
import { untilAnswered } from './payments.ts'
import type { End } from './syscallsAlice.ts'
import { ACTS, type Act, judge, play } from './syscallsLife.ts'
import { counting, type Fault, faultsOf, injecting, type Site, sitesIn, wasInjected } from './syscallsStrace.ts'
import type { Milestone, SmallTown } from './syscallsTown.ts'

// One life with one fault: at one call, of one kind, on one file, in one act.

export interface Case extends Site {
  readonly act: Act
  readonly fault: Fault
}

/** What the fault came to. `unmoved`: the daemon had been asked to stop, and ended well all the same. `unreached`: this life had fewer such calls. */
export type Outcome = 'killed' | 'told' | 'unmoved' | 'unreached'

export interface Ended {
  readonly outcome: Outcome
  /** Where it was told. */
  readonly code?: number | null
  readonly sentence?: string
}

export type Milestones = ReadonlyMap<Act, Milestone>

/** In words that choose it again. */
export function wordsOf({ act, call, path, nth, fault }: Case): string {
  const what = fault === 'kill' ? 'kill' : `${fault.errno}${fault.lasting ? '+' : ''}`
  return [act, call, path === '' ? '.' : path, nth, what].join(' ')
}

/** Lives once without any fault: what stands at the beginning of each act, and with `counted` each fault that it may meet. */
export async function liveOnce(town: SmallTown, first: Milestone, counted: string | undefined) {
  const milestones = new Map<Act, Milestone>()
  const cases: Case[] = []
  let milestone = first
  for (const act of ACTS) {
    milestones.set(act, milestone)
    if (counted !== undefined) {
      const log = join(counted, act)
      await town.begin(milestone, counting(log))
      await play(act, town, milestone.life)
      await endWell(town)
      for (const site of sitesIn(log, town.alice.dataDir)) {
        const path = site.path.slice(town.alice.dataDir.length + 1)
        cases.push(...faultsOf(site).map(fault => ({ act, ...site, path, fault })))
      }
    }
    await town.begin(milestone, [])
    const life = await play(act, town, milestone.life)
    if (act === 'close') await judge(town, life)
    else milestone = await town.milestone(life)
  }
  return { milestones, cases }
}

/** Lives the act with the fault and everything after it without. Throws where something does not hold. */
export async function liveWith(town: SmallTown, milestones: Milestones, tried: Case, log: string): Promise<Ended> {
  const { act, path, fault } = tried
  const { alice } = town
  const milestone = defined(milestones.get(act), 'each act has a milestone')
  await town.begin(milestone, injecting(log, { ...tried, path: join(alice.dataDir, path) }, fault))
  let life = await play(act, town, milestone.life)
  let end = alice.end
  const wasHit = fault !== 'kill' && wasInjected(log)
  if (end === undefined) {
    end = await alice.stop()
    alice.again()
  }
  const ended = fault === 'kill' ? killed(end) : failed(end, wasInjected(log))
  if (ended.outcome === 'unmoved' && wasHit && !isNameOfLog(tried))
    throw new Error('the daemon lived on after its disk had failed')
  await untilAnswered(() => alice.client.info())
  // A channel that has met a fault while it was paid over is paid over once more.
  const rest = ACTS.slice(act === 'pay' ? ACTS.indexOf(act) : ACTS.indexOf(act) + 1)
  for (const next of rest) life = await play(next, town, life)
  await judge(town, life)
  await endWell(town)
  return ended
}

/** SQLite syncs the directory after it has made a file, and goes on when that fails: the store does it again. */
const isNameOfLog = ({ call, path }: Site): boolean => call === 'fsync' && path === ''

async function endWell({ alice }: SmallTown): Promise<void> {
  const { code, text } = await alice.stop()
  if (code !== 0) throw new Error(`expected alice to stop with 0, got ${code}: ${text}`)
}

function killed({ code, signal, text }: End): Ended {
  if (signal === 'SIGKILL') return { outcome: 'killed' }
  if (code === 0) return { outcome: 'unreached' }
  throw new Error(`expected a death by SIGKILL, got ${code ?? signal}: ${text}`)
}

/** A failure is told by the exit code of a disk and one sentence, and never by a stack. */
function failed({ code, signal, text }: End, wasHit: boolean): Ended {
  if (/^ +at /m.test(text)) throw new Error(`expected a sentence, got a stack (exit code ${code}): ${text}`)
  if (!wasHit && code === 0) return { outcome: 'unreached' }
  if (code === 0) return { outcome: 'unmoved' }
  const line = /^\{"error":.*\}$/m.exec(text)?.[0]
  if (code !== EXIT_DISK || line === undefined)
    throw new Error(`expected exit code ${EXIT_DISK} and a sentence, got ${code ?? signal}: ${text}`)
  // The shape that --json gives to failures.
  const { error } = JSON.parse(line) as { error: { message: string; advice: string } }
  return { outcome: 'told', code, sentence: `${error.message} ${error.advice}` }
}

/** "the disk is full or does not work" */
const EXIT_DISK = 17
