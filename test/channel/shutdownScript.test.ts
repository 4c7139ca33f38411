import { describe, expect, it } from 'vitest'
import { concat, fromHex } from '../../src/base/index.ts'
import { isShutdownScript } from '../../src/channel/shutdownScript.ts'
import { walletScript } from './harness.ts'

// BOLT 2, shutdown: the forms that scriptpubkey may have, and what has to be negotiated for them.

const NONE = { shutdownAnySegwit: false, simpleClose: false }
const ANY_SEGWIT = { shutdownAnySegwit: true, simpleClose: false }
const SIMPLE_CLOSE = { shutdownAnySegwit: false, simpleClose: true }
const BOTH = { shutdownAnySegwit: true, simpleClose: true }

function prefixed(prefix: string, length: number): Uint8Array {
  return concat(fromHex(prefix), new Uint8Array(length).fill(7))
}

describe('BOLT 2, shutdown, scriptpubkey', () => {
  it.each([
    ['P2WPKH', walletScript(1)],
    ['P2WSH', prefixed('0020', 32)],
  ])('%s is always allowed', (_, script) => {
    for (const negotiated of [NONE, ANY_SEGWIT, SIMPLE_CLOSE, BOTH]) {
      expect(isShutdownScript(script, negotiated)).toBe(true)
    }
  })

  it.each([
    ['version 1, 32 bytes', prefixed('5120', 32)],
    ['version 1, 2 bytes', prefixed('5102', 2)],
    ['version 2, 40 bytes', prefixed('5228', 40)],
    ['version 16, 2 bytes', prefixed('6002', 2)],
  ])('a witness program of %s needs option_shutdown_anysegwit', (_, script) => {
    expect(isShutdownScript(script, ANY_SEGWIT)).toBe(true)
    expect(isShutdownScript(script, BOTH)).toBe(true)
    expect(isShutdownScript(script, NONE)).toBe(false)
    expect(isShutdownScript(script, SIMPLE_CLOSE)).toBe(false)
  })

  it.each([
    ['6 bytes', prefixed('6a06', 6)],
    ['75 bytes', prefixed('6a4b', 75)],
    ['76 bytes', prefixed('6a4c4c', 76)],
    ['80 bytes', prefixed('6a4c50', 80)],
  ])('OP_RETURN with %s needs option_simple_close', (_, script) => {
    expect(isShutdownScript(script, SIMPLE_CLOSE)).toBe(true)
    expect(isShutdownScript(script, BOTH)).toBe(true)
    expect(isShutdownScript(script, NONE)).toBe(false)
    expect(isShutdownScript(script, ANY_SEGWIT)).toBe(false)
  })

  it.each([
    ['nothing', new Uint8Array(0)],
    ['P2PKH', concat(fromHex('76a914'), new Uint8Array(20), fromHex('88ac'))],
    ['P2SH', concat(fromHex('a914'), new Uint8Array(20), fromHex('87'))],
    ['version 0 with 31 bytes', prefixed('001f', 31)],
    ['version 1 with 1 byte', prefixed('5101', 1)],
    ['version 1 with 41 bytes', prefixed('5129', 41)],
    ['version 1 with a byte too many', prefixed('5120', 33)],
    ['P2WPKH with a byte too few', prefixed('0014', 19)],
    ['bare OP_RETURN', fromHex('6a')],
    ['OP_RETURN and an opcode', fromHex('6a51')],
    ['OP_RETURN with 5 bytes', prefixed('6a05', 5)],
    ['OP_RETURN with a byte missing', prefixed('6a06', 5)],
    ['OP_RETURN with a byte too many', prefixed('6a4b', 76)],
    ['OP_RETURN with 75 bytes in the long form', prefixed('6a4c4b', 75)],
    ['OP_RETURN with 81 bytes', prefixed('6a4c51', 81)],
    ['OP_RETURN with 76 bytes, one missing', prefixed('6a4c4c', 75)],
    ['OP_RETURN with 80 bytes and one more', prefixed('6a4c50', 81)],
    ['OP_RETURN with OP_PUSHDATA2', prefixed('6a4d5000', 80)],
    ['OP_RETURN with OP_PUSHDATA2 that reads like a length', prefixed('6a4d4c', 76)],
  ])('%s is never allowed', (_, script) => {
    for (const negotiated of [NONE, ANY_SEGWIT, SIMPLE_CLOSE, BOTH]) {
      expect(isShutdownScript(script, negotiated)).toBe(false)
    }
  })
})
