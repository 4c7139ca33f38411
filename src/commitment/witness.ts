import { assert, compareBytes } from '../base/index.ts'
import { SIGHASH_ALL, type Tx, withWitness, witnessSignature } from '../bitcoin/index.ts'
import { fundingWitnessScript } from './scripts.ts'
import { htlcSighashType } from './signatures.ts'
import type { ClosingTx, CommitmentTx, HtlcTx } from './types.ts'

// Every witness of BOLT 3 and BOLT 5, bottom of the stack first. Signatures are 64 bytes, r then s, and cover SIGHASH_ALL except
// where a function says otherwise. Their expected weights are in weights.ts.

export type Witness = readonly Uint8Array[]

/** The signatures of both sides of a commitment. */
export interface BothSignatures {
  readonly holder: Uint8Array
  readonly counterparty: Uint8Array
}

interface FundingSignature {
  readonly pubkey: Uint8Array
  readonly signature: Uint8Array
}

// OP_CHECKMULTISIG takes one item too many, and MINIMALIF wants exactly nothing or one (BOLT 3, use of segwit).
const EMPTY = new Uint8Array(0)
const ONE = Uint8Array.of(1)

/** Spends the funding output: the signatures in the order of the public keys (BOLT 3, commitment transaction). */
export function fundingWitness(a: FundingSignature, b: FundingSignature): Witness {
  const ordered = compareBytes(a.pubkey, b.pubkey) < 0 ? [a, b] : [b, a]
  const signatures = ordered.map(({ signature }) => witnessSignature(signature, SIGHASH_ALL))
  return [EMPTY, ...signatures, fundingWitnessScript(a.pubkey, b.pubkey)]
}

/** The commitment transaction ready to be broadcast. */
export function signedCommitmentTx(commitment: CommitmentTx, signatures: BothSignatures): Tx {
  const { holderFundingPubkey, counterpartyFundingPubkey } = commitment.input.keys
  const holder = { pubkey: holderFundingPubkey, signature: signatures.holder }
  const counterparty = { pubkey: counterpartyFundingPubkey, signature: signatures.counterparty }
  return withWitness(commitment.tx, 0, fundingWitness(holder, counterparty))
}

/** The closing transaction ready to be broadcast; the signatures in the order of `funding.pubkeys`. */
export function signedClosingTx(closing: ClosingTx, signatures: readonly [Uint8Array, Uint8Array]): Tx {
  const [a, b] = closing.funding.pubkeys
  const witness = fundingWitness({ pubkey: a, signature: signatures[0] }, { pubkey: b, signature: signatures[1] })
  return withWitness(closing.tx, 0, witness)
}

/** HTLC-timeout (BOLT 3, HTLC-timeout and HTLC-success transactions). */
export function htlcTimeoutWitness(htlcTx: HtlcTx, signatures: BothSignatures): Witness {
  assert(htlcTx.type === 'htlc_timeout', 'an HTLC-timeout spends an offered HTLC')
  return [EMPTY, ...htlcSignatures(htlcTx, signatures), EMPTY, htlcTx.spends.witnessScript]
}

/** HTLC-success; `preimage`: 32 bytes (BOLT 3, HTLC-timeout and HTLC-success transactions). */
export function htlcSuccessWitness(htlcTx: HtlcTx, signatures: BothSignatures, preimage: Uint8Array): Witness {
  assert(htlcTx.type === 'htlc_success', 'an HTLC-success spends a received HTLC')
  return [EMPTY, ...htlcSignatures(htlcTx, signatures), preimage, htlcTx.spends.witnessScript]
}

/**
 * `to_local`, and the output of a second stage, by the holder. The input's sequence is `to_self_delay`, counted from the
 * confirmation of what it spends.
 */
export function delayedWitness(holderDelayedSignature: Uint8Array, witnessScript: Uint8Array): Witness {
  return [forAll(holderDelayedSignature), EMPTY, witnessScript]
}

/** `to_local`, and the output of a second stage, by the counterparty of a revoked commitment: at once. */
export function revokedWitness(revocationSignature: Uint8Array, witnessScript: Uint8Array): Witness {
  return [forAll(revocationSignature), ONE, witnessScript]
}

/** An HTLC output of a revoked commitment, offered or received, by the counterparty: at once. */
export function htlcRevokedWitness(
  revocationSignature: Uint8Array,
  revocationPubkey: Uint8Array,
  witnessScript: Uint8Array,
): Witness {
  return [forAll(revocationSignature), revocationPubkey, witnessScript]
}

/** An HTLC that the holder offered, by the counterparty with the preimage. With anchors the input's sequence is 1. */
export function htlcPreimageWitness(
  counterpartyHtlcSignature: Uint8Array,
  preimage: Uint8Array,
  witnessScript: Uint8Array,
): Witness {
  assert(preimage.length === 32, () => `expected a preimage of 32 bytes, got ${preimage.length}`)
  return [forAll(counterpartyHtlcSignature), preimage, witnessScript]
}

/**
 * An HTLC that the holder received, by the counterparty after its expiry: the transaction's locktime is at least
 * `cltv_expiry`. With anchors the input's sequence is 1.
 */
export function htlcExpiredWitness(counterpartyHtlcSignature: Uint8Array, witnessScript: Uint8Array): Witness {
  return [forAll(counterpartyHtlcSignature), EMPTY, witnessScript]
}

/** `to_remote` with anchors, by the counterparty; the input's sequence is 1. */
export function toRemoteAnchorWitness(counterpartyPaymentSignature: Uint8Array, witnessScript: Uint8Array): Witness {
  return [forAll(counterpartyPaymentSignature), witnessScript]
}

/** An anchor, by the owner of the funding key that it is locked to. */
export function anchorWitness(fundingSignature: Uint8Array, witnessScript: Uint8Array): Witness {
  return [forAll(fundingSignature), witnessScript]
}

/** An anchor, by anyone; the input's sequence is 16. */
export function anchorAnyoneWitness(witnessScript: Uint8Array): Witness {
  return [EMPTY, witnessScript]
}

/** In the order of the script: the counterparty's first, since its key is the first that the script pushes. */
function htlcSignatures(htlcTx: HtlcTx, { holder, counterparty }: BothSignatures): Witness {
  return [
    witnessSignature(counterparty, htlcSighashType(htlcTx.format, 'counterparty')),
    witnessSignature(holder, htlcSighashType(htlcTx.format, 'holder')),
  ]
}

function forAll(signature: Uint8Array): Uint8Array {
  return witnessSignature(signature, SIGHASH_ALL)
}
