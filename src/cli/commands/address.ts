import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'

export function addressCommand(shell: Shell): Command {
  return nodeCommand(shell, 'address', 'a new address on chain to pay this node to').action((options: NodeOptions) =>
    atNode(shell, options, async ({ node, signal }) => {
      const made = await node.newAddress({ signal })
      answer(shell, made, () => [made.address])
    }),
  )
}
