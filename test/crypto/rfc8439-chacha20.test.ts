import { describe, expect, test } from 'vitest'
import { BugError, concat, fromHex, toHex } from '../../src/base/index.ts'
import { chacha20 } from '../../src/crypto/index.ts'

describe('RFC 8439, ChaCha20', () => {
  const zeros = (length: number) => new Uint8Array(length)

  // Appendix A.1, test vectors 1 and 2: key and nonce of zeros, the blocks of counter 0 and 1.
  const stream =
    '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7' +
    'da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586' +
    '9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed' +
    '29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f'

  test('gives the key stream of appendix A.1, from counter 0 on', () => {
    expect(toHex(chacha20(zeros(32), zeros(12), zeros(128)))).toBe(stream)
  })

  // Appendix A.1, test vector 5: the nonce that ends in 2.
  test('takes another stream with another nonce', () => {
    const nonce = concat(zeros(11), Uint8Array.of(2))
    expect(toHex(chacha20(zeros(32), nonce, zeros(64)))).toBe(
      'c2c64d378cd536374ae204b9ef933fcd1a8b2288b3dfa49672ab765b54ee27c7' +
        '8a970e0e955c14f3a88e741b97c286f75f8fc299e8148362fa198a39531bed6d',
    )
  })

  test('hides and shows again any number of bytes, and leaves its input alone', () => {
    const key = zeros(32).fill(7)
    for (const length of [0, 1, 63, 64, 65, 1300, 2600]) {
      const bytes = zeros(length).fill(0xab)
      const hidden = chacha20(key, zeros(12), bytes)
      expect(hidden).toHaveLength(length)
      expect(bytes).toEqual(zeros(length).fill(0xab))
      expect(chacha20(key, zeros(12), hidden)).toEqual(bytes)
    }
  })

  test('starts where a shorter stream started', () => {
    const short = fromHex(stream).slice(0, 70)
    expect(chacha20(zeros(32), zeros(12), zeros(70))).toEqual(short)
  })

  test('a key or nonce of another length is a bug', () => {
    expect(() => chacha20(zeros(31), zeros(12), zeros(1))).toThrow(BugError)
    expect(() => chacha20(zeros(32), zeros(8), zeros(1))).toThrow(BugError)
  })
})
