import {
  array,
  bytesEqual,
  type Codec,
  concat,
  type DecodeFailure,
  decode,
  encode,
  err,
  fromHex,
  lengthPrefixed,
  mapped,
  type OutPoint,
  ok,
  type Result,
  type Sat,
  sat,
  struct,
  type Txid,
  txidToWire,
  u8,
  u16,
  u32,
  u64,
  utf8Encode,
} from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { chacha20Poly1305Decrypt, chacha20Poly1305Encrypt, hkdfSha256 } from '../crypto/index.ts'

// What a tower keeps of one revoked commitment, version 1: sealed under a key of its txid, and found by the first half of it. Who has not
// seen the commitment on the chain knows neither the channel, nor its parties, nor the amounts; who has seen it can punish, and do no more:
// there is no key in it, only signatures, each for one transaction that pays to the client's own script.
//
//     version = 1  nonce (12)  ChaCha20-Poly1305 under HKDF-SHA256(txid, "bookend/watchtower/v1"), with version and hint as associated data

const VERSION = 1
const NONCE_BYTES = 12
const INFO = utf8Encode('bookend/watchtower/v1')
/** As many outputs as one blob holds. Of a commitment with more HTLCs there are several blobs. */
export const MAX_OUTPUTS_PER_BLOB = 100
/** Of a sealed blob: what `MAX_OUTPUTS_PER_BLOB` outputs take at most, with room to spare, and what one message can carry. */
export const MAX_BLOB_BYTES = 65_000
const HINT_BYTES = 16

/** One output that is punished. */
export interface JusticeOutput {
  readonly vout: number
  readonly amountSat: Sat
  /** Of the input. */
  readonly sequence: number
  /** Behind the signature. */
  readonly witness: readonly Uint8Array[]
  /** The same transaction at several fees, the cheapest first. `signature` with its sighash byte, as in the witness. */
  readonly rungs: readonly { readonly feeSat: Sat; readonly signature: Uint8Array }[]
}

export interface JusticeBlob {
  /** Where the money goes. */
  readonly destinationScript: Uint8Array
  readonly outputs: readonly JusticeOutput[]
}

/** Four bytes: a fee beyond that is none that anybody pays. */
const fee: Codec<Sat> = mapped(u32, value => sat(value), Number)
const amount: Codec<Sat> = mapped(u64, sat, value => value)

export const justiceOutputCodec: Codec<JusticeOutput> = struct({
  vout: u16,
  amountSat: amount,
  sequence: u32,
  witness: array(u8, lengthPrefixed(u16)),
  rungs: array(u8, struct({ feeSat: fee, signature: lengthPrefixed(u8) })),
})

const blobCodec: Codec<JusticeBlob> = struct({
  destinationScript: lengthPrefixed(u8),
  outputs: array(u8, justiceOutputCodec),
})

/** 16 bytes: by it a tower finds what it keeps, and nobody finds the transaction. */
export function hintOf(txid: Txid): Uint8Array {
  return fromHex(txid).subarray(0, HINT_BYTES)
}

/** `nonce`: 12 bytes, fresh for each blob: several of one commitment are under one key. */
export function sealBlob(txid: Txid, blob: JusticeBlob, nonce: Uint8Array): Uint8Array {
  const head = Uint8Array.of(VERSION)
  const sealed = chacha20Poly1305Encrypt(
    { key: keyOf(txid), nonce, associatedData: aboutOf(txid) },
    encode(blobCodec, blob),
  )
  return concat(head, nonce, sealed)
}

/** Fails for everything that was not sealed under this txid, and for what makes no sense. */
export function openBlob(txid: Txid, bytes: Uint8Array): Result<JusticeBlob, DecodeFailure> {
  if (!bytesEqual(bytes.subarray(0, 1), Uint8Array.of(VERSION))) return invalid(`expected version ${VERSION}`)
  const nonce = bytes.subarray(1, 1 + NONCE_BYTES)
  const sealed = bytes.subarray(1 + NONCE_BYTES)
  if (nonce.length !== NONCE_BYTES) return invalid(`expected a nonce of ${NONCE_BYTES} bytes, got ${nonce.length}`)
  const plain = chacha20Poly1305Decrypt({ key: keyOf(txid), nonce, associatedData: aboutOf(txid) }, sealed)
  if (plain === undefined) return invalid('expected a blob of this transaction, got another one')
  const blob = decode(blobCodec, plain)
  if (!blob.ok) return blob
  const isWrong = ({ rungs, amountSat }: JusticeOutput) =>
    rungs.length === 0 || rungs.some(({ feeSat }) => feeSat >= amountSat)
  return blob.value.outputs.some(isWrong) ? invalid('expected fees that leave something') : ok(blob.value)
}

function keyOf(txid: Txid): Uint8Array {
  return hkdfSha256(txidToWire(txid), new Uint8Array(0), INFO, 32)
}

function aboutOf(txid: Txid): Uint8Array {
  return concat(Uint8Array.of(VERSION), hintOf(txid))
}

/** The transaction that a rung stands for. */
export function justiceTx(
  outpoint: OutPoint,
  { amountSat, sequence, witness }: JusticeOutput,
  { feeSat, signature }: JusticeOutput['rungs'][number],
  destinationScript: Uint8Array,
): Tx {
  return {
    version: 2,
    inputs: [{ outpoint, scriptSig: new Uint8Array(0), sequence, witness: [signature, ...witness] }],
    outputs: [{ amountSat: sat(amountSat - feeSat), script: destinationScript }],
    locktime: 0,
  }
}

function invalid(message: string): { readonly ok: false; readonly error: DecodeFailure } {
  return err({ code: 'invalid', message })
}

/** Of what a channel gives for one output: transactions of one shape, signed. */
export function justiceOutput(
  outpoint: OutPoint,
  amountSat: Sat,
  transactions: readonly { readonly tx: Tx; readonly feeSat: Sat }[],
): JusticeOutput | undefined {
  const [input] = transactions[0]?.tx.inputs ?? []
  if (input === undefined) return undefined
  const rungs = transactions.flatMap(({ tx, feeSat }) => {
    const signature = tx.inputs[0]?.witness[0]
    return signature === undefined ? [] : [{ feeSat, signature }]
  })
  return { vout: outpoint.vout, amountSat, sequence: input.sequence, witness: input.witness.slice(1), rungs }
}
