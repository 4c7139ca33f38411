import { byteAt, concat, defined, err, ok, type Result, toHex } from '../base/index.ts'
import { ecdh, publicKeyFromSecret } from '../crypto/index.ts'
import type { NoiseFailure } from './failure.ts'
import { TAG_BYTES } from './limits.ts'
import { decryptAndHash, encryptAndHash, mixHash, mixKey, type Symmetric } from './symmetric.ts'

// What is inside the three acts (BOLT 8, Handshake Exchange). Acts one and two are of one kind: a version, an ephemeral key in
// the clear, a tag. Act three is a version, the encrypted static key of the initiator with its tag, and a last tag.

export type Act = 'act_one' | 'act_two' | 'act_three'

const PUBLIC_KEY_BYTES = 33
const ENCRYPTED_KEY_BYTES = PUBLIC_KEY_BYTES + TAG_BYTES

/** How long each act is. */
export const ACT_BYTES: Readonly<Record<Act, number>> = {
  act_one: 1 + PUBLIC_KEY_BYTES + TAG_BYTES,
  act_two: 1 + PUBLIC_KEY_BYTES + TAG_BYTES,
  act_three: 1 + ENCRYPTED_KEY_BYTES + TAG_BYTES,
}

const SECTIONS: Readonly<Record<Act, string>> = {
  act_one: 'BOLT 8, Act One, receiver',
  act_two: 'BOLT 8, Act Two, receiver',
  act_three: 'BOLT 8, Act Three, receiver',
}

const VERSION = Uint8Array.of(0)
const ZERO_LENGTH = new Uint8Array(0)

/** Act one or two, from the ephemeral secret of its sender and the key that the other side has shown so far. */
export function writeEphemeralAct(
  before: Symmetric,
  keys: { readonly ephemeralSecret: Uint8Array; readonly remotePublicKey: Uint8Array },
): { readonly symmetric: Symmetric; readonly tempKey: Uint8Array; readonly bytes: Uint8Array } {
  const ephemeralKey = publicKeyFromSecret(keys.ephemeralSecret)
  const hashed = mixHash(before, ephemeralKey)
  const { symmetric, tempKey } = mixKey(hashed, sharedSecret(keys.remotePublicKey, keys.ephemeralSecret))
  const sealed = encryptAndHash(symmetric, { key: tempKey, nonce: 0 }, ZERO_LENGTH)
  return { symmetric: sealed.symmetric, tempKey, bytes: concat(VERSION, ephemeralKey, sealed.ciphertext) }
}

/** Reads act one with our static secret, or act two with our ephemeral one. */
export function readEphemeralAct(
  before: Symmetric,
  {
    act,
    secret,
    bytes,
  }: { readonly act: 'act_one' | 'act_two'; readonly secret: Uint8Array; readonly bytes: Uint8Array },
): Result<
  { readonly symmetric: Symmetric; readonly tempKey: Uint8Array; readonly remoteEphemeralKey: Uint8Array },
  NoiseFailure
> {
  if (byteAt(bytes, 0) !== 0) return err(badVersion(act, bytes))
  const remoteEphemeralKey = bytes.slice(1, 1 + PUBLIC_KEY_BYTES)
  const hashed = mixHash(before, remoteEphemeralKey)
  const shared = ecdh(remoteEphemeralKey, secret)
  if (shared === undefined) return err(badPublicKey(act, remoteEphemeralKey))
  const { symmetric, tempKey } = mixKey(hashed, shared)
  const opened = decryptAndHash(symmetric, { key: tempKey, nonce: 0 }, bytes.subarray(1 + PUBLIC_KEY_BYTES))
  if (opened === undefined) return err(badTag(act))
  return ok({ symmetric: opened.symmetric, tempKey, remoteEphemeralKey })
}

/** Act three, and the chaining key that the keys for messages come from. */
export function writeActThree(
  before: Symmetric,
  keys: {
    /** `temp_k2`, which act two has used once. */
    readonly tempKey: Uint8Array
    readonly localSecret: Uint8Array
    readonly remoteEphemeralKey: Uint8Array
  },
): { readonly chainingKey: Uint8Array; readonly bytes: Uint8Array } {
  const sealed = encryptAndHash(before, { key: keys.tempKey, nonce: 1 }, publicKeyFromSecret(keys.localSecret))
  const { symmetric, tempKey } = mixKey(sealed.symmetric, sharedSecret(keys.remoteEphemeralKey, keys.localSecret))
  const tag = encryptAndHash(symmetric, { key: tempKey, nonce: 0 }, ZERO_LENGTH).ciphertext
  return { chainingKey: symmetric.chainingKey, bytes: concat(VERSION, sealed.ciphertext, tag) }
}

/** Reads act three: who the initiator is, proven. */
export function readActThree(
  before: Symmetric,
  {
    tempKey: tempKey2,
    ephemeralSecret,
    bytes,
  }: {
    readonly tempKey: Uint8Array
    readonly ephemeralSecret: Uint8Array
    readonly bytes: Uint8Array
  },
): Result<{ readonly chainingKey: Uint8Array; readonly remotePublicKey: Uint8Array }, NoiseFailure> {
  if (byteAt(bytes, 0) !== 0) return err(badVersion('act_three', bytes))
  const encryptedKey = bytes.subarray(1, 1 + ENCRYPTED_KEY_BYTES)
  const opened = decryptAndHash(before, { key: tempKey2, nonce: 1 }, encryptedKey)
  if (opened === undefined) return err(badCiphertext())
  const remotePublicKey = opened.plaintext
  const shared = ecdh(remotePublicKey, ephemeralSecret)
  if (shared === undefined) return err(badPublicKey('act_three', remotePublicKey))
  const { symmetric, tempKey } = mixKey(opened.symmetric, shared)
  const tag = bytes.subarray(1 + ENCRYPTED_KEY_BYTES)
  if (decryptAndHash(symmetric, { key: tempKey, nonce: 0 }, tag) === undefined) return err(badTag('act_three'))
  return ok({ chainingKey: symmetric.chainingKey, remotePublicKey })
}

/** The stream ended where an act should have gone on. */
export function shortAct(act: Act, length: number): NoiseFailure {
  return {
    code: 'bad_length',
    expected: `an act of exactly ${ACT_BYTES[act]} bytes`,
    got: `the end of the stream after ${length} bytes`,
    section: SECTIONS[act],
  }
}

function sharedSecret(publicKey: Uint8Array, secret: Uint8Array): Uint8Array {
  return defined(ecdh(publicKey, secret), 'a key was not checked before the handshake used it')
}

function badVersion(act: Act, bytes: Uint8Array): NoiseFailure {
  return { code: 'bad_version', expected: 'version 0', got: `version ${byteAt(bytes, 0)}`, section: SECTIONS[act] }
}

function badPublicKey(act: Act, key: Uint8Array): NoiseFailure {
  return {
    code: 'bad_public_key',
    expected: 'the compressed encoding of a point on the curve',
    got: toHex(key),
    section: SECTIONS[act],
  }
}

function badCiphertext(): NoiseFailure {
  return {
    code: 'bad_ciphertext',
    expected: 'the public key of the initiator, encrypted with the key of act two',
    got: 'a ciphertext that does not fit its tag',
    section: SECTIONS.act_three,
  }
}

function badTag(act: Act): NoiseFailure {
  const expected =
    act === 'act_one' ? 'an initiator who knows our public key' : 'a tag over the handshake as we have seen it'
  return { code: 'bad_tag', expected, got: 'a tag that does not fit', section: SECTIONS[act] }
}
