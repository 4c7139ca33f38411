import { verifyCommitmentSignature } from '../../commitment/index.ts'
import type { FundingSigned } from '../../wire/index.ts'
import { done, failChannel, type Outcome } from '../outcome.ts'
import type { ChannelContext, WaitForFundingSigned } from '../types.ts'
import { firstCommitment, fundedChannel } from './firstCommitment.ts'
import { invalidSignature } from './fundingCreated.ts'
import { watchFunding } from './watchFunding.ts'

const SECTION = 'BOLT 2, funding_signed, recipient'

/**
 * funding_signed, received by the opener: our first commitment can bring our money back, so the funding transaction may be
 * broadcast. It is kept with the channel, to be broadcast again until it confirms.
 */
export function fundingSigned(channel: WaitForFundingSigned, message: FundingSigned, context: ChannelContext): Outcome {
  if (message.channelId !== channel.channelId) {
    return failChannel({
      code: 'wrong_channel_id',
      expected: `the channel_id of the funding outpoint, ${channel.channelId}`,
      got: message.channelId,
      section: SECTION,
    })
  }
  const { fundingTx, fundingOutpoint, remote } = channel
  const commitment = firstCommitment(channel, fundingOutpoint, 'local')
  if (!verifyCommitmentSignature(commitment, message.signature, remote.basepoints.fundingPubkey)) {
    return failChannel(invalidSignature(commitment, SECTION))
  }
  const next = fundedChannel(channel, {
    fundingOutpoint,
    signature: message.signature,
    phase: { type: 'wait_for_funding_confirmed', fundingTx, sinceHeight: context.height },
  })
  return done(next, [{ type: 'publish', role: 'funding', tx: fundingTx }, watchFunding(next.durable.params)])
}
