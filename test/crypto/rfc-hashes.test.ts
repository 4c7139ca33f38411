import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError, fromHex, toHex, utf8Encode } from '../../src/base/index.ts'
import {
  constantTimeEqual,
  hash160,
  hkdfSha256,
  pureHashes,
  ripemd160,
  sha256,
  sha256d,
} from '../../src/crypto/index.ts'
import { loadNativeHashes } from '../../src/node/crypto/nativeHashes.ts'

const native = loadNativeHashes()
const range = (from: number, count: number) => Uint8Array.from({ length: count }, (_, i) => from + i)
const repeat = (byte: number, count: number) => new Uint8Array(count).fill(byte)

describe.each([native, pureHashes])('$name hashes', hashes => {
  test('FIPS 180-4 examples of SHA-256', () => {
    expect(toHex(hashes.sha256(utf8Encode('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    )
    expect(toHex(hashes.sha256(new Uint8Array(0)))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
  })

  test('the examples of the RIPEMD-160 paper', () => {
    expect(toHex(hashes.ripemd160(utf8Encode('abc')))).toBe('8eb208f7e05d987a9b044a8e98c6b087f15a0bfc')
    expect(toHex(hashes.ripemd160(new Uint8Array(0)))).toBe('9c1185a5c5e9fc54612808977ee8f548b2258d31')
  })

  test('RFC 4231, test cases 1, 2 and 6 of HMAC-SHA-256', () => {
    expect(toHex(hashes.hmacSha256(repeat(0x0b, 20), utf8Encode('Hi There')))).toBe(
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    )
    expect(toHex(hashes.hmacSha256(utf8Encode('Jefe'), utf8Encode('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
    const longKey = utf8Encode('Test Using Larger Than Block-Size Key - Hash Key First')
    expect(toHex(hashes.hmacSha256(repeat(0xaa, 131), longKey))).toBe(
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    )
  })

  test('answer with plain arrays that own their memory', () => {
    const buffer = Buffer.from('bookend')
    for (const answer of [hashes.sha256(buffer), hashes.ripemd160(buffer), hashes.hmacSha256(buffer, buffer)]) {
      expect(answer.constructor).toBe(Uint8Array)
      expect(answer.buffer.byteLength).toBe(answer.length)
    }
  })
})

test('native and pure hashes agree on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 200 }), (data, key) => {
      expect(native.sha256(data)).toEqual(pureHashes.sha256(data))
      expect(native.ripemd160(data)).toEqual(pureHashes.ripemd160(data))
      expect(native.hmacSha256(key, data)).toEqual(pureHashes.hmacSha256(key, data))
    }),
    { numRuns: 1000 },
  )
})

test('an HMAC holds nothing of those before it, whatever their lengths', () => {
  const lengths = [1334, 0, 2000, 1400, 1401, 3, 32]
  for (const length of lengths) {
    const [key, data] = [range(length, length % 97), range(1, length)]
    expect(toHex(native.hmacSha256(key, data))).toBe(toHex(pureHashes.hmacSha256(key, data)))
  }
})

describe('RFC 5869, appendix A: HKDF with SHA-256', () => {
  test('test case 1', () => {
    const okm = hkdfSha256(repeat(0x0b, 22), range(0, 13), range(0xf0, 10), 42)
    expect(toHex(okm)).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865')
  })

  test('test case 2: longer inputs and outputs', () => {
    const okm = hkdfSha256(range(0, 80), range(0x60, 80), range(0xb0, 80), 82)
    expect(toHex(okm)).toBe(
      'b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09' +
        'da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87',
    )
  })

  test('test case 3: no salt and no info', () => {
    const okm = hkdfSha256(repeat(0x0b, 22), new Uint8Array(0), new Uint8Array(0), 42)
    expect(toHex(okm)).toBe('8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8')
  })

  test('gives 0 to 8160 bytes (section 2.3), each length the beginning of a longer one', () => {
    const longest = hkdfSha256(repeat(1, 32), repeat(2, 32), repeat(3, 32), 8160)
    for (const length of [0, 1, 31, 32, 33, 64]) {
      expect(hkdfSha256(repeat(1, 32), repeat(2, 32), repeat(3, 32), length)).toEqual(longest.slice(0, length))
    }
    for (const length of [-1, 8161]) {
      expect(() => hkdfSha256(repeat(1, 32), repeat(2, 32), repeat(3, 32), length)).toThrow(BugError)
    }
  })
})

describe('hashes of Bitcoin', () => {
  test('the hash of the genesis block is the double SHA-256 of its header, reversed', () => {
    const header =
      '0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c'
    expect(toHex(sha256d(fromHex(header)).reverse())).toBe(
      '000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f',
    )
    expect(sha256d(fromHex(header))).not.toEqual(sha256(fromHex(header)))
  })

  test('BIP 173: the witness program of its example is the hash of its key', () => {
    const key = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'
    expect(toHex(hash160(fromHex(key)))).toBe('751e76e8199196d454941c45d1b3a323f1433bd6')
    expect(ripemd160(sha256(fromHex(key)))).toEqual(hash160(fromHex(key)))
  })
})

test('constant-time comparison answers what the plain one would', () => {
  const secret = range(0, 32)
  expect(constantTimeEqual(secret, range(0, 32))).toBe(true)
  expect(constantTimeEqual(new Uint8Array(0), new Uint8Array(0))).toBe(true)
  expect(constantTimeEqual(secret, secret.slice(1))).toBe(false)
  for (let i = 0; i < 32; i++) expect(constantTimeEqual(secret, secret.with(i, 0xff))).toBe(false)
})
