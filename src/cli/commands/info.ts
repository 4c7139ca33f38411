import type { Command } from 'commander'
import type { InfoJson } from '../../api/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, facts, type Paint } from '../print.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { counted, oneLine, short } from '../words.ts'

function towerLine({ nodeId, connected, waiting, refusal }: InfoJson['watchtowers'][number], paint: Paint): string {
  const name = short(nodeId)
  if (refusal !== undefined) return `${name}, ${paint('warn', `keeps no more: ${oneLine(refusal)}`)}`
  const has = waiting === 0 ? 'has all' : `${counted(waiting, 'commitment')} still to be given to it`
  return `${name}, ${connected ? has : `${paint('warn', 'not connected')}, ${has}`}`
}

export function infoCommand(shell: Shell): Command {
  return nodeCommand(shell, 'info', 'who this node is, and how it is').action((options: NodeOptions) =>
    atNode(shell, options, async ({ node, signal }) => {
      const info = await node.info({ signal })
      const { listening } = info
      answer(shell, info, paint =>
        facts(
          [
            ['node id', paint('strong', info.nodeId)],
            ['network', info.network],
            ['block', `${info.blockHeight}, ${info.synced ? 'up to date' : paint('warn', 'not up to date')}`],
            ['peers', `${info.peers} connected`],
            ['channels', counted(info.channels, 'channel')],
            ['listens', listening === undefined ? 'nowhere' : `${listening.host}:${listening.port}`],
            ...info.watchtowers.map((tower): [string, string] => ['watchtower', towerLine(tower, paint)]),
            ['version', info.version],
          ],
          paint,
        ),
      )
    }),
  )
}
