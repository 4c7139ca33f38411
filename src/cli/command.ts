import { Command } from 'commander'
import { complain } from './print.ts'
import { usage } from './problems.ts'
import type { Shell } from './shell.ts'

// How all commands of a node are made, so that they look and fail alike.

/** What the commands that talk to a running node take. */
export interface NodeOptions {
  readonly dataDir?: string
  readonly network?: string
  readonly json?: boolean
}

/** A command that says what is wrong in our words, and leaves the process to its caller. */
export function newCommand(shell: Shell, name: string, description: string): Command {
  const command = new Command(name)
    .description(description)
    .helpOption('-h, --help', 'show this')
    .helpCommand(false)
    .exitOverride()
    .allowExcessArguments(false)
  return command.configureOutput({
    writeOut: text => shell.out(text),
    writeErr: text => shell.errors(text),
    outputError: text => complain(shell, usage(sentence(text), adviceFor(command, text))),
  })
}

/** One that talks to a running node. */
export function nodeCommand(shell: Shell, name: string, description: string): Command {
  return newCommand(shell, name, description)
    .option('--data-dir <folder>', 'the directory of the node')
    .option('--network <name>', 'the network whose default directory it is')
    .option('--json', 'print one JSON value')
}

/** The failures of commander begin small, with a word of their own. */
function sentence(text: string): string {
  const told = text
    .replace(/^error: /, '')
    .replace(/\n.*/s, '')
    .trim()
  return `${told.charAt(0).toUpperCase()}${told.slice(1).replace(/\.$/, '')}.`
}

/** What commander thinks was meant, and what there is. */
function adviceFor(command: Command, text: string): string {
  const meant = /\(Did you mean (.+)\?\)/.exec(text)?.[1]
  return meant === undefined ? allowedIn(command) : `Did you mean ${meant}? ${allowedIn(command)}`
}

function allowedIn(command: Command): string {
  const commands = command.createHelp().visibleCommands(command)
  if (commands.length > 0)
    return `Allowed here: ${commands.map(each => each.name()).join(', ')}. --help says what each does.`
  const options = command.options.map(option => option.long ?? option.flags)
  const given = command.registeredArguments.map(each => (each.required ? `<${each.name()}>` : `[${each.name()}]`))
  return `Allowed here: ${[...given, ...options, '--help'].join(', ')}.`
}
