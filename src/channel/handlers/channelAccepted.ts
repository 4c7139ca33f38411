import { bytesEqual } from '../../base/index.ts'
import type { AcceptChannel } from '../../wire/index.ts'
import { done, failChannel, type Outcome } from '../outcome.ts'
import type { ChannelContext, WaitForAcceptChannel, WaitForFundingTransaction } from '../types.ts'
import { variantOf } from './channelType.ts'
import { fundingOutput } from './firstCommitment.ts'
import { balancesRule } from './openingAmounts.ts'
import { announcedRules, crossReserveRules, remoteTerms, sameTemporaryIdRule } from './openingTerms.ts'
import { firstBroken, type Rule, shown } from './rules.ts'

const SECTION = 'BOLT 2, accept_channel, receiver'

/**
 * accept_channel, received by the opener: the terms are agreed, and the wallet is asked for a transaction that pays the
 * funding output. It must stay unbroadcast until `funding_signed` (BOLT 2, funding_created, sender).
 */
export function channelAccepted(
  channel: WaitForAcceptChannel,
  message: AcceptChannel,
  context: ChannelContext,
): Outcome {
  const facts = firstBroken(SECTION, acceptRules(channel, message, context))
  if (facts !== undefined) return failChannel(facts)
  const next: WaitForFundingTransaction = {
    ...channel,
    state: 'wait_for_funding_transaction',
    remote: remoteTerms(message, channel.negotiated),
    remoteFirstPoint: message.firstPerCommitmentPoint,
    // The opener may use it at once (BOLT 2, channel_ready), but does so only where that was asked for.
    minimumDepth: isZeroConf(channel) ? 0 : Math.max(1, message.minimumDepth),
  }
  // The funding is a transaction that has to confirm by itself, as a mutual close has; a commitment can be paid for later.
  const feeratePerKw = context.feerates.mutualClose
  return done(next, [{ type: 'fund_channel', output: fundingOutput(next), feeratePerKw }])
}

function acceptRules(
  channel: WaitForAcceptChannel,
  message: AcceptChannel,
  { limits }: ChannelContext,
): readonly Rule[] {
  const { channelType } = message
  return [
    sameTemporaryIdRule(channel.temporaryChannelId, message.temporaryChannelId),
    { code: 'channel_type_missing', holds: channelType !== undefined, expected: 'a channel_type', got: 'none' },
    {
      code: 'channel_type_mismatch',
      holds: channelType !== undefined && bytesEqual(channelType, channel.channelType),
      expected: `the channel_type of open_channel, ${shown(channel.channelType)}`,
      got: shown(channelType),
    },
    {
      code: 'minimum_depth_too_large',
      holds: message.minimumDepth <= limits.maxMinimumDepth,
      expected: `a minimum_depth of at most ${limits.maxMinimumDepth} blocks`,
      got: `${message.minimumDepth}`,
    },
    {
      code: 'minimum_depth_not_zero',
      holds: message.minimumDepth === 0 || !isZeroConf(channel),
      expected: 'a minimum_depth of 0 with option_zeroconf',
      got: `${message.minimumDepth}`,
    },
    ...announcedRules(message, channel, limits),
    ...crossReserveRules(channel.local, message),
    balancesRule(channel, message.channelReserveSatoshis),
  ]
}

function isZeroConf({ channelType }: WaitForAcceptChannel): boolean {
  return variantOf(channelType)?.zeroConf === true
}
