import { publicKeyFromSecret, sha256, verifyEcdsa } from '../../src/crypto/index.ts'
import {
  commitmentPoint,
  commitmentSecret,
  deriveChannelSecrets,
  deriveRevocationSecretKey,
  deriveSecretKey,
} from '../../src/keys/index.ts'

// Every key of both sides of a channel, so that a test can sign again what somebody signed.

export class Keyring {
  readonly #keys: readonly { readonly secret: Uint8Array; readonly publicKey: Uint8Array }[]

  private constructor(secrets: readonly Uint8Array[]) {
    this.#keys = secrets.map(secret => ({ secret, publicKey: publicKeyFromSecret(secret) }))
  }

  /** `seeds` of the two sides; the keys of their first `commitments` commitments, and of their wallets. */
  static of(seeds: readonly [Uint8Array, Uint8Array], commitments: number): Keyring {
    const sides = seeds.map(seed => ({ seed, secrets: deriveChannelSecrets(seed, 0) }))
    const found: Uint8Array[] = []
    for (const [index, { seed, secrets }] of sides.entries()) {
      const peer = sides[1 - index]?.secrets
      if (peer === undefined) throw new Error('a channel has two sides')
      found.push(secrets.fundingSecret, secrets.paymentBasepointSecret, sha256(seed))
      for (let number = 0; number < commitments; number++) {
        const point = commitmentPoint(secrets, number)
        found.push(
          deriveSecretKey(secrets.delayedPaymentBasepointSecret, point),
          deriveSecretKey(secrets.htlcBasepointSecret, point),
          deriveSecretKey(peer.htlcBasepointSecret, point),
          deriveRevocationSecretKey(peer.revocationBasepointSecret, commitmentSecret(secrets, number)),
        )
      }
    }
    return new Keyring(found)
  }

  /** The secret of the key that made this signature. */
  signerOf(signature: Uint8Array, digest: Uint8Array): Uint8Array {
    const found = this.#keys.find(({ publicKey }) => verifyEcdsa(signature, digest, publicKey))
    if (found === undefined) throw new Error('a signature by a key that neither side has')
    return found.secret
  }
}
