import { type Sat, sat, unreachable } from '../base/index.ts'
import { compactSizeLength } from './compactSize.ts'
import { classifyScript } from './outputScripts.ts'

/** Bitcoin Core's dust feerate, 3000 sat per 1000 virtual bytes. */
const DUST_SAT_PER_VBYTE = 3
/** The least that an input costs to spend, in virtual bytes: with and without a witness (BOLT 3, dust limits). */
const WITNESS_INPUT_VBYTES = 67
const LEGACY_INPUT_VBYTES = 148

/**
 * The least amount with which Bitcoin Core relays an output of this script (BOLT 3, dust limits): an output below it is
 * dust. Zero for OP_RETURN, which is never dust.
 */
export function dustLimitSat(script: Uint8Array): Sat {
  const type = classifyScript(script)
  switch (type) {
    case 'op_return':
      return sat(0)
    case 'p2wpkh':
    case 'p2wsh':
    case 'p2tr':
    case 'p2a':
      return dustFor(outputVbytes(script.length) + WITNESS_INPUT_VBYTES)
    case 'witness_unknown':
      // One figure for all of them, that of the longest program, so that both peers reckon alike (BOLT 3).
      return dustFor(outputVbytes(42) + WITNESS_INPUT_VBYTES)
    case 'p2pkh':
    case 'p2sh':
    case 'nonstandard':
      return dustFor(outputVbytes(script.length) + LEGACY_INPUT_VBYTES)
    default:
      return unreachable(type)
  }
}

function outputVbytes(scriptLength: number): number {
  return 8 + compactSizeLength(scriptLength) + scriptLength
}

function dustFor(vbytes: number): Sat {
  return sat(vbytes * DUST_SAT_PER_VBYTE)
}
