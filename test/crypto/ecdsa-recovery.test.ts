import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/index.ts'
import { type RecoveryId, recoverPublicKey, sha256, signEcdsaRecoverable } from '../../src/crypto/index.ts'
import { backends, bytes32, ORDER, otherS, pure } from './backends.ts'

// The first example of BOLT 11 signs this digest; the recovery flag that it prints is 1.
const bolt11 = {
  secret: fromHex('e126f68f7eafcc8b74f54d269fe206be715000f94dac067d1c04a8ca3b2db734'),
  publicKey: '03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad',
  digest: fromHex('6daf4d488be41ce7cbb487cab1ef2975e5efcea879b20d421f0ef86b07cbb987'),
  signature:
    '8d3ce9e28357337f62da0162d9454df827f83cfe499aeb1c1db349d4d81127425e434ca29929406c23bba1ae8ac6ca32880b38d4bf6ff874024cac34ba9625f1',
}
const RECOVERY_IDS: readonly RecoveryId[] = [0, 1, 2, 3]

/** What all backends recover, once they have agreed. */
function recover(signature: Uint8Array, recoveryId: RecoveryId, digest: Uint8Array): string | undefined {
  const [first, ...others] = backends.map(backend => {
    const key = backend.recoverPublicKey(signature, recoveryId, digest)
    return key === undefined ? undefined : toHex(key)
  })
  for (const other of others) expect(other).toBe(first)
  return first
}

describe.each(backends)('recoverable signatures of BOLT 11: $name', backend => {
  test('signs and recovers the first example', () => {
    const signed = backend.signRecoverable(bolt11.digest, bolt11.secret)
    expect(toHex(signed.signature)).toBe(bolt11.signature)
    expect(signed.recoveryId).toBe(1)
    expect(signed.signature.constructor).toBe(Uint8Array)
    const recovered = backend.recoverPublicKey(signed.signature, 1, bolt11.digest)
    expect(recovered?.constructor).toBe(Uint8Array)
    expect(recovered && toHex(recovered)).toBe(bolt11.publicKey)
  })

  test('recovers from a high S too: the same key where the flag is turned with S, another where it is not', () => {
    const high = otherS(fromHex(bolt11.signature))
    expect(backend.verify(high, bolt11.digest, fromHex(bolt11.publicKey))).toBe(false)
    const turned = backend.recoverPublicKey(high, 0, bolt11.digest)
    expect(turned && toHex(turned)).toBe(bolt11.publicKey)
    // The figure is that of the example "public-key recovery with high-S signature".
    const unturned = backend.recoverPublicKey(high, 1, bolt11.digest)
    expect(unturned && toHex(unturned)).toBe('02d0139ce7427d6dfffd26a326c18be754ef1e64672b42694ba5b23ef6e6e7803d')
  })

  test('calls it a bug to sign with what is no key or no digest', () => {
    for (const secret of [bytes32(0n), bytes32(ORDER), new Uint8Array(31).fill(1)])
      expect(() => backend.signRecoverable(bolt11.digest, secret)).toThrow('bug in Bookend')
    expect(() => backend.signRecoverable(bolt11.digest.slice(1), bolt11.secret)).toThrow('a digest has 32 bytes')
  })

  test('recovers nothing from bytes of another length', () => {
    const signature = fromHex(bolt11.signature)
    for (const malformed of [new Uint8Array(0), signature.slice(1), concat(signature, Uint8Array.of(0))])
      expect(backend.recoverPublicKey(malformed, 1, bolt11.digest)).toBeUndefined()
    for (const malformed of [new Uint8Array(0), bolt11.digest.slice(1), concat(bolt11.digest, Uint8Array.of(0))])
      expect(backend.recoverPublicKey(signature, 1, malformed)).toBeUndefined()
  })
})

describe('all backends', () => {
  test('agree on 300 random signatures: the signature of sign, and the key that made it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), seed => {
        const [secret, digest] = [sha256(seed), sha256(sha256(seed))]
        const signed = pure.signRecoverable(digest, secret)
        expect(signed.signature).toEqual(pure.sign(digest, secret))
        for (const backend of backends) expect(backend.signRecoverable(digest, secret)).toEqual(signed)
        const publicKey = toHex(pure.publicKey(secret))
        for (const id of RECOVERY_IDS)
          expect(recover(signed.signature, id, digest) === publicKey).toBe(id === signed.recoveryId)
      }),
      { numRuns: 300 },
    )
  })

  test('agree at the edges of r, s and the digest', () => {
    // x = 5 is on no point of the curve; r + n is below the field's prime for the small r alone, which ids 2 and 3 need.
    const scalars = [0n, 1n, 2n, 5n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n].map(bytes32)
    const found = new Set<string>()
    for (const r of scalars)
      for (const s of scalars)
        for (const digest of [...scalars, bolt11.digest])
          for (const id of RECOVERY_IDS)
            found.add(recover(concat(r, s), id, digest) === undefined ? 'none' : `id ${id}`)
    expect([...found].sort()).toEqual(['id 0', 'id 1', 'id 2', 'id 3', 'none'])
  })

  test('find no key where it would be the point at infinity', () => {
    // With the point of r equal to G and s equal to the digest, the key is (s − digest)/r · G.
    const generatorX = pure.publicKey(bytes32(1n)).slice(1)
    expect(recover(concat(generatorX, bytes32(7n)), 0, bytes32(7n))).toBeUndefined()
    expect(recover(concat(generatorX, bytes32(7n)), 0, bytes32(8n))).toBeDefined()
  })
})

describe('the door', () => {
  test('signs and recovers, and recovers nothing with an id that is none', () => {
    const { signature, recoveryId } = signEcdsaRecoverable(bolt11.digest, bolt11.secret)
    const recovered = recoverPublicKey(signature, recoveryId, bolt11.digest)
    expect(recovered && toHex(recovered)).toBe(bolt11.publicKey)
    for (const id of [-1, 4, 255, 0.5, Number.NaN])
      expect(recoverPublicKey(signature, id, bolt11.digest)).toBeUndefined()
  })
})
