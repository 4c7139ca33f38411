import { type ChannelId, unreachable } from '../base/index.ts'
import {
  acceptChannel,
  type ChannelCommand,
  type ChannelContext,
  type ChannelEffect,
  type ChannelFailure,
  type ChannelInput,
  type ChannelStep,
  type ChannelWrite,
  openChannel,
  step,
} from '../channel/index.ts'
import type { OpenChannel } from '../wire/index.ts'
import { ARCHIVE, archivePrefix, statePrefix } from './keys.ts'
import { secretsOf } from './secrets.ts'
import type { LinkContext, LinkEffect, LinkInput } from './types.ts'
import { type Work, withEffects } from './work.ts'

// The channel machine within the link: its context out of the link's, its effects into the link's.

/** Opens the channel. Where that is not possible, nothing changes and `failure` says why. */
export function openWithPeer(
  work: Work,
  request: Extract<LinkInput, { type: 'open' }>['request'],
  context: LinkContext,
): Work {
  const complaint = openingComplaint(work)
  if (complaint !== undefined) return rejected(work, complaint)
  const { negotiated, channelKeyIndex } = context
  const step = openChannel({ ...request, channelKeyIndex, negotiated }, contextFor(context))
  return step.failure === undefined ? took(work, step) : { ...work, failure: step.failure }
}

function openingComplaint({ state: { channel, connection } }: Work): Facts | undefined {
  const section = 'BOLT 2, open_channel, sender'
  if (channel !== undefined) {
    return { code: 'channel_exists', expected: 'no channel yet', got: `one in state ${channel.state}`, section }
  }
  if (connection === 'connected') return undefined
  return { code: 'not_connected', expected: 'a peer that is connected', got: 'none', section }
}

export function acceptFromPeer(work: Work, message: OpenChannel, context: LinkContext): Work {
  const { negotiated, channelKeyIndex, trustZeroConf = false } = context
  return took(work, acceptChannel({ message, channelKeyIndex, negotiated, trustZeroConf }, contextFor(context)))
}

/** A command for the channel, which has to be there. */
export function commandChannel(work: Work, command: ChannelCommand, context: LinkContext): Work {
  const { channel } = work.state
  if (channel !== undefined) return took(work, step(channel, command, contextFor(context)))
  return rejected(work, {
    code: 'no_channel',
    expected: `a channel for ${command.type}`,
    got: 'none',
    section: 'BOLT 2, channel establishment v1',
  })
}

/** One input for the channel, if there is one: an opening that ended hears nothing any more. */
export function stepChannel(work: Work, input: ChannelInput, context: LinkContext): Work {
  const { channel } = work.state
  if (channel === undefined || channel.state === 'aborted') return work
  return took(work, step(channel, input, contextFor(context)))
}

type Facts = Omit<ChannelFailure, 'severity'>

function rejected(work: Work, facts: Facts): Work {
  return { ...work, failure: { severity: 'reject', ...facts } }
}

export function contextFor(context: LinkContext): ChannelContext {
  const { chainHash, height, seed, channelKeyIndex, walletScript, feerates, limits, channelIdsInUse, scidAlias } =
    context
  return {
    chainHash,
    height,
    secrets: secretsOf(seed, channelKeyIndex),
    shutdownScript: walletScript,
    feerates,
    limits,
    channelIdsInUse,
    ...(scidAlias !== undefined && { scidAlias }),
  }
}

function took(work: Work, { next, writes, effects, failure }: ChannelStep): Work {
  const taken: Work = { ...work, state: { ...work.state, channel: next }, ...(failure !== undefined && { failure }) }
  const stored = 'durable' in next ? withChannelWrites(taken, next.durable.params.channelId, writes) : taken
  return withEffects(stored, effects.flatMap(linkEffect))
}

/** The archive has a place of its own. */
function withChannelWrites(work: Work, id: ChannelId, writes: readonly ChannelWrite[]): Work {
  if (writes.length === 0) return work
  const placed = writes.map(write => ({ ...write, key: placeOf(id, write.key) }))
  return { ...work, writes: [...work.writes, ...placed] }
}

function placeOf(id: ChannelId, key: string): string {
  return key.startsWith(ARCHIVE) ? archivePrefix(id) + key.slice(ARCHIVE.length) : statePrefix(id) + key
}

function linkEffect(effect: ChannelEffect): readonly LinkEffect[] {
  switch (effect.type) {
    case 'watch_funding':
      // The link looks at every block anyway, from the moment at which the channel is funded.
      return []
    case 'send':
    case 'close_connection':
    case 'publish':
    case 'fund_channel':
    case 'event':
      return [effect]
    default:
      return unreachable(effect)
  }
}
