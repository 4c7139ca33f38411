import { array, struct, u8, u16, u64Number, type ValueOf } from '../../base/index.ts'
import { bytes32, channelIdCodec, point, signature, txidCodec } from '../fundamental.ts'
import { extended } from '../tlv.ts'
import type { MessageTable } from './table.ts'

// Committing updates, revoking the state before, and finding each other again (BOLT 2).

const commitmentSignedCodec = extended(
  struct({ channelId: channelIdCodec, signature, htlcSignatures: array(u16, signature) }),
  { fundingTxid: [1n, txidCodec] },
)
/** Signatures for the receiver's next commitment and its HTLC transactions (BOLT 2, `commitment_signed`). */
export interface CommitmentSigned extends ValueOf<typeof commitmentSignedCodec> {
  readonly type: 'commitment_signed'
}

const revokeAndAckCodec = extended(
  struct({ channelId: channelIdCodec, perCommitmentSecret: bytes32, nextPerCommitmentPoint: point }),
  {},
)
/** The secret of the sender's previous commitment, and the point of the one after next (BOLT 2, `revoke_and_ack`). */
export interface RevokeAndAck extends ValueOf<typeof revokeAndAckCodec> {
  readonly type: 'revoke_and_ack'
}

const channelReestablishCodec = extended(
  struct({
    channelId: channelIdCodec,
    nextCommitmentNumber: u64Number,
    nextRevocationNumber: u64Number,
    yourLastPerCommitmentSecret: bytes32,
    myCurrentPerCommitmentPoint: point,
  }),
  {
    nextFunding: [1n, struct({ nextFundingTxid: txidCodec, retransmitFlags: u8 })],
    myCurrentFundingLocked: [5n, struct({ myCurrentFundingLockedTxid: txidCodec, retransmitFlags: u8 })],
  },
)
/** Where the sender stands, after a reconnection (BOLT 2, message retransmission). */
export interface ChannelReestablish extends ValueOf<typeof channelReestablishCodec> {
  readonly type: 'channel_reestablish'
}

/** Committing, revoking, and meeting again after a disconnect (BOLT 2). */
export type CommitmentMessage = CommitmentSigned | RevokeAndAck | ChannelReestablish

export const commitmentMessages: MessageTable<CommitmentMessage> = {
  commitment_signed: [132, commitmentSignedCodec],
  revoke_and_ack: [133, revokeAndAckCodec],
  channel_reestablish: [136, channelReestablishCodec],
}
