import { assert, concat } from '../base/index.ts'
import { classifyScript, p2pkhScript, p2shScript, witnessProgram, witnessProgramScript } from '../bitcoin/index.ts'
import { bytesToWords, wordsToBytes } from './words.ts'

// A fallback address is a word of version, then a witness program or a hash (BOLT 11, field `f`).
const P2PKH_VERSION = 17
const P2SH_VERSION = 18

/** The output script of an `f` field; `undefined` for a version we do not know, or a length that it does not have. */
export function readFallback(words: Uint8Array): Uint8Array | undefined {
  const version = words[0]
  if (version === undefined || version > P2SH_VERSION) return undefined
  const program = wordsToBytes(words.subarray(1), 'the fallback address (f)')
  if (version === P2PKH_VERSION) return program.length === 20 ? p2pkhScript(program) : undefined
  if (version === P2SH_VERSION) return program.length === 20 ? p2shScript(program) : undefined
  const fits =
    version === 0 ? program.length === 20 || program.length === 32 : program.length >= 2 && program.length <= 40
  return fits ? witnessProgramScript({ version, program }) : undefined
}

export function writeFallback(script: Uint8Array): Uint8Array {
  const type = classifyScript(script)
  if (type === 'p2pkh') return versioned(P2PKH_VERSION, script.subarray(3, 23))
  if (type === 'p2sh') return versioned(P2SH_VERSION, script.subarray(2, 22))
  const witness = witnessProgram(script)
  assert(witness !== undefined && type !== 'nonstandard', 'a fallback script has an address')
  return versioned(witness.version, witness.program)
}

function versioned(version: number, program: Uint8Array): Uint8Array {
  return concat(Uint8Array.of(version), bytesToWords(program))
}
