import { type CommandModel, quoted, valuePlaces } from './model.ts'

/** For bash from version 3.2 on, which macOS has. Where nothing is offered, bash completes files. */
export function bashScript(models: readonly CommandModel[]): string {
  const trails = models.map(({ trail }) => trail).filter(trail => trail !== '')
  return `# bash completion of bookend: source <(bookend completion bash)
_bookend() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" trail='' at=1 commands='' options=''
  COMPREPLY=()
  while [ "$at" -lt "$COMP_CWORD" ]; do
    case "$trail \${COMP_WORDS[at]}" in
      ${trails.map(quoted).join('|')})
        trail="$trail \${COMP_WORDS[at]}" ;;
    esac
    at=$((at + 1))
  done
  case "$trail $before" in
${models.flatMap(valueCases).join('\n')}
  esac
  case "$trail" in
${models.map(wordsCase).join('\n')}
  esac
  case "$word" in
    -*) commands="$options" ;;
  esac
  COMPREPLY=($(compgen -W "$commands" -- "$word"))
}
complete -o bashdefault -o default -F _bookend bookend
`
}

function valueCases(model: CommandModel): readonly string[] {
  return valuePlaces(model).map(({ places, value }) => {
    const offer = typeof value === 'string' ? '' : ` COMPREPLY=($(compgen -W ${quoted(value.join(' '))} -- "$word"));`
    return `    ${places.map(quoted).join('|')})${offer} return ;;`
  })
}

function wordsCase({ trail, commands, options, argument }: CommandModel): string {
  const names = options.flatMap(({ short, long }) => [short ?? [], long].flat()).join(' ')
  const words = [...commands.map(({ name }) => name), ...(typeof argument === 'string' ? [] : argument)].join(' ')
  // Where no argument can stand, the options are all that is left.
  const offered = words === '' && argument === 'none' ? names : words
  return `    ${quoted(trail)}) commands=${quoted(offered)} options=${quoted(names)} ;;`
}
