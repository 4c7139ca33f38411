import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { inSat, msatInSat } from '../words.ts'

export function balanceCommand(shell: Shell): Command {
  return nodeCommand(shell, 'balance', 'what is on chain, and what is in channels').action((options: NodeOptions) =>
    atNode(shell, options, async ({ node, signal }) => {
      const balance = await node.balance({ signal })
      answer(shell, balance, paint => {
        const rows = [
          ['on chain, confirmed', inSat(balance.onchainConfirmedSat)],
          ['  of it kept back for fees', inSat(balance.onchainReservedSat)],
          ['on chain, unconfirmed', inSat(balance.onchainUnconfirmedSat)],
          ...(balance.onchainImmatureSat === '0'
            ? []
            : [['on chain, immature', inSat(balance.onchainImmatureSat)] as const]),
          ['in channels, ours', msatInSat(balance.channelLocalMsat)],
          ['in channels, theirs', msatInSat(balance.channelRemoteMsat)],
        ] as const
        // The point of an amount with thousandths hangs out to the right of the others.
        const whole = (text: string): number => text.replace(/(?:\.\d+)? sat$/, '').length
        const width = Math.max(...rows.map(([, amount]) => whole(amount)))
        return rows.map(
          ([name, amount]) => `${paint('faint', name.padEnd(28))}${' '.repeat(width - whole(amount))}${amount}`,
        )
      })
    }),
  )
}
