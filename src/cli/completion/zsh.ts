import { type CommandModel, quoted, type Value, valuePlaces } from './model.ts'

/** For zsh with its completion system on (`autoload -U compinit && compinit`): sourced, or as a file `_bookend` in $fpath. */
export function zshScript(models: readonly CommandModel[]): string {
  const trails = models.map(({ trail }) => trail).filter(trail => trail !== '')
  return `#compdef bookend
# zsh completion of bookend: source <(bookend completion zsh)
_bookend() {
  local trail='' at
  local -a commands options
  for (( at = 2; at < CURRENT; at++ )); do
    case "$trail \${words[at]}" in
      (${trails.map(quoted).join('|')})
        trail="$trail \${words[at]}" ;;
    esac
  done
  case "$trail \${words[CURRENT-1]}" in
${models.flatMap(valueCases).join('\n')}
  esac
  case "$trail" in
${models.map(wordsCase).join('\n')}
  esac
  if [[ "\${words[CURRENT]}" == -* ]]; then
    _describe -o option options
  elif (( $#commands )); then
    _describe command commands
  else
    case "$trail" in
${models.map(argumentCase).join('\n')}
    esac
  fi
}
if [[ "\${funcstack[1]}" == _bookend ]]; then
  _bookend "$@"
else
  compdef _bookend bookend
fi
`
}

function valueCases(model: CommandModel): readonly string[] {
  return valuePlaces(model).map(
    ({ places, value }) => `    (${places.map(quoted).join('|')}) ${offerOf(value)}; return ;;`,
  )
}

function argumentCase({ trail, argument }: CommandModel): string {
  const offer = argument === 'none' ? '_describe -o option options' : offerOf(argument)
  return `      (${quoted(trail)}) ${offer} ;;`
}

function offerOf(value: Value): string {
  if (typeof value !== 'string') return `compadd -- ${value.map(quoted).join(' ')}`
  if (value === 'file') return '_files'
  return value === 'folder' ? '_files -/' : '_message value'
}

function wordsCase({ trail, commands, options }: CommandModel): string {
  const described = commands.map(({ name, description }) => quoted(`${name}:${description}`))
  const named = options.flatMap(({ short, long, description }) =>
    [short ?? [], long].flat().map(name => quoted(`${name}:${description}`)),
  )
  return `    (${quoted(trail)}) commands=(${described.join(' ')}) options=(${named.join(' ')}) ;;`
}
