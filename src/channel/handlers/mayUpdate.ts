import type { FundedChannel } from '../types.ts'

/**
 * Whether updates and signatures may go out: the peer is there and ready, and the channel has not failed. After our `error`
 * the peer ignores what we say, and a commitment that we signed then would be one more that may turn up on chain.
 */
export function mayUpdate({ state, session, durable }: FundedChannel): boolean {
  const open = state === 'normal' || state === 'shutting_down'
  return open && session.connection === 'connected' && durable.ready.remote
}
