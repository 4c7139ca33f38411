import { homedir } from 'node:os'
import type { EndSignal, Shell } from './shell.ts'

const SIGNALS: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Of what is no terminal: a file that somebody looks at in one. */
const DEFAULT_COLUMNS = 80

/** The process that we are. */
export function processShell(json: boolean): Shell {
  const { stdin, stdout, stderr, env } = process
  // A reader that has gone, as in `bookend events | head`, is no failure.
  stdout.on('error', error => {
    if ('code' in error && error.code === 'EPIPE') process.exit()
    throw error
  })
  return {
    json,
    out: text => void stdout.write(text),
    errors: text => void stderr.write(text),
    isTerminal: stdout.isTTY === true,
    columns: stdout.columns ?? DEFAULT_COLUMNS,
    canAsk: !json && stdin.isTTY === true && stdout.isTTY === true,
    color: hasColor(env, stdout),
    env,
    home: homedir(),
    askSecret: async question => (await import('./ask.ts')).askSecret(question),
    confirm: async question => (await import('./ask.ts')).confirm(question),
    onSignal: listener => {
      for (const signal of SIGNALS) process.on(signal, listener)
      return () => {
        for (const signal of SIGNALS) process.off(signal, listener)
      }
    },
    exit: code => process.exit(code),
  }
}

/** https://no-color.org: any value but the empty one. */
function hasColor({ NO_COLOR = '' }: NodeJS.ProcessEnv, stdout: NodeJS.WriteStream): boolean {
  return NO_COLOR === '' && stdout.isTTY === true && stdout.hasColors()
}
