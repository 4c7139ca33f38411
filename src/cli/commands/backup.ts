import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { BookendError } from '../../base/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { writePrivateFile } from '../dataDirectory.ts'
import { answer } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { counted } from '../words.ts'

const HELP = `
The file is encrypted under a key of the seed and holds no seed: keep the 24 words, or a copy of the file \`seed\` with its
passphrase, beside it. A new channel needs a new backup.`

export function backupCommand(shell: Shell): Command {
  return nodeCommand(shell, 'backup', 'write an encrypted backup of all channels')
    .argument('<file>', 'where to')
    .option('--replace', 'also where there is such a file already')
    .addHelpText('after', HELP)
    .action((file: string, options: NodeOptions & { readonly replace?: boolean }) => {
      if (options.replace !== true && existsSync(file))
        throw new BookendError('conflict', `There is a file ${file} already.`, {
          advice: 'Name another one, or give --replace.',
          facts: { file },
        })
      return atNode(shell, options, async ({ node, signal }) => {
        const bytes = await node.backup({ signal })
        writePrivateFile(file, bytes)
        answer(shell, { file, bytes: bytes.length }, () => [
          `Wrote ${counted(bytes.length, 'byte')} to ${file}. It needs the seed to be of any use.`,
        ])
      })
    })
}
