import { unreachable } from '../base/index.ts'
import { complete } from './complete.ts'
import { type ChannelFailure, describeFailure } from './failure.ts'
import { errorMessage, failFunded, warningMessage } from './handlers/failChannel.ts'
import type { Done } from './outcome.ts'
import { dispatch } from './states/index.ts'
import type { Channel, ChannelContext, ChannelInput, ChannelStep } from './types.ts'

/**
 * One step of the channel machine (BOLT 2). Total and pure: every state answers every input, with the next state, the
 * records to store and the effects to carry out once they are stored, or with a failure that says what was wrong.
 */
export function step(channel: Channel, input: ChannelInput, context: ChannelContext): ChannelStep {
  const outcome = dispatch(channel, input, context)
  if (outcome.ok) return complete(channel, outcome.value)
  return { ...afterFailure(channel, outcome.error, context), failure: outcome.error }
}

function afterFailure(channel: Channel, failure: ChannelFailure, context: ChannelContext): ChannelStep {
  switch (failure.severity) {
    case 'reject':
      return { next: channel, writes: [], effects: [] }
    case 'warn':
      return { next: channel, writes: [], effects: [warningMessage(channel, describeFailure(failure))] }
    case 'close_connection':
      return {
        next: channel,
        writes: [],
        effects: [warningMessage(channel, describeFailure(failure)), { type: 'close_connection' }],
      }
    case 'fail_channel':
      return complete(channel, failWith(channel, failure, context))
    default:
      return unreachable(failure.severity)
  }
}

function failWith(channel: Channel, failure: ChannelFailure, context: ChannelContext): Done {
  const reason = describeFailure(failure)
  if ('durable' in channel) {
    // On a funding output that is not what was agreed on no signature of either side is valid.
    const mayPublishCommitment = failure.code !== 'wrong_funding_output'
    return failFunded(channel, { kind: 'protocol_failure', reason, mayPublishCommitment }, context)
  }
  return {
    next: { state: 'aborted', temporaryChannelId: channel.temporaryChannelId, reason },
    effects: [errorMessage(channel, reason)],
  }
}
