import type { ChannelId, FeeratePerKw, Msat, Sat } from '../../base/index.ts'
import type { CommitmentFormat } from '../../commitment/index.ts'
import type { OpenChannel } from '../../wire/index.ts'
import { complete } from '../complete.ts'
import { type ChannelFailure, describeFailure } from '../failure.ts'
import type { ChannelContext, ChannelStep, NegotiatedFeatures, PartyTerms, WaitForAcceptChannel } from '../types.ts'
import { channelTypeOf, type TypeVariant, variationRules } from './channelType.ts'
import { firstPoint } from './firstCommitment.ts'
import { amountRules, balancesRule } from './openingAmounts.ts'
import { announcedTerms, localTerms, temporaryIdRules, upfrontScriptRules } from './openingTerms.ts'
import { firstBroken, type Rule } from './rules.ts'

const SECTION = 'BOLT 2, open_channel, sender'
/** `channel_flags`: the only bit that has a meaning. */
const ANNOUNCE_CHANNEL = 1

/** What our own caller wants to open. What is left out comes from the limits and feerates of the context. */
export interface OpenChannelRequest {
  /** Random, 32 bytes. */
  readonly temporaryChannelId: ChannelId
  readonly channelKeyIndex: number
  readonly fundingAmountSat: Sat
  /** A gift to the peer, from the first commitment on. */
  readonly pushMsat: Msat
  readonly announce: boolean
  readonly format?: CommitmentFormat
  /** Nobody learns where the channel stands on chain from how it is named in payments. Default: no. */
  readonly scidAlias?: boolean
  /** The channel is to be used before it is confirmed, by both sides: the peer has to trust us. Default: no. */
  readonly zeroConf?: boolean
  readonly feeratePerKw?: FeeratePerKw
  /** Blocks that the peer would wait for its own money. */
  readonly toSelfDelay?: number
  /** Where our money goes at a mutual close, once and for all. */
  readonly upfrontShutdownScript?: Uint8Array
  readonly negotiated: NegotiatedFeatures
}

/**
 * Opens a channel (BOLT 2, open_channel, sender): `wait_for_accept_channel`, and `open_channel` is sent. A request that breaks
 * a rule is rejected: the state is `aborted` then, nothing is sent, and the failure says which figure was wrong.
 */
export function openChannel(request: OpenChannelRequest, context: ChannelContext): ChannelStep {
  const channel = openingChannel(request, context)
  const facts = firstBroken(SECTION, requestRules(channel, request, context))
  if (facts !== undefined) {
    const failure: ChannelFailure = { severity: 'reject', ...facts }
    const { temporaryChannelId } = request
    const next = { state: 'aborted', temporaryChannelId, reason: describeFailure(failure) } as const
    return { ...complete(undefined, { next, effects: [] }), failure }
  }
  const message = openChannelMessage(channel, context)
  return complete(undefined, { next: channel, effects: [{ type: 'send', message }] })
}

function openingChannel(request: OpenChannelRequest, context: ChannelContext): WaitForAcceptChannel {
  const { format } = variantWanted(request)
  return {
    state: 'wait_for_accept_channel',
    temporaryChannelId: request.temporaryChannelId,
    role: 'opener',
    channelKeyIndex: request.channelKeyIndex,
    format,
    channelType: channelTypeOf(variantWanted(request)),
    announce: request.announce,
    fundingAmountSat: request.fundingAmountSat,
    pushMsat: request.pushMsat,
    feeratePerKw: request.feeratePerKw ?? context.feerates.commitment,
    local: localTerms(context.secrets, context.limits, request),
    localFirstPoint: firstPoint(context),
    negotiated: request.negotiated,
  }
}

function requestRules(
  channel: WaitForAcceptChannel,
  request: OpenChannelRequest,
  { limits, channelIdsInUse = [] }: ChannelContext,
): readonly Rule[] {
  const { upfrontShutdownScript, negotiated } = request
  const { local } = channel
  return [
    ...temporaryIdRules(channel.temporaryChannelId, channelIdsInUse),
    ...variationRules(variantWanted(request), channel.announce, negotiated),
    ...amountRules(channel, negotiated, limits),
    balancesRule(channel, local.channelReserveSat),
    ...(upfrontShutdownScript === undefined ? [] : upfrontScriptRules(upfrontShutdownScript, negotiated)),
    delayRule(local, limits.maxToSelfDelay),
  ]
}

function variantWanted({ format, scidAlias, zeroConf }: OpenChannelRequest): TypeVariant {
  return {
    format: format ?? 'anchors_zero_fee_htlc',
    scidAlias: scidAlias === true,
    zeroConf: zeroConf === true,
  }
}

/** What we would not accept ourselves, we do not ask; and no delay at all would leave no time for a penalty. */
function delayRule({ toSelfDelay }: PartyTerms, highest: number): Rule {
  return {
    code: 'to_self_delay_out_of_range',
    holds: Number.isInteger(toSelfDelay) && toSelfDelay >= 1 && toSelfDelay <= highest,
    expected: `a to_self_delay of 1 to ${highest} blocks`,
    got: `${toSelfDelay}`,
  }
}

function openChannelMessage(channel: WaitForAcceptChannel, { chainHash }: ChannelContext): OpenChannel {
  return {
    type: 'open_channel',
    chainHash,
    temporaryChannelId: channel.temporaryChannelId,
    fundingSatoshis: channel.fundingAmountSat,
    pushMsat: channel.pushMsat,
    feeratePerKw: channel.feeratePerKw,
    channelFlags: channel.announce ? ANNOUNCE_CHANNEL : 0,
    ...announcedTerms(channel.local, channel.localFirstPoint, channel.channelType),
  }
}
