import type { ChannelId } from '../base/index.ts'

// Where a channel's records are in the store.
//
//   channel/<channel id>/state/…           the channel machine
//   channel/<channel id>/onchain/…         its enforcement
//   channel/<channel id>/funding           where the funding transaction is confirmed
//   channel/<channel id>/closing-scripts   what was named for a close before the newest
//   archive/<channel id>/…                 finished HTLCs of revoked commitments: never loaded with the rest, since it only grows

export const CHANNELS = 'channel/'

export const statePrefix = (id: ChannelId): string => `${CHANNELS}${id}/state/`
/** What the channel machine calls its archive. */
export const ARCHIVE = 'archive/'
export const archivePrefix = (id: ChannelId): string => `archive/${id}/`
export const onchainPrefix = (id: ChannelId): string => `${CHANNELS}${id}/onchain/`
export const fundingPrefix = (id: ChannelId): string => `${CHANNELS}${id}/`
export const FUNDING_KEY = 'funding'
export const CLOSING_SCRIPTS_KEY = 'closing-scripts'
