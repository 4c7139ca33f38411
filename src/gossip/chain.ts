import type { OutPoint } from '../base/index.ts'
import { removeChannels } from './channels.ts'
import { channelRows, channelsFundedBy, type Direction, endOf, findNode, scidAt } from './graph.ts'
import { CHANNEL, CHANNEL_FLAG } from './layout.ts'
import { readWord } from './table.ts'
import { secondsOf, type Turn } from './turn.ts'

// What blocks and time do to the graph (BOLT 7, pruning the network view).

/** What a block seems to spend is asked for: four bytes of a txid are no proof. What was spent long ago goes. */
export function onBlock(turn: Turn, height: number, spent: readonly OutPoint[]): void {
  const { graph } = turn.state
  for (const outpoint of spent) {
    for (const row of channelsFundedBy(graph, outpoint)) {
      turn.effects.push({ type: 'check_funding', shortChannelId: scidAt(graph, row) })
    }
  }
  const { spentDelayBlocks } = turn.context.limits
  const gone = rowsWhere(turn, row => {
    const spentAt = readWord(graph.channels, row, CHANNEL.SPENT_HEIGHT)
    return spentAt > 0 && height - spentAt >= spentDelayBlocks
  })
  removeChannels(turn, gone)
}

/** Channels that were funded or spent in that block are asked for again (BOLT 7, channel_announcement: reorganized out). */
export function onBlockUndone(turn: Turn, height: number): void {
  const { graph } = turn.state
  for (const row of channelRows(graph)) {
    const fundedAt = readWord(graph.channels, row, CHANNEL.SCID_HIGH) >>> 8
    const spentAt = readWord(graph.channels, row, CHANNEL.SPENT_HEIGHT)
    if (fundedAt < height && spentAt < height) continue
    turn.effects.push({ type: 'check_funding', shortChannelId: scidAt(graph, row) })
  }
}

/** Channels of which one end has said nothing for two weeks: both have to be there for it to be of use. Ours stay. */
export function pruneStale(turn: Turn): void {
  const { graph } = turn.state
  const { nodeId, now, limits } = turn.context
  const oldest = secondsOf(now) - limits.staleAfterSeconds
  const us = findNode(graph, nodeId)
  const isStale = (row: number, direction: Direction) =>
    (readWord(graph.channels, row, CHANNEL.FLAGS) & (CHANNEL_FLAG.POLICY << direction)) !== 0 &&
    readWord(graph.channels, row, CHANNEL.TIMESTAMP + direction) < oldest
  const gone = rowsWhere(
    turn,
    row => (isStale(row, 0) || isStale(row, 1)) && endOf(graph, row, 0) !== us && endOf(graph, row, 1) !== us,
  )
  removeChannels(turn, gone)
}

/** Cost: a look at every channel. */
function rowsWhere(turn: Turn, holds: (row: number) => boolean): readonly number[] {
  return [...channelRows(turn.state.graph)].filter(holds)
}
