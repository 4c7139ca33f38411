import type { Command } from 'commander'
import { nodeCommand } from '../command.ts'
import type { Shell } from '../shell.ts'
import { msatTyped, nodeIdTyped } from '../typed.ts'
import { type PayOptions, paid, payOptions, termsOf } from './paying.ts'

export function keysendCommand(shell: Shell): Command {
  const command = nodeCommand(shell, 'keysend', 'pay a node that has asked for nothing')
    .argument('<nodeid>', 'whom')
    .argument('<msat>', 'how many millisatoshis')
  return payOptions(command).action((typed: string, msat: string, options: PayOptions) => {
    const request = { nodeId: nodeIdTyped(typed), amountMsat: msatTyped(msat, 'The amount'), ...termsOf(options) }
    return paid(shell, options, request)
  })
}
