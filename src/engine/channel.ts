import { unreachable } from '../base/index.ts'
import {
  acceptChannel,
  type Channel,
  type ChannelContext,
  type ChannelEffect,
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

/** The only channel of the seed so far. */
const CHANNEL_KEY_INDEX = 0

export function openWithPeer(
  work: Work,
  request: Extract<EngineInput, { type: 'open' }>['request'],
  context: EngineContext,
): Work {
  const channelContext = contextFor(context, request.channelKeyIndex)
  return took(work, openChannel({ ...request, negotiated: context.negotiated }, channelContext))
}

export function acceptFromPeer(work: Work, message: OpenChannel, context: EngineContext): Work {
  const channelContext = contextFor(context, CHANNEL_KEY_INDEX)
  const request = { message, channelKeyIndex: CHANNEL_KEY_INDEX, negotiated: context.negotiated }
  return took(work, acceptChannel(request, channelContext))
}

/** One input for the channel, if there is one. */
export function stepChannel(work: Work, input: ChannelInput, context: EngineContext): Work {
  const { channel } = work.state
  if (channel === undefined) return work
  return took(work, step(channel, input, contextFor(context, keyIndexOf(channel))))
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
