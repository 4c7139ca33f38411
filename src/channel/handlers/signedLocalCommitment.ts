import type { Tx } from '../../bitcoin/index.ts'
import { signCommitment, signedCommitmentTx } from '../../commitment/index.ts'
import type { ChannelSecrets } from '../../keys/index.ts'
import type { ChannelDurable } from '../types.ts'
import { localCommitmentTx } from './commitmentSigned.ts'

/** Our latest commitment transaction with both signatures. Ours is made here and nowhere else: only to publish it. */
export function signedLocalCommitment(durable: ChannelDurable, secrets: ChannelSecrets): Tx {
  const commitment = localCommitmentTx(durable, durable.localCommit.number, { secrets })
  const holder = signCommitment(commitment, secrets.fundingSecret)
  return signedCommitmentTx(commitment, { holder, counterparty: durable.localCommit.signature })
}
