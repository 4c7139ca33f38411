import { COINBASE_MINIMUM_DEPTH } from '../limits.ts'
import type { ChannelEffect, ChannelParams } from '../types.ts'
import { fundingOutput } from './firstCommitment.ts'

/**
 * Asks for reports about the funding output. Up to the depth that a coinbase needs, since whether it is one is not known
 * before it confirms; the reports beyond `minimum_depth` change nothing.
 */
export function watchFunding(params: ChannelParams): ChannelEffect {
  return {
    type: 'watch_funding',
    outpoint: params.fundingOutpoint,
    output: fundingOutput(params),
    depth: Math.max(params.minimumDepth, COINBASE_MINIMUM_DEPTH),
  }
}
