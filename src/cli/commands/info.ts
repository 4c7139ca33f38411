import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, facts } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { counted } from '../words.ts'

export function infoCommand(shell: Shell): Command {
  return nodeCommand(shell, 'info', 'who this node is, and how it is').action((options: NodeOptions) =>
    atNode(shell, options, async ({ node, signal }) => {
      const info = await node.info({ signal })
      const { listening } = info
      answer(shell, info, paint =>
        facts(
          [
            ['node id', paint('strong', info.nodeId)],
            ['network', info.network],
            ['block', `${info.blockHeight}, ${info.synced ? 'up to date' : paint('warn', 'not up to date')}`],
            ['peers', `${info.peers} connected`],
            ['channels', counted(info.channels, 'channel')],
            ['listens', listening === undefined ? 'nowhere' : `${listening.host}:${listening.port}`],
            ['version', info.version],
          ],
          paint,
        ),
      )
    }),
  )
}
