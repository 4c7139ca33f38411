import { BookendError, type Txid } from '../base/index.ts'
import type { EngineState } from '../engine/index.ts'
import type { NodeDesk } from './desk.ts'
import { closingOf, linkOf, noChannel } from './lookups.ts'
import type { CloseRequest, ClosingChannel } from './types.ts'

/** How long a close waits for its transaction before it answers without one, in milliseconds. */
const PATIENCE_MS = 5_000

/** Asks for the end of a channel, and waits a while for its transaction: with a feerate for the one that pays it. */
export async function closeChannel(desk: NodeDesk, wanted: CloseRequest): Promise<ClosingChannel> {
  const { channelId, force = false, feeratePerKw } = wanted
  if (force && feeratePerKw !== undefined) {
    throw new BookendError('bad_request', 'The fee of a close by force stands on what both sides have signed.', {
      advice: 'Leave the feerate out, or close together with the peer.',
    })
  }
  const before = feeratePerKw === undefined ? undefined : closingOf(desk.state(), channelId)
  const fee = feeratePerKw === undefined ? {} : { feeratePerKw }
  await desk.ask(request => ({ type: 'close_channel', request, channelId, force, ...fee }))
  const newOne = (state: EngineState): Txid | undefined => {
    const txid = closingOf(state, channelId)
    return txid === before ? undefined : txid
  }
  const found = await desk.until(newOne, PATIENCE_MS)
  const channel = linkOf(desk.state(), channelId)?.state.channel
  if (channel === undefined) throw noChannel(channelId)
  return { channelId, state: channel.state, closingTxid: found ?? before }
}
