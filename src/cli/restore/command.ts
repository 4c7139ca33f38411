import type { Command } from 'commander'
import { newCommand } from '../command.ts'
import type { Shell } from '../shell.ts'
import { readRestore, type TypedRestore } from './options.ts'

const HELP = `
With a file of \`bookend backup\`: the coins on chain come back, and those of every channel that the backup knows. Their peers are
asked to close them with their newest state, so it does not matter how old the backup is. Nothing old is ever published.

With --peer, where no file is left: peers keep a sealed list of the node's channels, which its words open. One honest peer is enough to
ask all of them to close. The chain is read from the oldest channel on, or from --birth-height, where coins came before it.

With neither: the coins on chain alone, found from --birth-height on. Channels are lost.

The words are asked for, or stand in a file of their own. The directory has to be new or empty. A seed can be restored and started in
one place only: stop the old node for good.`

export function restoreCommand(shell: Shell): Command {
  return newCommand(shell, 'restore', 'bring back a node from its words and a backup')
    .argument('[file]', 'what `bookend backup` wrote')
    .option('--data-dir <folder>', 'where the node is to be: a new or empty one (default: ~/.bookend/NETWORK)')
    .option('--network <name>', 'regtest, signet, testnet4 or bitcoin (default: that of the backup, else regtest)')
    .option('--peer <peers>', 'who had channels with the node: NODEID@HOST:PORT, with commas between them')
    .option('--phrase-file <file>', 'the 24 words stand in it')
    .option('--passphrase-file <file>', 'the new passphrase of the seed is its first line')
    .option('--unencrypted-seed', 'keep the seed without a passphrase: whoever reads the disk has the money')
    .option('--birth-height <height>', 'where to look for coins from (default: the newest block of the backup)')
    .option('--json', 'print one JSON value')
    .addHelpText('after', HELP)
    .action(async (file: string | undefined, typed: TypedRestore) => {
      const options = readRestore(file, typed)
      const { restoreNode } = await import('./run.ts')
      await restoreNode(shell, options)
    })
}
