import {
  buildCommitmentTx,
  buildHtlcTx,
  type CommitmentTx,
  verifyCommitmentSignature,
  verifyHtlcSignature,
} from '../../commitment/index.ts'
import { commitmentPoint, commitmentSecret } from '../../keys/index.ts'
import type { CommitmentSigned, RevokeAndAck } from '../../wire/index.ts'
import { commitmentContents, commitmentInput } from '../contents.ts'
import { closeConnection, done, type Facts, type Outcome } from '../outcome.ts'
import type { ChannelContext, ChannelDurable, FundedChannel } from '../types.ts'
import { afterCommit, afterRevoke } from '../updates.ts'
import { advance } from './advance.ts'
import { withDurable } from './withDurable.ts'

const SECTION = 'BOLT 2, commitment_signed, receiver'

/**
 * commitment_signed, received: our next commitment transaction, checked to the last HTLC signature. In the same step the
 * one before it is revoked, so that there is always exactly one commitment of ours that we may publish.
 * Cost: 1 + n verifications for n untrimmed HTLCs, and their n transactions.
 */
export function commitmentSigned(channel: FundedChannel, message: CommitmentSigned, context: ChannelContext): Outcome {
  const { durable } = channel
  const { fundingTxid } = message
  if (fundingTxid !== undefined && fundingTxid !== durable.params.fundingOutpoint.txid) {
    return closeConnection({
      code: 'wrong_funding_txid',
      expected: `a signature for the funding transaction ${durable.params.fundingOutpoint.txid}`,
      got: fundingTxid,
      section: SECTION,
    })
  }
  const signed = advance(durable, afterCommit, 'remote').durable
  const number = durable.localCommit.number + 1
  const commitment = localCommitmentTx(signed, number, context)
  const complaint = signatureComplaint(signed, commitment, message)
  if (complaint !== undefined) return closeConnection(complaint)
  const revoked = advance(signed, afterRevoke, 'local')
  const next: ChannelDurable = {
    ...revoked.durable,
    localCommit: { number, signature: message.signature, htlcSignatures: message.htlcSignatures },
    lastSent: 'revoke_and_ack',
  }
  return done(withDurable(channel, next), [
    { type: 'send', message: revokeAndAckMessage(next, context) },
    ...revoked.effects,
  ])
}

/** Revokes the commitment before our latest one. Deterministic: asked again, it gives the same bytes. */
export function revokeAndAckMessage(durable: ChannelDurable, context: ChannelContext): RevokeAndAck {
  const { number } = durable.localCommit
  return {
    type: 'revoke_and_ack',
    channelId: durable.params.channelId,
    perCommitmentSecret: commitmentSecret(context.secrets, number - 1),
    nextPerCommitmentPoint: commitmentPoint(context.secrets, number + 1),
  }
}

/** Our own commitment transaction `number`, unsigned. */
export function localCommitmentTx(
  durable: ChannelDurable,
  number: number,
  context: Pick<ChannelContext, 'secrets'>,
): CommitmentTx {
  const point = commitmentPoint(context.secrets, number)
  const contents = commitmentContents(durable, 'local', 'latest')
  return buildCommitmentTx(commitmentInput(durable, contents, { holder: 'local', number, point }))
}

function signatureComplaint(
  durable: ChannelDurable,
  commitment: CommitmentTx,
  message: CommitmentSigned,
): Facts | undefined {
  const number = commitment.input.commitmentNumber
  if (message.htlcSignatures.length !== commitment.htlcs.length) {
    return {
      code: 'wrong_htlc_signature_count',
      expected: `${commitment.htlcs.length} HTLC signatures for commitment ${number}`,
      got: `${message.htlcSignatures.length}`,
      section: SECTION,
    }
  }
  const { fundingPubkey } = durable.params.remote.basepoints
  if (!verifyCommitmentSignature(commitment, message.signature, fundingPubkey)) {
    return {
      code: 'invalid_commitment_signature',
      expected: `a valid low-S signature for commitment ${number}, ${commitment.txid}`,
      got: 'one that is not',
      section: SECTION,
    }
  }
  const { counterpartyHtlcPubkey } = commitment.input.keys
  for (const [index, output] of commitment.htlcs.entries()) {
    const signature = message.htlcSignatures[index]
    const htlcTx = buildHtlcTx(commitment, output)
    if (signature === undefined || !verifyHtlcSignature(htlcTx, signature, counterpartyHtlcPubkey)) {
      return {
        code: 'invalid_htlc_signature',
        expected: `a valid low-S signature for the ${htlcTx.type} transaction of output ${output.vout}`,
        got: `one that is not, at position ${index}`,
        section: SECTION,
      }
    }
  }
  return undefined
}
