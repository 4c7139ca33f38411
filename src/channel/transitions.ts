import type { Channel } from './types.ts'

// Which state may follow which. The step asserts it; the documentation and the explorer draw it.

export const TRANSITIONS: Readonly<Record<Channel['state'], readonly Channel['state'][]>> = {
  wait_for_accept_channel: ['wait_for_funding_transaction', 'aborted'],
  wait_for_funding_transaction: ['wait_for_funding_signed', 'aborted'],
  wait_for_funding_signed: ['wait_for_funding_confirmed', 'aborted'],
  wait_for_funding_created: ['wait_for_funding_confirmed', 'aborted'],
  wait_for_funding_confirmed: ['wait_for_channel_ready', 'normal', 'shutting_down', 'negotiating', 'closing', 'closed'],
  wait_for_channel_ready: ['normal', 'shutting_down', 'negotiating', 'closing'],
  normal: ['shutting_down', 'negotiating', 'closing'],
  shutting_down: ['negotiating', 'closing'],
  negotiating: ['closing'],
  closing: ['closed'],
  closed: [],
  aborted: [],
}

export function isLegalTransition(from: Channel['state'], to: Channel['state']): boolean {
  return from === to || TRANSITIONS[from].includes(to)
}
