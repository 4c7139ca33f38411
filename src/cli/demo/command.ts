import { Command } from 'commander'
import { reportToJson } from './json.ts'
import {
  DEFAULT_PAYMENTS,
  DEFAULT_SCENARIO,
  type DemoOptions,
  MAX_PAYMENTS,
  readOptions,
  type TypedOptions,
} from './options.ts'
import { type ProgressView, plainLines, silence, terminalBar } from './progress.ts'
import { SCENARIOS } from './report.ts'
import { MAX_COLUMNS, summaryOf } from './summary.ts'
import { accountOf } from './sums.ts'
import { grouped } from './text.ts'

const EXIT_FAILED = 1
/** What a shell reports for a program that Ctrl-C ended: 128 + SIGINT. */
const EXIT_INTERRUPTED = 130

const HELP = `
Alice and Bob open a channel on a chain of their own, pay each other, and settle:
  cooperative  both sign the closing transaction
  vanish       Bob is gone for good, and Alice gets her money out alone
  cheat        Bob publishes an old state, and loses everything to Alice

Set BOOKEND_DEBUG=1 to see the stack of what fails. NO_COLOR is respected.`

/** `bookend demo`. Wrong options end in a CommanderError, after one sentence on stderr. */
export function demoCommand(): Command {
  const command = new Command('demo')
    .description('open a channel, pay through it thousands of times, and settle on chain')
    .option('--scenario <name>', `how it ends: ${SCENARIOS.join(', ')}`, DEFAULT_SCENARIO)
    .option('--payments <count>', `how many payments: 0 to ${grouped(MAX_PAYMENTS)}`, String(DEFAULT_PAYMENTS))
    .option('--json', 'print one JSON object and nothing else')
    .option('--no-color', 'print without colours')
    .helpOption('-h, --help', 'show this')
    .addHelpText('after', HELP)
    .exitOverride()
    .allowExcessArguments()
    .showSuggestionAfterError(false)
  const allowed = command.options.map(option => option.flags).join(', ')
  command.configureOutput({
    outputError: (text, write) =>
      write(text.replace(/( argument missing|unknown option .*)\n$/, `$1; allowed are ${allowed} and -h.\n`)),
  })
  return command.action(async (typed: TypedOptions & { readonly color: boolean }) => {
    const [excess] = command.args
    if (excess !== undefined) refuse(command, `'${excess}' is not an option; allowed are ${allowed} and -h.`)
    const options = readOptions(typed)
    if (!options.ok) refuse(command, options.error)
    if (!typed.color) withoutColor()
    process.exitCode = await demo(options.value)
  })
}

function refuse(command: Command, sentence: string): never {
  return command.error(`error: ${sentence}`)
}

/** The environment is where styleText and the progress bar both look. */
function withoutColor(): void {
  delete process.env.FORCE_COLOR
  process.env.NO_COLOR = '1'
}

/** Runs the demo, prints what came of it, and tells the exit code. */
async function demo({ scenario, payments, json }: DemoOptions): Promise<number> {
  const view = viewFor(json)
  const calm = untilInterrupted(view)
  try {
    // Imported when it is needed: the protocol takes its time to load, and `--help` does without it.
    const { runDemo } = await import('./run.ts')
    const report = await runDemo({ scenario, payments }, view)
    view.end()
    const { complaints } = accountOf(report)
    process.stdout.write(`${json ? reportToJson(report) : summaryOf(report, page())}\n`)
    if (json) for (const complaint of complaints) console.error(`This does not add up: ${complaint}.`)
    return complaints.length === 0 ? 0 : EXIT_FAILED
  } catch (error) {
    view.fail('Failed')
    console.error(`The demo failed: ${error instanceof Error ? error.message : String(error)}`)
    if (process.env.BOOKEND_DEBUG === '1') console.error(error)
    return EXIT_FAILED
  } finally {
    calm()
  }
}

function viewFor(json: boolean): ProgressView {
  const seconds = () => performance.now() / 1000
  if (json) return silence
  const { CI: ci = '' } = process.env
  const watched = process.stdout.isTTY && process.stderr.isTTY && (ci === '' || ci === 'false')
  return watched ? terminalBar(process.stderr, seconds) : plainLines(line => console.error(line), seconds)
}

function page(): { readonly columns: number; readonly color: boolean } {
  const { stdout } = process
  const { FORCE_COLOR: forced = '0' } = process.env
  // A terminal knows what colours it has, and NO_COLOR. A file has no width, and no colour unless it is asked for.
  const color = forced !== '0' || (stdout.isTTY && stdout.hasColors())
  return { columns: stdout.isTTY ? stdout.columns : MAX_COLUMNS, color }
}

/** Ends the process on Ctrl-C with the exit code for that, until the function that it returns is called. */
function untilInterrupted(view: ProgressView): () => void {
  const interrupted = () => {
    view.fail('Interrupted')
    process.exit(EXIT_INTERRUPTED)
  }
  // The progress bar reads the keyboard itself, where Ctrl-C is a key and no signal, and leaves with code 0.
  const left = (code: number) => {
    if (code === 0) process.exitCode = EXIT_INTERRUPTED
  }
  process.once('SIGINT', interrupted).once('exit', left)
  return () => process.off('SIGINT', interrupted).off('exit', left)
}
