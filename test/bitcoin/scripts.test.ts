import { Script, ScriptNum } from '@scure/btc-signer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, sat, toHex } from '../../src/base/index.ts'
import {
  classifyScript,
  compareOutputs,
  dustLimitSat,
  OP,
  p2aScript,
  p2pkhScript,
  p2shScript,
  p2trScript,
  p2wpkhScript,
  p2wpkhScriptFromHash,
  p2wshScript,
  parseScript,
  type ScriptType,
  script,
  scriptNumber,
  witnessProgram,
  witnessProgramScript,
} from '../../src/bitcoin/index.ts'
import { hash160 } from '../../src/crypto/index.ts'
import { txOutArbitrary } from './arbitraries.ts'

describe('pushes, in the shortest way (BIP 62, rule 3)', () => {
  it.each([
    [0, '00'],
    [1, '0100'],
    [75, '4b'],
    [76, '4c4c'],
    [255, '4cff'],
    [256, '4d0001'],
    [65_535, '4dffff'],
    [65_536, '4e00000100'],
  ])('%s bytes', (length, prefix) => {
    const bytes = script(new Uint8Array(length))
    const expected = length === 0 ? '00' : length === 1 ? prefix : prefix + '00'.repeat(length)
    expect(toHex(bytes)).toBe(expected)
    expect(parseScript(bytes)).toMatchObject({ ok: true, value: [{ data: new Uint8Array(length) }] })
  })

  it('one byte of 1 to 16, and 0x81, have opcodes of their own', () => {
    expect(toHex(script(Uint8Array.of(1), Uint8Array.of(16), Uint8Array.of(0x81), Uint8Array.of(17)))).toBe(
      '51604f0111',
    )
  })

  it('an opcode is one byte', () => {
    expect(toHex(script(OP.OP_DUP, OP.OP_HASH160))).toBe('76a9')
    for (const wrong of [-1, 256, 1.5]) expect(() => script(wrong)).toThrow('bug')
  })
})

describe('numbers', () => {
  it.each([
    [0, '00'],
    [-1, '4f'],
    [1, '51'],
    [16, '60'],
    [17, '0111'],
    [32, '0120'],
    [127, '017f'],
    [128, '028000'],
    [144, '029000'],
    [255, '02ff00'],
    [256, '020001'],
    [-2, '0182'],
    [-128, '028080'],
    [65_535, '03ffff00'],
    [500_000_000, '040065cd1d'],
  ])('%s', (n, hex) => {
    expect(toHex(script(scriptNumber(n)))).toBe(hex)
  })

  it('agree with another implementation', () => {
    fc.assert(
      fc.property(fc.integer({ min: 17, max: 2 ** 31 - 1 }), n => {
        expect(scriptNumber(n)).toEqual(ScriptNum(6, true).encode(BigInt(n)))
        expect(scriptNumber(-n)).toEqual(ScriptNum(6, true).encode(BigInt(-n)))
      }),
    )
  })

  it('are integers', () => {
    expect(() => scriptNumber(0.5)).toThrow('bug')
  })
})

describe('reading scripts', () => {
  const item = fc.oneof(fc.integer({ min: OP.OP_16 + 1, max: 0xff }), fc.uint8Array({ minLength: 2, maxLength: 300 }))

  it('gives back what was written', () => {
    fc.assert(
      fc.property(fc.array(item, { maxLength: 10 }), items => {
        const read = parseScript(script(...items))
        expect(read.ok && read.value.map(operation => operation.data ?? operation.opcode)).toEqual(items)
      }),
    )
  })

  it('agrees with another implementation on what it wrote', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 2, maxLength: 300 }), { maxLength: 10 }), items => {
        expect(Script.decode(script(...items))).toEqual(items)
      }),
    )
  })

  it('OP_0 pushes nothing, OP_1 is left to the reader', () => {
    expect(parseScript(fromHex('0051'))).toEqual({
      ok: true,
      value: [{ opcode: 0, data: new Uint8Array(0) }, { opcode: 0x51 }],
    })
  })

  it.each(['01', '4c', '4c0211', '4d', '4d01', '4d0200ff', '4e', '4e01000000', '4effffffff00'])(
    'refuses %s, which ends too early',
    hex => {
      expect(parseScript(fromHex(hex))).toMatchObject({ ok: false, error: { code: 'truncated' } })
    },
  )
})

describe('kinds of output', () => {
  const pubkey = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')
  const h20 = new Uint8Array(20).fill(7)
  const h32 = new Uint8Array(32).fill(7)

  it.each<[ScriptType, Uint8Array, bigint]>([
    ['p2pkh', p2pkhScript(h20), 546n],
    ['p2sh', p2shScript(h20), 540n],
    ['p2wpkh', p2wpkhScript(pubkey), 294n],
    ['p2wsh', p2wshScript(Uint8Array.of(OP.OP_1)), 330n],
    ['p2tr', p2trScript(h32), 330n],
    ['p2a', p2aScript, 240n],
    ['op_return', script(OP.OP_RETURN, h20), 0n],
    ['op_return', Uint8Array.of(OP.OP_RETURN), 0n],
    ['witness_unknown', witnessProgramScript({ version: 1, program: h20 }), 354n],
    ['witness_unknown', witnessProgramScript({ version: 1, program: Uint8Array.of(0x4e, 0x74) }), 354n],
    ['witness_unknown', witnessProgramScript({ version: 16, program: new Uint8Array(40) }), 354n],
    ['witness_unknown', witnessProgramScript({ version: 2, program: h32 }), 354n],
    // Version 0 has two lengths of program only (BIP 141): another can never be spent.
    ['nonstandard', Uint8Array.of(0, 3, 1, 2, 3), 3n * (9n + 5n + 148n)],
    ['nonstandard', script(pubkey, OP.OP_CHECKSIG), 3n * (9n + 35n + 148n)],
    ['nonstandard', new Uint8Array(0), 3n * (9n + 148n)],
    ['nonstandard', new Uint8Array(300), 3n * (11n + 300n + 148n)],
  ])('%s', (type, bytes, dust) => {
    expect(classifyScript(bytes)).toBe(type)
    expect(dustLimitSat(bytes)).toBe(dust)
  })

  it.each([
    ['p2pkh', p2pkhScript(h20)],
    ['p2sh', p2shScript(h20)],
    ['p2wpkh', p2wpkhScriptFromHash(h20)],
    ['p2wsh', p2wshScript(h20)],
  ])('%s with any byte of its frame changed, or longer, is another kind', (type, bytes) => {
    const frame = [...bytes.keys()].filter(index => bytes[index] !== 7 && (type !== 'p2wsh' || index < 2))
    for (const index of frame) {
      const changed = bytes.slice()
      changed[index] = (changed[index] ?? 0) ^ 0x20
      expect(classifyScript(changed)).not.toBe(type)
    }
    expect(classifyScript(Uint8Array.of(...bytes, 0))).not.toBe(type)
    expect(classifyScript(bytes.slice(0, -1))).not.toBe(type)
  })

  it('a witness program is an opcode for the version and one push of 2 to 40 bytes', () => {
    expect(witnessProgram(p2wpkhScriptFromHash(h20))).toEqual({ version: 0, program: h20 })
    expect(witnessProgram(p2trScript(h32))).toEqual({ version: 1, program: h32 })
    for (const hex of ['', '51', '510101', `5129${'00'.repeat(41)}`, '50020000', '61020000', '4f020000', '51030000'])
      expect(witnessProgram(fromHex(hex))).toBeUndefined()
    expect(() => witnessProgramScript({ version: 17, program: h32 })).toThrow('bug')
    expect(() => witnessProgramScript({ version: 1, program: Uint8Array.of(1) })).toThrow('bug')
  })

  it('takes hashes and keys of their own length only', () => {
    expect(p2wpkhScript(pubkey)).toEqual(p2wpkhScriptFromHash(hash160(pubkey)))
    expect(() => p2wpkhScript(h32)).toThrow('bug')
    expect(() => p2wpkhScriptFromHash(h32)).toThrow('bug')
    expect(() => p2pkhScript(h32)).toThrow('bug')
    expect(() => p2shScript(h32)).toThrow('bug')
    expect(() => p2trScript(h20)).toThrow('bug')
  })
})

describe('BIP 69 order of outputs', () => {
  it('smaller amount first, then the script, shorter first', () => {
    const at = (amount: number, hex: string) => ({ amountSat: sat(amount), script: fromHex(hex) })
    const sorted = [at(1, 'ff'), at(2, '00'), at(2, '0001'), at(2, '01'), at(3, '')]
    expect(sorted.toReversed().sort(compareOutputs)).toEqual(sorted)
    expect(compareOutputs(at(2, '00'), at(2, '00'))).toBe(0)
  })

  it('is an order', () => {
    fc.assert(
      fc.property(txOutArbitrary, txOutArbitrary, (a, b) => {
        expect(Math.sign(compareOutputs(a, b))).toBe(-Math.sign(compareOutputs(b, a)) + 0)
      }),
    )
  })
})
