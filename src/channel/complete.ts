import { assert } from '../base/index.ts'
import { changedRecords } from './codec/records.ts'
import { withoutUncommitted } from './handlers/uncommitted.ts'
import { checkInvariants } from './invariants.ts'
import type { Done } from './outcome.ts'
import { isLegalTransition } from './transitions.ts'
import type { Channel, ChannelEffect, ChannelStep } from './types.ts'

/** Checks what must hold after every step, and works out the writes. Also the end of the two constructors. */
export function complete(before: Channel | undefined, outcome: Done): ChannelStep {
  if (before !== undefined) {
    const [from, to] = [before.state, outcome.next.state]
    assert(isLegalTransition(from, to), `no transition leads from ${from} to ${to}`)
  }
  const { next, effects } = afterTheEnd(before, outcome)
  checkInvariants(before, next)
  return { next, writes: changedRecords(before, next), effects: [...effects, ...stateChanged(before, next)] }
}

/** A channel that goes on chain signs nothing any more: what no commitment covers by then never happened. */
function afterTheEnd(before: Channel | undefined, outcome: Done): Done {
  const { next, effects } = outcome
  if (before?.state === next.state || (next.state !== 'closing' && next.state !== 'closed')) return outcome
  const [rest, dropped] = withoutUncommitted(next)
  return { next: rest, effects: [...effects, ...dropped] }
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
