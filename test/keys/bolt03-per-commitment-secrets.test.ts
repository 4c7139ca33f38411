import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError, fromHex, toHex } from '../../src/base/index.ts'
import {
  emptySecretStore,
  FIRST_SECRET_INDEX,
  generateSecret,
  insertSecret,
  lookupSecret,
  type SecretStore,
  secretSlot,
} from '../../src/keys/index.ts'
import generation from './bolt03-secret-generation.vectors.json' with { type: 'json' }
import storage from './bolt03-secret-storage.vectors.json' with { type: 'json' }

const seed32 = fc.uint8Array({ minLength: 32, maxLength: 32 })

function insert(store: SecretStore, index: number, secret: Uint8Array): SecretStore {
  const inserted = insertSecret(store, index, secret)
  if (!inserted.ok) throw new Error(inserted.error.message)
  return inserted.value
}

/** The store of someone who has received every secret down to `last`, built without receiving them one by one. */
function storeDownTo(seed: Uint8Array, last: number): SecretStore {
  const slots = []
  for (let slot = 0; slot <= 48; slot++) {
    const step = 2 ** slot
    // The lowest index, from `last` up, that ends in exactly `slot` zero bits.
    let index = slot === 48 ? 0 : Math.ceil(last / step) * step
    if (slot < 48 && secretSlot(index) !== slot) index += step
    if (index < last || index > FIRST_SECRET_INDEX) break
    slots.push({ index, secret: generateSecret(seed, index) })
  }
  return { slots }
}

describe('BOLT 3, appendix D: Generation Tests', () => {
  test.each(generation.cases)('$name', ({ seed, index, secret }) => {
    expect(toHex(generateSecret(fromHex(seed), Number(index)))).toBe(secret)
  })

  test('an index of more than 48 bits, or none at all, is a bug', () => {
    const seed = new Uint8Array(32)
    for (const index of [-1, 2 ** 48, 0.5, Number.NaN]) expect(() => generateSecret(seed, index)).toThrow(BugError)
    expect(() => generateSecret(new Uint8Array(31), 1)).toThrow(BugError)
  })

  test('the seed is the secret of index 0, and is left as it was', () => {
    const seed = new Uint8Array(32).fill(7)
    expect(generateSecret(seed, 0)).toEqual(seed)
    generateSecret(seed, FIRST_SECRET_INDEX)
    expect(seed).toEqual(new Uint8Array(32).fill(7))
  })
})

describe('BOLT 3, appendix D: Storage Tests', () => {
  test.each(storage.cases)('$name', ({ inserts }) => {
    let store = emptySecretStore
    for (const { index, secret, accepted } of inserts) {
      const inserted = insertSecret(store, Number(index), fromHex(secret))
      expect(inserted.ok, `index ${index}`).toBe(accepted)
      if (inserted.ok) store = inserted.value
      else expect(inserted.error.code).toBe('wrong_secret')
    }
  })
})

describe('BOLT 3, Efficient Per-commitment Secret Storage', () => {
  test('after any number of secrets, all of them are found and none that has not come', () => {
    fc.assert(
      fc.property(seed32, fc.integer({ min: 1, max: 300 }), (seed, count) => {
        let store = emptySecretStore
        const last = FIRST_SECRET_INDEX - count + 1
        for (let index = FIRST_SECRET_INDEX; index >= last; index--) {
          store = insert(store, index, generateSecret(seed, index))
        }
        expect(store).toEqual(storeDownTo(seed, last))
        for (let index = FIRST_SECRET_INDEX; index >= last; index--) {
          expect(lookupSecret(store, index)).toEqual(generateSecret(seed, index))
        }
        for (let index = last - 1; index > last - 20; index--) expect(lookupSecret(store, index)).toBeUndefined()
      }),
      { numRuns: 30 },
    )
  })

  test('anywhere in the life of a channel, 2^48 secrets long, the same holds', () => {
    const position = fc.oneof(
      fc.maxSafeNat().map(n => n % 2 ** 48),
      fc.nat(1000),
      fc.nat(48).map(bit => 2 ** bit - 1),
    )
    fc.assert(
      fc.property(seed32, position, fc.array(fc.maxSafeNat(), { maxLength: 20 }), (seed, last, lookups) => {
        let store = storeDownTo(seed, last)
        for (let index = last - 1; index >= 0 && index > last - 5; index--) {
          const next = insert(store, index, generateSecret(seed, index))
          // One slot is new; the others are the very same records.
          const changed = next.slots.filter((entry, slot) => entry !== store.slots[slot])
          expect(changed).toEqual([{ index, secret: generateSecret(seed, index) }])
          expect(next.slots[secretSlot(index)]).toBe(changed[0])
          expect(next.slots.length).toBeLessThanOrEqual(49)
          store = next
        }
        for (const offset of lookups) {
          const received = last + (offset % (FIRST_SECRET_INDEX + 1 - last))
          expect(lookupSecret(store, received)).toEqual(generateSecret(seed, received))
          if (last > 5) expect(lookupSecret(store, offset % (last - 5))).toBeUndefined()
        }
      }),
      { numRuns: 300 },
    )
  })

  test('the last secret of all fills the 49th slot and leads to every other', () => {
    const seed = new Uint8Array(32).fill(9)
    const store = insert(storeDownTo(seed, 1), 0, seed)
    expect(store.slots).toHaveLength(49)
    expect(lookupSecret(store, FIRST_SECRET_INDEX)).toEqual(generateSecret(seed, FIRST_SECRET_INDEX))
    expect(() => insertSecret(store, -1, seed)).toThrow(BugError)
  })

  test('one wrong bit in a secret is found out at once where earlier ones follow from it', () => {
    fc.assert(
      fc.property(seed32, fc.maxSafeNat(), fc.nat(255), (seed, position, bit) => {
        const index = (position % 2 ** 47) * 2
        const store = storeDownTo(seed, index + 1)
        const wrong = insertSecret(store, index, flipBit(generateSecret(seed, index), bit))
        expect(wrong).toMatchObject({ ok: false, error: { code: 'wrong_secret', index } })
        if (!wrong.ok) {
          expect(wrong.error.contradicts).toBeGreaterThan(index)
          expect(wrong.error.message).toContain('BOLT 3')
        }
      }),
      { numRuns: 300 },
    )
  })

  test('a wrong secret of an odd index is found out by the very next one', () => {
    fc.assert(
      fc.property(seed32, fc.maxSafeNat(), fc.nat(255), (seed, position, bit) => {
        const odd = (position % (2 ** 47 - 1)) * 2 + 3
        const store = odd === FIRST_SECRET_INDEX ? emptySecretStore : storeDownTo(seed, odd + 1)
        const wrong = insert(store, odd, flipBit(generateSecret(seed, odd), bit))
        const error = { code: 'wrong_secret', contradicts: odd }
        expect(insertSecret(wrong, odd - 1, generateSecret(seed, odd - 1))).toMatchObject({ ok: false, error })
      }),
      { numRuns: 300 },
    )
  })

  test('the order is part of the storage: another one is a bug, not a wrong secret', () => {
    const secret = new Uint8Array(32)
    expect(() => insertSecret(emptySecretStore, FIRST_SECRET_INDEX - 1, secret)).toThrow(BugError)
    const store = insert(emptySecretStore, FIRST_SECRET_INDEX, secret)
    expect(() => insertSecret(store, FIRST_SECRET_INDEX, secret)).toThrow(BugError)
    expect(() => insertSecret(store, FIRST_SECRET_INDEX - 2, secret)).toThrow(BugError)
    expect(() => insertSecret(store, FIRST_SECRET_INDEX - 1, new Uint8Array(31))).toThrow(BugError)
  })

  test('nothing is found in an empty store', () => {
    expect(lookupSecret(emptySecretStore, FIRST_SECRET_INDEX)).toBeUndefined()
  })
})

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
}
