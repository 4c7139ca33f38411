import { type ProgressResult, progress, type SpinnerResult, spinner } from '@clack/prompts'
import type { Progress } from './report.ts'
import { grouped } from './text.ts'

// What a person sees while the demo runs: a bar that moves on a terminal, a few lines anywhere else, or nothing.

/** A progress that can be brought to an end, after which the terminal is as it was before. */
export interface ProgressView extends Progress {
  end(): void
  /** Ends with a word about what went wrong. */
  fail(text: string): void
}

/** Seconds that only go forward. */
export type Seconds = () => number

const BAR_COLUMNS = 30
const LOOK = { withGuide: false, cancelMessage: 'Interrupted', errorMessage: 'Failed' } as const

export const silence: ProgressView = { phase() {}, payments() {}, end() {}, fail() {} }

/** Plain lines for logs: one for each phase, and one for each tenth of the payments. */
export function plainLines(write: (line: string) => void, now: Seconds): ProgressView {
  const rate = rateOf(now)
  let tenths = 0
  return {
    ...silence,
    phase: write,
    payments(done, total) {
      const perSecond = rate(done)
      const reached = total === 0 ? 0 : Math.floor((done * 10) / total)
      if (reached <= tenths) return
      tenths = reached
      write(`${paymentsText(done, total, perSecond)} (${reached * 10} %)`)
    },
  }
}

/** A spinner for each phase and a bar for the payments, on a terminal. */
export function terminalBar(output: NodeJS.WriteStream, now: Seconds): ProgressView {
  const rate = rateOf(now)
  let phase: { readonly shown: SpinnerResult; text: string } | undefined
  let bar: { readonly shown: ProgressResult; text: string; done: number } | undefined

  const end = () => {
    phase?.shown.stop(phase.text)
    bar?.shown.stop(bar.text)
    phase = bar = undefined
  }
  return {
    phase(text) {
      end()
      phase = { shown: spinner({ ...LOOK, output }), text }
      phase.shown.start(text)
    },
    payments(done, total) {
      const text = paymentsText(done, total, rate(done))
      if (bar === undefined) {
        end()
        bar = {
          shown: progress({ ...LOOK, output, max: Math.max(total, 1), size: BAR_COLUMNS }),
          text,
          done: 0,
        }
        bar.shown.start(text)
      }
      bar.shown.advance(done - bar.done, text)
      bar.text = text
      bar.done = done
      if (done >= total) end()
    },
    end,
    fail(text) {
      phase?.shown.error(text)
      bar?.shown.error(text)
      phase = bar = undefined
    },
  }
}

function paymentsText(done: number, total: number, perSecond: number): string {
  const speed = perSecond > 0 ? `, ${grouped(perSecond)} per second` : ''
  return `${grouped(done)} of ${grouped(total)} payments${speed}`
}

/** Payments per second since the first call, in whole ones. */
function rateOf(now: Seconds): (done: number) => number {
  let first: { readonly at: number; readonly done: number } | undefined
  return done => {
    const at = now()
    first ??= { at, done }
    const seconds = at - first.at
    return seconds > 0 ? Math.round((done - first.done) / seconds) : 0
  }
}
