import { bytesEqual } from '../../base/index.ts'
import type { TxOut } from '../../bitcoin/index.ts'
import { commitmentPoint } from '../../keys/index.ts'
import type { ChannelReady } from '../../wire/index.ts'
import { type ChannelLimits, COINBASE_MINIMUM_DEPTH } from '../limits.ts'
import { type Done, done, type Facts, failChannel, type Outcome } from '../outcome.ts'
import type {
  ChannelContext,
  ChannelDurable,
  ChannelEffect,
  ChannelInput,
  ChannelParams,
  ChannelPhase,
  CloseCause,
  FundedChannel,
  UnconfirmedFunding,
} from '../types.ts'
import { errorMessage, failFunded } from './failChannel.ts'
import { fundingOutput } from './firstCommitment.ts'
import { watchFunding } from './watchFunding.ts'
import { withDurable } from './withDurable.ts'

const SECTION = 'BOLT 2, channel_ready, sender'

/**
 * How deep the funding transaction is. Deep enough, and with exactly the output that was agreed on, our `channel_ready` goes
 * out; without a connection it follows at the reestablishment.
 *
 * Only the first phase listens. A funding that a reorganisation takes back afterwards (depth 0 again) changes nothing here:
 * a `channel_ready` cannot be unsaid, and the same transaction, with the same txid and outputs, is normally mined again a
 * block later. Failing the channel would turn each such block into a close; if a conflicting transaction confirms instead, no
 * commitment can ever be valid, so publishing ours would save nothing either. What helps is a `minimum_depth` in
 * proportion to the amount at stake.
 */
export function fundingDepth(
  channel: FundedChannel,
  input: Extract<ChannelInput, { type: 'funding_depth' }>,
  context: ChannelContext,
): Outcome {
  const { durable, session } = channel
  if (durable.unconfirmed !== undefined) return confirmedLater(channel, input, context)
  if (durable.phase.type !== 'wait_for_funding_confirmed' || input.depth === 0) return done(channel)
  const facts = outputComplaint(durable.params, input.output)
  if (facts !== undefined) return failChannel(facts)
  if (input.depth < neededDepth(durable.params, input.coinbase)) return done(channel)
  const phase: ChannelPhase = { type: durable.ready.remote ? 'normal' : 'wait_for_channel_ready' }
  const next = withDurable(channel, { ...durable, phase, ready: { ...durable.ready, local: true } })
  if (session.connection !== 'connected') return done(next)
  return done(next, [{ type: 'send', message: channelReadyMessage(next.durable, context) }])
}

/**
 * The funding of a channel that is in use already. As deep as that of others has to be, it is one like theirs, and until then the
 * opener goes on publishing it. Where something else confirms under its name, no commitment was ever valid.
 */
function confirmedLater(
  channel: FundedChannel,
  { depth, output, coinbase }: Extract<ChannelInput, { type: 'funding_depth' }>,
  { limits }: ChannelContext,
): Outcome {
  if (depth === 0) return done(channel)
  const { unconfirmed: _known, ...durable } = channel.durable
  const isOver = durable.phase.type === 'closing' || durable.phase.type === 'closed'
  const facts = isOver ? undefined : outputComplaint(durable.params, output)
  if (facts !== undefined) return failChannel(facts)
  const isDeep = depth >= neededDepth({ minimumDepth: limits.minimumDepth }, coinbase)
  return done(isDeep ? withDurable(channel, durable) : channel)
}

/**
 * A block while the funding of a channel that is in use is awaited. The accepter, who may have been paid over it, says so and fails
 * the channel after the same time as one that was never used; its commitment is published in case the funding comes after all.
 */
export function unconfirmedTooLong(channel: FundedChannel, context: ChannelContext): Done | undefined {
  const { unconfirmed, params } = channel.durable
  const { height, limits } = context
  if (unconfirmed === undefined || params.role === 'opener') return undefined
  if (height < unconfirmed.sinceHeight + limits.fundingTimeoutBlocks) return undefined
  const cause: CloseCause = {
    kind: 'deadline',
    reason: `${neverConfirmed(unconfirmed, limits)}, so nothing of this channel is on the chain`,
    mayPublishCommitment: true,
  }
  return failFunded(channel, cause, context)
}

const neverConfirmed = ({ sinceHeight }: UnconfirmedFunding, { fundingTimeoutBlocks }: ChannelLimits): string =>
  `the funding transaction did not confirm within ${fundingTimeoutBlocks} blocks from height ${sinceHeight}`

/**
 * A block while the funding is awaited: an accepter has nothing at stake and forgets a channel whose funding does not confirm
 * (BOLT 2, channel_ready, non-funding node). A funding that confirms in the last of these blocks still gets the time to become
 * `minimum_depth` deep. The opener, whose money it is, waits on.
 */
export function fundingTimeout(channel: FundedChannel, { height, limits }: ChannelContext): Outcome {
  const { durable, session } = channel
  const { phase, params } = durable
  if (phase.type !== 'wait_for_funding_confirmed' || params.role === 'opener') return done(channel)
  if (height < phase.sinceHeight + limits.fundingTimeoutBlocks + params.minimumDepth) return done(channel)
  const cause: CloseCause = {
    kind: 'deadline',
    reason: neverConfirmed(phase, limits),
    // Without a funding output there is nothing that it could spend.
    mayPublishCommitment: false,
  }
  const next = withDurable(channel, { ...durable, phase: { type: 'closed', cause } })
  return done(next, session.connection === 'disconnected' ? [] : [errorMessage(channel, cause.reason)])
}

/**
 * What has to be asked for again after a restart or a reconnection: the opener's funding transaction, which the world may
 * have forgotten, and the reports.
 */
export function republishFunding(durable: ChannelDurable): readonly ChannelEffect[] {
  const { params, phase } = durable
  if (phase.type === 'closed') return []
  const tx = unconfirmedFunding(durable)?.fundingTx
  if (tx === undefined) return [watchFunding(params)]
  return [{ type: 'publish', role: 'funding', tx }, watchFunding(params)]
}

/** What is awaited, whether the channel waits for it or is in use; nothing once it was seen as deep as it has to be, and of a closed one. */
export function unconfirmedFunding({ phase, unconfirmed }: ChannelDurable): UnconfirmedFunding | undefined {
  if (phase.type === 'wait_for_funding_confirmed') return phase
  return phase.type === 'closed' ? undefined : unconfirmed
}

/** The same each time: it is sent again while no commitment was exchanged (BOLT 2, message retransmission). */
export function channelReadyMessage({ params }: ChannelDurable, { secrets, scidAlias }: ChannelContext): ChannelReady {
  return {
    type: 'channel_ready',
    channelId: params.channelId,
    secondPerCommitmentPoint: commitmentPoint(secrets, 1),
    ...(scidAlias !== undefined && { shortChannelId: scidAlias }),
  }
}

/** At least one block, whatever was agreed: an unconfirmed output cannot be looked at. */
function neededDepth({ minimumDepth }: Pick<ChannelParams, 'minimumDepth'>, coinbase: boolean): number {
  return Math.max(1, minimumDepth, coinbase ? COINBASE_MINIMUM_DEPTH : 0)
}

function outputComplaint(params: ChannelParams, output: TxOut | undefined): Facts | undefined {
  const wanted = fundingOutput(params)
  if (output?.amountSat === wanted.amountSat && bytesEqual(output.script, wanted.script)) return undefined
  const { txid, vout } = params.fundingOutpoint
  return {
    code: 'wrong_funding_output',
    expected: `output ${vout} of ${txid} to pay exactly ${wanted.amountSat} sat to the funding script`,
    got: output === undefined ? 'no such output' : differenceOf(output, wanted),
    section: SECTION,
  }
}

function differenceOf(output: TxOut, wanted: TxOut): string {
  return output.amountSat === wanted.amountSat ? 'another script' : `${output.amountSat} sat`
}
