import { assert, concat, encode, u64Number, utf8Encode } from '../base/index.ts'
import { hkdfSha256, publicKeyFromSecret } from '../crypto/index.ts'
import { secretKey } from './secretKey.ts'

/** What one side keeps secret in a channel, 32 bytes each. */
export interface ChannelSecrets {
  readonly fundingSecret: Uint8Array
  readonly revocationBasepointSecret: Uint8Array
  readonly paymentBasepointSecret: Uint8Array
  readonly delayedPaymentBasepointSecret: Uint8Array
  readonly htlcBasepointSecret: Uint8Array
  /** The seed of the per-commitment secrets (BOLT 3, Per-commitment Secret Requirements). */
  readonly shachainSeed: Uint8Array
}

/** What one side shows of them in open_channel and accept_channel (BOLT 2): compressed public keys, 33 bytes each. */
export interface ChannelBasepoints {
  readonly fundingPubkey: Uint8Array
  readonly revocationBasepoint: Uint8Array
  readonly paymentBasepoint: Uint8Array
  readonly delayedPaymentBasepoint: Uint8Array
  readonly htlcBasepoint: Uint8Array
}

/** Part of the seed layout: another salt is another layout, and would lose the channels of this one. */
const LAYOUT = utf8Encode('bookend/channel-keys/v1')

/**
 * The secrets of one channel. Seed layout, version 1: each is 32 bytes of
 *
 *     HKDF-SHA256(ikm = seed, salt = "bookend/channel-keys/v1", info = name || channelKeyIndex as 8 bytes)
 *
 * with the names funding, revocation, payment, delayed_payment, htlc and shachain. So the seed (32 bytes) and the
 * index, counted from 0 and never used twice, bring back every key of a channel, and knowing one tells of no other.
 */
export function deriveChannelSecrets(seed: Uint8Array, channelKeyIndex: number): ChannelSecrets {
  assert(seed.length === 32, () => `a seed has 32 bytes, got ${seed.length}`)
  const index = encode(u64Number, channelKeyIndex)
  const derive = (name: string) => hkdfSha256(seed, LAYOUT, concat(utf8Encode(name), index), 32)
  return {
    fundingSecret: secretKey(derive('funding')),
    revocationBasepointSecret: secretKey(derive('revocation')),
    paymentBasepointSecret: secretKey(derive('payment')),
    delayedPaymentBasepointSecret: secretKey(derive('delayed_payment')),
    htlcBasepointSecret: secretKey(derive('htlc')),
    shachainSeed: derive('shachain'),
  }
}

/** The public side of a channel's secrets. Cost: five multiplications; keep the result. */
export function channelBasepoints(secrets: ChannelSecrets): ChannelBasepoints {
  return {
    fundingPubkey: publicKeyFromSecret(secrets.fundingSecret),
    revocationBasepoint: publicKeyFromSecret(secrets.revocationBasepointSecret),
    paymentBasepoint: publicKeyFromSecret(secrets.paymentBasepointSecret),
    delayedPaymentBasepoint: publicKeyFromSecret(secrets.delayedPaymentBasepointSecret),
    htlcBasepoint: publicKeyFromSecret(secrets.htlcBasepointSecret),
  }
}
