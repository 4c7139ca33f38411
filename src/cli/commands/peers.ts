import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, table } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { grouped } from '../words.ts'

export function peersCommand(shell: Shell): Command {
  return nodeCommand(shell, 'peers', 'the peers, connected or not').action((options: NodeOptions) =>
    atNode(shell, options, async ({ node, signal }) => {
      const peers = await node.peers({ signal })
      answer(shell, peers, paint => {
        if (peers.length === 0) return ['No peers. `bookend connect NODEID@HOST:PORT` finds one.']
        return table(
          peers,
          [
            { title: 'node id', of: peer => peer.nodeId },
            {
              title: 'connected',
              of: ({ connected, outgoing }) => (connected ? (outgoing === true ? 'by us' : 'by them') : 'no'),
              ink: ({ connected }) => (connected ? 'good' : 'warn'),
            },
            { title: 'channels', of: peer => grouped(peer.channels), right: true },
            { title: 'address', of: peer => peer.address ?? '' },
          ],
          paint,
        )
      })
    }),
  )
}
