import { channelIdFromOutPoint, type OutPoint, toHex } from '../../base/index.ts'
import { encodeTx } from '../../bitcoin/index.ts'
import { type CommitmentTx, signCommitment, verifyCommitmentSignature } from '../../commitment/index.ts'
import type { FundingCreated } from '../../wire/index.ts'
import { done, type Facts, failChannel, type Outcome } from '../outcome.ts'
import type { ChannelContext, WaitForFundingCreated } from '../types.ts'
import { firstCommitment, fundedChannel } from './firstCommitment.ts'
import { sameTemporaryIdRule } from './openingTerms.ts'
import { firstBroken, type Rule } from './rules.ts'
import { watchFunding } from './watchFunding.ts'

const SECTION = 'BOLT 2, funding_created, recipient'

/**
 * funding_created, received by the accepter: our first commitment is signed for. From here on the channel is kept, and the
 * answer `funding_signed` leaves only once it is durable.
 */
export function fundingCreated(
  channel: WaitForFundingCreated,
  message: FundingCreated,
  context: ChannelContext,
): Outcome {
  const fundingOutpoint: OutPoint = { txid: message.fundingTxid, vout: message.fundingOutputIndex }
  const facts = firstBroken(SECTION, createdRules(channel, message, context))
  if (facts !== undefined) return failChannel(facts)
  const commitment = firstCommitment(channel, fundingOutpoint, 'local')
  if (!verifyCommitmentSignature(commitment, message.signature, channel.remote.basepoints.fundingPubkey)) {
    return failChannel(invalidSignature(commitment, SECTION))
  }
  const next = fundedChannel(channel, {
    fundingOutpoint,
    signature: message.signature,
    phase: { type: 'wait_for_funding_confirmed', sinceHeight: context.height },
  })
  const signature = signCommitment(firstCommitment(channel, fundingOutpoint, 'remote'), context.secrets.fundingSecret)
  const { channelId } = next.durable.params
  return done(next, [
    { type: 'send', message: { type: 'funding_signed', channelId, signature } },
    watchFunding(next.durable.params),
  ])
}

function createdRules(
  channel: WaitForFundingCreated,
  message: FundingCreated,
  { channelIdsInUse = [] }: ChannelContext,
): readonly Rule[] {
  const channelId = channelIdFromOutPoint({ txid: message.fundingTxid, vout: message.fundingOutputIndex })
  return [
    sameTemporaryIdRule(channel.temporaryChannelId, message.temporaryChannelId),
    {
      code: 'funding_txid_zero',
      holds: !/^0*$/.test(message.fundingTxid),
      expected: 'the txid of a transaction',
      got: 'zero',
    },
    {
      // Two outpoints can have one channel_id, and an outpoint says nothing of who has a right to it before it confirms.
      code: 'channel_id_in_use',
      holds: !channelIdsInUse.includes(channelId),
      expected: 'a funding outpoint whose channel_id no other channel has',
      got: channelId,
    },
  ]
}

/** With the transaction that was to be signed, for the peer to compare (BOLT 1, error, sender). */
export function invalidSignature(commitment: CommitmentTx, section: string): Facts {
  return {
    code: 'invalid_commitment_signature',
    expected: `a valid low-S signature for commitment 0, ${toHex(encodeTx(commitment.tx))}`,
    got: 'one that is not',
    section,
  }
}
