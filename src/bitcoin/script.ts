import { assert, type DecodeFailure, err, ok, type Result, Writer } from '../base/index.ts'

// Scripts are bytes. This file writes them from opcodes and pushes, and reads them back.

/** The opcodes that this project writes or recognises. */
export const OP = {
  OP_0: 0x00,
  OP_PUSHDATA1: 0x4c,
  OP_PUSHDATA2: 0x4d,
  OP_PUSHDATA4: 0x4e,
  OP_1NEGATE: 0x4f,
  OP_1: 0x51,
  OP_2: 0x52,
  OP_16: 0x60,
  OP_IF: 0x63,
  OP_NOTIF: 0x64,
  OP_ELSE: 0x67,
  OP_ENDIF: 0x68,
  OP_RETURN: 0x6a,
  OP_IFDUP: 0x73,
  OP_DROP: 0x75,
  OP_DUP: 0x76,
  OP_SWAP: 0x7c,
  OP_SIZE: 0x82,
  OP_EQUAL: 0x87,
  OP_EQUALVERIFY: 0x88,
  OP_HASH160: 0xa9,
  OP_CHECKSIG: 0xac,
  OP_CHECKSIGVERIFY: 0xad,
  OP_CHECKMULTISIG: 0xae,
  OP_CHECKLOCKTIMEVERIFY: 0xb1,
  OP_CHECKSEQUENCEVERIFY: 0xb2,
} as const

/** A number is an opcode as it stands; bytes are pushed in the shortest way. */
export type ScriptItem = number | Uint8Array

/** One operation of a parsed script; `data` is what a push puts on the stack (absent for OP_1 to OP_16 and the rest). */
export interface ScriptOperation {
  readonly opcode: number
  readonly data?: Uint8Array
}

export function script(...items: readonly ScriptItem[]): Uint8Array {
  let capacity = 0
  for (const item of items) capacity += typeof item === 'number' ? 1 : 5 + item.length
  const writer = new Writer(capacity)
  for (const item of items) {
    if (typeof item === 'number') {
      assert(Number.isInteger(item) && item >= 0 && item <= 0xff, () => `not an opcode: ${item}`)
      writer.u8(item)
    } else writePush(writer, item)
  }
  return writer.finish()
}

/** What pushes the number `n` in the shortest way (CScriptNum): OP_0, OP_1 to OP_16, OP_1NEGATE, or its bytes. */
export function scriptNumber(n: number): ScriptItem {
  assert(Number.isSafeInteger(n), () => `not an integer: ${n}`)
  if (n === 0) return OP.OP_0
  if (n === -1) return OP.OP_1NEGATE
  if (n >= 1 && n <= 16) return OP.OP_1 + n - 1
  const bytes: number[] = []
  for (let rest = Math.abs(n); rest > 0; rest = Math.floor(rest / 256)) bytes.push(rest % 256)
  // The top bit is the sign, so a magnitude that already uses it takes one more byte.
  const top = bytes.at(-1) ?? 0
  const sign = n < 0 ? 0x80 : 0
  if (top & 0x80) bytes.push(sign)
  else bytes[bytes.length - 1] = top | sign
  return Uint8Array.from(bytes)
}

/** The operations of a script. Fails only where a push reaches beyond the end. */
export function parseScript(bytes: Uint8Array): Result<readonly ScriptOperation[], DecodeFailure> {
  const operations: ScriptOperation[] = []
  let offset = 0
  while (offset < bytes.length) {
    const opcode = bytes[offset++] ?? 0
    if (opcode === OP.OP_0 || opcode > OP.OP_PUSHDATA4) {
      operations.push(opcode === OP.OP_0 ? { opcode, data: new Uint8Array(0) } : { opcode })
      continue
    }
    const width = opcode < OP.OP_PUSHDATA1 ? 0 : opcode === OP.OP_PUSHDATA1 ? 1 : opcode === OP.OP_PUSHDATA2 ? 2 : 4
    let length = width === 0 ? opcode : 0
    for (let i = width - 1; i >= 0; i--) length = length * 256 + (bytes[offset + i] ?? 0)
    offset += width
    if (offset + length > bytes.length) {
      return err({ code: 'truncated', message: `expected a push of ${length} bytes at ${offset} of ${bytes.length}` })
    }
    operations.push({ opcode, data: bytes.slice(offset, offset + length) })
    offset += length
  }
  return ok(operations)
}

function writePush(writer: Writer, data: Uint8Array): void {
  const only = data.length === 1 ? (data[0] ?? 0) : undefined
  if (data.length === 0) writer.u8(OP.OP_0)
  else if (only !== undefined && only >= 1 && only <= 16) writer.u8(OP.OP_1 + only - 1)
  else if (only === 0x81) writer.u8(OP.OP_1NEGATE)
  else {
    if (data.length < OP.OP_PUSHDATA1) writer.u8(data.length)
    else if (data.length <= 0xff) writeLength(writer, OP.OP_PUSHDATA1, data.length, 1)
    else if (data.length <= 0xffff) writeLength(writer, OP.OP_PUSHDATA2, data.length, 2)
    else writeLength(writer, OP.OP_PUSHDATA4, data.length, 4)
    writer.bytes(data)
  }
}

function writeLength(writer: Writer, opcode: number, length: number, width: number): void {
  writer.u8(opcode)
  writer.uintLE(length, width)
}
