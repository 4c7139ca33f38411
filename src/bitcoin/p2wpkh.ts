import { defined, type Sat } from '../base/index.ts'
import { hash160, publicKeyFromSecret, signEcdsa } from '../crypto/index.ts'
import { witnessSignature } from './der.ts'
import { p2pkhScript } from './outputScripts.ts'
import { SIGHASH_ALL, segwitV0Sighash } from './sighash.ts'
import type { Tx } from './tx.ts'

/** The weight of a signed P2WPKH input: 41 bytes, and a witness of a 71 byte signature, its sighash byte and a key. */
export const P2WPKH_INPUT_WEIGHT = 4 * 41 + (1 + 1 + 72 + 1 + 33)

/** What a signature of a P2WPKH input covers in place of a script (BIP 143). `pubkey`: 33 bytes. */
export function p2wpkhScriptCode(pubkey: Uint8Array): Uint8Array {
  return p2pkhScript(hash160(pubkey))
}

/** The transaction with input `index`, which spends a P2WPKH output of `amountSat` to `secret`'s key, signed (SIGHASH_ALL). */
export function signP2wpkhInput(tx: Tx, index: number, amountSat: Sat, secret: Uint8Array): Tx {
  const pubkey = publicKeyFromSecret(secret)
  const scriptCode = p2wpkhScriptCode(pubkey)
  const digest = segwitV0Sighash({ tx, inputIndex: index, scriptCode, amountSat, sighashType: SIGHASH_ALL })
  return withWitness(tx, index, [witnessSignature(signEcdsa(digest, secret), SIGHASH_ALL), pubkey])
}

/** The transaction with the witness of input `index` replaced. */
export function withWitness(tx: Tx, index: number, witness: readonly Uint8Array[]): Tx {
  const input = defined(tx.inputs[index], `input ${index} of ${tx.inputs.length}`)
  return { ...tx, inputs: tx.inputs.with(index, { ...input, witness }) }
}
