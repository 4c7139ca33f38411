import type { Command } from 'commander'
import type { ChannelJson } from '../../api/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, type Column, type Ink, table } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { inSat, msatInSat, short } from '../words.ts'

export function channelsCommand(shell: Shell): Command {
  return nodeCommand(shell, 'channels', 'the channels and their balances')
    .option('--closed', 'closed ones too')
    .action((options: NodeOptions & { readonly closed?: boolean }) =>
      atNode(shell, options, async ({ node, signal }) => {
        const channels = await node.channels({ closed: options.closed === true, signal })
        answer(shell, channels, paint =>
          channels.length === 0
            ? ['No channels. `bookend open NODEID@HOST:PORT SAT` opens one.']
            : table(channels, COLUMNS, paint),
        )
      }),
    )
}

const COLUMNS: readonly Column<ChannelJson>[] = [
  { title: 'channel', of: ({ channelId }) => short(channelId) },
  { title: 'peer', of: ({ peer }) => short(peer) },
  { title: 'state', of: stateOf, ink: inkOf },
  { title: 'capacity', of: ({ capacitySat }) => inSat(capacitySat), right: true },
  { title: 'ours', of: ({ localMsat }) => msatInSat(localMsat), right: true },
  { title: 'theirs', of: ({ remoteMsat }) => msatInSat(remoteMsat), right: true },
]

/** An open channel is of use only while the peer is there. */
export function stateOf({ state, peerConnected }: ChannelJson): string {
  return peerConnected || state === 'closed' ? state : `${state}, peer away`
}

function inkOf({ usable, state }: ChannelJson): Ink {
  if (usable) return 'good'
  return state === 'closed' ? 'faint' : 'warn'
}
