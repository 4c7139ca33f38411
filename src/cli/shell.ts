// What a command is given of the world. A test hands in its own, and looks at what was written.

export interface Shell {
  /** One JSON value on the standard output, errors as JSON, and no questions. */
  readonly json: boolean
  readonly out: (text: string) => void
  readonly errors: (text: string) => void
  /** A person reads what goes out. */
  readonly isTerminal: boolean
  /** How wide what goes out is shown. */
  readonly columns: number
  /** A person can be asked. */
  readonly canAsk: boolean
  readonly color: boolean
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  /** What was typed in answer, without showing it. Rejects with a `BookendError` (`aborted`) where the person leaves. */
  readonly askSecret: (question: string) => Promise<string>
  readonly confirm: (question: string) => Promise<boolean>
  /** Calls back for each signal that asks to end, until the function that it returns is called. */
  readonly onSignal: (listener: (signal: EndSignal) => void) => () => void
  /** Ends the process at once. */
  readonly exit: (code: number) => void
}

export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP'

/** Ends a command that has printed all there is to say, with this exit code. */
export class EndWith extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super(`exit code ${exitCode}`)
    this.exitCode = exitCode
  }
}
