import { defined, unreachable } from '../base/index.ts'
import { p2wpkhScriptCode, SIGHASH_ALL, segwitV0Sighash, type Tx, witnessSignature } from '../bitcoin/index.ts'
import {
  anchorAnyoneWitness,
  anchorWitness,
  delayedWitness,
  htlcExpiredWitness,
  htlcPreimageWitness,
  htlcRevokedWitness,
  htlcSuccessWitness,
  htlcTimeoutWitness,
  revokedWitness,
  signHtlcTx,
  toRemoteAnchorWitness,
  type Witness,
} from '../commitment/index.ts'
import { signEcdsa } from '../crypto/index.ts'
import { type ChannelSecrets, deriveRevocationSecretKey, deriveSecretKey } from '../keys/index.ts'
import type { DirectPath, HtlcTxPath, SpendKey } from './spendPath.ts'

// From a path to the witness that takes it.

/**
 * Where a witness is wanted for its weight: the longest signature that there is, since S is always low (71 bytes of DER and the
 * sighash byte). One in two signatures is a byte shorter, one in 2^9 or so by more.
 */
const LONGEST_SIGNATURE = new Uint8Array(64).fill(0xff, 0, 1).fill(0x7f, 32, 33).fill(0xff, 1, 32)
const NO_PREIMAGE = new Uint8Array(32)

/** The secret of `key`; `secrets` are those of the path's party. Cost: at most four multiplications. */
export function secretOf(key: SpendKey, secrets: ChannelSecrets): Uint8Array | undefined {
  switch (key.type) {
    case 'delayed':
      return deriveSecretKey(secrets.delayedPaymentBasepointSecret, key.point)
    case 'htlc':
      return deriveSecretKey(secrets.htlcBasepointSecret, key.point)
    case 'payment':
      return secrets.paymentBasepointSecret
    case 'funding':
      return secrets.fundingSecret
    case 'revocation':
      return deriveRevocationSecretKey(secrets.revocationBasepointSecret, key.perCommitmentSecret)
    case 'anyone':
      return undefined
    default:
      return unreachable(key)
  }
}

/** Input `index` of `tx`, which goes by `path`, with its witness. `secret`: of the path's key (`secretOf`). */
export function directWitness(
  path: DirectPath,
  place: { readonly tx: Tx; readonly index: number },
  secret: Uint8Array | undefined,
): Witness {
  if (secret === undefined) return anchorAnyoneWitness(scriptOf(path))
  const digest = segwitV0Sighash({
    tx: place.tx,
    inputIndex: place.index,
    scriptCode: path.witnessScript ?? p2wpkhScriptCode(pubkeyOf(path)),
    amountSat: path.amountSat,
    sighashType: SIGHASH_ALL,
  })
  return witnessOf(path, signEcdsa(digest, secret))
}

/** As heavy as the witness of `path` can get. */
export function heaviestDirectWitness(path: DirectPath): Witness {
  return witnessOf(path, LONGEST_SIGNATURE)
}

function witnessOf(path: DirectPath, signature: Uint8Array): Witness {
  switch (path.way) {
    case 'to_local':
    case 'second_stage':
      return delayedWitness(signature, scriptOf(path))
    case 'to_local_revoked':
    case 'second_stage_revoked':
      return revokedWitness(signature, scriptOf(path))
    case 'htlc_revoked':
      return htlcRevokedWitness(signature, pubkeyOf(path), scriptOf(path))
    case 'htlc_preimage':
      return htlcPreimageWitness(signature, path.preimage?.known ?? NO_PREIMAGE, scriptOf(path))
    case 'htlc_expired':
      return htlcExpiredWitness(signature, scriptOf(path))
    case 'to_remote':
      return path.witnessScript === undefined
        ? [witnessSignature(signature, SIGHASH_ALL), pubkeyOf(path)]
        : toRemoteAnchorWitness(signature, path.witnessScript)
    case 'anchor':
      return anchorWitness(signature, scriptOf(path))
    case 'anchor_anyone':
      return anchorAnyoneWitness(scriptOf(path))
    default:
      return unreachable(path.way)
  }
}

/** The witness of an HTLC's input. Needs the counterparty's signature and, for a success, the preimage. */
export function htlcTxWitness(
  path: HtlcTxPath,
  place: { readonly tx: Tx; readonly inputIndex: number },
  htlcSecret: Uint8Array,
): Witness {
  const htlcTx = defined(path.htlcTx, 'the HTLC transaction of our own commitment')
  return htlcWitnessOf(path, signHtlcTx(htlcTx, 'holder', htlcSecret, place))
}

export function heaviestHtlcTxWitness(path: HtlcTxPath): Witness {
  return htlcWitnessOf(path, LONGEST_SIGNATURE)
}

function htlcWitnessOf(path: HtlcTxPath, holder: Uint8Array): Witness {
  const htlcTx = defined(path.htlcTx, 'the HTLC transaction of our own commitment')
  const counterparty = defined(path.counterpartySignature, 'the peer signed each HTLC of our commitment')
  const signatures = { holder, counterparty }
  if (path.way === 'htlc_timeout') return htlcTimeoutWitness(htlcTx, signatures)
  return htlcSuccessWitness(htlcTx, signatures, path.preimage?.known ?? NO_PREIMAGE)
}

/** A P2WPKH input as heavy as it can get. */
export function heaviestP2wpkhWitness(pubkey: Uint8Array): Witness {
  return [witnessSignature(LONGEST_SIGNATURE, SIGHASH_ALL), pubkey]
}

function scriptOf(path: DirectPath): Uint8Array {
  return defined(path.witnessScript, `${path.way} spends a witness script`)
}

function pubkeyOf(path: DirectPath): Uint8Array {
  return defined(path.pubkey, `${path.way} has a key`)
}
