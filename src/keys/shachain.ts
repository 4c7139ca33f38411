import { assert, bytesEqual, defined, err, ok, type Result, toHex } from '../base/index.ts'
import { sha256 } from '../crypto/index.ts'

/** The index of the first per-commitment secret; from there it counts down (BOLT 3, Per-commitment Secret Requirements). */
export const FIRST_SECRET_INDEX = 2 ** 48 - 1

/** A received secret (32 bytes) and its index. */
export interface StoredSecret {
  readonly index: number
  readonly secret: Uint8Array
}

/**
 * All the secrets received so far, in at most 49 slots (BOLT 3, Efficient Per-commitment Secret Storage). Slot `b`
 * holds the latest secret whose index ends in `b` zero bits; the earlier ones of its kind follow from higher slots.
 */
export interface SecretStore {
  readonly slots: readonly StoredSecret[]
}

export interface WrongSecret {
  readonly code: 'wrong_secret'
  readonly message: string
  readonly index: number
  /** The index of the earlier secret that does not follow from this one. */
  readonly contradicts: number
}

export const emptySecretStore: SecretStore = { slots: [] }

/** The secret (32 bytes) of an index from a seed of 32 bytes. Cost: at most 48 hashes. */
export function generateSecret(seed: Uint8Array, index: number): Uint8Array {
  assert(seed.length === 32, () => `a seed has 32 bytes, got ${seed.length}`)
  return deriveSecret(seed, 48, index)
}

/**
 * The store with one secret more, which differs from the given one in the slot `secretSlot(index)` only: that record is
 * all that has to be written. Secrets come in order, down from `FIRST_SECRET_INDEX`; another order is a bug.
 * Fails where an earlier secret does not follow from this one: they are not of one seed.
 *
 * A wrong secret with an odd index contradicts nothing yet: whoever receives a secret has to compare its point with
 * the per-commitment point that was promised (BOLT 2, revoke_and_ack, receiver).
 */
export function insertSecret(store: SecretStore, index: number, secret: Uint8Array): Result<SecretStore, WrongSecret> {
  const expected = nextIndex(store)
  assert(
    index === expected && index >= 0,
    () => `secrets are stored in order: expected index ${expected}, got ${index}`,
  )
  assert(secret.length === 32, () => `a per-commitment secret has 32 bytes, got ${secret.length}`)
  const slot = secretSlot(index)
  for (const earlier of store.slots.slice(0, slot)) {
    if (!bytesEqual(deriveSecret(secret, slot, earlier.index), earlier.secret)) {
      return err(wrongSecret(index, secret, earlier))
    }
  }
  // In order, slot b is filled for the first time after all the slots below it, so there are never holes.
  const entry = { index, secret }
  return ok({ slots: slot < store.slots.length ? store.slots.with(slot, entry) : [...store.slots, entry] })
}

/** The secret of an index that has been received; `undefined` for one that has not. */
export function lookupSecret(store: SecretStore, index: number): Uint8Array | undefined {
  for (const [slot, known] of store.slots.entries()) {
    if (index - (index % 2 ** slot) === known.index) return deriveSecret(known.secret, slot, index)
  }
  return undefined
}

/** The slot that an index is stored in: how many zero bits it ends in, 48 for index 0. */
export function secretSlot(index: number): number {
  let slot = 0
  while (slot < 48 && bitOf(index, slot) === 0) slot++
  return slot
}

/** The secret (32 bytes) of an index whose bits from `bits` up are those of the base's index. */
export function deriveSecret(base: Uint8Array, bits: number, index: number): Uint8Array {
  assert(
    Number.isInteger(index) && index >= 0 && index <= FIRST_SECRET_INDEX,
    () => `secret index out of range: ${index}`,
  )
  // `sha256` gives bytes of its own each time, so that only the base has to be copied.
  let secret: Uint8Array = new Uint8Array(base)
  for (let bit = bits - 1; bit >= 0; bit--) {
    if (bitOf(index, bit) === 0) continue
    const byte = bit >> 3
    secret[byte] = defined(secret[byte], 'a secret has 32 bytes') ^ (1 << (bit & 7))
    secret = sha256(secret)
  }
  return secret
}

function nextIndex(store: SecretStore): number {
  return store.slots.reduce((lowest, { index }) => Math.min(lowest, index), FIRST_SECRET_INDEX + 1) - 1
}

// Indexes have 48 bits and JavaScript's bit operators 32, hence the division.
function bitOf(index: number, bit: number): number {
  return Math.floor(index / 2 ** bit) % 2
}

function wrongSecret(index: number, secret: Uint8Array, earlier: StoredSecret): WrongSecret {
  const message =
    `the per-commitment secret ${toHex(secret)} of index ${index} does not lead to the one received for index ` +
    `${earlier.index}: expected all of them to come from one seed (BOLT 3, Efficient Per-commitment Secret Storage)`
  return { code: 'wrong_secret', message, index, contradicts: earlier.index }
}
