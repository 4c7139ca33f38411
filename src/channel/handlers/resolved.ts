import { done, type Outcome, reject } from '../outcome.ts'
import type { FundedChannel } from '../types.ts'
import { withDurable } from './withDurable.ts'

/** The onchain room says that nothing of this channel is open any more: it is closed for good. */
export function resolved(channel: FundedChannel): Outcome {
  const { durable } = channel
  if (durable.phase.type === 'closed') return done(channel)
  if (durable.phase.type !== 'closing') {
    return reject({
      code: 'not_closing',
      expected: 'a channel that is closing',
      got: `one in state ${channel.state}`,
      section: 'BOLT 5, general requirements',
    })
  }
  return done(withDurable(channel, { ...durable, phase: { type: 'closed', cause: durable.phase.cause } }))
}
