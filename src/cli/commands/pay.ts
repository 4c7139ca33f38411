import type { Command } from 'commander'
import { nodeCommand } from '../command.ts'
import type { Shell } from '../shell.ts'
import { invoiceTyped, msatTyped } from '../typed.ts'
import { type PayOptions, paid, payOptions, termsOf } from './paying.ts'

export function payCommand(shell: Shell): Command {
  const command = nodeCommand(shell, 'pay', 'pay an invoice')
    .argument('<invoice>', 'an invoice (BOLT 11)')
    .option('--amount-msat <msat>', 'how many millisatoshis, where the invoice names no amount')
  return payOptions(command).action((typed: string, options: PayOptions & { readonly amountMsat?: string }) => {
    const { amountMsat } = options
    const amount = amountMsat === undefined ? {} : { amountMsat: msatTyped(amountMsat, '--amount-msat') }
    return paid(shell, options, { invoice: invoiceTyped(typed), ...amount, ...termsOf(options) })
  })
}
