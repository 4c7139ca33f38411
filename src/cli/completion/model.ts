import type { Command } from 'commander'

/** A command as a shell completes it: its words, and what may stand behind them. */
export interface CommandModel {
  /** The words that lead to it, each behind a space: `''` for the program itself, `' tokens create'`. */
  readonly trail: string
  readonly commands: readonly { readonly name: string; readonly description: string }[]
  readonly options: readonly OptionModel[]
  /** What the first argument may be: one of these words, a file, something else, or nothing. */
  readonly argument: Value
}

export interface OptionModel {
  readonly short: string | undefined
  readonly long: string
  readonly description: string
  readonly value: Value
}

export type Value = 'none' | 'file' | 'folder' | 'any' | readonly string[]

/** The whole tree, the program itself first. */
export function modelOf(command: Command, trail = ''): readonly CommandModel[] {
  const help = command.createHelp()
  const [first] = command.registeredArguments
  const own: CommandModel = {
    trail,
    commands: help.visibleCommands(command).map(each => ({ name: each.name(), description: each.description() })),
    options: help.visibleOptions(command).map(({ short, long, description, flags, required, optional }) => ({
      short,
      long: long ?? flags,
      description,
      value: required || optional ? kindOf(flags, CHOICES[long ?? '']) : 'none',
    })),
    argument: first === undefined ? 'none' : kindOf(`<${first.name()}>`, first.argChoices),
  }
  return [own, ...command.commands.flatMap(each => modelOf(each, `${trail} ${each.name()}`))]
}

/** Options that are checked in our own words, and have few values. */
const CHOICES: Readonly<Record<string, readonly string[]>> = {
  '--network': ['regtest', 'signet', 'testnet4', 'bitcoin'],
  '--scope': ['read', 'invoice', 'spend', 'admin'],
  '--status': ['pending', 'succeeded', 'failed'],
  '--scenario': ['cooperative', 'vanish', 'cheat'],
}

function kindOf(flags: string, choices: readonly string[] | undefined): Value {
  if (choices !== undefined) return choices
  if (flags.includes('<folder>')) return 'folder'
  return flags.includes('<file>') ? 'file' : 'any'
}

/** In single quotes, for all three shells. */
export const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/** Where an option stands with its value behind it: ` start --network`. */
export function valuePlaces({ trail, options }: CommandModel): readonly { places: readonly string[]; value: Value }[] {
  return options
    .filter(({ value }) => value !== 'none')
    .map(({ short, long, value }) => ({
      places: [short, long].filter(name => name !== undefined).map(name => `${trail} ${name}`),
      value,
    }))
}
