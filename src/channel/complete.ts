import { assert } from '../base/index.ts'
import { changedRecords } from './codec/records.ts'
import { checkInvariants } from './invariants.ts'
import type { Done } from './outcome.ts'
import { isLegalTransition } from './transitions.ts'
import type { Channel, ChannelEffect, ChannelStep } from './types.ts'

/** Checks what must hold after every step, and works out the writes. Also the end of the two constructors. */
export function complete(before: Channel | undefined, { next, effects }: Done): ChannelStep {
  if (before !== undefined) {
    assert(isLegalTransition(before.state, next.state), `no transition leads from ${before.state} to ${next.state}`)
  }
  checkInvariants(before, next)
  return { next, writes: changedRecords(before, next), effects: [...effects, ...stateChanged(before, next)] }
}

function stateChanged(before: Channel | undefined, next: Channel): readonly ChannelEffect[] {
  if (before === undefined || before.state === next.state) return []
  const reason = reasonOf(next)
  return [
    {
      type: 'event',
      event: { type: 'state_changed', from: before.state, to: next.state, ...(reason !== undefined && { reason }) },
    },
  ]
}

function reasonOf(channel: Channel): string | undefined {
  if (channel.state === 'aborted') return channel.reason
  if (!('durable' in channel)) return undefined
  const { phase } = channel.durable
  return phase.type === 'closing' || phase.type === 'closed' ? phase.cause.reason : undefined
}
