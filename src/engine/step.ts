import { unreachable } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import type { PeerMessage } from '../channel/index.ts'
import { decodeMessage, isChannelMessage, type Message } from '../wire/index.ts'
import { acceptFromPeer, commandChannel, openWithPeer, stepChannel } from './channel.ts'
import { keepScripts } from './closingScripts.ts'
import { enforce, enforceRevoked, fundedChannel } from './enforcement.ts'
import { findFunding, forgetFunding, fundingDepth, fundingFound, lookUpFunding, publishFunding } from './funding.ts'
import { spent } from './spends.ts'
import { addresseeOf, answerToSecondOpening, answerToStranger } from './strangers.ts'
import type { EngineContext, EngineInput, EngineState, EngineStep } from './types.ts'
import { begin, finish, type Work, withEffects } from './work.ts'

/** One input for a node. Total and pure: whatever comes in, the answer is a state, writes and effects. */
export function engineStep(state: EngineState, input: EngineInput, context: EngineContext): EngineStep {
  const before = begin(state)
  return finish(followUp(before, keepScripts(before, answer(before, input, context)), context))
}

function answer(work: Work, input: EngineInput, context: EngineContext): Work {
  switch (input.type) {
    case 'connected':
      return connected(work, context)
    case 'disconnected':
      return stepChannel(connection(work, 'disconnected'), { type: 'disconnected' }, context)
    case 'received':
      return received(work, input.bytes, context)
    case 'open':
      return openWithPeer(work, input.request, context)
    case 'command':
      return commandChannel(work, input.command, context)
    case 'block_connected':
      return blockConnected(work, input.height, input.transactions, context)
    case 'block_disconnected':
      return blockDisconnected(work, input.height, context)
    case 'archive':
      return enforceRevoked(work, input.commitmentNumber, input.records, context)
    case 'spend_found':
      return spent(work, input.tx, input.height, context)
    case 'funding_found':
      return fundingFound(work, input.tx, input.height, context)
    case 'started':
      return started(work, context)
    case 'end_of_turn':
      return stepChannel(work, { type: 'commit' }, context)
    default:
      return unreachable(input)
  }
}

function connection(work: Work, now: EngineState['connection']): Work {
  return { ...work, state: { ...work.state, connection: now } }
}

/** One connection at a time: a new one is the end of the one before it, whether or not that was told. */
function connected(work: Work, context: EngineContext): Work {
  const alone = work.state.connection === 'connected' ? stepChannel(work, { type: 'disconnected' }, context) : work
  return stepChannel(connection(alone, 'connected'), { type: 'connected', negotiated: context.negotiated }, context)
}

/** Bytes that are no message cost the sender its connection (BOLT 1, lightning message format). */
function received(work: Work, bytes: Uint8Array, context: EngineContext): Work {
  const { connection: line, channel } = work.state
  // The rest of a connection that has ended: what it brings would be taken for a part of the next one.
  if (line === 'disconnected') return work
  const decoded = decodeMessage(bytes)
  if (!decoded.ok) return withEffects(work, [{ type: 'close_connection' }])
  const message = decoded.value
  if (message.type === 'unknown' || !isOfChannel(message)) return work
  if (message.type === 'open_channel') {
    if (channel === undefined || channel.state === 'aborted') return acceptFromPeer(work, message, context)
    return withEffects(work, answerToSecondOpening(channel, message))
  }
  const addressee = addresseeOf(channel, message)
  if (addressee === 'channel') return stepChannel(work, { type: 'message', message }, context)
  return withEffects(work, answerToStranger(message, addressee))
}

/** `init`, `ping` and `pong` belong to whoever keeps the connection. */
function isOfChannel(message: Message): message is PeerMessage {
  return message.type === 'error' || message.type === 'warning' || isChannelMessage(message)
}

/** Order: what the block spends, how deep the funding is, and then the deadlines of this height. */
function blockConnected(work: Work, height: number, transactions: readonly Tx[], context: EngineContext): Work {
  const now = { ...context, height }
  const found = findFunding(work, transactions, height)
  // One transaction after the other, since a spend may bring new outputs to watch which the same block spends.
  const spends = transactions.reduce((done, tx) => spent(done, tx, height, now), found)
  const aged = stepChannel(fundingDepth(spends, height, now), { type: 'block' }, now)
  return enforce(publishFunding(aged), { type: 'block' }, now)
}

function blockDisconnected(work: Work, height: number, context: EngineContext): Work {
  const now = { ...context, height: height - 1 }
  return forgetFunding(enforce(work, { type: 'reorg', height: height - 1 }, now), height, now)
}

/** A restart is a disconnection that nobody saw, with a world that has moved on meanwhile. */
function started(work: Work, context: EngineContext): Work {
  const silent = stepChannel(work, { type: 'disconnected' }, context)
  return enforce(publishFunding(lookUpFunding(silent)), { type: 'started' }, context)
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
