import { Command } from 'commander'
import type { Result } from '../../base/index.ts'
import {
  DEFAULT_CREDENTIAL,
  DEFAULT_PORT,
  readBlockCount,
  readEndpoint,
  readOptions,
  type TypedOptions,
} from './options.ts'

const EXIT_FAILED = 1

const HELP = `
Serves the embedded chain to wallets and nodes as Bitcoin Core does: JSON-RPC over HTTP on 127.0.0.1, with basic
authentication. The call \`help\` lists what is served; \`bookend_fund ADDRESS AMOUNT\` gives coins away.`

/** `bookend regtest`, and `bookend regtest mine` for a running one. Wrong options end in a CommanderError. */
export function regtestCommand(): Command {
  const command = withEndpoint(new Command('regtest'))
    .description('serve the embedded chain over the JSON-RPC of Bitcoin Core')
    .option('--data-dir <folder>', 'keep the chain there; without it the chain ends with the process')
    .option('--json', 'print one JSON line when ready')
    .addHelpText('after', HELP)
    // So that what stands behind `mine` belongs to `mine`.
    .enablePositionalOptions()
    .addCommand(mineCommand())
  return inOneSentence(command).action(async (typed: TypedOptions) => {
    const [excess] = command.args
    if (excess !== undefined) refuse(command, `'${excess}' is no command of regtest; allowed is mine.`)
    const options = readOptions(typed)
    if (!options.ok) return refuse(command, options.error)
    // Imported when it is needed: the chain takes its time to load, and `--help` does without it.
    const { serve } = await import('./serve.ts')
    report(await serve(options.value, line => process.stdout.write(`${line}\n`)))
  })
}

function mineCommand(): Command {
  const command = withEndpoint(new Command('mine'))
    .description('mine blocks on a running regtest')
    .argument('<count>', 'how many blocks')
    .option('--to <address>', "whose rewards they are; without it the faucet's")
    .option('--json', 'print one JSON line')
  return inOneSentence(command).action(async (typed: string, options: TypedOptions & { readonly to?: string }) => {
    const [, excess] = command.args
    if (excess !== undefined) refuse(command, `'${excess}' is one argument too many; allowed is <count>.`)
    const count = readBlockCount(typed)
    if (!count.ok) return refuse(command, count.error)
    const endpoint = readEndpoint(options, 1)
    if (!endpoint.ok) return refuse(command, endpoint.error)
    const { mine } = await import('./mine.ts')
    const to = options.to === undefined ? {} : { to: options.to }
    const mined = await mine({ ...endpoint.value, ...to, count: count.value, json: options.json === true })
    if (mined.ok) process.stdout.write(`${mined.value}\n`)
    report(mined)
  })
}

function withEndpoint(command: Command): Command {
  return command
    .option('--rpc-port <port>', 'the port on 127.0.0.1', String(DEFAULT_PORT))
    .option('--rpc-user <name>', 'the user of the RPC', DEFAULT_CREDENTIAL)
    .option('--rpc-password <word>', 'the password of the RPC', DEFAULT_CREDENTIAL)
    .helpOption('-h, --help', 'show this')
}

/** Whatever is wrong with what was typed is told in one sentence that says what is allowed. */
function inOneSentence(command: Command): Command {
  const allowed = command.options.map(option => option.flags).join(', ')
  return command
    .exitOverride()
    .allowExcessArguments()
    .showSuggestionAfterError(false)
    .configureOutput({
      outputError: (text, write) =>
        write(text.replace(/( argument missing|unknown option .*)\n$/, `$1; allowed are ${allowed} and -h.\n`)),
    })
}

function refuse(command: Command, sentence: string): never {
  return command.error(`error: ${sentence}`)
}

function report(result: Result<unknown, string>): void {
  if (result.ok) return
  console.error(`error: ${result.error}`)
  process.exitCode = EXIT_FAILED
}
