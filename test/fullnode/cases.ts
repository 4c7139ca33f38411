import { sat } from '../../src/base/index.ts'
import {
  p2wpkhScriptCode,
  p2wshScript,
  SIGHASH_ALL,
  SIGHASH_ANYONECANPAY,
  SIGHASH_NONE,
  SIGHASH_SINGLE,
  segwitV0Sighash,
  type Tx,
  witnessSignature,
} from '../../src/bitcoin/index.ts'
import { signEcdsa } from '../../src/crypto/index.ts'
import {
  EMPTY,
  fundingScript,
  ONE,
  paymentHash,
  preimage,
  receivedHtlcScript,
  toLocalScript,
} from '../regtest/scripts.ts'
import { alice, bob, input, type TestCoin, type Wallet, wallet } from '../regtest/support.ts'

// Spends of outputs in the shapes that channels use: right, and broken in one way each.

const revocation = wallet('revocation')
const DELAY = 2
/** Any block of the test is later. */
const EXPIRY = 400
const FAR_HEIGHT = 400_000

/** Numbers below a bound, drawn from a seed. */
export type Draw = (bound: number) => number

interface Shape {
  readonly name: string
  readonly output: Uint8Array
  /** What signatures cover. */
  readonly code: Uint8Array
  readonly sequence: number
  readonly locktime: number
  readonly witness: (sign: (by: Wallet) => Uint8Array) => readonly Uint8Array[]
}

const FINAL_BUT_LOCKABLE = 0xfffffffd

function wsh(name: string, code: Uint8Array, witness: Shape['witness'], locks: Partial<Shape> = {}): Shape {
  const whole: Shape['witness'] = sign => [...witness(sign), code]
  return { name, output: p2wshScript(code), code, sequence: FINAL_BUT_LOCKABLE, locktime: 0, witness: whole, ...locks }
}

const toLocal = toLocalScript(revocation, alice, DELAY)
const htlc = receivedHtlcScript({ revocation, remote: alice, local: bob, paymentHash, expiry: EXPIRY })

export const SHAPES: readonly Shape[] = [
  {
    name: 'P2WPKH',
    output: alice.script,
    code: p2wpkhScriptCode(alice.pubkey),
    sequence: FINAL_BUT_LOCKABLE,
    locktime: 0,
    witness: sign => [sign(alice), alice.pubkey],
  },
  wsh('funding', fundingScript(alice, bob), sign => [EMPTY, sign(alice), sign(bob)]),
  wsh('to_local after its delay', toLocal, sign => [sign(alice), EMPTY], { sequence: DELAY }),
  wsh('to_local by revocation', toLocal, sign => [sign(revocation), ONE]),
  wsh('HTLC by preimage', htlc, sign => [EMPTY, sign(alice), sign(bob), preimage]),
  wsh('HTLC after its expiry', htlc, sign => [sign(alice), EMPTY], { locktime: EXPIRY }),
  wsh('HTLC by revocation', htlc, sign => [sign(revocation), revocation.pubkey]),
]

/** What is signed, and how, before and after something goes wrong. */
interface Breakage {
  readonly unsigned?: (tx: Tx, draw: Draw) => Tx
  readonly amountOff?: bigint
  readonly signature?: (signature: Uint8Array, draw: Draw) => Uint8Array
  readonly witness?: (items: readonly Uint8Array[], draw: Draw) => readonly Uint8Array[]
  readonly signed?: (tx: Tx, draw: Draw) => Tx
  readonly sighashType?: number
}

const firstInput = (change: Partial<Tx['inputs'][number]>) => (tx: Tx) => ({
  ...tx,
  inputs: tx.inputs.map((each, index) => (index === 0 ? { ...each, ...change } : each)),
})
const outputsOf = (amount: bigint) => (tx: Tx) => ({
  ...tx,
  outputs: tx.outputs.map(output => ({ ...output, amountSat: sat(amount) })),
})
const flipped = (bytes: Uint8Array, draw: Draw) => {
  const at = draw(bytes.length)
  return bytes.map((byte, index) => (index === at ? byte ^ (1 << draw(8)) : byte))
}

/** By name; some of them leave a spend of some shapes valid, and both nodes have to see that as well. */
export const BREAKAGES: Readonly<Record<string, Breakage>> = {
  nothing: {},
  SIGHASH_NONE: { sighashType: SIGHASH_NONE },
  'SIGHASH_SINGLE | ANYONECANPAY': { sighashType: SIGHASH_SINGLE | SIGHASH_ANYONECANPAY },
  'a signature with one bit flipped': { signature: flipped },
  'another sighash byte than was signed': { signature: bytes => bytes.with(-1, SIGHASH_NONE) },
  'an empty signature': { signature: () => EMPTY },
  'another amount signed': { amountOff: 1n },
  'a witness item less': { witness: items => items.slice(1) },
  'a witness item more': { witness: items => [ONE, ...items] },
  'a witness item with one bit flipped': {
    witness: (items, draw) => {
      const at = draw(items.length)
      return items.map((item, index) => (index === at && item.length > 0 ? flipped(item, draw) : item))
    },
  },
  'a branch chosen by a number that is not minimal': {
    witness: items => items.map(item => (item.length === 1 ? Uint8Array.of(2) : item)),
  },
  'an element for CHECKMULTISIG that is not null': { witness: items => items.with(0, ONE) },
  'no witness': { witness: () => [] },
  'version 1': { unsigned: tx => ({ ...tx, version: 1 }) },
  'version 3': { unsigned: tx => ({ ...tx, version: 3 }) },
  'a locktime that has not come': { unsigned: tx => ({ ...tx, locktime: FAR_HEIGHT }) },
  'a locktime below the expiry': { unsigned: tx => ({ ...tx, locktime: EXPIRY - 1 }) },
  'a sequence that turns locks off': { unsigned: firstInput({ sequence: 0xffffffff }) },
  'a relative lock that has not passed': { unsigned: firstInput({ sequence: 60_000 }) },
  'a relative lock in time': { unsigned: firstInput({ sequence: 0x00400000 + DELAY }) },
  'a relative lock below the delay': { unsigned: firstInput({ sequence: DELAY - 1 }) },
  'more out than in': { unsigned: outputsOf(100_000_000n) },
  'an amount above all money': { unsigned: outputsOf(2_100_000_000_000_001n) },
  dust: { unsigned: outputsOf(1n) },
  'nothing out': { unsigned: outputsOf(0n) },
  'no outputs': { unsigned: tx => ({ ...tx, outputs: [] }) },
  'the same input twice': { signed: tx => ({ ...tx, inputs: [...tx.inputs, ...tx.inputs] }) },
  'an output that is not there': {
    unsigned: tx => ({
      ...tx,
      inputs: tx.inputs.map(each => ({ ...each, outpoint: { ...each.outpoint, vout: 5000 } })),
    }),
  },
  'a scriptSig beside the witness': { signed: firstInput({ scriptSig: ONE }) },
  'an output changed after the signature': { signed: outputsOf(3000n) },
}

/** The spend of `coin`, which has this shape, with this breakage. */
export function spendOf(shape: Shape, coin: TestCoin, breakage: Breakage, draw: Draw): Tx {
  const { sequence, locktime, output, code } = shape
  const plain: Tx = {
    version: 2,
    inputs: [input(coin.outpoint, { sequence })],
    outputs: [{ amountSat: sat(coin.amountSat - BigInt(1000 + draw(1000))), script: output }],
    locktime,
  }
  const tx = breakage.unsigned?.(plain, draw) ?? plain
  const { sighashType = SIGHASH_ALL, amountOff = 0n } = breakage
  const amountSat = sat(coin.amountSat + amountOff)
  const digest = segwitV0Sighash({ tx, inputIndex: 0, scriptCode: code, amountSat, sighashType })
  const items = shape.witness(by => {
    const signature = witnessSignature(signEcdsa(digest, by.secret), sighashType)
    return breakage.signature?.(signature, draw) ?? signature
  })
  const signed = firstInput({ witness: breakage.witness?.(items, draw) ?? items })(tx)
  return breakage.signed?.(signed, draw) ?? signed
}
