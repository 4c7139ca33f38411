import { expect } from 'vitest'
import { type ChannelId, defined, utf8Encode } from '../../src/base/index.ts'
import { describeFailure, type Severity } from '../../src/channel/failure.ts'
import type { Channel, ChannelEffect, ChannelStep } from '../../src/channel/types.ts'

// What has to come with a failure while a channel is opened: exactly these effects, this state, and nothing stored.

/** Bound on the text of an `error` or `warning`. */
const MAX_TEXT = 1_000

export interface Refusal {
  readonly code: string
  readonly section: string
  readonly severity: Severity
}

/** `before`: the state that was stepped; none for the two constructors. `id`: the channel that the peer is told about. */
export function expectRefusal(result: ChannelStep, before: Channel | undefined, refusal: Refusal, id: ChannelId): void {
  const failure = defined(result.failure, `a failure was expected: ${refusal.code}`)
  expect({ code: failure.code, section: failure.section, severity: failure.severity }).toEqual(refusal)
  const reason = describeFailure(failure)
  expect(result.writes).toEqual([])
  expect(result.effects.filter(effect => effect.type !== 'event')).toEqual(told(refusal.severity, reason, id))
  const ends = before === undefined || refusal.severity === 'fail_channel'
  if (ends) expect(result.next).toEqual({ state: 'aborted', temporaryChannelId: temporaryIdOf(result.next), reason })
  else expect(result.next).toBe(before)
}

function told(severity: Severity, reason: string, channelId: ChannelId): readonly ChannelEffect[] {
  const data = utf8Encode(reason).subarray(0, MAX_TEXT)
  switch (severity) {
    case 'reject':
      return []
    case 'warn':
      return [{ type: 'send', message: { type: 'warning', channelId, data } }]
    case 'close_connection':
      return [{ type: 'send', message: { type: 'warning', channelId, data } }, { type: 'close_connection' }]
    case 'fail_channel':
      return [{ type: 'send', message: { type: 'error', channelId, data } }]
  }
}

function temporaryIdOf(channel: Channel): ChannelId {
  return 'durable' in channel ? channel.durable.params.temporaryChannelId : channel.temporaryChannelId
}
