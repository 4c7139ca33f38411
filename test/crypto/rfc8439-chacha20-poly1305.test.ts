import { describe, expect, test } from 'vitest'
import { BugError, fromHex, toHex, utf8Encode } from '../../src/base/index.ts'
import { chacha20Poly1305Decrypt, chacha20Poly1305Encrypt } from '../../src/crypto/index.ts'
import { flipBit } from './backends.ts'

describe('RFC 8439, section 2.8.2: AEAD_CHACHA20_POLY1305', () => {
  const context = {
    key: Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i),
    nonce: fromHex('070000004041424344454647'),
    associatedData: fromHex('50515253c0c1c2c3c4c5c6c7'),
  }
  const plaintext = utf8Encode(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  )
  const ciphertext =
    'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b' +
    '1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc' +
    '3ff4def08e4b7a9de576d26586cec64b6116' +
    '1ae10b594f09e26a7e902ecbd0600691'

  test('encrypts to the ciphertext and tag of the example, and back', () => {
    expect(toHex(chacha20Poly1305Encrypt(context, plaintext))).toBe(ciphertext)
    expect(chacha20Poly1305Decrypt(context, fromHex(ciphertext))).toEqual(plaintext)
  })

  test('refuses each flipped bit of ciphertext, tag, associated data, nonce and key', () => {
    const sealed = fromHex(ciphertext)
    for (let bit = 0; bit < 8 * sealed.length; bit++) {
      expect(chacha20Poly1305Decrypt(context, flipBit(sealed, bit))).toBeUndefined()
    }
    for (const name of ['key', 'nonce', 'associatedData'] as const) {
      for (let bit = 0; bit < 8 * context[name].length; bit++) {
        const other = { ...context, [name]: flipBit(context[name], bit) }
        expect(chacha20Poly1305Decrypt(other, sealed)).toBeUndefined()
      }
    }
  })

  test('refuses every shorter ciphertext', () => {
    const sealed = fromHex(ciphertext)
    for (let length = 0; length < sealed.length; length++) {
      expect(chacha20Poly1305Decrypt(context, sealed.slice(0, length))).toBeUndefined()
    }
  })

  test('associated data left out is the same as none, and not the same as some', () => {
    const { key, nonce } = context
    const sealed = chacha20Poly1305Encrypt({ key, nonce }, plaintext)
    expect(chacha20Poly1305Decrypt({ key, nonce, associatedData: new Uint8Array(0) }, sealed)).toEqual(plaintext)
    expect(chacha20Poly1305Decrypt(context, sealed)).toBeUndefined()
  })

  test('a key or nonce of another length is a bug', () => {
    const { key, nonce } = context
    expect(() => chacha20Poly1305Encrypt({ key: key.slice(1), nonce }, plaintext)).toThrow(BugError)
    expect(() => chacha20Poly1305Decrypt({ key, nonce: new Uint8Array(24) }, plaintext)).toThrow(BugError)
  })
})
