import type { CommandModel, OptionModel } from './model.ts'

/** For fish: `bookend completion fish | source`, or as ~/.config/fish/completions/bookend.fish. */
export function fishScript(models: readonly CommandModel[]): string {
  const trails = models.map(({ trail }) => trail).filter(trail => trail !== '')
  return `# fish completion of bookend: bookend completion fish | source
function __bookend_at
    set -l trail ''
    for word in (commandline -opc)[2..-1]
        switch "$trail $word"
            case ${trails.map(quotedForFish).join(' ')}
                set trail "$trail $word"
        end
    end
    test "$trail" = "$argv[1]"
end
complete -c bookend -f
${models.flatMap(linesOf).join('\n')}
`
}

function linesOf({ trail, commands, options, argument }: CommandModel): readonly string[] {
  const here = `complete -c bookend -n ${quotedForFish(`__bookend_at ${quotedForFish(trail)}`)}`
  return [
    ...commands.map(({ name, description }) => `${here} -a ${name} -d ${quotedForFish(description)}`),
    ...(typeof argument === 'string' ? [] : [`${here} -a ${quotedForFish(argument.join(' '))}`]),
    ...(argument === 'file' ? [`${here} -F`] : []),
    ...options.map(option => `${here}${namesOf(option)}${valueFlags(option)} -d ${quotedForFish(option.description)}`),
  ]
}

function namesOf({ short, long }: OptionModel): string {
  return `${short === undefined ? '' : ` -s ${short.slice(1)}`} -l ${long.slice(2)}`
}

function valueFlags({ value }: OptionModel): string {
  if (value === 'none') return ''
  if (value === 'file') return ' -r -F'
  if (value === 'folder') return " -x -a '(__fish_complete_directories)'"
  return value === 'any' ? ' -x' : ` -x -a ${quotedForFish(value.join(' '))}`
}

/** Inside single quotes fish takes a backslash before a quote or a backslash. */
const quotedForFish = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`
