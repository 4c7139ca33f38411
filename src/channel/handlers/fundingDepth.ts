import { bytesEqual } from '../../base/index.ts'
import type { TxOut } from '../../bitcoin/index.ts'
import { commitmentPoint } from '../../keys/index.ts'
import type { ChannelReady } from '../../wire/index.ts'
import { COINBASE_MINIMUM_DEPTH } from '../limits.ts'
import { done, type Facts, failChannel, type Outcome } from '../outcome.ts'
import type {
  ChannelContext,
  ChannelDurable,
  ChannelEffect,
  ChannelInput,
  ChannelParams,
  ChannelPhase,
  CloseCause,
  FundedChannel,
} from '../types.ts'
import { errorMessage } from './failChannel.ts'
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
    reason: `the funding transaction did not confirm within ${limits.fundingTimeoutBlocks} blocks from height ${phase.sinceHeight}`,
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
export function republishFunding({ params, phase }: ChannelDurable): readonly ChannelEffect[] {
  if (phase.type === 'closed') return []
  if (phase.type !== 'wait_for_funding_confirmed' || phase.fundingTx === undefined) return [watchFunding(params)]
  return [{ type: 'publish', role: 'funding', tx: phase.fundingTx }, watchFunding(params)]
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
function neededDepth({ minimumDepth }: ChannelParams, coinbase: boolean): number {
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
