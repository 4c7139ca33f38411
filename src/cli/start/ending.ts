import { constants } from 'node:os'
import type { EndSignal, Shell } from '../shell.ts'

/** When a program that runs until it is asked to end is asked to. */
export interface Ending {
  readonly asked: Promise<void>
  readonly signal: AbortSignal
  /** Someone asks, by another way than a signal. */
  readonly ask: () => void
  readonly calm: () => void
}

/** The first signal asks, a second one ends the process at once, with the code that shells give it. */
export function untilEnded(shell: Shell): Ending {
  const leaving = new AbortController()
  const asked = Promise.withResolvers<void>()
  const ask = (): void => {
    leaving.abort()
    asked.resolve()
  }
  const calm = shell.onSignal((signal: EndSignal) => {
    if (leaving.signal.aborted) shell.exit(128 + constants.signals[signal])
    ask()
  })
  return { asked: asked.promise, signal: leaving.signal, ask, calm }
}
