import { type ChannelBasepoints, derivePublicKey, deriveRevocationPublicKey } from '../keys/index.ts'
import type { CommitmentKeys } from './types.ts'

/**
 * The keys of one commitment from both sides' basepoints and the holder's per-commitment point (BOLT 3, key derivation).
 * The counterparty's payment key is its basepoint as it stands, so that it can find its money even with all else lost.
 * Cost: five point multiplications; the result serves all HTLCs of the commitment.
 */
export function deriveCommitmentKeys(parties: {
  readonly holder: ChannelBasepoints
  readonly counterparty: ChannelBasepoints
  readonly perCommitmentPoint: Uint8Array
}): CommitmentKeys {
  const { holder, counterparty, perCommitmentPoint } = parties
  return {
    holderFundingPubkey: holder.fundingPubkey,
    counterpartyFundingPubkey: counterparty.fundingPubkey,
    revocationPubkey: deriveRevocationPublicKey(counterparty.revocationBasepoint, perCommitmentPoint),
    holderDelayedPubkey: derivePublicKey(holder.delayedPaymentBasepoint, perCommitmentPoint),
    holderHtlcPubkey: derivePublicKey(holder.htlcBasepoint, perCommitmentPoint),
    counterpartyHtlcPubkey: derivePublicKey(counterparty.htlcBasepoint, perCommitmentPoint),
    counterpartyPaymentPubkey: counterparty.paymentBasepoint,
  }
}
