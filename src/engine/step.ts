import { encode, outPointKey, unreachable } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { type Channel, channelIdOf, type PeerMessage } from '../channel/index.ts'
import { decodeMessage, type Message } from '../wire/index.ts'
import { findFunding, watchedSpends } from './blocks.ts'
import { acceptFromPeer, openWithPeer, stepChannel } from './channel.ts'
import { confirmedFunding } from './codec.ts'
import { enforce, enforceRevoked, fundedChannel } from './enforcement.ts'
import { FUNDING_KEY, fundingPrefix } from './keys.ts'
import type { EngineContext, EngineInput, EngineState, EngineStep } from './types.ts'
import { begin, finish, type Work, withEffects, withWrites } from './work.ts'

/** One input for a node. Total and pure: whatever comes in, the answer is a state, writes and effects. */
export function engineStep(state: EngineState, input: EngineInput, context: EngineContext): EngineStep {
  const before = begin(state)
  return finish(followUp(before, answer(before, input, context), context))
}

function answer(work: Work, input: EngineInput, context: EngineContext): Work {
  switch (input.type) {
    case 'connected':
      return stepChannel(connection(work, 'connected'), { type: 'connected', negotiated: context.negotiated }, context)
    case 'disconnected':
      return stepChannel(connection(work, 'disconnected'), { type: 'disconnected' }, context)
    case 'received':
      return received(work, input.bytes, context)
    case 'open':
      return openWithPeer(work, input.request, context)
    case 'command':
      return stepChannel(work, input.command, context)
    case 'block_connected':
      return blockConnected(work, input.height, input.transactions, context)
    case 'block_disconnected':
      return blockDisconnected(work, input.height, context)
    case 'archive':
      return enforceRevoked(work, input.commitmentNumber, input.records, context)
    case 'spend_found':
      return spent(work, input.tx, input.height, context)
    case 'started':
      return enforce(stepChannel(work, { type: 'disconnected' }, context), { type: 'started' }, context)
    case 'end_of_turn':
      return stepChannel(work, { type: 'commit' }, context)
    default:
      return unreachable(input)
  }
}

function connection(work: Work, now: EngineState['connection']): Work {
  return { ...work, state: { ...work.state, connection: now } }
}

/** Bytes that are no message cost the sender its connection (BOLT 1, lightning message format). */
function received(work: Work, bytes: Uint8Array, context: EngineContext): Work {
  const decoded = decodeMessage(bytes)
  if (!decoded.ok) return withEffects(work, [{ type: 'close_connection' }])
  const message = decoded.value
  if (message.type === 'unknown' || !isOfChannel(message)) return work
  if (message.type === 'open_channel' && mayAccept(work.state)) return acceptFromPeer(work, message, context)
  return isForChannel(work.state, message) ? stepChannel(work, { type: 'message', message }, context) : work
}

function isOfChannel(message: Message): message is PeerMessage {
  return message.type !== 'init' && message.type !== 'ping' && message.type !== 'pong'
}

function mayAccept({ channel }: EngineState): boolean {
  return channel === undefined || channel.state === 'aborted'
}

/** A message about a channel that we do not know is ignored (BOLT 1, error; BOLT 2, message retransmission). */
function isForChannel({ channel }: EngineState, message: PeerMessage): boolean {
  if (channel === undefined) return false
  const id = 'temporaryChannelId' in message ? message.temporaryChannelId : message.channelId
  if (id === temporaryIdOf(channel) || /^0+$/.test(id)) return true
  return id === channelIdOf(channel)
}

function temporaryIdOf(channel: Channel): string {
  return 'durable' in channel ? channel.durable.params.temporaryChannelId : channel.temporaryChannelId
}

/** Order: what the block spends, how deep the funding is, and then the deadlines of this height. */
function blockConnected(work: Work, height: number, transactions: readonly Tx[], context: EngineContext): Work {
  const now = { ...context, height }
  const found = withFunding(work, transactions, height)
  // One transaction after the other, since a spend may bring new outputs to watch which the same block spends.
  const spends = transactions.reduce((done, tx) => spent(done, tx, height, now), found)
  return enforce(stepChannel(depthOf(spends, height, now), { type: 'block' }, now), { type: 'block' }, now)
}

function spent(work: Work, tx: Tx, height: number, context: EngineContext): Work {
  const outpoints = watchedSpends(tx, work.state.watched)
  return outpoints.reduce((done, outpoint) => {
    const funding = fundedChannel(done)?.durable.params.fundingOutpoint
    const ends = funding !== undefined && outPointKey(funding) === outPointKey(outpoint)
    const told = ends ? stepChannel(done, { type: 'funding_spent', tx }, context) : done
    return enforce(told, { type: 'spent', outpoint, tx, height }, context)
  }, work)
}

function withFunding(work: Work, transactions: readonly Tx[], height: number): Work {
  const channel = fundedChannel(work)
  if (channel === undefined || work.state.funding !== undefined) return work
  const { params } = channel.durable
  const funding = findFunding(params, transactions, height)
  if (funding === undefined) return work
  const value = encode(confirmedFunding, funding)
  const known: Work = { ...work, state: { ...work.state, funding } }
  return withWrites(known, fundingPrefix(params.channelId), [{ type: 'put', key: FUNDING_KEY, value }])
}

function depthOf(work: Work, height: number, context: EngineContext): Work {
  const { channel, funding } = work.state
  if (funding === undefined || channel?.state !== 'wait_for_funding_confirmed') return work
  const { output, coinbase } = funding
  return stepChannel(work, { type: 'funding_depth', depth: height - funding.height + 1, output, coinbase }, context)
}

function blockDisconnected(work: Work, height: number, context: EngineContext): Work {
  const now = { ...context, height: height - 1 }
  const undone = enforce(work, { type: 'reorg', height: height - 1 }, now)
  const channel = fundedChannel(undone)
  if (channel === undefined || undone.state.funding === undefined || undone.state.funding.height < height) return undone
  const { funding, ...state } = undone.state
  const prefix = fundingPrefix(channel.durable.params.channelId)
  const forgotten = withWrites({ ...undone, state }, prefix, [{ type: 'delete', key: FUNDING_KEY }])
  return stepChannel(forgotten, { type: 'funding_depth', depth: 0, output: undefined, coinbase: funding.coinbase }, now)
}

/** What a change of the channel means for the chain: a new channel is watched, and one that ends there is told what it holds. */
function followUp(before: Work, work: Work, context: EngineContext): Work {
  const channel = fundedChannel(work)
  if (channel === undefined) return work
  if (work.state.onchain === undefined) return enforce(work, { type: 'started' }, context)
  const changed = fundedChannel(before)?.durable !== channel.durable
  const { phase, mutualCloses } = channel.durable
  const onItsWay =
    phase.type === 'closing' || mutualCloses.length > 0 || work.state.onchain.facts.transactions.length > 0
  return changed && onItsWay ? enforce(work, { type: 'view_updated' }, context) : work
}
