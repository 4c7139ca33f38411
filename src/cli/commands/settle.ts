import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, facts } from '../print.ts'
import { usage } from '../problems.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { msatInSat } from '../words.ts'

export function settleCommand(shell: Shell): Command {
  return nodeCommand(shell, 'settle', 'take what is held for a hold invoice, with its preimage')
    .argument('<preimage>', 'its 64 hexadecimal digits: their SHA-256 is the payment hash')
    .action((typed: string, options: NodeOptions) => {
      const preimage = preimageTyped(typed)
      return atNode(shell, options, async ({ node, signal }) => {
        const payment = await node.settleInvoice({ preimage, signal })
        answer(shell, payment, paint => [
          `${paint('good', 'Received')} ${msatInSat(payment.amountMsat)}.`,
          ...facts([['payment hash', payment.paymentHash]], paint),
        ])
      })
    })
}

/** It is a secret until it is used: no message repeats it. */
function preimageTyped(typed: string): string {
  const preimage = typed.toLowerCase()
  if (/^[0-9a-f]{64}$/.test(preimage)) return preimage
  throw usage('That is no preimage.', 'Give the 64 hexadecimal digits whose SHA-256 is the payment hash.')
}
