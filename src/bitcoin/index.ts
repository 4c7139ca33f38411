// bitcoin: transactions, scripts, signature hashes, addresses and weights, as plain data and functions over it.
// It must not know channels or Lightning. Start reading at tx.ts, then encode.ts.
export { addressFromScript, type Network, scriptFromAddress } from './address.ts'
export { type Block, type BlockHeader, blockCodec, headerCodec, headerHash } from './block.ts'
export { compactSize, compactSizeLength } from './compactSize.ts'
export { signatureFromDer, signatureToDer, witnessSignature } from './der.ts'
export { dustLimitSat } from './dust.ts'
export {
  decodeTx,
  encodeTx,
  encodeTxWithoutWitness,
  txCodec,
  txid,
  txVsize,
  txWeight,
  type Wtxid,
  witnessWeight,
  wtxid,
} from './encode.ts'
export { merkleRoot } from './merkle.ts'
export { compareOutputs } from './ordering.ts'
export {
  classifyScript,
  p2aScript,
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wpkhScript,
  p2wpkhScriptFromHash,
  p2wshScript,
  type ScriptType,
  type WitnessProgram,
  witnessProgram,
  witnessProgramScript,
} from './outputScripts.ts'
export { P2WPKH_INPUT_WEIGHT, p2wpkhScriptCode, signP2wpkhInput, withWitness } from './p2wpkh.ts'
export { bitsOf, meetsTarget, targetOf, workOf } from './proofOfWork.ts'
export { OP, parseScript, type ScriptItem, type ScriptOperation, script, scriptNumber } from './script.ts'
export { SIGHASH_ALL, SIGHASH_ANYONECANPAY, SIGHASH_NONE, SIGHASH_SINGLE, segwitV0Sighash } from './sighash.ts'
export type { Tx, TxIn, TxOut } from './tx.ts'
