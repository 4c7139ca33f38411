import type { Command } from 'commander'
import { chainOptions } from '../chain/named.ts'
import { newCommand } from '../command.ts'
import type { Shell } from '../shell.ts'
import { readWatch, type TypedWatch } from './options.ts'

const HELP = `
A watchtower stands in for nodes that are away. A node that is started with \`--watchtower\` and the address that is printed here gives it a
sealed packet for each state that a peer has revoked. Where a peer publishes such a state, the tower opens its packet with the transaction
itself, and publishes what takes the cheat's money for the victim. It holds no key of anybody's money, and sees nothing before.

Run it on another machine than the node, with a chain of its own. Without --client anybody may store something, within limits.

With --json the first line is {"event":"ready","nodeId","network","listen","dataDir","pid"}; lines that follow tell of troubles and of
cheats: {"event":"log","level","message","at"}. Ctrl-C ends it in good order, a second Ctrl-C at once.`

export function watchCommand(shell: Shell): Command {
  const command = newCommand(shell, 'watch', 'run a watchtower: it punishes cheats for nodes that are away')
    .option('--data-dir <folder>', 'where everything is kept (default: ~/.bookend/NETWORK-watchtower)')
    .option('--network <name>', 'regtest, signet, testnet4 or bitcoin (default: regtest)')
  return chainOptions(command)
    .option('--listen <host:port>', 'where nodes reach it (default: 127.0.0.1:9911)')
    .option('--client <nodeids>', 'whom it serves, with commas between them (default: anybody)')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', HELP)
    .action(async (typed: TypedWatch) => {
      const options = readWatch(shell, typed)
      const { runTower } = await import('./run.ts')
      await runTower(shell, options)
    })
}
