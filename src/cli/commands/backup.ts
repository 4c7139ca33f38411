import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { BookendError } from '../../base/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { writePrivateFile } from '../dataDirectory.ts'
import { answer } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { counted, short } from '../words.ts'

const HELP = `
It holds every channel, every coin and the addresses of the peers, and no seed: it is encrypted under a key of the seed. Keep the 24
words, or a copy of the file \`seed\` with its passphrase, in another place.

Make one after each new channel: then the balance of every channel can be brought back, however old the backup is. A newer one is
never worse. \`bookend restore FILE\` makes a node of it again.`

interface BackupOptions extends NodeOptions {
  readonly replace?: boolean
}

export function backupCommand(shell: Shell): Command {
  return nodeCommand(shell, 'backup', 'write an encrypted backup of all channels')
    .argument('[file]', 'where to (default: bookend-NODEID-TIME.backup)')
    .option('--replace', 'also where there is such a file already')
    .addHelpText('after', HELP)
    .action((typed: string | undefined, options: BackupOptions) => {
      if (typed !== undefined) mustBeFree(typed, options)
      return atNode(shell, options, async ({ node, signal }) => {
        const file = typed ?? nameFor((await node.info({ signal })).nodeId, new Date())
        if (typed === undefined) mustBeFree(file, options)
        const bytes = await node.backup({ signal })
        writePrivateFile(file, bytes)
        answer(shell, { file, bytes: bytes.length }, () => [
          `Wrote ${counted(bytes.length, 'byte')} to ${file}: every channel, and where its peer is.`,
          `With the 24 words, \`bookend restore ${file} --data-dir NEW\` brings the money back. Make a new one after each new channel.`,
        ])
      })
    })
}

function mustBeFree(file: string, { replace = false }: BackupOptions): void {
  if (replace || !existsSync(file)) return
  throw new BookendError('conflict', `There is a file ${file} already.`, {
    advice: 'Name another one, or give --replace.',
    facts: { file },
  })
}

/** In the directory in which the command is called. Universal time, to the second. */
const nameFor = (nodeId: string, now: Date): string =>
  `bookend-${short(nodeId)}-${now.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z.backup`
