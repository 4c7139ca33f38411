import {
  type Brand,
  type Codec,
  DecodeError,
  type DecodeFailure,
  decode,
  MAX_MONEY_SAT,
  type Reader,
  type Result,
  type Sat,
  type Txid,
  toHex,
  txidFromWire,
  txidToWire,
  Writer,
} from '../base/index.ts'
import { sha256d } from '../crypto/index.ts'
import { compactSize, compactSizeLength } from './compactSize.ts'
import type { Tx, TxIn, TxOut } from './tx.ts'

/** 32 bytes as printed by explorers: the hash of a transaction with its witnesses (BIP 141). */
export type Wtxid = Brand<string, 'Wtxid'>

/** The serialisation of BIP 144: with witnesses where there are any, in the old form where there are none. */
export const txCodec: Codec<Tx> = { write: writeTx, read: readTx }

/** The bytes that go on the wire and into a block (BIP 144). */
export function encodeTx(tx: Tx): Uint8Array {
  const writer = new Writer(baseLength(tx) + witnessLength(tx))
  writeTx(writer, tx)
  return writer.finish()
}

/** The bytes that the txid commits to: without marker, flag and witnesses. */
export function encodeTxWithoutWitness(tx: Tx): Uint8Array {
  const writer = new Writer(baseLength(tx))
  writer.uintLE(tx.version >>> 0, 4)
  writeBody(writer, tx)
  writer.uintLE(tx.locktime, 4)
  return writer.finish()
}

/**
 * A transaction from its bytes, all of them. Every count and length is checked against the bytes that are left before
 * anything is allocated. Refused besides malformed bytes: no inputs, an amount above 21 million bitcoin, a witness flag
 * other than 1, and a witness flag without any witness (superfluous in Bitcoin Core's words).
 */
export function decodeTx(bytes: Uint8Array): Result<Tx, DecodeFailure> {
  return decode(txCodec, bytes)
}

export function txid(tx: Tx): Txid {
  return txidFromWire(sha256d(encodeTxWithoutWitness(tx)))
}

/** The same as the txid for a transaction without witnesses. */
export function wtxid(tx: Tx): Wtxid {
  return toHex(sha256d(encodeTx(tx)).reverse()) as Wtxid
}

/** In weight units (BIP 141): four for each byte outside the witnesses, one for each byte of them. */
export function txWeight(tx: Tx): number {
  return 4 * baseLength(tx) + witnessLength(tx)
}

/** In virtual bytes: a quarter of the weight, rounded up. */
export function txVsize(tx: Tx): number {
  return Math.ceil(txWeight(tx) / 4)
}

/** The weight of one input's witness, its count of items included. */
export function witnessWeight(witness: readonly Uint8Array[]): number {
  let weight = compactSizeLength(witness.length)
  for (const item of witness) weight += prefixedLength(item)
  return weight
}

/** The bytes of an output: what signature hashes, weights and dust rules count. */
export function writeTxOut(writer: Writer, output: TxOut): void {
  writeAmount(writer, output.amountSat)
  writePrefixed(writer, output.script)
}

export function writeAmount(writer: Writer, amount: Sat): void {
  writer.uintLE(Number(amount & 0xffffffffn), 4)
  writer.uintLE(Number(amount >> 32n), 4)
}

export function writePrefixed(writer: Writer, bytes: Uint8Array): void {
  compactSize.write(writer, bytes.length)
  writer.bytes(bytes)
}

function baseLength(tx: Tx): number {
  let length = 8 + compactSizeLength(tx.inputs.length) + compactSizeLength(tx.outputs.length)
  for (const input of tx.inputs) length += 40 + prefixedLength(input.scriptSig)
  for (const output of tx.outputs) length += 8 + prefixedLength(output.script)
  return length
}

/** Marker, flag and witnesses; nothing where no input has a witness. */
function witnessLength(tx: Tx): number {
  if (!hasWitness(tx)) return 0
  let length = 2
  for (const input of tx.inputs) length += witnessWeight(input.witness)
  return length
}

function prefixedLength(bytes: Uint8Array): number {
  return compactSizeLength(bytes.length) + bytes.length
}

function hasWitness(tx: Tx): boolean {
  return tx.inputs.some(input => input.witness.length > 0)
}

function writeTx(writer: Writer, tx: Tx): void {
  const segwit = hasWitness(tx)
  writer.uintLE(tx.version >>> 0, 4)
  if (segwit) {
    writer.u8(0)
    writer.u8(1)
  }
  writeBody(writer, tx)
  if (segwit) {
    for (const input of tx.inputs) {
      compactSize.write(writer, input.witness.length)
      for (const item of input.witness) writePrefixed(writer, item)
    }
  }
  writer.uintLE(tx.locktime, 4)
}

function writeBody(writer: Writer, tx: Tx): void {
  compactSize.write(writer, tx.inputs.length)
  for (const input of tx.inputs) {
    writer.bytes(txidToWire(input.outpoint.txid))
    writer.uintLE(input.outpoint.vout, 4)
    writePrefixed(writer, input.scriptSig)
    writer.uintLE(input.sequence, 4)
  }
  compactSize.write(writer, tx.outputs.length)
  for (const output of tx.outputs) writeTxOut(writer, output)
}

function readTx(reader: Reader): Tx {
  const version = reader.uintLE(4) | 0
  let inputCount = compactSize.read(reader)
  // No input count is zero, so a zero here is the marker of BIP 144.
  const segwit = inputCount === 0
  if (segwit) {
    const flag = reader.u8()
    if (flag !== 1)
      throw new DecodeError('invalid', `expected inputs, or the witness flag 1 (BIP 144), got flag ${flag}`)
    inputCount = compactSize.read(reader)
    if (inputCount === 0) throw new DecodeError('invalid', 'expected at least one input')
  }
  const bare = readMany(reader, inputCount, 41, readInput)
  const outputs = readMany(reader, compactSize.read(reader), 9, readOutput)
  const inputs = segwit ? bare.map(input => ({ ...input, witness: readWitness(reader) })) : bare
  const locktime = reader.uintLE(4)
  const tx: Tx = { version, inputs, outputs, locktime }
  if (segwit && !hasWitness(tx)) {
    throw new DecodeError('invalid', 'expected a witness after the witness flag (BIP 144), got none')
  }
  return tx
}

/** `count` items of at least `smallest` bytes each, so that a count is bounded by the bytes that are there. */
function readMany<T>(reader: Reader, count: number, smallest: number, read: (reader: Reader) => T): T[] {
  if (count * smallest > reader.remaining) {
    throw new DecodeError('truncated', `expected ${count} items, got ${reader.remaining} bytes`)
  }
  return Array.from({ length: count }, () => read(reader))
}

function readInput(reader: Reader): TxIn {
  const outpoint = { txid: txidFromWire(reader.bytes(32)), vout: reader.uintLE(4) }
  const scriptSig = readPrefixed(reader)
  return { outpoint, scriptSig, sequence: reader.uintLE(4), witness: [] }
}

function readOutput(reader: Reader): TxOut {
  const low = BigInt(reader.uintLE(4))
  const amount = (BigInt(reader.uintLE(4)) << 32n) | low
  if (amount > MAX_MONEY_SAT) {
    throw new DecodeError('out_of_range', `expected an amount of at most ${MAX_MONEY_SAT} sat, got ${amount}`)
  }
  // Checked just above, which is what the brand says.
  return { amountSat: amount as Sat, script: readPrefixed(reader) }
}

function readWitness(reader: Reader): Uint8Array[] {
  return readMany(reader, compactSize.read(reader), 1, readPrefixed)
}

function readPrefixed(reader: Reader): Uint8Array {
  return reader.bytes(compactSize.read(reader))
}
