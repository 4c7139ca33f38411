import { Argument, type Command } from 'commander'
import { newCommand } from '../command.ts'
import type { Shell } from '../shell.ts'
import { bashScript } from './bash.ts'
import { fishScript } from './fish.ts'
import { type CommandModel, modelOf } from './model.ts'
import { zshScript } from './zsh.ts'

const SCRIPTS: Readonly<Record<string, (models: readonly CommandModel[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

const HELP = `
Put this into the file that your shell starts with:
  bash  source <(bookend completion bash)     ~/.bashrc
  zsh   source <(bookend completion zsh)      ~/.zshrc, behind compinit
  fish  bookend completion fish | source      ~/.config/fish/config.fish`

/** Prints a script. `whole` is the program with all of its commands. */
export function completionCommand(shell: Shell, whole: () => Promise<Command>): Command {
  return newCommand(shell, 'completion', 'a script that completes commands and options in your shell')
    .addArgument(new Argument('<shell>', 'the shell that you use').choices(Object.keys(SCRIPTS)))
    .addHelpText('after', HELP)
    .action(async (name: string) => {
      const models = modelOf(await whole())
      shell.out(SCRIPTS[name]?.(models) ?? '')
    })
}
