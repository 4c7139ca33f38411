import type { ChannelDurable, FundedChannel } from '../types.ts'

/** The channel with another durable drawer; its state is that of the phase. */
export function withDurable(channel: FundedChannel, durable: ChannelDurable): FundedChannel {
  return { ...channel, state: durable.phase.type, durable }
}
