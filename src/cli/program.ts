import { Command } from 'commander'
import { newCommand } from './command.ts'
import { exitCodesHelp } from './exitCodes.ts'
import type { Shell } from './shell.ts'

// Which commands there are. Each is loaded when it is needed: one alone where it is called, all of them for the help.

interface Entry {
  readonly name: string
  readonly group: string
  readonly load: (shell: Shell, program: Program) => Promise<Command>
}

/** What commands may want to know of the program that they belong to. */
interface Program {
  readonly version: string
  readonly whole: () => Promise<Command>
}

const NODE = 'The node:'
const CHAIN = 'Coins on chain:'
const PEERS = 'Peers:'
const CHANNELS = 'Channels:'
const PAYMENTS = 'Payments:'
const NETWORK = 'The network:'
const TRY = 'To try it out:'
const SHELL = 'This command line:'

const ENTRIES: readonly Entry[] = [
  {
    name: 'start',
    group: NODE,
    load: async (shell, { version }) => (await import('./start/command.ts')).startCommand(shell, version),
  },
  { name: 'stop', group: NODE, load: async shell => (await import('./commands/stop.ts')).stopCommand(shell) },
  { name: 'info', group: NODE, load: async shell => (await import('./commands/info.ts')).infoCommand(shell) },
  { name: 'events', group: NODE, load: async shell => (await import('./commands/events.ts')).eventsCommand(shell) },
  { name: 'backup', group: NODE, load: async shell => (await import('./commands/backup.ts')).backupCommand(shell) },
  {
    name: 'restore',
    group: NODE,
    load: async shell => (await import('./restore/command.ts')).restoreCommand(shell),
  },
  { name: 'tokens', group: NODE, load: async shell => (await import('./commands/tokens.ts')).tokensCommand(shell) },
  { name: 'watch', group: NODE, load: async shell => (await import('./watch/command.ts')).watchCommand(shell) },
  { name: 'doctor', group: NODE, load: async shell => (await import('./doctor/command.ts')).doctorCommand(shell) },
  { name: 'address', group: CHAIN, load: async shell => (await import('./commands/address.ts')).addressCommand(shell) },
  { name: 'balance', group: CHAIN, load: async shell => (await import('./commands/balance.ts')).balanceCommand(shell) },
  { name: 'send', group: CHAIN, load: async shell => (await import('./commands/send.ts')).sendCommand(shell) },
  { name: 'connect', group: PEERS, load: async shell => (await import('./commands/connect.ts')).connectCommand(shell) },
  { name: 'peers', group: PEERS, load: async shell => (await import('./commands/peers.ts')).peersCommand(shell) },
  {
    name: 'disconnect',
    group: PEERS,
    load: async shell => (await import('./commands/disconnect.ts')).disconnectCommand(shell),
  },
  { name: 'open', group: CHANNELS, load: async shell => (await import('./commands/open.ts')).openCommand(shell) },
  {
    name: 'channels',
    group: CHANNELS,
    load: async shell => (await import('./commands/channels.ts')).channelsCommand(shell),
  },
  {
    name: 'channel',
    group: CHANNELS,
    load: async shell => (await import('./commands/channel.ts')).channelCommand(shell),
  },
  { name: 'close', group: CHANNELS, load: async shell => (await import('./commands/close.ts')).closeCommand(shell) },
  { name: 'policy', group: CHANNELS, load: async shell => (await import('./commands/policy.ts')).policyCommand(shell) },
  { name: 'pay', group: PAYMENTS, load: async shell => (await import('./commands/pay.ts')).payCommand(shell) },
  {
    name: 'invoice',
    group: PAYMENTS,
    load: async shell => (await import('./commands/invoice.ts')).invoiceCommand(shell),
  },
  {
    name: 'payments',
    group: PAYMENTS,
    load: async shell => (await import('./commands/payments.ts')).paymentsCommand(shell),
  },
  {
    name: 'keysend',
    group: PAYMENTS,
    load: async shell => (await import('./commands/keysend.ts')).keysendCommand(shell),
  },
  { name: 'route', group: PAYMENTS, load: async shell => (await import('./commands/route.ts')).routeCommand(shell) },
  { name: 'decode', group: PAYMENTS, load: async shell => (await import('./commands/decode.ts')).decodeCommand(shell) },
  {
    name: 'invoices',
    group: PAYMENTS,
    load: async shell => (await import('./commands/invoices.ts')).invoicesCommand(shell),
  },
  { name: 'settle', group: PAYMENTS, load: async shell => (await import('./commands/settle.ts')).settleCommand(shell) },
  { name: 'cancel', group: PAYMENTS, load: async shell => (await import('./commands/cancel.ts')).cancelCommand(shell) },
  { name: 'graph', group: NETWORK, load: async shell => (await import('./commands/graph.ts')).graphCommand(shell) },
  { name: 'demo', group: TRY, load: async () => (await import('./demo/command.ts')).demoCommand() },
  { name: 'regtest', group: TRY, load: async () => (await import('./regtest/command.ts')).regtestCommand() },
  {
    name: 'completion',
    group: SHELL,
    load: async (shell, { whole }) => (await import('./completion/command.ts')).completionCommand(shell, whole),
  },
]

const HELP = `
Most commands talk to a running node: the one of --data-dir, else the one that BOOKEND_API and BOOKEND_TOKEN name, else the one
in ~/.bookend/regtest. With --json each prints one JSON value, and failures are one JSON value on the standard error:
{"error":{"code","message","advice","facts"}}. Set BOOKEND_DEBUG=1 to see the stack of what fails. NO_COLOR is respected.

${exitCodesHelp()}`

function neededFor(called: string | undefined): readonly Entry[] {
  if (called === '-V' || called === '--version') return []
  const one = ENTRIES.filter(({ name }) => name === called)
  return one.length > 0 ? one : ENTRIES
}

/** The program, with the one command that is called, or with all of them. */
export async function createProgram(shell: Shell, version: string, called?: string): Promise<Command> {
  const program = newCommand(shell, 'bookend', DESCRIPTION)
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show what a command does and takes')
    // What stands behind a command belongs to that command, also where it has commands of its own.
    .enablePositionalOptions()
    .addHelpText('after', HELP)
  for (const { group, load } of neededFor(called)) {
    program.addCommand((await load(shell, { version, whole: () => createProgram(shell, version) })).helpGroup(group))
  }
  return program.addHelpCommand(
    new Command('help').argument('[command]').description('show what a command does and takes').helpGroup(SHELL),
  )
}

const DESCRIPTION = 'Payment channels: two transactions on chain, everything between them off chain.'
