import { bytesEqual, concat, fromHex, ok, type Result, reverseBytes, type Sat, sat } from '../base/index.ts'
import { merkleRoot, script, scriptNumber, type Tx } from '../bitcoin/index.ts'
import { sha256d } from '../crypto/index.ts'
import { NULL_OUTPOINT } from './genesis.ts'
import { SEQUENCE_FINAL } from './params.ts'
import { type Reject, reject } from './reject.ts'
import { txFacts } from './txFacts.ts'

/** OP_RETURN, a push of 36 bytes, and the mark of a witness commitment (BIP 141). */
const COMMITMENT_HEADER = Uint8Array.of(0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed)
const COMMITMENT_LENGTH = 38
/** The coinbase's witness: reserved by BIP 141 for what a later soft fork may commit to. */
const RESERVED_VALUE = new Uint8Array(32)

/** A coinbase: the height (BIP 34), a number that makes it unique, the reward, and the witness commitment (BIP 141). */
export function buildCoinbase(parts: {
  readonly height: number
  readonly extraNonce: number
  readonly rewardSat: Sat
  readonly to: Uint8Array
  readonly transactions: readonly Tx[]
}): Tx {
  const nonce = new Uint8Array(8)
  new DataView(nonce.buffer).setBigUint64(0, BigInt(parts.extraNonce), true)
  const commitment = witnessCommitment(witnessRoot(parts.transactions), RESERVED_VALUE)
  return {
    version: 2,
    inputs: [
      {
        outpoint: NULL_OUTPOINT,
        scriptSig: concat(heightPrefix(parts.height), script(nonce)),
        sequence: SEQUENCE_FINAL,
        witness: [RESERVED_VALUE],
      },
    ],
    outputs: [
      { amountSat: parts.rewardSat, script: parts.to },
      { amountSat: sat(0), script: concat(COMMITMENT_HEADER, commitment) },
    ],
    locktime: 0,
  }
}

export function isCoinbase(tx: Tx): boolean {
  const [first, second] = tx.inputs
  if (first === undefined || second !== undefined) return false
  return first.outpoint.txid === NULL_OUTPOINT.txid && first.outpoint.vout === NULL_OUTPOINT.vout
}

/** What a coinbase's scriptSig has to start with (BIP 34). */
export function heightPrefix(height: number): Uint8Array {
  return script(scriptNumber(height))
}

/** Judges a block's witness commitment against its transactions (BIP 141, commitment structure). */
export function checkWitnessCommitment(transactions: readonly Tx[]): Result<true, Reject> {
  const [coinbase, ...rest] = transactions
  // Where several outputs look like a commitment, the last one counts.
  const output = coinbase?.outputs.findLast(
    ({ script }) =>
      script.length >= COMMITMENT_LENGTH && bytesEqual(script.slice(0, COMMITMENT_HEADER.length), COMMITMENT_HEADER),
  )
  if (output === undefined) {
    const carrier = transactions.find(tx => tx.inputs.some(input => input.witness.length > 0))
    if (carrier === undefined) return ok(true)
    return reject('unexpected-witness', `${txFacts(carrier).txid} has a witness, but the coinbase commits to none`)
  }
  const [reserved, ...others] = coinbase?.inputs[0]?.witness ?? []
  if (reserved?.length !== 32 || others.length > 0) {
    return reject('bad-witness-nonce-size', 'expected one item of 32 bytes as the witness of the coinbase')
  }
  const expected = witnessCommitment(witnessRoot(rest), reserved)
  if (bytesEqual(output.script.slice(COMMITMENT_HEADER.length, COMMITMENT_LENGTH), expected)) return ok(true)
  return reject('bad-witness-merkle-match', 'the witness commitment is not that of the transactions in the block')
}

/** Over the wtxids of all transactions; the coinbase, which holds the result, counts as zeros. */
function witnessRoot(afterCoinbase: readonly Tx[]): Uint8Array {
  return merkleRoot([new Uint8Array(32), ...afterCoinbase.map(tx => reverseBytes(fromHex(txFacts(tx).wtxid)))]).root
}

function witnessCommitment(root: Uint8Array, reserved: Uint8Array): Uint8Array {
  return sha256d(concat(root, reserved))
}
