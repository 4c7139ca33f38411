import { createCipheriv } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { concat } from '../../src/base/index.ts'
import { type AeadContext, chacha20Poly1305Decrypt, chacha20Poly1305Encrypt } from '../../src/crypto/index.ts'
import { flipBit } from './backends.ts'

// Another implementation has the last word: the OpenSSL that Node carries.

function byOpenSsl({ key, nonce, associatedData }: Required<AeadContext>, plaintext: Uint8Array): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: 16 })
  cipher.setAAD(associatedData, { plaintextLength: plaintext.length })
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag())
}

function agree(context: Required<AeadContext>, plaintext: Uint8Array): void {
  const sealed = chacha20Poly1305Encrypt(context, plaintext)
  expect(Buffer.compare(sealed, byOpenSsl(context, plaintext))).toBe(0)
  const opened = chacha20Poly1305Decrypt(context, sealed)
  expect(opened && Buffer.compare(opened, plaintext)).toBe(0)
}

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const contexts = fc.record({ key: bytes(32), nonce: bytes(12), associatedData: fc.uint8Array({ maxLength: 70 }) })

test('every length up to a few blocks, and the longest message of BOLT 8', () => {
  const context = {
    key: Uint8Array.from({ length: 32 }, (_, i) => 255 - i),
    nonce: Uint8Array.from({ length: 12 }, (_, i) => 17 * i),
    associatedData: Uint8Array.of(1, 2, 3),
  }
  const long = Uint8Array.from({ length: 65_535 }, (_, i) => i * i)
  for (let length = 0; length <= 300; length++) agree(context, long.subarray(0, length))
  agree(context, long)
  for (let length = 0; length <= 70; length++) {
    agree({ ...context, associatedData: long.subarray(0, length) }, long.subarray(0, 20))
  }
})

test('any key, nonce, associated data and plaintext', () => {
  fc.assert(fc.property(contexts, fc.uint8Array({ maxLength: 400 }), agree), { numRuns: 2000 })
})

test('a changed bit anywhere is found, in any context', () => {
  fc.assert(
    fc.property(contexts, fc.uint8Array({ maxLength: 100 }), fc.nat(), (context, plaintext, bit) => {
      const sealed = chacha20Poly1305Encrypt(context, plaintext)
      expect(chacha20Poly1305Decrypt(context, flipBit(sealed, bit % (8 * sealed.length)))).toBeUndefined()
    }),
  )
})

test('inputs are left alone, and views into larger buffers are taken for what they show', () => {
  const around = Uint8Array.from({ length: 200 }, (_, i) => i)
  const before = around.slice()
  const context = {
    key: around.subarray(3, 35),
    nonce: around.subarray(5, 17),
    associatedData: around.subarray(40, 47),
  }
  const plaintext = around.subarray(50, 187)
  agree(context, plaintext)
  const copied = {
    key: context.key.slice(),
    nonce: context.nonce.slice(),
    associatedData: context.associatedData.slice(),
  }
  expect(chacha20Poly1305Encrypt(context, plaintext)).toEqual(chacha20Poly1305Encrypt(copied, plaintext.slice()))
  expect(around).toEqual(before)
})
