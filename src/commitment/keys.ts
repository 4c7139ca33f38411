import { type ChannelBasepoints, derivePublicKey, deriveRevocationPublicKey } from '../keys/index.ts'
import type { CommitmentKeys } from './types.ts'

interface Parties {
  readonly holder: ChannelBasepoints
  readonly counterparty: ChannelBasepoints
  readonly perCommitmentPoint: Uint8Array
}

// A cache and nothing more: the keys of a commitment may be prepared before it is signed or checked, and go when its point goes.
const known = new WeakMap<Uint8Array, { readonly parties: Parties; readonly keys: CommitmentKeys }>()

/**
 * The keys of one commitment from both sides' basepoints and the holder's per-commitment point (BOLT 3, key derivation).
 * The counterparty's payment key is its basepoint as it stands, so that it can find its money even with all else lost.
 * Cost: three point multiplications, and two more when a key for HTLCs is first asked for, which serves all HTLCs of the
 * commitment: every other commitment has none.
 */
export function deriveCommitmentKeys(parties: Parties): CommitmentKeys {
  const { holder, counterparty, perCommitmentPoint } = parties
  const found = known.get(perCommitmentPoint)
  if (found?.parties.holder === holder && found.parties.counterparty === counterparty) return found.keys
  const keys = derived(parties)
  known.set(perCommitmentPoint, { parties, keys })
  return keys
}

function derived({ holder, counterparty, perCommitmentPoint }: Parties): CommitmentKeys {
  const htlcKey = (basepoint: Uint8Array) => once(() => derivePublicKey(basepoint, perCommitmentPoint))
  const holderHtlcPubkey = htlcKey(holder.htlcBasepoint)
  const counterpartyHtlcPubkey = htlcKey(counterparty.htlcBasepoint)
  return {
    holderFundingPubkey: holder.fundingPubkey,
    counterpartyFundingPubkey: counterparty.fundingPubkey,
    revocationPubkey: deriveRevocationPublicKey(counterparty.revocationBasepoint, perCommitmentPoint),
    holderDelayedPubkey: derivePublicKey(holder.delayedPaymentBasepoint, perCommitmentPoint),
    get holderHtlcPubkey() {
      return holderHtlcPubkey()
    },
    get counterpartyHtlcPubkey() {
      return counterpartyHtlcPubkey()
    },
    counterpartyPaymentPubkey: counterparty.paymentBasepoint,
  }
}

/** Made when it is first asked for. Whoever looks sees a plain value. */
function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => {
    made ??= make()
    return made
  }
}
