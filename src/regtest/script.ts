// Reads scripts as far as relay policy and limits need: pushes, kinds of output, signature operations.
// It runs nothing: the judge does.

/** One operation: its opcode, and the bytes that it pushes when it is a push. */
export interface ScriptOp {
  readonly opcode: number
  readonly push?: Uint8Array
}

/** The kinds of output that Core's `Solver` tells apart. */
export type ScriptKind =
  | 'pubkey'
  | 'pubkeyhash'
  | 'scripthash'
  | 'multisig'
  | 'nulldata'
  | 'anchor'
  | 'witness_v0_keyhash'
  | 'witness_v0_scripthash'
  | 'witness_v1_taproot'
  | 'witness_unknown'
  | 'nonstandard'

const OP_PUSHDATA1 = 0x4c
const OP_PUSHDATA4 = 0x4e
const OP_1NEGATE = 0x4f
const OP_1 = 0x51
const OP_16 = 0x60
const OP_RETURN = 0x6a
const OP_CHECKSIG = 0xac
const OP_CHECKSIGVERIFY = 0xad
const OP_CHECKMULTISIG = 0xae
const OP_CHECKMULTISIGVERIFY = 0xaf
/** What a CHECKMULTISIG counts for where the number of its keys is not looked at. */
const MAX_PUBKEYS_PER_MULTISIG = 20
/** Scripts above this size cannot be run, so outputs of that kind can never be spent. */
const MAX_SCRIPT_SIZE = 10_000

/** The operations of a script; `undefined` where a push runs over the end. */
function parseScript(script: Uint8Array): readonly ScriptOp[] | undefined {
  const ops: ScriptOp[] = []
  const complete = walk(script, (opcode, start, end) => {
    ops.push(opcode > OP_PUSHDATA4 ? { opcode } : { opcode, push: script.slice(start, end) })
  })
  return complete ? ops : undefined
}

/**
 * Visits each operation with the range of bytes that it pushes. False where a push runs over the end; what stands before
 * it has been visited then. Nothing is allocated: a block's scripts may be megabytes of single bytes.
 */
export function walk(script: Uint8Array, visit: (opcode: number, start: number, end: number) => void): boolean {
  let offset = 0
  while (offset < script.length) {
    const opcode = script[offset++] ?? 0
    let length = 0
    if (opcode < OP_PUSHDATA1) length = opcode
    else if (opcode <= OP_PUSHDATA4) {
      const width = 1 << (opcode - OP_PUSHDATA1)
      for (let i = 0; i < width; i++) length += (script[offset + i] ?? 0) * 256 ** i
      offset += width
    }
    if (offset + length > script.length) return false
    visit(opcode, offset, offset + length)
    offset += length
  }
  return true
}

/** Only pushes: what a standard scriptSig consists of. */
export function isPushOnly(script: Uint8Array): boolean {
  let highest = 0
  const complete = walk(script, opcode => {
    highest = Math.max(highest, opcode)
  })
  return complete && highest <= OP_16
}

/** The stack that a push-only script leaves; `undefined` for other scripts. */
export function pushedStack(script: Uint8Array): readonly Uint8Array[] | undefined {
  const ops = parseScript(script)
  if (ops === undefined) return undefined
  const stack: Uint8Array[] = []
  for (const { opcode, push } of ops) {
    if (push !== undefined) stack.push(push)
    else if (opcode === OP_1NEGATE) stack.push(Uint8Array.of(0x81))
    else if (opcode >= OP_1 && opcode <= OP_16) stack.push(Uint8Array.of(opcode - OP_1 + 1))
    else return undefined
  }
  return stack
}

/** Version and program of a witness program (BIP 141). */
export function witnessProgram(
  script: Uint8Array,
): { readonly version: number; readonly program: Uint8Array } | undefined {
  const [opcode, length] = script
  if (opcode === undefined || length === undefined) return undefined
  if (script.length < 4 || script.length > 42 || length !== script.length - 2) return undefined
  if (opcode !== 0 && (opcode < OP_1 || opcode > OP_16)) return undefined
  return { version: opcode === 0 ? 0 : opcode - OP_1 + 1, program: script.slice(2) }
}

/** Pay to anchor: a v1 program of the two bytes 4e73, which anyone spends with an empty witness. */
export function isPayToAnchor(script: Uint8Array): boolean {
  return script.length === 4 && script[0] === OP_1 && script[1] === 2 && script[2] === 0x4e && script[3] === 0x73
}

export function scriptKind(script: Uint8Array): ScriptKind {
  if (isPayToAnchor(script)) return 'anchor'
  const witness = witnessProgram(script)
  if (witness !== undefined) return witnessKind(witness.version, witness.program.length)
  if (isScriptHash(script)) return 'scripthash'
  if (script[0] === OP_RETURN) return isPushOnly(script.slice(1)) ? 'nulldata' : 'nonstandard'
  if (isPubkeyHash(script)) return 'pubkeyhash'
  const ops = parseScript(script) ?? []
  const [first, last] = [ops[0], ops[1]]
  if (ops.length === 2 && isKeySize(first?.push) && last?.opcode === OP_CHECKSIG) return 'pubkey'
  return isBareMultisig(ops) ? 'multisig' : 'nonstandard'
}

function witnessKind(version: number, length: number): ScriptKind {
  if (version === 0 && length === 20) return 'witness_v0_keyhash'
  if (version === 0 && length === 32) return 'witness_v0_scripthash'
  if (version === 1 && length === 32) return 'witness_v1_taproot'
  return version === 0 ? 'nonstandard' : 'witness_unknown'
}

export function isScriptHash(script: Uint8Array): boolean {
  return script.length === 23 && script[0] === 0xa9 && script[1] === 20 && script[22] === 0x87
}

function isPubkeyHash(script: Uint8Array): boolean {
  const [dup, hash160, length] = script
  const tail = [script[23], script[24]]
  return (
    script.length === 25 &&
    dup === 0x76 &&
    hash160 === 0xa9 &&
    length === 20 &&
    tail[0] === 0x88 &&
    tail[1] === OP_CHECKSIG
  )
}

const isKeySize = (push: Uint8Array | undefined): boolean => push?.length === 33 || push?.length === 65

/** m of n keys with n at most 3: the bare multisig that is standard. */
function isBareMultisig(ops: readonly ScriptOp[]): boolean {
  const keys = ops.slice(1, -2)
  const required = (ops[0]?.opcode ?? 0) - OP_1 + 1
  const total = (ops.at(-2)?.opcode ?? 0) - OP_1 + 1
  return (
    ops.at(-1)?.opcode === OP_CHECKMULTISIG &&
    total === keys.length &&
    total >= 1 &&
    total <= 3 &&
    required >= 1 &&
    required <= total &&
    keys.every(key => isKeySize(key.push))
  )
}

/** Outputs that can never be spent are not kept among the coins. */
export function isUnspendable(script: Uint8Array): boolean {
  return script[0] === OP_RETURN || script.length > MAX_SCRIPT_SIZE
}

/** Signature operations; `accurate` counts the keys of a multisig by the number in front of it (BIP 16). */
export function countSigops(script: Uint8Array, accurate: boolean): number {
  let count = 0
  let previous = 0
  walk(script, opcode => {
    if (opcode === OP_CHECKSIG || opcode === OP_CHECKSIGVERIFY) count += 1
    else if (opcode === OP_CHECKMULTISIG || opcode === OP_CHECKMULTISIGVERIFY) {
      count += accurate && previous >= OP_1 && previous <= OP_16 ? previous - OP_1 + 1 : MAX_PUBKEYS_PER_MULTISIG
    }
    previous = opcode
  })
  return count
}
