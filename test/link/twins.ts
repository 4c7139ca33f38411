import { bytesEqual, outPointKey, sat } from '../../src/base/index.ts'
import {
  p2wpkhScriptCode,
  SIGHASH_SINGLE,
  segwitV0Sighash,
  signatureFromDer,
  type Tx,
  type TxOut,
  withWitness,
  witnessSignature,
} from '../../src/bitcoin/index.ts'
import { sha256, signEcdsa } from '../../src/crypto/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import { restoreRegtestChain } from '../../src/regtest/index.ts'
import type { Keyring } from './keyring.ts'

// The negative twins of a transaction: the same, but for one thing that makes it wrong. The chain that takes the one must refuse
// each of the others, and for the right reason.

export type TwinName =
  /** Signed again by a key that has no say. */
  | 'wrong key'
  /** One bit of a signature. */
  | 'flipped bit'
  /** The other S of the same signature, which is valid but not relayed. */
  | 'high S'
  /** The two signatures of one input, the wrong way round. */
  | 'swapped signatures'
  | 'wrong preimage'
  /** As it is, on a chain that is one block shorter than its locks allow. */
  | 'too early'
  /** A relative lock one block shorter, signed again by everybody. */
  | 'shorter lock'
  /** A relative lock switched off, signed again by everybody. */
  | 'no relative lock'
  /** A locktime one block lower, signed again by everybody where a script asks for it; else by its publisher alone. */
  | 'lower locktime'
  /** A locktime that does not count, signed again by everybody. */
  | 'no locktime'
  /** What both have signed, with another amount, signed again by its publisher alone. */
  | 'not agreed on'

export interface Twin {
  readonly name: TwinName
  readonly tx: Tx
  readonly refusal: RegExp
}

const SCRIPT_FAILS = /^mandatory-script-verify-flag-failed /
const LOCK_FAILS = /^mandatory-script-verify-flag-failed \(Locktime requirement not satisfied\)$/
const PREIMAGE_FAILS = /^mandatory-script-verify-flag-failed \(Script failed an OP_EQUALVERIFY operation\)$/
const HIGH_S = /^non-mandatory-script-verify-flag \(Non-canonical signature: S value is unnecessarily high\)$/

const FOREIGN_SECRET = sha256(Uint8Array.of(0xf0))
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
/** BIP 68: no relative lock where this bit is set. */
const NO_RELATIVE_LOCK = 0x80000000
const NO_LOCKTIME_SEQUENCE = 0xffffffff
/** From here on a locktime is a time. Those of commitments say their number, and have long passed (BOLT 3). */
const LOCKTIME_IS_TIME = 500_000_000
const P2WPKH_LENGTH = 22

/** A signature in a witness, and whose it is. */
interface Signature {
  readonly input: number
  readonly item: number
  readonly type: number
  readonly rs: Uint8Array
  readonly secret: Uint8Array
}

/** A transaction that the chain would take, with what it spends and the keys of all who signed it. */
export interface Subject {
  readonly tx: Tx
  readonly prevouts: readonly TxOut[]
  readonly keyring: Keyring
}

/** The twins that one input has; those of the whole transaction come with the input that has the lock. */
export function twinsOf(subject: Subject, input: number): readonly Twin[] {
  const signatures = subject.tx.inputs.flatMap((_, index) => signaturesOf(subject, index))
  const own = signatures.filter(signature => signature.input === input)
  return [
    ...own.flatMap(signature => signatureTwins(subject, signature)),
    ...swappedTwins(subject.tx, input, own),
    ...preimageTwins(subject.tx, input),
    ...relativeTwins(subject, input, signatures),
    ...locktimeTwins(subject, input, signatures),
    ...agreementTwins(subject, input, signatures),
  ]
}

function signatureTwins(subject: Subject, signature: Signature): readonly Twin[] {
  const { input, type, rs } = signature
  const put = (bytes: Uint8Array): Tx => withItem(subject.tx, signature, witnessSignature(bytes, type))
  const flipped = rs.map((byte, index) => (index === 31 ? byte ^ 1 : byte))
  const digest = digestOf(subject, subject.tx, input, type)
  return [
    { name: 'wrong key', tx: put(signEcdsa(digest, FOREIGN_SECRET)), refusal: SCRIPT_FAILS },
    { name: 'flipped bit', tx: put(flipped), refusal: SCRIPT_FAILS },
    { name: 'high S', tx: put(otherS(rs)), refusal: HIGH_S },
  ]
}

function swappedTwins(tx: Tx, input: number, [first, second]: readonly Signature[]): readonly Twin[] {
  if (first === undefined || second === undefined) return []
  const witness = tx.inputs[input]?.witness ?? []
  const swapped = witness.map((item, index) =>
    index === first.item
      ? (witness[second.item] ?? item)
      : index === second.item
        ? (witness[first.item] ?? item)
        : item,
  )
  return [{ name: 'swapped signatures', tx: withWitness(tx, input, swapped), refusal: SCRIPT_FAILS }]
}

/** A preimage is the only item of 32 bytes in any witness of a channel. */
function preimageTwins(tx: Tx, input: number): readonly Twin[] {
  const witness = tx.inputs[input]?.witness ?? []
  const item = witness.findIndex(bytes => bytes.length === 32)
  const preimage = witness[item]
  if (preimage === undefined) return []
  const wrong = withItem(tx, { input, item }, sha256(preimage))
  return [{ name: 'wrong preimage', tx: wrong, refusal: PREIMAGE_FAILS }]
}

function relativeTwins(subject: Subject, input: number, signatures: readonly Signature[]): readonly Twin[] {
  const sequence = subject.tx.inputs[input]?.sequence ?? 0
  if (sequence === 0 || sequence >= NO_RELATIVE_LOCK) return []
  const withSequence = (changed: number): Tx =>
    signAgain(subject, withSequenceOf(subject.tx, input, changed), signatures)
  return [
    { name: 'shorter lock', tx: withSequence(sequence - 1), refusal: LOCK_FAILS },
    { name: 'no relative lock', tx: withSequence(sequence + NO_RELATIVE_LOCK), refusal: LOCK_FAILS },
  ]
}

function locktimeTwins(subject: Subject, input: number, signatures: readonly Signature[]): readonly Twin[] {
  const { tx } = subject
  // A coin of a wallet, which pays for what has the lock.
  const isWallets = subject.prevouts[input]?.script.length === P2WPKH_LENGTH
  if (tx.locktime === 0 || tx.locktime >= LOCKTIME_IS_TIME || isWallets) return []
  const earlier: Tx = { ...tx, locktime: tx.locktime - 1 }
  const shared = sharedBy(signatures, input)
  if (shared.length > 0) {
    const alone = signAgain(subject, earlier, signatures, shared)
    return [{ name: 'lower locktime', tx: alone, refusal: SCRIPT_FAILS }]
  }
  const ignored = signAgain(subject, withSequenceOf(tx, input, NO_LOCKTIME_SEQUENCE), signatures)
  return [
    { name: 'lower locktime', tx: signAgain(subject, earlier, signatures), refusal: LOCK_FAILS },
    { name: 'no locktime', tx: ignored, refusal: LOCK_FAILS },
  ]
}

/** What two have signed, one of them cannot change. */
function agreementTwins(subject: Subject, input: number, signatures: readonly Signature[]): readonly Twin[] {
  const shared = sharedBy(signatures, input)
  const { outputs } = subject.tx
  // With SIGHASH_SINGLE the counterparty has signed the output at the same place; with SIGHASH_ALL every one.
  const isSingle = shared.some(({ type }) => (type & 0x1f) === SIGHASH_SINGLE)
  const largest = outputs.toSorted((a, b) => Number(b.amountSat - a.amountSat)).slice(0, 1)
  const place = isSingle ? input : outputs.findIndex(output => largest.includes(output))
  const output = outputs[place]
  if (shared.length === 0 || output === undefined) return []
  const lowered = { ...output, amountSat: sat(output.amountSat - 1n) }
  const changed: Tx = { ...subject.tx, outputs: outputs.with(place, lowered) }
  return [{ name: 'not agreed on', tx: signAgain(subject, changed, signatures, shared), refusal: SCRIPT_FAILS }]
}

/** Of an input that two have signed, the signature that its publisher cannot make: the first of the two, for our purposes. */
function sharedBy(signatures: readonly Signature[], input: number): readonly Signature[] {
  const own = signatures.filter(signature => signature.input === input)
  return own.length === 2 ? own.slice(0, 1) : []
}

/**
 * What the chain says of the transaction when it is one block shorter than its locks allow; `undefined` where nothing locks it.
 * It must not be in the chain or wait there.
 */
export function tooEarly(chain: RegtestChain, tx: Tx): { readonly got: string; readonly expected: string } | undefined {
  const relative = tx.inputs.flatMap(({ outpoint, sequence }) => {
    const height = chain.transaction(outpoint.txid)?.height
    return sequence > 0 && sequence < NO_RELATIVE_LOCK && height !== undefined ? [height + sequence] : []
  })
  const absolute = tx.locktime > 0 && tx.locktime < LOCKTIME_IS_TIME ? tx.locktime + 1 : 0
  const first = Math.max(absolute, ...relative)
  if (first === 0) return undefined
  const copy = restoreRegtestChain(chain.save())
  if (!copy.ok) throw new Error(copy.error.message)
  const shorter = copy.value
  while (shorter.height > first - 2) shorter.invalidateBlock(shorter.tip.hash)
  const judged = shorter.testAccept(tx)
  const expected = absolute === first ? 'non-final' : 'non-BIP68-final'
  return { got: judged.ok ? 'accepted' : judged.error.reason, expected }
}

export function prevoutsOf(chain: RegtestChain, tx: Tx): readonly TxOut[] {
  return tx.inputs.map(({ outpoint }) => {
    const output = chain.output(outpoint)
    if (output === undefined) throw new Error(`${outPointKey(outpoint)} is not there`)
    return output
  })
}

function signaturesOf(subject: Subject, input: number): readonly Signature[] {
  const witness = subject.tx.inputs[input]?.witness ?? []
  // The last item is a script, or the key of a P2WPKH input.
  return witness.slice(0, -1).flatMap((bytes, item) => {
    const type = bytes.at(-1)
    const parsed = signatureFromDer(bytes.subarray(0, -1))
    if (type === undefined || !parsed.ok) return []
    const secret = subject.keyring.signerOf(parsed.value, digestOf(subject, subject.tx, input, type))
    return [{ input, item, type, rs: parsed.value, secret }]
  })
}

function digestOf({ prevouts }: Subject, tx: Tx, inputIndex: number, sighashType: number): Uint8Array {
  const witness = tx.inputs[inputIndex]?.witness ?? []
  const { script, amountSat } = prevouts[inputIndex] ?? {}
  const last = witness.at(-1)
  if (script === undefined || amountSat === undefined || last === undefined) throw new Error('a witness that spends')
  const scriptCode = script.length === P2WPKH_LENGTH ? p2wpkhScriptCode(last) : last
  return segwitV0Sighash({ tx, inputIndex, scriptCode, amountSat, sighashType })
}

/** Every signature made anew over the changed transaction, but for those that nobody makes. */
function signAgain(
  subject: Subject,
  changed: Tx,
  signatures: readonly Signature[],
  except: readonly Signature[] = [],
): Tx {
  let tx = changed
  for (const signature of signatures) {
    if (except.includes(signature)) continue
    const { input, type, secret } = signature
    const rs = signEcdsa(digestOf(subject, changed, input, type), secret)
    tx = withItem(tx, signature, witnessSignature(rs, type))
  }
  return tx
}

function withItem(tx: Tx, { input, item }: Pick<Signature, 'input' | 'item'>, bytes: Uint8Array): Tx {
  const witness = tx.inputs[input]?.witness ?? []
  return withWitness(tx, input, witness.with(item, bytes))
}

function withSequenceOf(tx: Tx, index: number, sequence: number): Tx {
  return { ...tx, inputs: tx.inputs.map((input, at) => (at === index ? { ...input, sequence } : input)) }
}

function otherS(rs: Uint8Array): Uint8Array {
  const hex = [...rs.subarray(32)].map(byte => byte.toString(16).padStart(2, '0')).join('')
  const other = (CURVE_ORDER - BigInt(`0x${hex}`)).toString(16).padStart(64, '0')
  const s = Uint8Array.from({ length: 32 }, (_, index) => Number.parseInt(other.slice(2 * index, 2 * index + 2), 16))
  const turned = new Uint8Array([...rs.subarray(0, 32), ...s])
  if (bytesEqual(turned, rs)) throw new Error('the other S is another one')
  return turned
}
