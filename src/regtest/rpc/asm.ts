import { toHex } from '../../base/index.ts'
import { OP, signatureFromDer } from '../../bitcoin/index.ts'
import { walk } from '../script.ts'

// Scripts as Bitcoin Core prints them (`ScriptToAsmStr`).

const NAMED_FROM_NOP = (
  'NOP VER IF NOTIF VERIF VERNOTIF ELSE ENDIF VERIFY RETURN TOALTSTACK FROMALTSTACK 2DROP 2DUP 3DUP 2OVER 2ROT 2SWAP ' +
  'IFDUP DEPTH DROP DUP NIP OVER PICK ROLL ROT SWAP TUCK CAT SUBSTR LEFT RIGHT SIZE INVERT AND OR XOR EQUAL EQUALVERIFY ' +
  'RESERVED1 RESERVED2 1ADD 1SUB 2MUL 2DIV NEGATE ABS NOT 0NOTEQUAL ADD SUB MUL DIV MOD LSHIFT RSHIFT BOOLAND BOOLOR ' +
  'NUMEQUAL NUMEQUALVERIFY NUMNOTEQUAL LESSTHAN GREATERTHAN LESSTHANOREQUAL GREATERTHANOREQUAL MIN MAX WITHIN RIPEMD160 ' +
  'SHA1 SHA256 HASH160 HASH256 CODESEPARATOR CHECKSIG CHECKSIGVERIFY CHECKMULTISIG CHECKMULTISIGVERIFY NOP1 ' +
  'CHECKLOCKTIMEVERIFY CHECKSEQUENCEVERIFY NOP4 NOP5 NOP6 NOP7 NOP8 NOP9 NOP10 CHECKSIGADD'
).split(' ')
const OP_NOP = 0x61
const OP_RESERVED = 0x50
const OP_INVALIDOPCODE = 0xff

/** Pushes up to this length are printed as numbers. */
const LONGEST_NUMBER = 4

const SIGHASH_NAMES: Readonly<Record<number, string>> = {
  1: 'ALL',
  2: 'NONE',
  3: 'SINGLE',
  129: 'ALL|ANYONECANPAY',
  130: 'NONE|ANYONECANPAY',
  131: 'SINGLE|ANYONECANPAY',
}

/** `signatures`: pushes that are signatures end with the name of their sighash type, as in the scriptSig of an input. */
export function asmOf(script: Uint8Array, options: { readonly signatures?: boolean } = {}): string {
  const signatures = options.signatures === true && script[0] !== OP.OP_RETURN
  const words: string[] = []
  const complete = walk(script, (opcode, start, end) => {
    words.push(opcode <= OP.OP_PUSHDATA4 ? pushWord(script.slice(start, end), signatures) : nameOf(opcode))
  })
  return (complete ? words : [...words, '[error]']).join(' ')
}

function nameOf(opcode: number): string {
  if (opcode === OP.OP_1NEGATE) return '-1'
  if (opcode >= OP.OP_1 && opcode <= OP.OP_16) return String(opcode - OP.OP_1 + 1)
  if (opcode === OP_RESERVED) return 'OP_RESERVED'
  if (opcode === OP_INVALIDOPCODE) return 'OP_INVALIDOPCODE'
  const name = NAMED_FROM_NOP[opcode - OP_NOP]
  return name === undefined ? 'OP_UNKNOWN' : `OP_${name}`
}

function pushWord(data: Uint8Array, signatures: boolean): string {
  if (data.length <= LONGEST_NUMBER) return String(numberOf(data))
  const sighash = SIGHASH_NAMES[data.at(-1) ?? 0]
  if (signatures && sighash !== undefined && signatureFromDer(data.slice(0, -1)).ok) {
    return `${toHex(data.slice(0, -1))}[${sighash}]`
  }
  return toHex(data)
}

/** A script number: little endian, the top bit of the last byte is the sign. */
function numberOf(data: Uint8Array): number {
  let magnitude = 0
  for (const [index, byte] of data.entries()) {
    magnitude += (index === data.length - 1 ? byte & 0x7f : byte) * 256 ** index
  }
  const negative = ((data.at(-1) ?? 0) & 0x80) !== 0
  return negative && magnitude !== 0 ? -magnitude : magnitude
}
