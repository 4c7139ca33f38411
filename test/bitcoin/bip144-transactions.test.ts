import { RawTx } from '@scure/btc-signer'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, decode, encode, fromHex, type Txid, toHex } from '../../src/base/index.ts'
import {
  compactSize,
  compactSizeLength,
  decodeTx,
  encodeTx,
  encodeTxWithoutWitness,
  type Tx,
  txCodec,
  txid,
  txVsize,
  txWeight,
  witnessWeight,
  wtxid,
} from '../../src/bitcoin/index.ts'
import { sha256d } from '../../src/crypto/index.ts'
import { txArbitrary } from './arbitraries.ts'

// BIP 144 (serialisation) and BIP 141 (ids and weights). The examples are the P2WPKH transaction of BIP 143 and Bitcoin's
// first block's.

const GENESIS =
  '01000000010000000000000000000000000000000000000000000000000000000000000000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b206f66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000'
const GENESIS_TXID = '4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b'
const SEGWIT =
  '01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830450221008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac000247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee635711000000'

describe('known transactions', () => {
  it('without witnesses', () => {
    const tx = decoded(fromHex(GENESIS))
    expect(txid(tx)).toBe(GENESIS_TXID)
    expect(wtxid(tx)).toBe(GENESIS_TXID)
    expect(tx.outputs[0]?.amountSat).toBe(5_000_000_000n)
    expect(toHex(encodeTx(tx))).toBe(GENESIS)
    expect(txWeight(tx)).toBe(4 * (GENESIS.length / 2))
    expect(txVsize(tx)).toBe(GENESIS.length / 2)
  })

  it('with a witness', () => {
    const tx = decoded(fromHex(SEGWIT))
    expect(tx.inputs.map(({ witness }) => witness.length)).toEqual([0, 2])
    expect(toHex(encodeTx(tx))).toBe(SEGWIT)
    expect(wtxid(tx)).toBe(toHex(sha256d(fromHex(SEGWIT)).reverse()))
    expect(txid(tx)).toBe(txid({ ...tx, inputs: tx.inputs.map(input => ({ ...input, witness: [] })) }))
    expect(wtxid(tx)).not.toBe(txid(tx))
    // 343 bytes, of which marker, flag and witnesses are 110: 3 × 233 + 343.
    expect(txWeight(tx)).toBe(1042)
    expect(txVsize(tx)).toBe(261)
  })
})

describe('every transaction', () => {
  it('is read back from its bytes', () => {
    fc.assert(
      fc.property(txArbitrary, tx => {
        expect(decoded(encodeTx(tx))).toEqual(tx)
      }),
    )
  })

  it('has the bytes that another implementation gives it', () => {
    fc.assert(
      fc.property(txArbitrary, tx => {
        const segwit = tx.inputs.some(({ witness }) => witness.length > 0)
        const theirs = RawTx.encode({
          version: tx.version,
          segwitFlag: segwit,
          inputs: tx.inputs.map(({ outpoint, scriptSig, sequence }) => ({
            txid: fromHex(outpoint.txid),
            index: outpoint.vout,
            finalScriptSig: scriptSig,
            sequence,
          })),
          outputs: tx.outputs.map(({ amountSat, script }) => ({ amount: amountSat, script })),
          witnesses: segwit ? tx.inputs.map(({ witness }) => [...witness]) : undefined,
          lockTime: tx.locktime,
        })
        expect(toHex(encodeTx(tx))).toBe(toHex(theirs))
      }),
    )
  })

  it('weighs three times its bytes without witnesses, and once all of them (BIP 141)', () => {
    fc.assert(
      fc.property(txArbitrary, tx => {
        expect(txWeight(tx)).toBe(3 * encodeTxWithoutWitness(tx).length + encodeTx(tx).length)
        expect(txVsize(tx)).toBe(Math.ceil(txWeight(tx) / 4))
      }),
    )
  })

  it('fails to decode when it is cut anywhere, or when bytes follow it', () => {
    fc.assert(
      fc.property(txArbitrary, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (tx, share) => {
        const bytes = encodeTx(tx)
        const cut = decodeTx(bytes.slice(0, Math.floor(share * bytes.length)))
        expect(cut.ok).toBe(false)
        expect(decodeTx(concat(bytes, Uint8Array.of(0)))).toMatchObject({
          ok: false,
          error: { code: 'trailing_bytes' },
        })
      }),
    )
  })

  it('and every other string of bytes decodes to a value or a failure, and to a value only if it encodes back', () => {
    fc.assert(
      fc.property(txArbitrary, fc.nat(), fc.integer({ min: 1, max: 255 }), (tx, at, flip) => {
        const bytes = encodeTx(tx)
        const index = at % bytes.length
        bytes[index] = (bytes[index] ?? 0) ^ flip
        const result = decodeTx(bytes)
        if (result.ok) expect(encodeTx(result.value)).toEqual(bytes)
      }),
    )
  })

  it('is the same through its codec', () => {
    const tx = decoded(fromHex(SEGWIT))
    expect(decode(txCodec, encode(txCodec, tx))).toEqual({ ok: true, value: tx })
  })
})

describe('what is refused', () => {
  const input = `${'11'.repeat(32)}0000000000ffffffff`
  const output = '010000000000000000'

  it.each([
    ['a witness flag of 2', `02000000000201${input}01${output}010000000000`, 'invalid'],
    ['a marker without inputs', `02000000000100${'00'.repeat(8)}`, 'invalid'],
    ['no inputs and no witness', '0200000000000000000000', 'invalid'],
    ['a witness flag without a witness', `02000000000101${input}01${output}0000000000`, 'invalid'],
    ['more inputs than bytes', `02000000fe00000001${input}`, 'truncated'],
    ['more outputs than bytes', `0200000001${input}fdffff${output}00000000`, 'truncated'],
    ['more witness items than bytes', `02000000000101${input}01${output}fe0000000100`, 'truncated'],
    ['a script longer than the bytes', `0200000001${'11'.repeat(32)}00000000fe00000010ffffffff0000000000`, 'truncated'],
    ['a count of 2^53', `02000000ff0000000000002000${input}`, 'out_of_range'],
    ['a count that is not in its shortest form', `02000000fd0100${input}01${output}00000000`, 'not_minimal'],
    ['an amount above 21 million bitcoin', `0200000001${input}010140075af07507000000000000`, 'out_of_range'],
    ['an amount of 2^64 - 1', `0200000001${input}01ffffffffffffffff0000000000`, 'out_of_range'],
  ])('%s', (_, hex, code) => {
    expect(decodeTx(fromHex(hex))).toMatchObject({ ok: false, error: { code } })
  })

  it('and the good twin is taken', () => {
    const twin = decoded(fromHex(`02000000000101${input}01${output}010000000000`))
    expect(twin).toEqual({
      version: 2,
      inputs: [
        {
          outpoint: { txid: '11'.repeat(32) as Txid, vout: 0 },
          scriptSig: new Uint8Array(0),
          sequence: 0xffffffff,
          witness: [new Uint8Array(0)],
        },
      ],
      outputs: [{ amountSat: 1n, script: new Uint8Array(0) }],
      locktime: 0,
    })
    expect(decoded(fromHex(`0200000001${input}010040075af07507000000000000`)).outputs[0]?.amountSat).toBe(
      2_100_000_000_000_000n,
    )
  })
})

describe('CompactSize', () => {
  it.each([
    [0, '00'],
    [0xfc, 'fc'],
    [0xfd, 'fdfd00'],
    [0xffff, 'fdffff'],
    [0x10000, 'fe00000100'],
    [0xffffffff, 'feffffffff'],
    [0x100000000, 'ff0000000001000000'],
    [Number.MAX_SAFE_INTEGER, 'ffffffffffffff1f00'],
  ])('%s', (value, hex) => {
    expect(toHex(encode(compactSize, value))).toBe(hex)
    expect(decode(compactSize, fromHex(hex))).toEqual({ ok: true, value })
    expect(compactSizeLength(value)).toBe(hex.length / 2)
  })

  it.each(['fdfc00', 'feffff0000', 'ffffffffff00000000'])('%s is not in its shortest form', hex => {
    expect(decode(compactSize, fromHex(hex))).toMatchObject({ ok: false, error: { code: 'not_minimal' } })
  })

  it('2^53 is out of range', () => {
    expect(decode(compactSize, fromHex('ff0000000000002000'))).toMatchObject({
      ok: false,
      error: { code: 'out_of_range' },
    })
  })

  it('counts the lengths of a witness', () => {
    expect(witnessWeight([])).toBe(1)
    expect(witnessWeight([new Uint8Array(0), new Uint8Array(252), new Uint8Array(253)])).toBe(1 + 1 + 253 + 256)
  })
})

function decoded(bytes: Uint8Array): Tx {
  const tx = decodeTx(bytes)
  if (!tx.ok) throw new Error(tx.error.message)
  return tx.value
}
