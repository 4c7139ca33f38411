import { array, struct, u8, u16, u64Number, type ValueOf } from '../../base/index.ts'
import { bytes32, channelIdCodec, point, signature, txidCodec } from '../fundamental.ts'
import { extended } from '../tlv.ts'

// Committing updates, revoking the state before, and finding each other again (BOLT 2).

export const commitmentSignedCodec = extended(
  struct({ channelId: channelIdCodec, signature, htlcSignatures: array(u16, signature) }),
  { fundingTxid: [1n, txidCodec] },
)
/** Signatures for the receiver's next commitment and its HTLC transactions (BOLT 2, `commitment_signed`). */
export interface CommitmentSigned extends ValueOf<typeof commitmentSignedCodec> {
  readonly type: 'commitment_signed'
}

export const revokeAndAckCodec = extended(
  struct({ channelId: channelIdCodec, perCommitmentSecret: bytes32, nextPerCommitmentPoint: point }),
  {},
)
/** The secret of the sender's previous commitment, and the point of the one after next (BOLT 2, `revoke_and_ack`). */
export interface RevokeAndAck extends ValueOf<typeof revokeAndAckCodec> {
  readonly type: 'revoke_and_ack'
}

export const channelReestablishCodec = extended(
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
