import { BookendError, type ChannelId, type OutPoint, pmapValues, type Txid } from '../base/index.ts'
import { txid } from '../bitcoin/index.ts'
import { channelIdOf } from '../channel/index.ts'
import type { EngineState, Link } from '../engine/index.ts'
import type { OpenedChannel } from './types.ts'

// A channel by its id, in the durable state. One pass over the links: people ask seldom.

export function linkOf(state: EngineState, channelId: ChannelId): Link | undefined {
  for (const link of pmapValues(state.links)) {
    const { channel } = link.state
    if (channel !== undefined && channelIdOf(channel) === channelId) return link
  }
  return undefined
}

export function noChannel(id: string): BookendError {
  return new BookendError('not_found', `No channel has the id ${id.slice(0, 80)}.`, {
    advice: '`bookend channels` lists the channels.',
  })
}

/** The transaction that ends a channel: one that is confirmed, or published, or signed by both. */
export function closingOf(state: EngineState, channelId: ChannelId): Txid | undefined {
  const link = linkOf(state, channelId)
  const channel = link?.state.channel
  if (link === undefined || channel === undefined || !('durable' in channel)) return undefined
  const { mutualCloses, params } = channel.durable
  const confirmed = link.state.onchain?.facts.transactions.find(({ tx }) => spends(tx, params.fundingOutpoint))
  if (confirmed !== undefined) return confirmed.txid
  const agreed = mutualCloses.at(-1)
  if (agreed !== undefined) return txid(agreed)
  return link.closingTxid
}

function spends(
  tx: { readonly inputs: readonly { readonly outpoint: OutPoint }[] },
  { txid: id, vout }: OutPoint,
): boolean {
  return tx.inputs.some(({ outpoint }) => outpoint.txid === id && outpoint.vout === vout)
}

/** What is told of a channel that was opened. */
export function opened({
  channelId,
  fundingOutpoint,
}: {
  readonly channelId: ChannelId
  readonly fundingOutpoint: OutPoint
}): OpenedChannel {
  return { channelId, fundingTxid: fundingOutpoint.txid, fundingOutpoint }
}
