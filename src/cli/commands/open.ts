import type { Command } from 'commander'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, facts } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { feerateTyped, msatTyped, peerTyped, satTyped } from '../typed.ts'
import { inSat, short } from '../words.ts'
import { KEY_OPTION, repeatable } from './repeatable.ts'

interface OpenOptions extends NodeOptions {
  readonly pushMsat?: string
  readonly feerate?: string
  readonly announce?: boolean
  readonly zeroConf?: boolean
  readonly scidAlias?: boolean
  readonly idempotencyKey?: string
}

export function openCommand(shell: Shell): Command {
  return nodeCommand(shell, 'open', 'open a channel with a peer')
    .argument('<peer>', 'NODEID@HOST:PORT, or NODEID of a peer that is known')
    .argument('<sat>', 'how many satoshis the channel holds')
    .option('--push-msat <msat>', 'give the other side so much of it at the start')
    .option('--feerate <sat/vB>', 'the fee of the funding transaction, in satoshis per virtual byte')
    .option('--announce', 'tell the whole network of it, so that others pay over it; private unless told')
    .option('--zero-conf', 'use it before it is confirmed, where the peer trusts us')
    .option('--scid-alias', 'never let payments name it by where it stands on the chain')
    .option(...KEY_OPTION)
    .action((typed: string, sat: string, options: OpenOptions) => {
      const { pushMsat, feerate, announce, zeroConf, scidAlias } = options
      const request = {
        peer: peerTyped(typed),
        capacitySat: satTyped(sat, 'The capacity'),
        ...(pushMsat === undefined ? {} : { pushMsat: msatTyped(pushMsat, '--push-msat') }),
        ...(feerate === undefined ? {} : { feeratePerKw: feerateTyped(feerate) }),
        ...(announce === true ? { announce } : {}),
        ...(zeroConf === true ? { zeroConf } : {}),
        ...(scidAlias === true ? { scidAlias } : {}),
      }
      return atNode(shell, options, async ({ node, signal }) => {
        const opened = await repeatable(options.idempotencyKey, idempotencyKey =>
          node.openChannel({ ...request, idempotencyKey, signal }),
        )
        const when = zeroConf === true ? 'opens before its funding is confirmed' : 'opens when its funding is confirmed'
        answer(shell, opened, paint => [
          `A channel of ${inSat(request.capacitySat)} with ${short(request.peer.nodeId)} ${when}.`,
          ...facts(
            [
              ['channel', opened.channelId],
              ['funding', `${opened.fundingOutpoint.txid}:${opened.fundingOutpoint.vout}`],
            ],
            paint,
          ),
        ])
      })
    })
}
