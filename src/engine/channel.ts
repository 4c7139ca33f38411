import { unreachable } from '../base/index.ts'
import {
  acceptChannel,
  type Channel,
  type ChannelCommand,
  type ChannelContext,
  type ChannelEffect,
  type ChannelFailure,
  type ChannelInput,
  type ChannelStep,
  openChannel,
  step,
} from '../channel/index.ts'
import { encodeMessage, type OpenChannel } from '../wire/index.ts'
import { statePrefix } from './keys.ts'
import { secretsOf } from './secrets.ts'
import type { EngineContext, EngineEffect, EngineInput } from './types.ts'
import { type Work, withEffects, withWrites } from './work.ts'

// The channel machine within the engine: its context out of the node's, its effects into the engine's.

/**
 * A node has one channel in its life so far, opened by either side. The next one needs keys of its own, since the peer knows
 * secrets of this one, and a place among several in the state; until there is one, a channel that has closed keeps both.
 */
const CHANNEL_KEY_INDEX = 0

/** Opens the channel. Where that is not possible, nothing changes and `failure` says why. */
export function openWithPeer(
  work: Work,
  request: Extract<EngineInput, { type: 'open' }>['request'],
  context: EngineContext,
): Work {
  const complaint = openingComplaint(work)
  if (complaint !== undefined) return rejected(work, complaint)
  const channelContext = contextFor(context, request.channelKeyIndex)
  const step = openChannel({ ...request, negotiated: context.negotiated }, channelContext)
  return step.failure === undefined ? took(work, step) : { ...work, failure: step.failure }
}

function openingComplaint({ state: { channel, connection } }: Work): Facts | undefined {
  const section = 'BOLT 2, open_channel, sender'
  if (channel !== undefined && channel.state !== 'aborted') {
    return { code: 'channel_exists', expected: 'no channel yet', got: `one in state ${channel.state}`, section }
  }
  if (connection === 'connected') return undefined
  return { code: 'not_connected', expected: 'a peer that is connected', got: 'none', section }
}

export function acceptFromPeer(work: Work, message: OpenChannel, context: EngineContext): Work {
  const channelContext = contextFor(context, CHANNEL_KEY_INDEX)
  const request = { message, channelKeyIndex: CHANNEL_KEY_INDEX, negotiated: context.negotiated }
  return took(work, acceptChannel(request, channelContext))
}

/** A command for the channel, which has to be there. */
export function commandChannel(work: Work, command: ChannelCommand, context: EngineContext): Work {
  const { channel } = work.state
  if (channel !== undefined) return took(work, step(channel, command, contextFor(context, keyIndexOf(channel))))
  return rejected(work, {
    code: 'no_channel',
    expected: `a channel for ${command.type}`,
    got: 'none',
    section: 'BOLT 2, channel establishment v1',
  })
}

/** One input for the channel, if there is one: an opening that ended hears nothing any more. */
export function stepChannel(work: Work, input: ChannelInput, context: EngineContext): Work {
  const { channel } = work.state
  if (channel === undefined || channel.state === 'aborted') return work
  return took(work, step(channel, input, contextFor(context, keyIndexOf(channel))))
}

type Facts = Omit<ChannelFailure, 'severity'>

function rejected(work: Work, facts: Facts): Work {
  return { ...work, failure: { severity: 'reject', ...facts } }
}

function keyIndexOf(channel: Channel): number {
  if ('durable' in channel) return channel.durable.params.channelKeyIndex
  return channel.state === 'aborted' ? CHANNEL_KEY_INDEX : channel.channelKeyIndex
}

export function contextFor(context: EngineContext, channelKeyIndex: number): ChannelContext {
  const { chainHash, height, seed, walletScript, feerates, limits } = context
  return {
    chainHash,
    height,
    secrets: secretsOf(seed, channelKeyIndex),
    shutdownScript: walletScript,
    feerates,
    limits,
  }
}

function took(work: Work, { next, writes, effects, failure }: ChannelStep): Work {
  const taken: Work = { ...work, state: { ...work.state, channel: next }, ...(failure !== undefined && { failure }) }
  const stored = 'durable' in next ? withWrites(taken, statePrefix(next.durable.params.channelId), writes) : taken
  return withEffects(stored, effects.flatMap(engineEffect))
}

function engineEffect(effect: ChannelEffect): readonly EngineEffect[] {
  switch (effect.type) {
    case 'send':
      return [{ type: 'send', bytes: encodeMessage(effect.message) }]
    case 'watch_funding':
      // The engine looks at every block anyway, from the moment at which the channel is funded.
      return []
    case 'close_connection':
    case 'publish':
    case 'fund_channel':
    case 'event':
      return [effect]
    default:
      return unreachable(effect)
  }
}
