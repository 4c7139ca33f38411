import type { Command } from 'commander'
import { BookendError } from '../../base/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, facts } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { feerateTyped } from '../typed.ts'
import { short } from '../words.ts'
import { CHANNEL_ARGUMENT, channelTyped } from './channelTyped.ts'

interface CloseOptions extends NodeOptions {
  readonly force?: boolean
  readonly feerate?: string
  readonly yes?: boolean
}

export function closeCommand(shell: Shell): Command {
  return nodeCommand(shell, 'close', 'close a channel together with its peer, or by force without it')
    .argument(...CHANNEL_ARGUMENT)
    .option('--force', 'publish our commitment transaction: our money is free after a delay')
    .option('--feerate <sat/vB>', 'the fee of the closing transaction, in satoshis per virtual byte')
    .option('--yes', 'do not ask whether --force is meant')
    .action((typed: string, options: CloseOptions) => {
      const fee = options.feerate === undefined ? {} : { feeratePerKw: feerateTyped(options.feerate) }
      const force = options.force === true
      return atNode(shell, options, async at => {
        const channelId = await channelTyped(at, typed)
        if (force && options.yes !== true) await makeSure(shell, channelId)
        const { node, signal } = at
        const closing = await node.closeChannel({ channelId, ...(force ? { force } : {}), ...fee, signal })
        answer(shell, closing, paint => [
          `The channel ${short(channelId)} closes${force ? ' by force' : ''}.`,
          ...facts(
            [
              ['state', closing.state],
              ['transaction', closing.closingTxid ?? 'not known yet'],
            ],
            paint,
          ),
        ])
      })
    })
}

/** Where nobody can be asked, --force is enough. */
async function makeSure(shell: Shell, channelId: string): Promise<void> {
  if (!shell.canAsk) return
  const question = `Close ${short(channelId)} by force? It costs more, and our money is locked for a while.`
  if (await shell.confirm(question)) return
  throw new BookendError('aborted', 'The channel stays as it is.', {
    advice: 'Without --force it is closed together with the peer, which is cheaper.',
  })
}
