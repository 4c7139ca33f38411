import { randomBytes, type ScryptOptions, scrypt } from 'node:crypto'
import {
  assert,
  bytesEqual,
  type Codec,
  concat,
  decode,
  encode,
  err,
  fixedBytes,
  ok,
  type Result,
  struct,
  taggedUnion,
  u8,
  utf8Encode,
} from '../base/index.ts'
import { chacha20Poly1305Decrypt, chacha20Poly1305Encrypt, sha256 } from '../crypto/index.ts'

// The stored form of a seed, version 1:
//
//     "bookend seed\n"  version = 1  protection  SHA-256 of all before
//
// where `protection` is the tag 0 and the 32 bytes, or the tag 1, the cost and the salt of scrypt, and the bytes under
// ChaCha20-Poly1305. Its key is what scrypt makes of the passphrase (NFKD, UTF-8). Everything before the ciphertext is
// associated data, so nothing of it can be exchanged. The hash is there to tell a damaged file from a wrong passphrase.

/** How a seed is kept. Unencrypted only where somebody says so: whoever reads the file has the money. */
export type SeedProtection =
  | { readonly type: 'passphrase'; readonly passphrase: string }
  | { readonly type: 'unencrypted' }

export interface SeedFailure {
  readonly code:
    | 'no_seed_file'
    | 'damaged'
    | 'newer_version'
    | 'encrypted'
    | 'not_encrypted'
    | 'unusable_cost'
    | 'wrong_passphrase'
  /** A sentence for whoever has the passphrase. */
  readonly message: string
}

/** What a guess costs (RFC 7914): scrypt takes 128 · 2^logN · r bytes of memory, p times. */
export interface ScryptCost {
  readonly logN: number
  readonly r: number
  readonly p: number
}

/** 128 MiB for each guess, and some tenths of a second. */
export const SCRYPT_COST: ScryptCost = { logN: 17, r: 8, p: 1 }
/** What we are ready to spend on a file that somebody may have changed: memory in bytes, and how often. */
const MOST_MEMORY = 2 ** 30
const MOST_TIMES = 16

const MAGIC = utf8Encode('bookend seed\n')
const VERSION = 1
const SEED_BYTES = 32
const TAG_BYTES = 16
const HASH_BYTES = 32
/** Each key is used once: it comes from a salt of its own. */
const NONCE = new Uint8Array(12)

type Protected =
  | { readonly type: 'unencrypted'; readonly seed: Uint8Array }
  | ({ readonly type: 'scrypt'; readonly salt: Uint8Array; readonly ciphertext: Uint8Array } & ScryptCost)

const protectedCodec: Codec<Protected> = taggedUnion<Protected>({
  unencrypted: [0, struct({ seed: fixedBytes(SEED_BYTES) })],
  scrypt: [1, struct({ logN: u8, r: u8, p: u8, salt: fixedBytes(32), ciphertext: fixedBytes(SEED_BYTES + TAG_BYTES) })],
})

/** The bytes of a file that keeps `seed` (32 bytes). Cost: scrypt, once. */
export async function sealSeed(seed: Uint8Array, protection: SeedProtection, cost = SCRYPT_COST): Promise<Uint8Array> {
  const body = concat(MAGIC, Uint8Array.of(VERSION), encode(protectedCodec, await protect(seed, protection, cost)))
  return concat(body, sha256(body))
}

async function protect(seed: Uint8Array, protection: SeedProtection, cost: ScryptCost): Promise<Protected> {
  if (protection.type === 'unencrypted') return { type: 'unencrypted', seed }
  assert(protection.passphrase !== '', 'an empty passphrase protects nothing: say unencrypted')
  const salt = new Uint8Array(randomBytes(32))
  const context = {
    key: await keyOf(protection.passphrase, salt, cost),
    nonce: NONCE,
    associatedData: header(cost, salt),
  }
  return { type: 'scrypt', ...cost, salt, ciphertext: chacha20Poly1305Encrypt(context, seed) }
}

/** The seed (32 bytes) of what `sealSeed` made, all of it or none. Cost: scrypt, once, within named bounds. */
export async function openSeed(
  bytes: Uint8Array,
  protection: SeedProtection,
): Promise<Result<Uint8Array, SeedFailure>> {
  const read = readProtected(bytes)
  if (!read.ok) return read
  const found = read.value
  if (found.type === 'unencrypted') {
    if (protection.type === 'unencrypted') return ok(found.seed)
    return refuse(
      'not_encrypted',
      'This seed is not encrypted, and a passphrase was given. Somebody may have exchanged the file.',
    )
  }
  if (protection.type === 'unencrypted') return refuse('encrypted', 'This seed is encrypted: its passphrase is needed.')
  if (!usable(found)) {
    const { logN, r, p } = found
    return refuse(
      'unusable_cost',
      `This seed asks for scrypt with logN ${logN}, r ${r}, p ${p}: expected at most 1 GiB of memory, ${MOST_TIMES} times.`,
    )
  }
  const key = await keyOf(protection.passphrase, found.salt, found)
  const context = { key, nonce: NONCE, associatedData: header(found, found.salt) }
  const seed = chacha20Poly1305Decrypt(context, found.ciphertext)
  return seed === undefined ? refuse('wrong_passphrase', 'This passphrase does not open the seed.') : ok(seed)
}

function readProtected(bytes: Uint8Array): Result<Protected, SeedFailure> {
  const bodyBytes = Math.max(0, bytes.length - HASH_BYTES)
  const body = bytes.subarray(0, bodyBytes)
  const damaged = 'This file is no seed of Bookend, or it is damaged: restore it from its words.'
  if (!bytesEqual(body.subarray(0, MAGIC.length), MAGIC)) return refuse('damaged', damaged)
  if (!bytesEqual(sha256(body), bytes.subarray(bodyBytes))) return refuse('damaged', damaged)
  const version = body[MAGIC.length]
  if (version !== VERSION)
    return refuse('newer_version', `This seed has format ${version}: expected ${VERSION}. A later Bookend made it.`)
  const decoded = decode(protectedCodec, body.subarray(MAGIC.length + 1))
  return decoded.ok ? decoded : refuse('damaged', damaged)
}

/** All that stands before the ciphertext. */
function header({ logN, r, p }: ScryptCost, salt: Uint8Array): Uint8Array {
  return concat(MAGIC, Uint8Array.of(VERSION, 1, logN, r, p), salt)
}

const memoryOf = ({ logN, r }: ScryptCost): number => 128 * 2 ** logN * r

/** What RFC 7914 defines, within our bounds. */
function usable(cost: ScryptCost): boolean {
  const isDefined = cost.logN >= 1 && cost.logN < 16 * cost.r && cost.p >= 1
  return isDefined && cost.p <= MOST_TIMES && memoryOf(cost) <= MOST_MEMORY
}

function keyOf(passphrase: string, salt: Uint8Array, cost: ScryptCost): Promise<Uint8Array> {
  // Node counts some buffers beside the one of the formula.
  const options: ScryptOptions = { N: 2 ** cost.logN, r: cost.r, p: cost.p, maxmem: 2 * memoryOf(cost) + 2 ** 20 }
  return new Promise((resolve, reject) => {
    scrypt(utf8Encode(passphrase.normalize('NFKD')), salt, 32, options, (error, key) =>
      error === null ? resolve(new Uint8Array(key)) : reject(error),
    )
  })
}

function refuse(code: SeedFailure['code'], message: string) {
  return err({ code, message })
}
