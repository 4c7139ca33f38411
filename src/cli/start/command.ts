import type { Command } from 'commander'
import { chainOptions } from '../chain/named.ts'
import { newCommand } from '../command.ts'
import type { Shell } from '../shell.ts'
import { DEFAULT_API, DEFAULT_LISTEN, readStart, type TypedStart } from './options.ts'

const HELP = `
The first start makes a seed of 24 words: under a passphrase that is asked for, or that stands in a file; or unencrypted where
the disk may know it. On a terminal the words are shown once. Later starts need the same passphrase.

A chain: \`bookend regtest\` serves one for trying things out, which is found without --chain. BOOKEND_CHAIN is another way to
say --chain, which the list of processes does not show. With --esplora or --electrum nobody's word is taken for what can be
proven; name two or more servers, so that each is checked against the others. A certificate that an Electrum server has signed itself
is pinned by its SHA-256: tls://host:port#0a1b…

With --json the first line is {"event":"ready","nodeId","network","listen","api","dataDir","pid"}; lines that follow tell of
troubles: {"event":"log","level","message","at"}. Ctrl-C or \`bookend stop\` ends it in good order, a second Ctrl-C at once.`

export function startCommand(shell: Shell, version: string): Command {
  const command = newCommand(shell, 'start', 'run a node, until it is stopped')
    .option('--data-dir <folder>', 'where everything is kept (default: ~/.bookend/NETWORK)')
    .option('--network <name>', 'regtest, signet, testnet4 or bitcoin (default: regtest)')
  return chainOptions(command)
    .option('--listen <host:port>', 'where peers reach the node; none: nowhere', DEFAULT_LISTEN)
    .option('--api <host:port>', 'where its API is', DEFAULT_API)
    .option('--passphrase-file <file>', 'the passphrase of the seed is its first line')
    .option('--unencrypted-seed', 'keep the seed without a passphrase: whoever reads the disk has the money')
    .option('--birth-height <height>', 'where to look for coins from, with words that were used before')
    .option('--trust <nodeids>', 'use channels of these peers before they are confirmed; with commas between them')
    .option('--alias <name>', 'what others see of a node with public channels (default: digits of its id)')
    .option('--color <rrggbb>', 'and its color on their maps')
    .option(
      '--announce-at <addresses>',
      'where they can dial it: host:port, with commas between them (default: nowhere)',
    )
    .option(
      '--watchtower <towers>',
      'who punishes cheats while the node is away: NODEID@HOST:PORT, with commas between them',
    )
    .option('--onion-messages', 'pass messages without a payment on between peers')
    .option('--json', 'print one JSON object a line')
    .addHelpText('after', HELP)
    .action(async (typed: TypedStart) => {
      const options = readStart(shell, typed)
      // Imported when it is needed: a node takes its time to load, and whoever mistypes an option does without it.
      const { runNode } = await import('./run.ts')
      await runNode(shell, options, version)
    })
}
