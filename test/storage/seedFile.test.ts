import { createCipheriv, createHash, scryptSync } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/index.ts'
import { seedPhraseFromEntropy } from '../../src/keys/index.ts'
import { createSeedFile, readSeedFile, type SeedProtection } from '../../src/storage/index.ts'
import { openSeed, type ScryptCost, sealSeed } from '../../src/storage/sealedSeed.ts'
import { temporaryDirectories } from './temporary.ts'

const directory = temporaryDirectories()
const newFile = () => join(directory(), 'seed')
const ENTROPY = Uint8Array.from({ length: 32 }, (_, i) => 7 * i)
const PHRASE = seedPhraseFromEntropy(ENTROPY)
const UNENCRYPTED: SeedProtection = { type: 'unencrypted' }
const under = (passphrase: string): SeedProtection => ({ type: 'passphrase', passphrase })
/** A guess that costs nothing, to open a seed a thousand times. */
const CHEAP: ScryptCost = { logN: 2, r: 1, p: 1 }

/** The same bytes with the hash at their end made right again: what somebody does who knows the format. */
const rehashed = (bytes: Uint8Array): Uint8Array => {
  const body = bytes.subarray(0, -32)
  return concat(body, new Uint8Array(createHash('sha256').update(body).digest()))
}

const withBit = (bytes: Uint8Array, bit: number): Uint8Array =>
  bytes.map((byte, at) => (at === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))

const everyBit = (bytes: Uint8Array): readonly number[] => Array.from({ length: 8 * bytes.length }, (_, bit) => bit)

describe('a seed in a file', () => {
  test('comes back under its passphrase, which is the same however it was typed', async () => {
    const file = newFile()
    await createSeedFile(file, PHRASE, under('caf\u00e9'))
    expect(await readSeedFile(file, under('caf\u00e9'))).toEqual({ ok: true, value: PHRASE })
    expect(await readSeedFile(file, under('cafe\u0301'))).toEqual({ ok: true, value: PHRASE })
    expect(toHex(readFileSync(file))).not.toContain(toHex(ENTROPY))
  })

  test('is for its owner alone, and nothing else is left in the directory', async () => {
    const file = newFile()
    writeFileSync(`${file}.new`, 'of a process that was killed before it had a name', { mode: 0o644 })
    await createSeedFile(file, PHRASE, UNENCRYPTED)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(dirname(file))).toEqual(['seed'])
  })

  test('is never replaced', async () => {
    const file = newFile()
    await createSeedFile(file, PHRASE, UNENCRYPTED)
    const other = createSeedFile(file, seedPhraseFromEntropy(new Uint8Array(32)), UNENCRYPTED)
    await expect(other).rejects.toMatchObject({ code: 'seed_exists', message: expect.stringContaining(file) })
    expect(await readSeedFile(file, UNENCRYPTED)).toEqual({ ok: true, value: PHRASE })
  })

  test('a file that is not there is said, and none is made', async () => {
    const file = newFile()
    expect(await readSeedFile(file, UNENCRYPTED)).toMatchObject({ ok: false, error: { code: 'no_seed_file' } })
    expect(existsSync(file)).toBe(false)
  })

  test('an empty passphrase is refused, and nothing is written', async () => {
    const file = newFile()
    await expect(createSeedFile(file, PHRASE, under(''))).rejects.toThrow(/empty passphrase/)
    expect(existsSync(file)).toBe(false)
  })
})

describe('a wrong word at the door', () => {
  test('another passphrase opens nothing', async () => {
    const sealed = await sealSeed(ENTROPY, under('right'), CHEAP)
    for (const passphrase of ['', 'Right', 'right ', ' right', 'wrong']) {
      expect(await openSeed(sealed, under(passphrase))).toEqual({
        ok: false,
        error: { code: 'wrong_passphrase', message: 'This passphrase does not open the seed.' },
      })
    }
  })

  test('what is encrypted is not opened without a passphrase, and what is not is not opened with one', async () => {
    const sealed = await sealSeed(ENTROPY, under('right'), CHEAP)
    expect(await openSeed(sealed, UNENCRYPTED)).toMatchObject({ ok: false, error: { code: 'encrypted' } })
    const open = await sealSeed(ENTROPY, UNENCRYPTED)
    expect(await openSeed(open, UNENCRYPTED)).toEqual({ ok: true, value: ENTROPY })
    expect(await openSeed(open, under('right'))).toMatchObject({ ok: false, error: { code: 'not_encrypted' } })
  })
})

describe('other bytes', () => {
  const kinds: readonly SeedProtection[] = [under('right'), UNENCRYPTED]

  test.each(kinds)('each bit turned around is found: $type', async protection => {
    const sealed = await sealSeed(ENTROPY, protection, CHEAP)
    for (const bit of everyBit(sealed)) {
      const opened = await openSeed(withBit(sealed, bit), protection)
      expect(opened, `bit ${bit}`).toMatchObject({ ok: false, error: { code: 'damaged' } })
    }
  })

  test('also by somebody who makes the hash right again: an encrypted seed opens as it was made or not at all', async () => {
    const sealed = await sealSeed(ENTROPY, under('right'), CHEAP)
    const codes = new Map<string, number>()
    for (const bit of everyBit(sealed.subarray(0, -32))) {
      const opened = await openSeed(rehashed(withBit(sealed, bit)), under('right'))
      expect(opened.ok, `bit ${bit}`).toBe(false)
      const code = opened.ok ? '' : opened.error.code
      codes.set(code, (codes.get(code) ?? 0) + 1)
    }
    // The magic and the tag; the version; logN to 0, 18, 34, 66 and 130, r to 0, p to 0, 17, 33, 65 and 129; all of the rest.
    expect(Object.fromEntries(codes)).toEqual({
      damaged: 112,
      newer_version: 8,
      unusable_cost: 11,
      wrong_passphrase: 653,
    })
  })

  test.each(kinds)('each part of it is refused, and so is more: $type', async protection => {
    const sealed = await sealSeed(ENTROPY, protection, CHEAP)
    for (let length = 0; length < sealed.length; length++) {
      const cut = sealed.subarray(0, length)
      expect(await openSeed(cut, protection)).toMatchObject({ ok: false, error: { code: 'damaged' } })
      if (length < 32) continue
      expect((await openSeed(rehashed(cut), protection)).ok, `${length} bytes`).toBe(false)
    }
    expect((await openSeed(concat(sealed, Uint8Array.of(0)), protection)).ok).toBe(false)
    const longer = rehashed(concat(sealed.subarray(0, -32), new Uint8Array(33)))
    expect(await openSeed(longer, protection)).toMatchObject({ ok: false, error: { code: 'damaged' } })
  })
})

describe('the format, version 1', () => {
  // Kept as it is for ever: files that were written with it have to open.
  const header = `${Buffer.from('bookend seed\n').toString('hex')}01`

  test('unencrypted', async () => {
    const body = fromHex(`${header}00${toHex(ENTROPY)}`)
    const file = rehashed(concat(body, new Uint8Array(32)))
    expect(await sealSeed(ENTROPY, UNENCRYPTED)).toEqual(file)
    expect(await openSeed(file, UNENCRYPTED)).toEqual({ ok: true, value: ENTROPY })
  })

  test('encrypted, by the scrypt and the cipher of the host', async () => {
    const salt = new Uint8Array(32).fill(9)
    const before = fromHex(`${header}01110801${toHex(salt)}`)
    const key = scryptSync('right', salt, 32, { N: 2 ** 17, r: 8, p: 1, maxmem: 2 ** 28 })
    const cipher = createCipheriv('chacha20-poly1305', key, new Uint8Array(12), { authTagLength: 16 })
    cipher.setAAD(before, { plaintextLength: 32 })
    const encrypted = concat(cipher.update(ENTROPY), cipher.final(), cipher.getAuthTag())
    const file = rehashed(concat(before, encrypted, new Uint8Array(32)))
    expect(await openSeed(file, under('right'))).toEqual({ ok: true, value: ENTROPY })
    const ours = await sealSeed(ENTROPY, under('right'))
    expect(toHex(ours.subarray(0, 18))).toBe(toHex(before.subarray(0, 18)))
    expect(ours.length).toBe(file.length)
  })

  test('two files of one seed and passphrase share no salt and no ciphertext', async () => {
    const [a, b] = await Promise.all([1, 2].map(() => sealSeed(ENTROPY, under('right'), CHEAP)))
    expect(toHex(a?.subarray(18, 50) ?? ENTROPY)).not.toBe(toHex(b?.subarray(18, 50) ?? ENTROPY))
    expect(toHex(a?.subarray(50, 82) ?? ENTROPY)).not.toBe(toHex(b?.subarray(50, 82) ?? ENTROPY))
  })
})
