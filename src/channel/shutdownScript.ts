import { classifyScript, OP, witnessProgram } from '../bitcoin/index.ts'
import type { NegotiatedFeatures } from './types.ts'

/**
 * Whether a closing transaction may pay to this script (BOLT 2, shutdown): P2WPKH and P2WSH always, later witness versions
 * with option_shutdown_anysegwit, one short OP_RETURN push with option_simple_close.
 */
export function isShutdownScript(
  script: Uint8Array,
  negotiated: Pick<NegotiatedFeatures, 'shutdownAnySegwit' | 'simpleClose'>,
): boolean {
  const type = classifyScript(script)
  if (type === 'p2wpkh' || type === 'p2wsh') return true
  if (type === 'op_return') return negotiated.simpleClose && isShortPush(script)
  const program = witnessProgram(script)
  return negotiated.shutdownAnySegwit && program !== undefined && program.version >= 1
}

/** OP_RETURN and a single push of 6 to 80 bytes, in its shortest form. */
function isShortPush(script: Uint8Array): boolean {
  const [, opcode = 0, length = 0] = script
  if (opcode >= 6 && opcode <= 75) return script.length === 2 + opcode
  return opcode === OP.OP_PUSHDATA1 && length >= 76 && length <= 80 && script.length === 3 + length
}
