import type { Sat } from '../base/index.ts'
import { SIGHASH_ALL, SIGHASH_ANYONECANPAY, SIGHASH_SINGLE, segwitV0Sighash, type Tx } from '../bitcoin/index.ts'
import { signEcdsa, verifyEcdsa } from '../crypto/index.ts'
import { fundingWitnessScript } from './scripts.ts'
import type { ClosingTx, CommitmentFormat, CommitmentTx, HtlcTx } from './types.ts'

// Signatures are 64 bytes, r then s, as on the wire. Verification refuses a high S (BOLT 2, LOW-S-standard rule). The hashes are
// exported beside it, for a host that signs or verifies elsewhere.

/** Who signs a second stage: the holder of the commitment when it broadcasts, or the counterparty in `commitment_signed`. */
export type HtlcSigner = 'holder' | 'counterparty'

/** Where a second stage ended up, when with anchors it is combined with other inputs and outputs to pay a fee. */
export interface HtlcPlace {
  readonly tx: Tx
  readonly inputIndex: number
}

/** The 32 bytes that both sides sign for a commitment. */
export function commitmentSighash({ tx, input }: CommitmentTx): Uint8Array {
  const { holderFundingPubkey, counterpartyFundingPubkey } = input.keys
  return fundingSighash(tx, [holderFundingPubkey, counterpartyFundingPubkey], input.fundingAmountSat)
}

export function signCommitment(commitment: CommitmentTx, fundingSecret: Uint8Array): Uint8Array {
  return signEcdsa(commitmentSighash(commitment), fundingSecret)
}

/** Whether `signature` is that of `signerFundingPubkey`, with a low S, for this commitment. */
export function verifyCommitmentSignature(
  commitment: CommitmentTx,
  signature: Uint8Array,
  signerFundingPubkey: Uint8Array,
): boolean {
  return verifyEcdsa(signature, commitmentSighash(commitment), signerFundingPubkey)
}

/**
 * With anchors the counterparty's signature lets the holder add inputs and outputs; the holder's own never does, else anyone
 * could (BOLT 5, generation of HTLC transactions).
 */
export function htlcSighashType(format: CommitmentFormat, signer: HtlcSigner): number {
  return format === 'anchors_zero_fee_htlc' && signer === 'counterparty'
    ? SIGHASH_SINGLE | SIGHASH_ANYONECANPAY
    : SIGHASH_ALL
}

/** The 32 bytes that `signer` signs for a second stage; `place` where it is part of a larger transaction. */
export function htlcSighash(htlcTx: HtlcTx, signer: HtlcSigner, place: HtlcPlace = alone(htlcTx)): Uint8Array {
  return segwitV0Sighash({
    ...place,
    scriptCode: htlcTx.spends.witnessScript,
    amountSat: htlcTx.spends.amountSat,
    sighashType: htlcSighashType(htlcTx.format, signer),
  })
}

/** `htlcSecret`: the secret of the signer's htlcpubkey of this commitment. */
export function signHtlcTx(
  htlcTx: HtlcTx,
  signer: HtlcSigner,
  htlcSecret: Uint8Array,
  place: HtlcPlace = alone(htlcTx),
): Uint8Array {
  return signEcdsa(htlcSighash(htlcTx, signer, place), htlcSecret)
}

/** Whether `signature` is the counterparty's, as in `commitment_signed`, with a low S. Cost: one verification. */
export function verifyHtlcSignature(
  htlcTx: HtlcTx,
  signature: Uint8Array,
  counterpartyHtlcPubkey: Uint8Array,
): boolean {
  return verifyEcdsa(signature, htlcSighash(htlcTx, 'counterparty'), counterpartyHtlcPubkey)
}

/** The 32 bytes that both sides sign for a closing transaction. */
export function closingSighash({ tx, funding }: ClosingTx): Uint8Array {
  return fundingSighash(tx, funding.pubkeys, funding.amountSat)
}

export function signClosing(closing: ClosingTx, fundingSecret: Uint8Array): Uint8Array {
  return signEcdsa(closingSighash(closing), fundingSecret)
}

/** Whether `signature` is that of `signerFundingPubkey`, with a low S, for this closing transaction. */
export function verifyClosingSignature(
  closing: ClosingTx,
  signature: Uint8Array,
  signerFundingPubkey: Uint8Array,
): boolean {
  return verifyEcdsa(signature, closingSighash(closing), signerFundingPubkey)
}

function fundingSighash(tx: Tx, pubkeys: readonly [Uint8Array, Uint8Array], amountSat: Sat): Uint8Array {
  const scriptCode = fundingWitnessScript(...pubkeys)
  return segwitV0Sighash({ tx, inputIndex: 0, scriptCode, amountSat, sighashType: SIGHASH_ALL })
}

function alone(htlcTx: HtlcTx): HtlcPlace {
  return { tx: htlcTx.tx, inputIndex: 0 }
}
