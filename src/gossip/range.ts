import { type ReplyChannelRange, type ShortChannelId, shortChannelIdParts } from '../wire/index.ts'
import { channelRows, type Graph, policyAt, scidAt } from './graph.ts'
import { CHANNEL } from './layout.ts'
import { readWord } from './table.ts'
import type { GossipContext, Job } from './types.ts'

type RangeJob = Extract<Job, { type: 'range' }>

const WITH_TIMESTAMPS = 1n
const WITH_CHECKSUMS = 2n

/**
 * The next `reply_channel_range`, and what is left to be told (BOLT 7, query_channel_range, receiver). A reply ends with a block, or within
 * one that has more channels than fit: then the next one begins with that block again.
 */
export function nextReply(
  graph: Graph,
  job: RangeJob,
  { chainHash, limits }: Pick<GossipContext, 'chainHash' | 'limits'>,
): { readonly reply: ReplyChannelRange; readonly rest: RangeJob | undefined } {
  const { firstBlock, endBlock, option, told } = job
  const sorted = sortedRows(graph)
  const from = firstAtBlock(graph, sorted, firstBlock) + told
  const end = firstAtBlock(graph, sorted, endBlock)
  const until = Math.min(from + limits.channelsInReply, end)
  const isLast = until >= end
  const rows = [...sorted.subarray(Math.min(from, until), until)]
  const next = isLast ? endBlock : blockAt(graph, sorted, until)
  const splitsBlock = !isLast && until > 0 && blockAt(graph, sorted, until - 1) === next
  const reached = splitsBlock ? next + 1 : Math.max(next, firstBlock + 1)
  const unspent = rows.filter(row => readWord(graph.channels, row, CHANNEL.SPENT_HEIGHT) === 0)
  const reply: ReplyChannelRange = {
    type: 'reply_channel_range',
    chainHash,
    firstBlocknum: firstBlock,
    numberOfBlocks: (isLast ? endBlock : reached) - firstBlock,
    syncComplete: isLast,
    shortChannelIds: unspent.map(row => scidAt(graph, row)),
    ...((option & WITH_TIMESTAMPS) !== 0n && {
      timestamps: unspent.map(row => ({
        timestampNodeId1: policyAt(graph, row, 0)?.timestamp ?? 0,
        timestampNodeId2: policyAt(graph, row, 1)?.timestamp ?? 0,
      })),
    }),
    ...((option & WITH_CHECKSUMS) !== 0n && {
      checksums: unspent.map(row => ({
        checksumNodeId1: policyAt(graph, row, 0)?.checksum ?? 0,
        checksumNodeId2: policyAt(graph, row, 1)?.checksum ?? 0,
      })),
    }),
  }
  if (isLast) return { reply, rest: undefined }
  const toldOfNext = splitsBlock ? until - firstAtBlock(graph, sorted, next) : 0
  return { reply, rest: { ...job, firstBlock: next, told: toldOfNext } }
}

// What was sorted for a shape is kept as long as that shape is: a peer may ask as often as it likes.
const known = new WeakMap<object, Int32Array>()

/** The rows in use by short_channel_id. Cost: a sort where the shape is new. */
function sortedRows(graph: Graph): Int32Array {
  const before = known.get(graph.shape)
  if (before !== undefined) return before
  const key = (row: number, field: number) => readWord(graph.channels, row, field)
  const sorted = Int32Array.from(channelRows(graph)).sort(
    (a, b) =>
      key(a, CHANNEL.SCID_HIGH) - key(b, CHANNEL.SCID_HIGH) || key(a, CHANNEL.SCID_LOW) - key(b, CHANNEL.SCID_LOW),
  )
  known.set(graph.shape, sorted)
  return sorted
}

/** The place of the first channel of this block or a later one. */
function firstAtBlock(graph: Graph, sorted: Int32Array, block: number): number {
  let [low, high] = [0, sorted.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (blockAt(graph, sorted, middle) < block) low = middle + 1
    else high = middle
  }
  return low
}

function blockAt(graph: Graph, sorted: Int32Array, place: number): number {
  // A place inside the list.
  return readWord(graph.channels, sorted[place] as number, CHANNEL.SCID_HIGH) >>> 8
}

export const blockOf = (id: ShortChannelId): number => shortChannelIdParts(id).blockHeight
