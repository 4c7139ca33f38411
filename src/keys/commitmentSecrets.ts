import { assert } from '../base/index.ts'
import { publicKeyFromSecret } from '../crypto/index.ts'
import type { ChannelSecrets } from './channelKeys.ts'
import { secretKey } from './secretKey.ts'
import { deriveSecret, FIRST_SECRET_INDEX } from './shachain.ts'

// Our own per-commitment secrets. Each is asked for three times: for the point that is promised, for the commitment with that
// point, and when that commitment is revoked. Neighbours also share all but the last steps of their derivation.

interface Derived {
  /** The index with its low bits zero, and what the seed leads to for it. */
  readonly trunk: number
  readonly node: Uint8Array
  readonly newest: Entry[]
}

interface Entry {
  readonly number: number
  readonly secret: Uint8Array
  point: Uint8Array | undefined
}

/** Bits of an index below the trunk: at most so many hashes for a secret. */
const LOW_BITS = 8
/** Of the commitment that is revoked, of ours, and of the one that is promised. */
const KEPT = 3

// A cache and nothing more: the same seed and number always give the same secret. It goes when the seed goes.
const known = new WeakMap<Uint8Array, Derived>()

/** Our per-commitment secret (32 bytes) of a commitment, numbered from 0; revealing it revokes that commitment. */
export function commitmentSecret(secrets: Pick<ChannelSecrets, 'shachainSeed'>, commitmentNumber: number): Uint8Array {
  return entryOf(secrets.shachainSeed, commitmentNumber).secret
}

/** Our per-commitment point (33 bytes) of a commitment, numbered from 0. */
export function commitmentPoint(secrets: Pick<ChannelSecrets, 'shachainSeed'>, commitmentNumber: number): Uint8Array {
  const entry = entryOf(secrets.shachainSeed, commitmentNumber)
  entry.point ??= publicKeyFromSecret(entry.secret)
  return entry.point
}

/** The index of a commitment's per-commitment secret: commitments count up from 0, secrets down from 2^48 − 1 (BOLT 3). */
export function secretIndex(commitmentNumber: number): number {
  return FIRST_SECRET_INDEX - commitmentNumber
}

function entryOf(seed: Uint8Array, number: number): Entry {
  const derived = derivedOf(seed, secretIndex(number))
  const { trunk, node, newest } = derived
  const found = newest.find(entry => entry.number === number)
  if (found !== undefined) return found
  const index = secretIndex(number)
  assert(index - trunk < 2 ** LOW_BITS, 'an index is below its trunk')
  const entry: Entry = { number, secret: secretKey(deriveSecret(node, LOW_BITS, index)), point: undefined }
  if (newest.length === KEPT) newest.shift()
  newest.push(entry)
  return entry
}

function derivedOf(seed: Uint8Array, index: number): Derived {
  const trunk = index - (index % 2 ** LOW_BITS)
  const found = known.get(seed)
  if (found?.trunk === trunk) return found
  assert(seed.length === 32, () => `a seed has 32 bytes, got ${seed.length}`)
  const derived: Derived = { trunk, node: deriveSecret(seed, 48, trunk), newest: found?.newest ?? [] }
  known.set(seed, derived)
  return derived
}
