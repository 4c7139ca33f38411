import type { Command } from 'commander'
import type { GraphChannelJson, GraphNodeJson, GraphSummaryJson } from '../../api/index.ts'
import { type NodeOptions, nodeCommand } from '../command.ts'
import { answer, type Column, facts, type Paint, table } from '../print.ts'
import { usage } from '../problems.ts'
import { atNode } from '../remote.ts'
import type { Shell } from '../shell.ts'
import { nodeIdTyped, wholeTyped } from '../typed.ts'
import { counted, grouped, inSat, msatInSat, oneLine, short, timeOf } from '../words.ts'

interface GraphOptions extends NodeOptions {
  readonly channels?: boolean
  readonly limit?: string
  readonly after?: string
}

const MOST = 1000

export function graphCommand(shell: Shell): Command {
  return nodeCommand(shell, 'graph', 'the network as this node knows it: its size, one node of it, or its channels')
    .argument('[nodeid]', 'a node of the network')
    .option('--channels', 'list the channels of the whole network')
    .option('--limit <count>', 'with --channels: how many at most (default: 100)')
    .option('--after <number>', 'with --channels: go on where the page before has ended')
    .action((typed: string | undefined, options: GraphOptions) => {
      const { channels = false, limit, after } = options
      if (!channels && (limit ?? after) !== undefined)
        throw usage('--limit and --after go with --channels.', 'Leave them out, or give --channels.')
      if (typed !== undefined && channels)
        throw usage('A node and --channels do not go together.', 'A node is shown with its channels anyway.')
      if (typed !== undefined) return one(shell, nodeIdTyped(typed), options)
      return channels ? page(shell, options) : summary(shell, options)
    })
}

function summary(shell: Shell, options: NodeOptions): Promise<void> {
  return atNode(shell, options, async ({ node, signal }) => {
    const found = await node.graphSummary({ signal })
    answer(shell, found, paint => summed(found, Date.now(), paint))
  })
}

function summed(graph: GraphSummaryJson, now: number, paint: Paint): readonly string[] {
  const { nodes, channels, capacitySat, newestUpdateAt, syncedAt } = graph
  return facts(
    [
      ['nodes', grouped(nodes)],
      ['channels', grouped(channels)],
      ['capacity', inSat(capacitySat)],
      [
        'newest update',
        newestUpdateAt === undefined ? 'none' : `${timeOf(newestUpdateAt)}, ${agoOf(now - newestUpdateAt)}`,
      ],
      ['in step', syncedAt === undefined ? 'no peer has told all that it knows yet' : `since ${timeOf(syncedAt)}`],
    ],
    paint,
  )
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** The clocks of others may be ahead of ours. */
function agoOf(ms: number): string {
  if (ms < MINUTE_MS) return 'just now'
  if (ms < HOUR_MS) return `${counted(Math.floor(ms / MINUTE_MS), 'minute')} ago`
  if (ms < DAY_MS) return `${counted(Math.floor(ms / HOUR_MS), 'hour')} ago`
  return `${counted(Math.floor(ms / DAY_MS), 'day')} ago`
}

function one(shell: Shell, nodeId: string, options: NodeOptions): Promise<void> {
  return atNode(shell, options, async ({ node, signal }) => {
    const found = await node.graphNode({ nodeId, signal })
    answer(shell, found, paint => described(found, paint))
  })
}

function described(node: GraphNodeJson, paint: Paint): readonly string[] {
  const { alias, addresses, announcedAt } = node
  return [
    ...facts(
      [
        ['node id', node.nodeId],
        ['calls itself', alias === undefined || alias === '' ? undefined : oneLine(alias)],
        ...addresses.map(address => ['address', oneLine(address)] as const),
        ['channels', `${counted(node.channelCount, 'channel')} of ${inSat(node.capacitySat)}`],
        ['in parts', node.offersMpp ? 'takes payments in parts' : 'takes payments whole'],
        ['announced', announcedAt === undefined ? 'it has said nothing of itself' : timeOf(announcedAt)],
      ],
      paint,
    ),
    '',
    ...table(node.channels, columnsOf(node.nodeId), paint),
  ]
}

function page(shell: Shell, options: GraphOptions): Promise<void> {
  const { limit, after } = options
  const request = {
    ...(limit === undefined ? {} : { limit: wholeTyped(limit, '--limit', { min: 1, max: MOST }) }),
    ...(after === undefined ? {} : { after: wholeTyped(after, '--after', { min: 0, max: Number.MAX_SAFE_INTEGER }) }),
  }
  return atNode(shell, options, async ({ node, signal }) => {
    const found = await node.graph({ ...request, signal })
    answer(shell, found, paint => [
      ...(found.channels.length === 0 ? ['No channels.'] : table(found.channels, columnsOf(undefined), paint)),
      ...(found.next === undefined ? [] : [paint('faint', `More with --after ${found.next}.`)]),
    ])
  })
}

/** Of one node: to whom each channel leads, and what the node asks for it. Of the network: both ends, and what the first asks. */
function columnsOf(own: string | undefined): readonly Column<GraphChannelJson>[] {
  const side = ({ nodeIds }: GraphChannelJson): number => (own === nodeIds[1] ? 1 : 0)
  const policy = (channel: GraphChannelJson) => channel.policies[side(channel)] ?? undefined
  const other: Column<GraphChannelJson> = {
    title: 'to',
    of: channel => short(channel.nodeIds[1 - side(channel)] ?? ''),
  }
  const from: Column<GraphChannelJson> = { title: 'from', of: channel => short(channel.nodeIds[0] ?? '') }
  return [
    { title: 'channel', of: ({ shortChannelId }) => shortChannelId },
    ...(own === undefined ? [from] : []),
    other,
    { title: 'capacity', of: ({ capacitySat }) => inSat(capacitySat), right: true },
    { title: 'base fee', of: channel => feeOf(policy(channel)?.feeBaseMsat), right: true },
    { title: 'ppm', of: channel => `${policy(channel)?.feeProportionalMillionths ?? '-'}`, right: true },
    { title: 'state', of: stateOf },
  ]
}

const feeOf = (msat: string | undefined): string => (msat === undefined ? '-' : msatInSat(msat))

function stateOf({ spentHeight, policies }: GraphChannelJson): string {
  if (spentHeight !== undefined) return 'spent'
  const off = policies.filter(policy => policy?.disabled === true).length
  return off === 0 ? 'open' : off === 1 ? 'off one way' : 'off'
}
