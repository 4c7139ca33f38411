import { assert, defined, type Sat, txidToWire, Writer } from '../base/index.ts'
import { sha256d } from '../crypto/index.ts'
import { writeAmount, writePrefixed, writeTxOut } from './encode.ts'
import type { Tx } from './tx.ts'

// What a signature for a version 0 witness program commits to (BIP 143).

export const SIGHASH_ALL = 0x01
export const SIGHASH_NONE = 0x02
export const SIGHASH_SINGLE = 0x03
export const SIGHASH_ANYONECANPAY = 0x80

const ZERO = new Uint8Array(32)

/** The parts of the hash that all inputs of a transaction share. */
interface SharedHashes {
  prevouts?: Uint8Array
  sequences?: Uint8Array
  outputs?: Uint8Array
}

// Keyed by the transaction itself, which never changes, so signing n inputs hashes the lists once and not n times.
const sharedHashes = new WeakMap<Tx, SharedHashes>()

/**
 * The 32 bytes to sign for one input (BIP 143). `scriptCode` is the witness script without its length (P2WSH), or
 * `p2wpkhScriptCode` (P2WPKH); `amountSat` is the amount of the output that is spent.
 */
export function segwitV0Sighash(spend: {
  readonly tx: Tx
  readonly inputIndex: number
  readonly scriptCode: Uint8Array
  readonly amountSat: Sat
  readonly sighashType: number
}): Uint8Array {
  const { tx, inputIndex, sighashType } = spend
  const input = defined(tx.inputs[inputIndex], `input ${inputIndex} of ${tx.inputs.length}`)
  const anyoneCanPay = (sighashType & SIGHASH_ANYONECANPAY) !== 0
  const mode = sighashType & 0x1f
  assert(mode >= SIGHASH_ALL && mode <= SIGHASH_SINGLE, () => `sighash type ${sighashType}`)
  const writer = new Writer(256 + spend.scriptCode.length)
  writer.uintLE(tx.version >>> 0, 4)
  writer.bytes(anyoneCanPay ? ZERO : prevoutsHash(tx))
  writer.bytes(anyoneCanPay || mode !== SIGHASH_ALL ? ZERO : sequencesHash(tx))
  writer.bytes(txidToWire(input.outpoint.txid))
  writer.uintLE(input.outpoint.vout, 4)
  writePrefixed(writer, spend.scriptCode)
  writeAmount(writer, spend.amountSat)
  writer.uintLE(input.sequence, 4)
  writer.bytes(mode === SIGHASH_ALL ? outputsHash(tx) : mode === SIGHASH_SINGLE ? outputHash(tx, inputIndex) : ZERO)
  writer.uintLE(tx.locktime, 4)
  writer.uintLE(sighashType, 4)
  return sha256d(writer.finish())
}

function sharedOf(tx: Tx): SharedHashes {
  let shared = sharedHashes.get(tx)
  if (shared === undefined) {
    shared = {}
    sharedHashes.set(tx, shared)
  }
  return shared
}

function prevoutsHash(tx: Tx): Uint8Array {
  const shared = sharedOf(tx)
  if (shared.prevouts === undefined) {
    const writer = new Writer(36 * tx.inputs.length)
    for (const { outpoint } of tx.inputs) {
      writer.bytes(txidToWire(outpoint.txid))
      writer.uintLE(outpoint.vout, 4)
    }
    shared.prevouts = sha256d(writer.finish())
  }
  return shared.prevouts
}

function sequencesHash(tx: Tx): Uint8Array {
  const shared = sharedOf(tx)
  if (shared.sequences === undefined) {
    const writer = new Writer(4 * tx.inputs.length)
    for (const { sequence } of tx.inputs) writer.uintLE(sequence, 4)
    shared.sequences = sha256d(writer.finish())
  }
  return shared.sequences
}

function outputsHash(tx: Tx): Uint8Array {
  const shared = sharedOf(tx)
  if (shared.outputs === undefined) {
    let capacity = 0
    for (const output of tx.outputs) capacity += 17 + output.script.length
    const writer = new Writer(capacity)
    for (const output of tx.outputs) writeTxOut(writer, output)
    shared.outputs = sha256d(writer.finish())
  }
  return shared.outputs
}

/** SIGHASH_SINGLE without an output of the same index commits to no output: 32 zero bytes. */
function outputHash(tx: Tx, index: number): Uint8Array {
  const output = tx.outputs[index]
  if (output === undefined) return ZERO
  const writer = new Writer(17 + output.script.length)
  writeTxOut(writer, output)
  return sha256d(writer.finish())
}
