import type { Command } from 'commander'
import { chainOptions } from '../chain/named.ts'
import { nodeCommand } from '../command.ts'
import { EXIT_FAILED } from '../exitCodes.ts'
import { answer } from '../print.ts'
import { EndWith, type Shell } from '../shell.ts'
import { DEFAULT_API, DEFAULT_LISTEN } from '../start/options.ts'
import type { Check } from './check.ts'
import type { TypedDoctor } from './typedDoctor.ts'

const HELP = `
Looks at Node, cryptography, data directory, disk, chain, clock, ports and API, and says what to do about what is wrong. Give it
the same options as \`bookend start\`. The exit code is 0 where nothing has failed.`

export function doctorCommand(shell: Shell): Command {
  return chainOptions(nodeCommand(shell, 'doctor', 'look whether everything that a node needs is in order'))
    .option('--listen <host:port>', 'where peers reach the node; none: nowhere', DEFAULT_LISTEN)
    .option('--api <host:port>', 'where its API is', DEFAULT_API)
    .addHelpText('after', HELP)
    .action(async (typed: TypedDoctor) => {
      const { examine } = await import('./examine.ts')
      const checks = await examine(shell, typed)
      const failed = checks.filter(({ status }) => status === 'fail').length
      answer(shell, { ok: failed === 0, checks }, paint => {
        const width = Math.max(...checks.map(({ name }) => name.length))
        return checks.flatMap(({ name, status, message, advice }: Check) => [
          `${paint(INKS[status], status.padEnd(4))}  ${name.padEnd(width)}  ${message}`,
          ...(advice === undefined || advice === '' ? [] : [`${' '.repeat(width + 8)}${advice}`]),
        ])
      })
      if (failed > 0) throw new EndWith(EXIT_FAILED)
    })
}

const INKS = { ok: 'good', warn: 'warn', fail: 'bad' } as const
