import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { peerTyped } from '../typed.ts'

export function connectCommand(shell: Shell): Command {
  return nodeCommand(shell, 'connect', 'connect to a peer, and again whenever it is lost')
    .argument('<peer>', 'NODEID@HOST:PORT, or NODEID of a peer that is known')
    .action((typed: string, options: NodeOptions) => {
      const peer = peerTyped(typed)
      return atNode(shell, options, async ({ node, signal }) => {
        const connected = await node.connect({ ...peer, signal })
        answer(shell, connected, () => [`Connected to ${connected.nodeId}.`])
      })
    })
}
