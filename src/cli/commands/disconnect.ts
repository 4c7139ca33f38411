import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { byPrefix } from '../typed.ts'

export function disconnectCommand(shell: Shell): Command {
  return nodeCommand(shell, 'disconnect', 'leave a peer, and do not connect to it again')
    .argument('<peer>', 'its node id, or the first digits of it')
    .action((typed: string, options: NodeOptions) =>
      atNode(shell, options, async ({ node, signal }) => {
        const known = (await node.peers({ signal })).map(peer => peer.nodeId)
        const nodeId = byPrefix(typed, known, 'peer')
        await node.disconnect({ nodeId, signal })
        answer(shell, { nodeId, connected: false }, () => [`Disconnected from ${nodeId}.`])
      }),
    )
}
