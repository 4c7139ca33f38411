import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concat, nodeId, toHex, utf8Encode } from '../../src/base/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import { keysFromPhrase, seedPhraseFromEntropy } from '../../src/keys/index.ts'
import { sealBackup } from '../../src/node/backup.ts'
import { BookendError, openBackup, restoreBackup } from '../../src/node/index.ts'
import { memoryStore } from '../../src/storage/index.ts'

// The file of a backup: all of what went in comes out, for the words that it belongs to, or a sentence says why not.

const PHRASE = seedPhraseFromEntropy(new Uint8Array(32).fill(7))
const OTHER = seedPhraseFromEntropy(new Uint8Array(32).fill(8))
const KEYS = keysFromPhrase(PHRASE)
const nodeOf = (phrase: typeof PHRASE) => nodeId(publicKeyFromSecret(keysFromPhrase(phrase).nodeSecret))
const CREATED_AT = 1_700_000_000_000
const RECORDS = new Map([
  ['block/0000000001', new Uint8Array(32).fill(1)],
  ['peer/02', utf8Encode('{"asked":true,"addresses":[]}')],
  ['token/abc', utf8Encode('{}')],
])

const seal = (records: ReadonlyMap<string, Uint8Array>, nonce = new Uint8Array(12).fill(9)) =>
  sealBackup({
    store: memoryStore(records),
    key: KEYS.backupKey,
    nonce,
    nodeId: nodeOf(PHRASE),
    network: 'regtest',
    createdAt: CREATED_AT,
  })

function refusal(bytes: Uint8Array, phrase = PHRASE): BookendError {
  const opened = openBackup(bytes, phrase)
  if (opened.ok) throw new Error('it was opened')
  expect(opened.error).toBeInstanceOf(BookendError)
  expect(opened.error.code).toBe('bad_request')
  return opened.error
}

/** The same with a hash that is right again. */
function rehashed(bytes: Uint8Array): Uint8Array {
  const body = bytes.subarray(0, -32)
  return concat(body, sha256(body))
}

describe('a backup', () => {
  it('gives back what was in it, whatever that is', async () => {
    const values = fc.uint8Array({ maxLength: 200 })
    const keys = fc.string({ unit: 'grapheme-ascii', maxLength: 40 }).map(name => `wallet/${name}`)
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(keys, values)), async entries => {
        const records = new Map(entries)
        const opened = openBackup(await seal(records), PHRASE)
        expect(opened).toEqual({
          ok: true,
          value: { nodeId: nodeOf(PHRASE), network: 'regtest', createdAt: CREATED_AT, records },
        })
      }),
      { numRuns: 15 },
    )
  })

  it('leaves out what a start does not load, and shows nothing but whose it is', async () => {
    const secret = utf8Encode('where the peer is')
    const bytes = await seal(new Map([...RECORDS, ['peer/03', secret], ['event/1', secret], ['archive/x', secret]]))
    const opened = openBackup(bytes, PHRASE)
    expect(opened.ok && [...opened.value.records.keys()].sort()).toEqual([
      'block/0000000001',
      'peer/02',
      'peer/03',
      'token/abc',
    ])
    expect(toHex(bytes)).not.toContain(toHex(secret))
    expect(toHex(bytes)).toContain(nodeOf(PHRASE))
  })

  it('of other words: says to which node it belongs', async () => {
    const error = refusal(await seal(RECORDS), OTHER)
    expect(error.facts).toEqual({ reason: 'wrong_seed' })
    expect(error.message).toBe(
      `The backup cannot be used. The file belongs to node ${nodeOf(PHRASE)}, and these words to node ${nodeOf(OTHER)}.`,
    )
  })

  it('that is none, is of another version, or has a network that nobody knows', async () => {
    const bytes = await seal(RECORDS)
    expect(refusal(new Uint8Array(0)).facts).toEqual({ reason: 'not_a_backup' })
    expect(refusal(utf8Encode('something else altogether')).facts).toEqual({ reason: 'not_a_backup' })
    const later = bytes.slice()
    later[15] = 2
    expect(refusal(later)).toMatchObject({ facts: { reason: 'other_version' } })
    expect(refusal(later).message).toContain('of version 2, and this Bookend reads version 1')
    const elsewhere = bytes.slice()
    elsewhere[16 + 33] = 9
    expect(refusal(rehashed(elsewhere)).facts).toEqual({ reason: 'damaged' })
  })

  it('with any bit turned, or cut anywhere: is never opened', async () => {
    const bytes = await seal(RECORDS)
    const isRefused = (changed: Uint8Array) => expect(openBackup(changed, PHRASE).ok).toBe(false)
    for (let at = 0; at < bytes.length; at++) isRefused(bytes.subarray(0, at))
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), bit => {
        const changed = bytes.slice()
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        isRefused(changed)
        // Whoever changes it can make the hash fit, and not the tag.
        if (bit >= 16 * 8 && bit < (bytes.length - 32) * 8) isRefused(rehashed(changed))
      }),
      { numRuns: 60 },
    )
    expect(refusal(bytes.subarray(0, -1)).facts).toEqual({ reason: 'damaged' })
    const sealedAnew = bytes.slice()
    sealedAnew[bytes.length - 40] = (sealedAnew[bytes.length - 40] ?? 0) ^ 1
    expect(refusal(rehashed(sealedAnew)).facts).toEqual({ reason: 'damaged' })
  })
})

describe('restoring it', () => {
  const NOW = 1_800_000_000_123

  it('fills an empty store in one commit: without tokens and payments on their way, with keys never used', async () => {
    const inFlight = new Map([...RECORDS, ['in-flight/0000000000000001', utf8Encode('{}')]])
    const store = memoryStore()
    const commits: number[] = []
    const counting = {
      ...store,
      commit: async (writes: Parameters<typeof store.commit>[0]) => {
        commits.push(writes.length)
        await store.commit(writes)
      },
    }
    const restored = await restoreBackup({ backup: await seal(inFlight), phrase: PHRASE, store: counting, now: NOW })
    expect(restored).toEqual({ nodeId: nodeOf(PHRASE), network: 'regtest', createdAt: CREATED_AT, channelsToClose: 0 })
    const held = store.snapshot()
    expect([...held.keys()].sort()).toEqual(['block/0000000001', 'node/next-link', 'peer/02'])
    expect(Buffer.from(held.get('node/next-link') ?? []).readBigUInt64BE()).toBe(BigInt(NOW))
    expect(commits).toEqual([3])
  })

  it('from a height: what blocks have said is left to the blocks', async () => {
    const wallet = new Map([
      ['wallet/version', Uint8Array.of(1)],
      ['wallet/indexes', new Uint8Array(12)],
      ['wallet/height', new Uint8Array(4)],
      ['wallet/coin/x', new Uint8Array(4)],
    ])
    const store = memoryStore()
    const backup = await seal(new Map([...RECORDS, ...wallet]))
    await restoreBackup({ backup, phrase: PHRASE, store, now: NOW, birthHeight: 77 })
    const held = store.snapshot()
    expect([...held.keys()].sort()).toEqual([
      'node/birth-height',
      'node/next-link',
      'peer/02',
      'wallet/indexes',
      'wallet/version',
    ])
    expect(held.get('node/birth-height')).toEqual(Uint8Array.of(0, 0, 0, 77))
  })

  it('never over other records', async () => {
    const before = new Map([['event/0000000000000001', utf8Encode('{}')]])
    const store = memoryStore(before)
    const restoring = restoreBackup({ backup: await seal(RECORDS), phrase: PHRASE, store })
    await expect(restoring).rejects.toMatchObject({ code: 'conflict', facts: { reason: 'not_empty' } })
    expect(store.snapshot()).toEqual(before)
  })

  it('never with the wrong words, nor with records that cannot be read', async () => {
    const store = memoryStore()
    const other = restoreBackup({ backup: await seal(RECORDS), phrase: OTHER, store })
    await expect(other).rejects.toMatchObject({ facts: { reason: 'wrong_seed' } })
    const half = await seal(new Map([[`channel/${'ab'.repeat(32)}/peer`, utf8Encode('{}')]]))
    await expect(restoreBackup({ backup: half, phrase: PHRASE, store })).rejects.toMatchObject({
      facts: { reason: 'unreadable_records' },
    })
    const torn = await seal(new Map([['node/next-link', Uint8Array.of(1)]]))
    await expect(restoreBackup({ backup: torn, phrase: PHRASE, store })).rejects.toMatchObject({
      facts: { reason: 'unreadable_records' },
    })
    expect(store.snapshot().size).toBe(0)
  })
})
