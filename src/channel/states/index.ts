import { unreachable } from '../../base/index.ts'
import type { Outcome } from '../outcome.ts'
import { reject } from '../outcome.ts'
import type { Channel, ChannelContext, ChannelInput } from '../types.ts'
import { stepFunded } from './funded.ts'
import { stepOpening } from './opening.ts'

/** Which part of the machine answers: before the funding is signed for, after it, or nobody any more. */
export function dispatch(channel: Channel, input: ChannelInput, context: ChannelContext): Outcome {
  switch (channel.state) {
    case 'wait_for_accept_channel':
    case 'wait_for_funding_transaction':
    case 'wait_for_funding_signed':
    case 'wait_for_funding_created':
      return stepOpening(channel, input, context)
    case 'wait_for_funding_confirmed':
    case 'wait_for_channel_ready':
    case 'normal':
    case 'shutting_down':
    case 'negotiating':
    case 'closing':
    case 'closed':
      return stepFunded(channel, input, context)
    case 'aborted':
      return reject({
        code: 'channel_aborted',
        expected: 'a channel that is opening or open',
        got: `${input.type} for a channel whose opening ended: ${channel.reason}`,
        section: 'BOLT 2, channel establishment v1',
      })
    default:
      return unreachable(channel)
  }
}
