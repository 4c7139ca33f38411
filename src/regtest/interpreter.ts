import { hash } from 'node:crypto'
import { createRequire } from 'node:module'
import { defined } from '../base/index.ts'
import { encodeTx, type Tx, type TxOut } from '../bitcoin/index.ts'
import { isPayToAnchor, isScriptHash, pushedStack, witnessProgram } from './script.ts'
import { type BitcoreCurve, type VerifySignature, withVerifier } from './signatures.ts'

// bitcore-lib's script interpreter, with the rules that it lacks. It is loaded when the first script is judged, since
// reading it in takes longer than most tests.

/** `consensus`: what a block must satisfy. `standard`: what relay asks on top of it. */
export type ScriptRules = 'consensus' | 'standard'

// The parts of bitcore-lib that are used here; the library ships no types.
interface BitcoreScript {
  readonly chunks: readonly { readonly opcodenum: number; readonly len?: number; readonly buf?: Buffer }[]
  isScriptHashOut(): boolean
}
interface BitcoreTransaction {
  readonly inputs: { output: unknown }[]
}
interface Interpreter {
  errstr: string
  flags: number
  sigversion: number
  pc: number
  readonly stack: readonly Uint8Array[]
  readonly script: BitcoreScript
  readonly vfExec: readonly boolean[]
  step(): boolean
  checkSignatureEncoding(signature: Buffer): boolean
  checkPubkeyEncoding(key: Buffer): boolean
  verify(
    scriptSig: BitcoreScript,
    scriptPubkey: BitcoreScript,
    tx: BitcoreTransaction,
    index: number,
    flags: number,
    witness: readonly Buffer[],
    satoshis: number,
  ): boolean
}
interface Bitcore extends BitcoreCurve {
  readonly Script: {
    fromBuffer(bytes: Buffer): BitcoreScript
    readonly Interpreter: { new (): Interpreter; readonly prototype: Interpreter }
  }
  readonly Transaction: {
    new (): { fromBuffer(bytes: Buffer): BitcoreTransaction }
    readonly Output: new (fields: { satoshis: number; script: Buffer }) => unknown
  }
  readonly crypto: BitcoreCurve['crypto'] & {
    readonly Hash: { sha256(bytes: Buffer): Buffer }
    readonly Signature: {
      isTxDER(bytes: Buffer): boolean
      readonly Version: { readonly WITNESS_V0: number; readonly TAPSCRIPT: number }
    }
  }
}

interface Machine {
  readonly bitcore: Bitcore
  readonly flags: Readonly<Record<ScriptRules, number>>
  readonly discourageWitnessProgram: number
  readonly Strict: new () => Interpreter
}

let machine: Machine | undefined

/** Runs one input's scripts. The name of the interpreter's error, or `undefined` when the spend is good. */
export function runInput(
  tx: Tx,
  index: number,
  prevouts: readonly TxOut[],
  rules: ScriptRules,
  verifySignature?: VerifySignature,
): string | undefined {
  machine ??= load()
  const { bitcore } = machine
  const input = defined(tx.inputs[index], `input ${index} of ${tx.inputs.length}`)
  const prevout = defined(prevouts[index], `no output for input ${index}`)
  let flags = machine.flags[rules]
  // Core exempts pay-to-anchor from the warning about unknown witness programs.
  if (isPayToAnchor(prevout.script)) flags &= ~machine.discourageWitnessProgram
  const interpreter = new machine.Strict()
  const { stackTraceLimit } = Error
  // The library makes an error for each thing that it checks, also where all is well; their stacks would be most of the cost.
  Error.stackTraceLimit = 0
  try {
    const scriptSig = bitcore.Script.fromBuffer(Buffer.from(input.scriptSig))
    const scriptPubkey = bitcore.Script.fromBuffer(Buffer.from(prevout.script))
    const spender = bitcoreTransaction(bitcore, tx, prevouts)
    const witness = input.witness.map(item => Buffer.from(item))
    const amount = Number(prevout.amountSat)
    const good = withVerifier(bitcore, verifySignature, () =>
      interpreter.verify(scriptSig, scriptPubkey, spender, index, flags, witness, amount),
    )
    if (!good) return interpreter.errstr === '' ? 'SCRIPT_ERR_SCHNORR_SIG' : interpreter.errstr
  } catch {
    // It throws on scripts and keys that it cannot read: what it was doing tells which.
    return input.witness.length > 0 && prevout.script[0] === 0x51 ? 'SCRIPT_ERR_SCHNORR_SIG' : 'SCRIPT_ERR_BAD_OPCODE'
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
  // The clean-stack flag of the interpreter looks at the wrong stack. Witness scripts are checked always (BIP 141).
  if (rules === 'consensus' || spendsWitnessProgram(input.scriptSig, prevout.script)) return undefined
  return interpreter.stack.length === 1 ? undefined : 'SCRIPT_ERR_CLEANSTACK'
}

function spendsWitnessProgram(scriptSig: Uint8Array, script: Uint8Array): boolean {
  if (!isScriptHash(script)) return witnessProgram(script) !== undefined
  const redeem = pushedStack(scriptSig)?.at(-1)
  return redeem !== undefined && witnessProgram(redeem) !== undefined
}

function bitcoreTransaction(bitcore: Bitcore, tx: Tx, prevouts: readonly TxOut[]): BitcoreTransaction {
  const spender = new bitcore.Transaction().fromBuffer(Buffer.from(encodeTx(tx)))
  for (const [index, input] of spender.inputs.entries()) {
    const prevout = defined(prevouts[index], `no output for input ${index}`)
    input.output = new bitcore.Transaction.Output({
      satoshis: Number(prevout.amountSat),
      script: Buffer.from(prevout.script),
    })
  }
  return spender
}

function load(): Machine {
  // The shape is that of bitcore-lib 11, which has no declarations of its own.
  const bitcore = createRequire(import.meta.url)('bitcore-lib') as Bitcore
  const { Hash } = bitcore.crypto
  // The hash is Node's already, but made of three calls; one call takes a third of the time, and a script hashes a lot.
  Hash.sha256 = Object.assign((bytes: Buffer) => hash('sha256', bytes, 'buffer'), Hash.sha256)
  // The flags are properties of the constructor.
  const named = bitcore.Script.Interpreter as unknown as Readonly<Record<string, number>>
  const bits = (...names: readonly string[]): number =>
    names.reduce((sum, name) => sum | defined(named[`SCRIPT_VERIFY_${name}`], `bitcore-lib has no flag ${name}`), 0)
  // Core's MANDATORY_SCRIPT_VERIFY_FLAGS and STANDARD_SCRIPT_VERIFY_FLAGS, but for CLEANSTACK, which `runInput` does.
  const consensus = bits(
    ...['P2SH', 'DERSIG', 'NULLDUMMY', 'CHECKLOCKTIMEVERIFY', 'CHECKSEQUENCEVERIFY', 'WITNESS', 'TAPROOT'],
  )
  const policy = bits(
    ...['STRICTENC', 'MINIMALDATA', 'DISCOURAGE_UPGRADABLE_NOPS', 'MINIMALIF', 'NULLFAIL', 'LOW_S'],
    ...['DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM', 'WITNESS_PUBKEYTYPE', 'CONST_SCRIPTCODE'],
    ...['DISCOURAGE_UPGRADABLE_TAPROOT_VERSION', 'DISCOURAGE_OP_SUCCESS', 'DISCOURAGE_UPGRADABLE_PUBKEYTYPE'],
  )
  return {
    bitcore,
    flags: { consensus, standard: consensus | policy },
    discourageWitnessProgram: bits('DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM'),
    Strict: strictInterpreter(bitcore, bits),
  }
}

/** Half the order of the group: the highest S that is low (BIP 146). */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

// Both of a signature that is strict DER and a byte of hash type. The library's own would read all of it again.
function hasLowS(signature: Buffer): boolean {
  const start = 6 + (signature[3] ?? 0)
  const s = BigInt(`0x${signature.toString('hex', start, signature.length - 1)}`)
  return s >= 1n && s <= HALF_ORDER
}

function hasDefinedHashType(signature: Buffer): boolean {
  const withoutFlag = (signature.at(-1) ?? 0) & ~0x80
  return withoutFlag >= 1 && withoutFlag <= 3
}

const OP_CHECKMULTISIG = 0xae
const OP_CHECKMULTISIGVERIFY = 0xaf

/** The interpreter, with its gaps closed. */
function strictInterpreter(bitcore: Bitcore, bits: (...names: readonly string[]) => number): new () => Interpreter {
  const { Signature } = bitcore.crypto
  const [lowS, strictEncoding, der] = [bits('LOW_S'), bits('STRICTENC'), bits('DERSIG', 'LOW_S', 'STRICTENC')]
  const compressedOnly = bits('WITNESS_PUBKEYTYPE')
  const Base = bitcore.Script.Interpreter
  const base = Base.prototype

  // The base is an ES5 constructor function that returns nothing, so a class can extend it.
  return class Strict extends Base {
    /** The base does not look at the hash type once it has looked for a low S. */
    override checkSignatureEncoding(signature: Buffer): boolean {
      if (signature.length === 0) return true
      const fault = this.#signatureFault(signature)
      if (fault !== undefined) this.errstr = fault
      return fault === undefined
    }

    #signatureFault(signature: Buffer): string | undefined {
      if ((this.flags & der) === 0) return undefined
      if (!Signature.isTxDER(signature)) return 'SCRIPT_ERR_SIG_DER_INVALID_FORMAT'
      if ((this.flags & lowS) !== 0 && !hasLowS(signature)) return 'SCRIPT_ERR_SIG_DER_HIGH_S'
      if ((this.flags & strictEncoding) !== 0 && !hasDefinedHashType(signature)) return 'SCRIPT_ERR_SIG_HASHTYPE'
      return undefined
    }

    /** The base throws on a key that is not on the curve, where Core looks at its shape only. */
    override checkPubkeyEncoding(key: Buffer): boolean {
      const compressed = key.length === 33 && (key[0] === 2 || key[0] === 3)
      const uncompressed = key.length === 65 && key[0] === 4
      if ((this.flags & strictEncoding) !== 0 && !compressed && !uncompressed) {
        this.errstr = 'SCRIPT_ERR_PUBKEYTYPE'
        return false
      }
      if ((this.flags & compressedOnly) !== 0 && this.sigversion === Signature.Version.WITNESS_V0 && !compressed) {
        this.errstr = 'SCRIPT_ERR_WITNESS_PUBKEYTYPE'
        return false
      }
      return true
    }

    /** BIP 342 takes CHECKMULTISIG out of tapscript; the base still runs it. And it throws on a push beyond the end. */
    override step(): boolean {
      const chunk = this.script.chunks[this.pc]
      const opcode = chunk?.opcodenum
      if (chunk?.buf !== undefined && chunk.len !== chunk.buf.length) {
        this.errstr = 'SCRIPT_ERR_BAD_OPCODE'
        return false
      }
      const multisig = opcode === OP_CHECKMULTISIG || opcode === OP_CHECKMULTISIGVERIFY
      if (multisig && this.sigversion === Signature.Version.TAPSCRIPT && !this.vfExec.includes(false)) {
        this.errstr = 'SCRIPT_ERR_TAPSCRIPT_CHECKMULTISIG'
        return false
      }
      return base.step.call(this)
    }
  }
}
