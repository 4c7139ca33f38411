import { describe, expect, test } from 'vitest'
import { decode, encode, fromHex, reverseBytes, toHex } from '../../src/base/index.ts'
import { bitsOf, headerCodec, headerHash, meetsTarget, merkleRoot, targetOf, workOf } from '../../src/bitcoin/index.ts'
import { createRegtestChain, REGTEST_GENESIS, REGTEST_GENESIS_HASH } from '../../src/regtest/index.ts'
import { subsidySat } from '../../src/regtest/params.ts'
import { value } from './support.ts'

const wire = (printed: string) => reverseBytes(fromHex(printed))

describe('headers of real networks', () => {
  test('the first block of regtest', () => {
    expect(REGTEST_GENESIS_HASH).toBe('0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206')
    expect(toHex(REGTEST_GENESIS.header.merkleRoot)).toBe(
      '3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a',
    )
    expect(createRegtestChain().tip.hash).toBe(REGTEST_GENESIS_HASH)
  })

  const headers = [
    {
      name: 'mainnet 0',
      hex: `0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c`,
      hash: '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
    },
    {
      name: 'mainnet 170, with the first payment',
      hex: '0100000055bd840a78798ad0da853f68974f3d183e2bd1db6a842c1feecf222a00000000ff104ccb05421ab93e63f8c3ce5c2c2e9dbb37de2764b3a3175c8166562cac7d51b96a49ffff001d283e9e70',
      hash: '00000000d1145790a8694403d4063f323d499e655c83426834d4ce2f8dd4a2ee',
    },
  ]
  test.each(headers)('$name', ({ hex, hash }) => {
    const header = value(decode(headerCodec, fromHex(hex)))
    expect(toHex(encode(headerCodec, header))).toBe(hex)
    expect(headerHash(header)).toBe(hash)
    expect(meetsTarget(headerHash(header), header.bits)).toBe(true)
    expect(meetsTarget(headerHash({ ...header, nonce: header.nonce + 1 }), header.bits)).toBe(false)
  })

  test('targets and work', () => {
    expect(targetOf(0x1d00ffff)).toBe(0xffffn << 208n)
    expect(targetOf(0x207fffff)).toBe(0x7fffffn << 232n)
    expect(targetOf(0x02123456)).toBe(0x1234n)
    expect(targetOf(0x1d80ffff)).toBe(0n)
    expect(targetOf(0x2300ffff)).toBe(0n)
    expect(workOf(0x207fffff)).toBe(2n)
    // What Bitcoin Core prints as the chain work of the first block of mainnet.
    expect(workOf(0x1d00ffff)).toBe(0x100010001n)
  })
})

describe('merkle roots', () => {
  const coinbase170 = wire('b1fea52486ce0c62bb442b530a3f0132b826c74e473d1f2c220bfa78111c5082')
  const payment170 = wire('f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16')

  test('mainnet 170', () => {
    const { root, mutated } = merkleRoot([coinbase170, payment170])
    expect(toHex(reverseBytes(root))).toBe('7dac2c5666815c17a3b36427de37bb9d2e2c5ccec3f8633eb91a4205cb4c10ff')
    expect(mutated).toBe(false)
    expect(merkleRoot([payment170, coinbase170]).root).not.toEqual(root)
  })

  test('a repeated tail gives the same root, and is seen (CVE-2012-2459)', () => {
    const three = [coinbase170, payment170, wire('11'.repeat(32))]
    const four = [...three, wire('11'.repeat(32))]
    expect(merkleRoot(four).root).toEqual(merkleRoot(three).root)
    expect(merkleRoot(three).mutated).toBe(false)
    expect(merkleRoot(four).mutated).toBe(true)
  })

  test('one leaf is its own root, none is zeros', () => {
    expect(merkleRoot([payment170]).root).toEqual(payment170)
    expect(merkleRoot([]).root).toEqual(new Uint8Array(32))
  })
})

test('the subsidy halves every 150 blocks and ends after 64 eras', () => {
  expect([1, 149, 150, 299, 300].map(subsidySat)).toEqual([
    5_000_000_000n,
    5_000_000_000n,
    2_500_000_000n,
    2_500_000_000n,
    1_250_000_000n,
  ])
  expect(subsidySat(150 * 32)).toBe(1n)
  expect(subsidySat(150 * 33)).toBe(0n)
  expect(subsidySat(150 * 64)).toBe(0n)
})

describe('the compact form of a target', () => {
  test.each([0x1d00ffff, 0x1e0377ae, 0x207fffff, 0x17034219, 0x1b0404cb, 0x03123456, 0x04008000, 0x01120000])(
    '%d is what its target has',
    bits => expect(bitsOf(targetOf(bits))).toBe(bits),
  )

  test('what does not fit is cut, and a mantissa does not look negative', () => {
    expect(bitsOf(0x1234567890n)).toBe(0x05123456)
    expect(bitsOf(0x80n)).toBe(0x02008000)
    expect(bitsOf(0x92340000n)).toBe(0x05009234)
  })
})
