import { CommanderError } from 'commander'
import { EXIT_OF_ERROR, EXIT_OK, EXIT_USAGE } from './exitCodes.ts'
import { complain } from './print.ts'
import { problemOf } from './problems.ts'
import { createProgram } from './program.ts'
import { EndWith, type Shell } from './shell.ts'

/** Runs what was typed, prints what came of it, and tells the exit code. Never throws. */
export async function runCli(words: readonly string[], shell: Shell, version: string): Promise<number> {
  const [called] = words
  try {
    const program = await createProgram(shell, version, called)
    if (called === undefined) program.outputHelp()
    else await program.parseAsync(words, { from: 'user' })
    return EXIT_OK
  } catch (error) {
    if (error instanceof EndWith) return error.exitCode
    // Commander has printed its sentence already. `--help` and `--version` end this way too, with exit code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_OK : EXIT_USAGE
    const problem = problemOf(error)
    complain(shell, problem)
    if (shell.env.BOOKEND_DEBUG === '1') shell.errors(`${stackOf(error)}\n`)
    return EXIT_OF_ERROR[problem.code]
  }
}

const stackOf = (error: unknown): string => (error instanceof Error ? (error.stack ?? error.message) : String(error))
