import { concat, defined } from '../base/index.ts'
import {
  publicKeyCombine,
  publicKeyFromSecret,
  publicKeyTweakAdd,
  publicKeyTweakMultiply,
  secretTweakAdd,
  secretTweakMultiply,
  sha256,
} from '../crypto/index.ts'

// The keys of one commitment (BOLT 3, Key Derivation). Points are 33 bytes and have been checked by the caller to be
// public keys (they come in messages); secrets are 32 bytes and valid. That a result is no key then needs a SHA-256
// output that nobody can find, so it is treated as a bug.
const NO_KEY = 'a derived key is no key: an input was not checked'

/**
 * The local or remote htlcpubkey or delayedpubkey of a commitment, from its basepoint (BOLT 3, Key Derivation):
 * `basepoint + SHA256(per_commitment_point || basepoint)·G`.
 */
export function derivePublicKey(basepoint: Uint8Array, perCommitmentPoint: Uint8Array): Uint8Array {
  return defined(publicKeyTweakAdd(basepoint, sha256(concat(perCommitmentPoint, basepoint))), NO_KEY)
}

/** The secret of `derivePublicKey`. Who has the basepoint at hand saves a multiplication by giving it. */
export function deriveSecretKey(
  basepointSecret: Uint8Array,
  perCommitmentPoint: Uint8Array,
  basepoint: Uint8Array = publicKeyFromSecret(basepointSecret),
): Uint8Array {
  return defined(secretTweakAdd(basepointSecret, sha256(concat(perCommitmentPoint, basepoint))), NO_KEY)
}

/**
 * The revocationpubkey of a commitment (BOLT 3, `revocationpubkey` Derivation): its secret needs a secret of each side,
 * the revocation basepoint's of the one who may punish and the per-commitment secret of the one who revokes.
 */
export function deriveRevocationPublicKey(revocationBasepoint: Uint8Array, perCommitmentPoint: Uint8Array): Uint8Array {
  const [basepointTweak, commitmentTweak] = revocationTweaks(revocationBasepoint, perCommitmentPoint)
  const a = defined(publicKeyTweakMultiply(revocationBasepoint, basepointTweak), NO_KEY)
  const b = defined(publicKeyTweakMultiply(perCommitmentPoint, commitmentTweak), NO_KEY)
  return defined(publicKeyCombine(a, b), NO_KEY)
}

/** The secret of `deriveRevocationPublicKey`, once the other side has revealed the per-commitment secret. */
export function deriveRevocationSecretKey(
  revocationBasepointSecret: Uint8Array,
  perCommitmentSecret: Uint8Array,
): Uint8Array {
  const [basepointTweak, commitmentTweak] = revocationTweaks(
    publicKeyFromSecret(revocationBasepointSecret),
    publicKeyFromSecret(perCommitmentSecret),
  )
  const a = defined(secretTweakMultiply(revocationBasepointSecret, basepointTweak), NO_KEY)
  const b = defined(secretTweakMultiply(perCommitmentSecret, commitmentTweak), NO_KEY)
  return defined(secretTweakAdd(a, b), NO_KEY)
}

function revocationTweaks(
  revocationBasepoint: Uint8Array,
  perCommitmentPoint: Uint8Array,
): readonly [basepointTweak: Uint8Array, commitmentTweak: Uint8Array] {
  return [
    sha256(concat(revocationBasepoint, perCommitmentPoint)),
    sha256(concat(perCommitmentPoint, revocationBasepoint)),
  ]
}
