import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { hashTyped } from '../typed.ts'

export function cancelCommand(shell: Shell): Command {
  return nodeCommand(shell, 'cancel', 'end an invoice: nobody can pay it any more, and what is held for it goes back')
    .argument('<hash>', 'its payment hash')
    .action((typed: string, options: NodeOptions) => {
      const paymentHash = hashTyped(typed)
      return atNode(shell, options, async ({ node, signal }) => {
        await node.cancelInvoice({ paymentHash, signal })
        answer(shell, { paymentHash, cancelled: true }, () => ['The invoice is cancelled.'])
      })
    })
}
