import { type ShortChannelId, shortChannelId } from '../wire/index.ts'
import type { LinkState } from './types.ts'

/** Where the funding output stands (BOLT 7), while a block has it and payments may name it: from `channel_ready` on both sides. */
export function shortChannelIdOf({ channel, funding }: LinkState): ShortChannelId | undefined {
  if (funding?.txIndex === undefined || channel === undefined || !('durable' in channel)) return undefined
  const { ready, params } = channel.durable
  if (!ready.local || !ready.remote) return undefined
  const { height: blockHeight, txIndex } = funding
  return shortChannelId({ blockHeight, txIndex, outputIndex: params.fundingOutpoint.vout })
}
