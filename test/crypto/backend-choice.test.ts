import { afterEach, describe, expect, test, vi } from 'vitest'
import { fromHex } from '../../src/base/index.ts'
import * as crypto from '../../src/crypto/index.ts'
import { type BackendLoaders, installBestBackends } from '../../src/node/crypto/installBestBackends.ts'
import { native, pure, wasm } from './backends.ts'

const { activeBackends, installBackends, pureHashes } = crypto

afterEach(async () => {
  vi.unstubAllEnvs()
  await installBestBackends()
})

const missing = () => {
  throw new Error('no build for this machine')
}
const loadersWithout = (...names: string[]): BackendLoaders => ({
  secp256k1: [native ?? pure, wasm, pure].map(backend => ({
    name: backend.name,
    load: names.includes(backend.name) ? missing : () => backend,
  })),
  hashes: [
    { name: 'native', load: names.includes('native') ? missing : () => ({ ...pureHashes, name: 'native' }) },
    { name: 'pure', load: () => pureHashes },
  ],
})

describe('installBestBackends', () => {
  test.runIf(native !== undefined)('takes the native backends where they run', async () => {
    const report = await installBestBackends('')
    expect(report).toEqual({ secp256k1: { name: 'native', tried: [] }, hashes: { name: 'native', tried: [] } })
    expect(activeBackends()).toEqual({ secp256k1: 'native', hashes: 'native' })
  })

  test('takes WASM where there is no native build, and says why', async () => {
    const report = await installBestBackends('', loadersWithout('native'))
    expect(report.secp256k1).toEqual({
      name: 'wasm',
      tried: [{ name: 'native', reason: 'no build for this machine' }],
    })
    expect(report.hashes.name).toBe('pure')
    expect(activeBackends()).toEqual({ secp256k1: 'wasm', hashes: 'pure' })
  })

  test('ends at the pure backend, which is always there', async () => {
    const report = await installBestBackends('', loadersWithout('native', 'wasm'))
    expect(report.secp256k1.name).toBe('pure')
    expect(report.secp256k1.tried.map(({ name }) => name)).toEqual(['native', 'wasm'])
  })

  test('takes the one that BOOKEND_CRYPTO names', async () => {
    for (const name of ['pure', 'wasm'] as const) {
      vi.stubEnv('BOOKEND_CRYPTO', name)
      expect((await installBestBackends()).secp256k1).toEqual({ name, tried: [] })
      expect(activeBackends().secp256k1).toBe(name)
    }
  })

  test('does not fall back from the one that was asked for', async () => {
    const before = activeBackends()
    await expect(installBestBackends('native', loadersWithout('native'))).rejects.toMatchObject({
      name: 'CryptoBackendError',
      code: 'unavailable_backend',
      message: expect.stringContaining('native: no build for this machine'),
    })
    expect(activeBackends()).toEqual(before)
  })

  test('lists what may be asked for when it is asked for something else', async () => {
    vi.stubEnv('BOOKEND_CRYPTO', 'Native')
    await expect(installBestBackends()).rejects.toMatchObject({
      code: 'unknown_backend',
      message: expect.stringMatching(/"Native".*native, wasm or pure/),
    })
  })

  test('trusts no library that answers a known case wrong', async () => {
    const wrong = 'it gave a wrong answer to a known case'
    const constant = new Uint8Array(32)
    const fakes = [
      { ...pure, publicKey: () => new Uint8Array(33) },
      { ...pure, sign: () => new Uint8Array(64) },
      { ...pure, verify: () => false },
    ]
    for (const fake of fakes) {
      const loaders = loadersWithout('native')
      const secp256k1 = [{ name: 'native', load: () => fake } as const, ...loaders.secp256k1.slice(1)]
      const report = await installBestBackends('', { ...loaders, secp256k1 })
      expect(report.secp256k1.tried).toEqual([{ name: 'native', reason: wrong }])
    }
    for (const fake of [
      { ...pureHashes, sha256: () => constant },
      { ...pureHashes, ripemd160: () => constant },
      { ...pureHashes, hmacSha256: () => constant },
    ]) {
      const loaders = loadersWithout()
      const hashes = [{ name: 'native', load: () => fake } as const, ...loaders.hashes.slice(1)]
      expect((await installBestBackends('', { ...loaders, hashes })).hashes.tried).toEqual([
        { name: 'native', reason: wrong },
      ])
    }
  })

  test('reports also what a library throws that is no Error', async () => {
    const rude = () => Promise.reject('out of memory')
    const secp256k1 = [{ name: 'native', load: rude } as const, { name: 'pure', load: () => pure } as const]
    const report = await installBestBackends('', { ...loadersWithout(), secp256k1 })
    expect(report.secp256k1.tried).toEqual([{ name: 'native', reason: 'out of memory' }])
  })
})

describe('the door', () => {
  const secret = new Uint8Array(32).fill(1)
  const tweak = new Uint8Array(32).fill(3)
  const digest = new Uint8Array(32).fill(2)

  test('asks the backend that is installed, and leaves the other as it is', () => {
    installBackends({ secp256k1: wasm, hashes: pureHashes })
    installBackends({ secp256k1: { ...pure, isPublicKey: () => true } })
    expect(crypto.isPublicKey(new Uint8Array(1))).toBe(true)
    expect(activeBackends()).toEqual({ secp256k1: 'pure', hashes: 'pure' })
    installBackends({ hashes: { ...pureHashes, name: 'native' } })
    expect(activeBackends()).toEqual({ secp256k1: 'pure', hashes: 'native' })
  })

  test('gives the same answers whichever backend is behind it', () => {
    const answers = [native ?? pure, wasm, pure].map(secp256k1 => {
      installBackends({ secp256k1 })
      const publicKey = crypto.publicKeyFromSecret(secret)
      const signature = crypto.signEcdsa(digest, secret)
      return [
        publicKey,
        signature,
        crypto.verifyEcdsa(signature, digest, publicKey),
        crypto.verifyEcdsa(signature, secret, publicKey),
        crypto.isSecretKey(secret),
        crypto.isPublicKey(publicKey),
        crypto.publicKeyTweakAdd(publicKey, tweak),
        crypto.publicKeyTweakMultiply(publicKey, tweak),
        crypto.publicKeyCombine(publicKey, publicKey),
        crypto.secretTweakAdd(secret, tweak),
        crypto.secretTweakMultiply(secret, tweak),
        crypto.ecdh(publicKey, tweak),
      ]
    })
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
    expect(answers[0]?.slice(2, 6)).toEqual([true, false, true, true])
    expect(new Set(answers[0]).size).toBe(10)
  })

  // BOLT 8, Transport test vectors: act one, initiator. ECDH of the ephemeral key and the responder's static key.
  test('computes the shared secret of BOLT 8', () => {
    const responder = fromHex('028d7500dd4c12685d1f568b4c2b5048e8534b873319f3a8daa612b469132ec7f7')
    const shared = fromHex('1e2fb3c8fe8fb9f262f649f64d26ecf0f2c0a805a767cf02dc2d77a6ef1fdcc3')
    for (const backend of [native ?? pure, wasm, pure]) {
      expect(backend.ecdh(responder, new Uint8Array(32).fill(0x12))).toEqual(shared)
    }
  })
})
