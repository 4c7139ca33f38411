import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, facts } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { msatTyped, wholeTyped } from '../typed.ts'
import { timeOf } from '../words.ts'

interface InvoiceOptions extends NodeOptions {
  readonly amountMsat?: string
  readonly description?: string
  readonly expiry?: string
}

const A_YEAR = 366 * 86_400

export function invoiceCommand(shell: Shell): Command {
  return nodeCommand(shell, 'invoice', 'ask for a payment')
    .option('--amount-msat <msat>', 'how many millisatoshis; without it the payer chooses')
    .option('--description <text>', 'what the payer reads')
    .option('--expiry <seconds>', 'how long it may be paid')
    .action((options: InvoiceOptions) => {
      const { amountMsat, description, expiry } = options
      const request = {
        ...(amountMsat === undefined ? {} : { amountMsat: msatTyped(amountMsat, '--amount-msat') }),
        ...(description === undefined ? {} : { description }),
        ...(expiry === undefined ? {} : { expirySeconds: wholeTyped(expiry, '--expiry', { min: 1, max: A_YEAR }) }),
      }
      return atNode(shell, options, async ({ node, signal }) => {
        const made = await node.createInvoice({ ...request, signal })
        answer(shell, made, paint => [
          made.invoice,
          ...facts(
            [
              ['payment hash', made.paymentHash],
              ['expires', timeOf(made.expiresAt)],
            ],
            paint,
          ),
        ])
      })
    })
}
