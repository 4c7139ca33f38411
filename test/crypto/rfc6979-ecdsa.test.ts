import { describe, expect, test } from 'vitest'
import { fromHex, toHex, utf8Encode } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { backends, bytes32, ORDER } from './backends.ts'

// RFC 6979 names no curve of ours; these are the figures for secp256k1 that Bitcoin libraries have shared since 2013.
const vectors = [
  {
    secret: 1n,
    message: 'Satoshi Nakamoto',
    signature:
      '934b1ea10a4b3c1757e2b0c017d0b6143ce3c9a7e6a4a49860d7a6ab210ee3d82442ce9d2b916064108014783e923ec36b49743e2ffa1c4496f01a512aafd9e5',
  },
  {
    secret: 1n,
    message: 'All those moments will be lost in time, like tears in rain. Time to die...',
    signature:
      '8600dbd41e348fe5c9465ab92d23e3db8b98b873beecd930736488696438cb6b547fe64427496db33bf66019dacbf0039c04199abb0122918601db38a72cfc21',
  },
  {
    secret: ORDER - 1n,
    message: 'Satoshi Nakamoto',
    signature:
      'fd567d121db66e382991534ada77a6bd3106f0a1098c231e47993447cd6af2d06b39cd0eb1bc8603e159ef5c20a5c8ad685a45b06ce9bebed3f153d10d93bed5',
  },
] as const

describe.each(backends)('RFC 6979 with secp256k1 and SHA-256: $name', backend => {
  test.each(vectors)('$message ($secret)', ({ secret, message, signature }) => {
    const digest = sha256(utf8Encode(message))
    expect(toHex(backend.sign(digest, bytes32(secret)))).toBe(signature)
    expect(backend.verify(fromHex(signature), digest, backend.publicKey(bytes32(secret)))).toBe(true)
    expect(backend.verify(fromHex(signature), sha256(digest), backend.publicKey(bytes32(secret)))).toBe(false)
  })
})
