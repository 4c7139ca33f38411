import { beforeAll, expect, test } from 'vitest'
import { publicKeyFromSecret, sha256, signEcdsa, verifyEcdsa } from '../../src/crypto/index.ts'
import { judgeOf } from '../../src/sim/judge.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'

// Who says on the chain of a world whether a signature holds.

const secret = sha256(Uint8Array.of(1))
const digests = Array.from({ length: 200 }, (_, index) => sha256(Uint8Array.of(index)))

beforeAll(() => useCrypto('real'))

test('real: what was signed holds, and nothing else does', () => {
  const judge = judgeOf('real')
  const key = publicKeyFromSecret(secret)
  const another = publicKeyFromSecret(sha256(Uint8Array.of(2)))
  for (const [index, digest] of digests.entries()) {
    const signature = signEcdsa(digest, secret)
    expect(judge(signature, digest, key)).toBe(true)
    expect(judge(signature, digest, another)).toBe(false)
    expect(judge(signature, digests[(index + 1) % digests.length] ?? digest, key)).toBe(false)
    expect(judge(signature, digest, key.subarray(1))).toBe(false)
  }
})

test('real: a library that takes what does not hold, or refuses what does, is found out by the other one', () => {
  const key = publicKeyFromSecret(secret)
  const right = (digest: Uint8Array) => signEcdsa(digest, secret)
  const wrong = () => new Uint8Array(64).fill(1)
  const judged = (answer: boolean, signature: (digest: Uint8Array) => Uint8Array) => () => {
    const judge = judgeOf('real', () => answer)
    for (const digest of digests) expect(judge(signature(digest), digest, key)).toBe(answer)
  }
  expect(judged(true, wrong)).toThrow('two libraries differ')
  expect(judged(false, right)).toThrow('two libraries differ')
  expect(judged(true, right)).not.toThrow()
  expect(judged(false, wrong)).not.toThrow()
})

test('fast: the keys of the mode decide alone', () => {
  expect(judgeOf('fast')).toBe(verifyEcdsa)
})
