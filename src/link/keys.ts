import type { ChannelId } from '../base/index.ts'

// Where a channel's records are in the store.
//
//   channel/<channel id>/state/…           the channel machine
//   channel/<channel id>/onchain/…         its enforcement
//   channel/<channel id>/funding           where the funding transaction is confirmed
//   channel/<channel id>/closing-scripts   what was named for a close before the newest

export const CHANNELS = 'channel/'

export const statePrefix = (id: ChannelId): string => `${CHANNELS}${id}/state/`
export const onchainPrefix = (id: ChannelId): string => `${CHANNELS}${id}/onchain/`
export const fundingPrefix = (id: ChannelId): string => `${CHANNELS}${id}/`
export const FUNDING_KEY = 'funding'
export const CLOSING_SCRIPTS_KEY = 'closing-scripts'
