// cli: the commands a person types, each a thin skin over the rooms below.
// It must not know the protocol: it starts things, prints what happens and picks the exit code.
// bin/bookend.js enters here, so this file is the room's door. Start reading here, then one file for each command.
import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import { demoCommand } from './demo/command.ts'
import { regtestCommand } from './regtest/command.ts'

/** The exit code when what was asked for does not exist or makes no sense; 1 is for what was tried and failed. */
const EXIT_USAGE = 2

const program = createProgram()
if (process.argv.length <= 2) program.outputHelp()
else await run(program)

function createProgram(): Command {
  return (
    new Command('bookend')
      .description('Payment channels: two transactions on chain, everything between them off chain.')
      .version(packageVersion(), '-V, --version', 'print the version')
      .helpOption('-h, --help', 'show what a command does and takes')
      .helpCommand('help [command]', 'show what a command does and takes')
      .exitOverride()
      // What stands behind a command belongs to that command, also where it has commands of its own.
      .enablePositionalOptions()
      .addCommand(demoCommand())
      .addCommand(regtestCommand())
  )
}

async function run(of: Command): Promise<void> {
  const allowed = [...of.commands.map(command => command.name()), 'help'].join(', ')
  of.showHelpAfterError(`Allowed here: ${allowed}. \`bookend help\` says what each does.`)
  try {
    await of.parseAsync()
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Commander has printed its sentence already. `--help` and `--version` end this way too, with exit code 0.
    process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
  }
}

function packageVersion(): string {
  // Two folders up both from src/cli and from dist/cli.
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const hasVersion = typeof manifest === 'object' && manifest !== null && 'version' in manifest
  return hasVersion ? String(manifest.version) : 'unknown'
}
