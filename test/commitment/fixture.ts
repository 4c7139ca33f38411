import { feeratePerKw, msat, paymentHash, type Sat, sat, type Txid } from '../../src/base/index.ts'
import type { CommitmentFormat, CommitmentHtlc, CommitmentInput } from '../../src/commitment/index.ts'
import { deriveCommitmentKeys, obscuringFactor } from '../../src/commitment/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import {
  channelBasepoints,
  deriveChannelSecrets,
  deriveRevocationSecretKey,
  deriveSecretKey,
} from '../../src/keys/index.ts'

// Two sides of one channel with all their secrets. Alice holds the commitment and opened the channel.

export const alice = deriveChannelSecrets(new Uint8Array(32).fill(1), 0)
export const bob = deriveChannelSecrets(new Uint8Array(32).fill(2), 0)
export const aliceBasepoints = channelBasepoints(alice)
export const bobBasepoints = channelBasepoints(bob)

const perCommitmentSecret = new Uint8Array(32).fill(3)
const perCommitmentPoint = publicKeyFromSecret(perCommitmentSecret)

export const keys = deriveCommitmentKeys({ holder: aliceBasepoints, counterparty: bobBasepoints, perCommitmentPoint })
export const factor = obscuringFactor(aliceBasepoints.paymentBasepoint, bobBasepoints.paymentBasepoint)

export const aliceHtlcSecret = deriveSecretKey(alice.htlcBasepointSecret, perCommitmentPoint)
export const bobHtlcSecret = deriveSecretKey(bob.htlcBasepointSecret, perCommitmentPoint)
export const aliceDelayedSecret = deriveSecretKey(alice.delayedPaymentBasepointSecret, perCommitmentPoint)
export const bobRevocationSecret = deriveRevocationSecretKey(bob.revocationBasepointSecret, perCommitmentSecret)

export const CAPACITY: Sat = sat(1_000_000)
export const TO_SELF_DELAY = 144
export const FORMATS: readonly CommitmentFormat[] = ['static_remotekey', 'anchors_zero_fee_htlc']

export function preimage(id: number): Uint8Array {
  return new Uint8Array(32).fill(id + 16)
}

export function htlc(
  direction: 'offered' | 'received',
  id: number,
  amountMsat: number,
  cltvExpiry = 500,
): CommitmentHtlc {
  return { direction, id, amountMsat: msat(amountMsat), paymentHash: paymentHash(sha256(preimage(id))), cltvExpiry }
}

/** 600,000 sat for Alice less what she offers, the rest for Bob less what he offers. */
export function commitmentInput(format: CommitmentFormat, changes: Partial<CommitmentInput> = {}): CommitmentInput {
  return {
    format,
    fundingOutpoint: { txid: '1f'.repeat(32) as Txid, vout: 1 },
    fundingAmountSat: CAPACITY,
    commitmentNumber: 7,
    obscuringFactor: factor,
    keys,
    holderIsOpener: true,
    toSelfDelay: TO_SELF_DELAY,
    dustLimitSat: sat(354),
    feeratePerKw: feeratePerKw(1000),
    toHolderMsat: msat(600_000_000n - sumOf('offered', changes.htlcs)),
    toCounterpartyMsat: msat(400_000_000n - sumOf('received', changes.htlcs)),
    htlcs: [],
    ...changes,
  }
}

function sumOf(direction: 'offered' | 'received', htlcs: readonly CommitmentHtlc[] = []): bigint {
  return htlcs.reduce((sum, each) => (each.direction === direction ? sum + each.amountMsat : sum), 0n)
}
