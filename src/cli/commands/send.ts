import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, facts } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { feerateTyped, satTyped } from '../typed.ts'
import { inSat } from '../words.ts'
import { KEY_OPTION, repeatable } from './repeatable.ts'

interface SendOptions extends NodeOptions {
  readonly feerate?: string
  readonly idempotencyKey?: string
}

export function sendCommand(shell: Shell): Command {
  return nodeCommand(shell, 'send', 'send coins on chain')
    .argument('<address>', 'where to')
    .argument('<sat>', 'how many satoshis, or all')
    .option('--feerate <sat/vB>', 'the fee, in satoshis per virtual byte')
    .option(...KEY_OPTION)
    .action((address: string, typed: string, options: SendOptions) => {
      const amountSat = typed === 'all' ? typed : satTyped(typed, 'The amount')
      const fee = options.feerate === undefined ? {} : { feeratePerKw: feerateTyped(options.feerate) }
      return atNode(shell, options, async ({ node, signal }) => {
        const sent = await repeatable(options.idempotencyKey, idempotencyKey =>
          node.send({ address, amountSat, ...fee, idempotencyKey, signal }),
        )
        const amount = amountSat === 'all' ? 'everything' : inSat(amountSat)
        answer(shell, sent, paint => [`Sent ${amount} to ${address}.`, ...facts([['transaction', sent.txid]], paint)])
      })
    })
}
