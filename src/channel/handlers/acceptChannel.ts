import { assert } from '../../base/index.ts'
import type { AcceptChannel, OpenChannel } from '../../wire/index.ts'
import { complete } from '../complete.ts'
import { type ChannelFailure, describeFailure } from '../failure.ts'
import type { Facts } from '../outcome.ts'
import type {
  AbortedChannel,
  ChannelContext,
  ChannelEffect,
  ChannelStep,
  NegotiatedFeatures,
  WaitForFundingCreated,
} from '../types.ts'
import { channelTypeRules, type TypeVariant, variantOf } from './channelType.ts'
import { connectionWarning, errorMessage } from './failChannel.ts'
import { firstPoint } from './firstCommitment.ts'
import { amountRules, balancesRule, type OpeningAmounts } from './openingAmounts.ts'
import {
  announcedRules,
  announcedTerms,
  crossReserveRules,
  localTerms,
  remoteTerms,
  temporaryIdRules,
  upfrontScriptRules,
} from './openingTerms.ts'
import { firstBroken, type Rule } from './rules.ts'

const SECTION = 'BOLT 2, open_channel, receiver'

export interface AcceptChannelRequest {
  readonly message: OpenChannel
  readonly channelKeyIndex: number
  /** Where our money goes at a mutual close, once and for all. */
  readonly upfrontShutdownScript?: Uint8Array
  readonly negotiated: NegotiatedFeatures
  /**
   * Our user trusts this peer not to spend the funding otherwise: its channels are used before they are confirmed. Whatever is
   * received over one until then is lost if the peer breaks that trust.
   */
  readonly trustZeroConf: boolean
}

/**
 * Answers a peer's `open_channel` (BOLT 2, open_channel, receiver): `wait_for_funding_created`, and `accept_channel` is sent.
 * Terms that break a rule or a limit of ours fail the channel: `aborted`, and the peer is told why. An upfront script of our own
 * that no `shutdown` may carry is rejected, and nothing is sent.
 */
export function acceptChannel(request: AcceptChannelRequest, context: ChannelContext): ChannelStep {
  const { message } = request
  const ownFacts = firstBroken('BOLT 2, accept_channel, sender', ownRules(request))
  if (ownFacts !== undefined) return aborted(message, { severity: 'reject', ...ownFacts }, () => [])
  const idFacts = firstBroken(SECTION, temporaryIdRules(message.temporaryChannelId, context.channelIdsInUse ?? []))
  if (idFacts !== undefined) return refuseId(message, idFacts)
  const typeFacts = firstBroken(SECTION, [chainRule(message, context), ...typeRules(request)])
  if (typeFacts !== undefined) return refuse(message, typeFacts)
  const channel = acceptedChannel(request, context)
  const facts = firstBroken(SECTION, openRules(request, channel, context))
  if (facts !== undefined) return refuse(message, facts)
  return complete(undefined, { next: channel, effects: [{ type: 'send', message: acceptChannelMessage(channel) }] })
}

function acceptedChannel(request: AcceptChannelRequest, context: ChannelContext): WaitForFundingCreated {
  const { message, negotiated } = request
  const { channelType } = message
  const variant = channelType && variantOf(channelType)
  assert(channelType !== undefined && variant !== undefined, 'the rules for channel_type were checked')
  return {
    state: 'wait_for_funding_created',
    temporaryChannelId: message.temporaryChannelId,
    role: 'accepter',
    channelKeyIndex: request.channelKeyIndex,
    format: variant.format,
    channelType,
    announce: isAnnounced(message),
    fundingAmountSat: message.fundingSatoshis,
    pushMsat: message.pushMsat,
    feeratePerKw: message.feeratePerKw,
    local: localTerms(context.secrets, context.limits, {
      fundingAmountSat: message.fundingSatoshis,
      peerDustLimitSat: message.dustLimitSatoshis,
      upfrontShutdownScript: request.upfrontShutdownScript,
    }),
    localFirstPoint: firstPoint(context),
    negotiated,
    remote: remoteTerms(message, negotiated),
    remoteFirstPoint: message.firstPerCommitmentPoint,
    minimumDepth: isTrusted(request, variant) ? 0 : Math.max(1, context.limits.minimumDepth),
  }
}

/** Undefined bits of channel_flags are ignored (BOLT 2, open_channel, receiver). */
const isAnnounced = ({ channelFlags }: OpenChannel): boolean => channelFlags % 2 === 1

/** Whoever is trusted need not ask for it in the type: some ask by taking a `minimum_depth` of 0 at its word. */
function isTrusted({ trustZeroConf, negotiated }: AcceptChannelRequest, { zeroConf }: TypeVariant): boolean {
  return trustZeroConf && (zeroConf || negotiated.zeroConf)
}

function typeRules({ message, negotiated, trustZeroConf }: AcceptChannelRequest): readonly Rule[] {
  const { channelType } = message
  return [
    ...channelTypeRules(channelType, { announce: isAnnounced(message), negotiated }),
    {
      code: 'zeroconf_not_trusted',
      holds: trustZeroConf || channelType === undefined || variantOf(channelType)?.zeroConf !== true,
      expected: 'no option_zeroconf of a peer that our user has not named as one to trust',
      got: 'a channel_type with it',
    },
  ]
}

function chainRule({ chainHash }: OpenChannel, context: ChannelContext): Rule {
  return {
    code: 'unknown_chain',
    holds: chainHash === context.chainHash,
    expected: `the chain ${context.chainHash}`,
    got: chainHash,
  }
}

function openRules(
  { message, negotiated }: AcceptChannelRequest,
  channel: WaitForFundingCreated,
  { limits }: ChannelContext,
): readonly Rule[] {
  const amounts: OpeningAmounts = channel
  return [
    ...amountRules(amounts, negotiated, limits),
    ...announcedRules(message, channel, limits),
    ...crossReserveRules(channel.local, message),
    balancesRule(amounts, message.channelReserveSatoshis),
    balancesRule(amounts, channel.local.channelReserveSat),
  ]
}

function ownRules({ upfrontShutdownScript, negotiated }: AcceptChannelRequest): readonly Rule[] {
  return upfrontShutdownScript === undefined ? [] : upfrontScriptRules(upfrontShutdownScript, negotiated)
}

function acceptChannelMessage(channel: WaitForFundingCreated): AcceptChannel {
  return {
    type: 'accept_channel',
    temporaryChannelId: channel.temporaryChannelId,
    minimumDepth: channel.minimumDepth,
    ...announcedTerms(channel.local, channel.localFirstPoint, channel.channelType),
  }
}

function refuse(message: OpenChannel, facts: Facts): ChannelStep {
  return aborted(message, { severity: 'fail_channel', ...facts }, (channel, reason) => [errorMessage(channel, reason)])
}

/** An `error` under an id that is in use, or zero, would fail other channels (BOLT 1, error), so none is sent. */
function refuseId(message: OpenChannel, facts: Facts): ChannelStep {
  return aborted(message, { severity: 'close_connection', ...facts }, (_, reason) => [
    connectionWarning(reason),
    { type: 'close_connection' },
  ])
}

function aborted(
  { temporaryChannelId }: OpenChannel,
  failure: ChannelFailure,
  tell: (channel: AbortedChannel, reason: string) => readonly ChannelEffect[],
): ChannelStep {
  const reason = describeFailure(failure)
  const next: AbortedChannel = { state: 'aborted', temporaryChannelId, reason }
  return { ...complete(undefined, { next, effects: tell(next, reason) }), failure }
}
