import { assert } from '../base/index.ts'
import { hash160, sha256 } from '../crypto/index.ts'
import { OP, script } from './script.ts'

// The standard output scripts, written and recognised.

export type ScriptType =
  | 'p2pkh'
  | 'p2sh'
  | 'p2wpkh'
  | 'p2wsh'
  | 'p2tr'
  | 'p2a'
  | 'op_return'
  | 'witness_unknown'
  | 'nonstandard'

/** A witness version (0 to 16) and its program of 2 to 40 bytes (BIP 141). */
export interface WitnessProgram {
  readonly version: number
  readonly program: Uint8Array
}

/** Which kind of output a script makes. Whatever starts with OP_RETURN is `op_return`, since it can never be spent. */
export function classifyScript(bytes: Uint8Array): ScriptType {
  const witness = witnessProgram(bytes)
  if (witness !== undefined) return classifyWitness(witness)
  if (bytes[0] === OP.OP_RETURN) return 'op_return'
  if (isP2pkh(bytes)) return 'p2pkh'
  if (isP2sh(bytes)) return 'p2sh'
  return 'nonstandard'
}

/** The witness program that a script is, if it is one (BIP 141). */
export function witnessProgram(bytes: Uint8Array): WitnessProgram | undefined {
  const opcode = bytes[0] ?? OP.OP_RETURN
  if (bytes.length < 4 || bytes.length > 42 || bytes[1] !== bytes.length - 2) return undefined
  if (opcode !== OP.OP_0 && (opcode < OP.OP_1 || opcode > OP.OP_16)) return undefined
  return { version: opcode === OP.OP_0 ? 0 : opcode - OP.OP_1 + 1, program: bytes.slice(2) }
}

/** The output script of a witness program. The caller has made sure that the version and length are allowed. */
export function witnessProgramScript({ version, program }: WitnessProgram): Uint8Array {
  assert(version >= 0 && version <= 16, () => `witness version ${version}`)
  assert(program.length >= 2 && program.length <= 40, () => `witness program of ${program.length} bytes`)
  return script(version === 0 ? OP.OP_0 : OP.OP_1 + version - 1, program)
}

/** `pubkey`: 33 bytes, compressed. */
export function p2wpkhScript(pubkey: Uint8Array): Uint8Array {
  assert(pubkey.length === 33, () => `expected a public key of 33 bytes, got ${pubkey.length}`)
  return p2wpkhScriptFromHash(hash160(pubkey))
}

/** `hash`: 20 bytes, HASH160 of the public key. */
export function p2wpkhScriptFromHash(hash: Uint8Array): Uint8Array {
  return script(OP.OP_0, ofLength(hash, 20))
}

export function p2wshScript(witnessScript: Uint8Array): Uint8Array {
  return script(OP.OP_0, sha256(witnessScript))
}

/** `hash`: 20 bytes, HASH160 of the public key. */
export function p2pkhScript(hash: Uint8Array): Uint8Array {
  return script(OP.OP_DUP, OP.OP_HASH160, ofLength(hash, 20), OP.OP_EQUALVERIFY, OP.OP_CHECKSIG)
}

/** `hash`: 20 bytes, HASH160 of the redeem script. */
export function p2shScript(hash: Uint8Array): Uint8Array {
  return script(OP.OP_HASH160, ofLength(hash, 20), OP.OP_EQUAL)
}

/** `xonly`: 32 bytes, the x coordinate of the output key (BIP 341). */
export function p2trScript(xonly: Uint8Array): Uint8Array {
  return script(OP.OP_1, ofLength(xonly, 32))
}

/** Pay-to-anchor: an output that anyone may spend without a witness. */
export const p2aScript: Uint8Array = Uint8Array.of(OP.OP_1, 2, 0x4e, 0x73)

function classifyWitness({ version, program }: WitnessProgram): ScriptType {
  if (version === 0) return program.length === 20 ? 'p2wpkh' : program.length === 32 ? 'p2wsh' : 'nonstandard'
  if (version === 1 && program.length === 32) return 'p2tr'
  if (version === 1 && program.length === 2 && program[0] === 0x4e && program[1] === 0x73) return 'p2a'
  return 'witness_unknown'
}

function isP2pkh(bytes: Uint8Array): boolean {
  return (
    bytes.length === 25 &&
    bytes[0] === OP.OP_DUP &&
    bytes[1] === OP.OP_HASH160 &&
    bytes[2] === 20 &&
    bytes[23] === OP.OP_EQUALVERIFY &&
    bytes[24] === OP.OP_CHECKSIG
  )
}

function isP2sh(bytes: Uint8Array): boolean {
  return bytes.length === 23 && bytes[0] === OP.OP_HASH160 && bytes[1] === 20 && bytes[22] === OP.OP_EQUAL
}

function ofLength(bytes: Uint8Array, length: number): Uint8Array {
  assert(bytes.length === length, () => `expected ${length} bytes, got ${bytes.length}`)
  return bytes
}
