import { assert, ok, type Result } from '../base/index.ts'
import { isPublicKey, isSecretKey, publicKeyFromSecret } from '../crypto/index.ts'
import { ACT_BYTES, readActThree, readEphemeralAct, shortAct, writeActThree, writeEphemeralAct } from './acts.ts'
import type { NoiseFailure } from './failure.ts'
import { type KeptBytes, NOTHING_KEPT, readExactly } from './keptBytes.ts'
import { initialize, type Symmetric } from './symmetric.ts'
import { openTransport, type Transport } from './transport.ts'

/**
 * One side of a handshake that is under way, by the act that it waits for. It holds secrets: it lives for one connection and
 * is neither stored nor logged.
 *
 *     initiator                          responder
 *     startInitiator  ── act one ──▶     receive
 *     receive         ◀── act two ──
 *     (done)          ── act three ──▶   receive (done)
 */
export type Handshake = AwaitsActOne | AwaitsActTwo | AwaitsActThree

interface AwaitsActOne extends Common {
  readonly awaits: 'act_one'
  readonly localSecret: Uint8Array
}

interface AwaitsActTwo extends Common {
  readonly awaits: 'act_two'
  readonly localSecret: Uint8Array
  readonly remotePublicKey: Uint8Array
}

interface AwaitsActThree extends Common {
  readonly awaits: 'act_three'
  /** `temp_k2` */
  readonly tempKey: Uint8Array
}

interface Common {
  readonly ephemeralSecret: Uint8Array
  readonly symmetric: Symmetric
  readonly kept: KeptBytes
}

export interface HandshakeWaiting {
  readonly done: false
  readonly next: Handshake
  /** What goes to the peer now; often nothing. */
  readonly send: Uint8Array
}

export interface HandshakeDone {
  readonly done: true
  readonly next: Transport
  readonly send: Uint8Array
  /** Who the peer is, as a compressed public key (33 bytes): it has shown that it holds the secret. */
  readonly remotePublicKey: Uint8Array
  /** What came after the last act: the first bytes for `decryptStream`. */
  readonly rest: Uint8Array
}

export type HandshakeStep = HandshakeWaiting | HandshakeDone

const NOTHING = new Uint8Array(0)

/**
 * Begins as the one who connects: `send` is act one. `localSecret` (32 bytes) is the secret of our node id, `remotePublicKey`
 * (33 bytes) the node id that should answer, `ephemeralSecret` 32 fresh random bytes that serve this connection only.
 * All three are valid keys; checking what a user typed is up to the caller (`isPublicKey`), and an invalid key is a bug.
 */
export function startInitiator(keys: {
  readonly localSecret: Uint8Array
  readonly remotePublicKey: Uint8Array
  readonly ephemeralSecret: Uint8Array
}): { readonly state: Handshake; readonly send: Uint8Array } {
  const { localSecret, remotePublicKey, ephemeralSecret } = keys
  checkSecrets(keys)
  assert(isPublicKey(remotePublicKey), 'the node id of the responder should be a compressed public key')
  const { symmetric, bytes } = writeEphemeralAct(initialize(remotePublicKey), keys)
  const state: Handshake = {
    awaits: 'act_two',
    localSecret,
    ephemeralSecret,
    remotePublicKey,
    symmetric,
    kept: NOTHING_KEPT,
  }
  return { state, send: bytes }
}

/** Begins as the one who was connected to, and sends nothing yet. The secrets are as those of `startInitiator`. */
export function startResponder(keys: { readonly localSecret: Uint8Array; readonly ephemeralSecret: Uint8Array }): {
  readonly state: Handshake
  readonly send: Uint8Array
} {
  const { localSecret, ephemeralSecret } = keys
  checkSecrets(keys)
  const symmetric = initialize(publicKeyFromSecret(localSecret))
  const state: Handshake = { awaits: 'act_one', localSecret, ephemeralSecret, symmetric, kept: NOTHING_KEPT }
  return { state, send: NOTHING }
}

/**
 * The handshake after a chunk of what the peer sent, however the stream was cut. After a failure the connection ends and
 * nothing more is sent. Nothing is kept but the part of one act, at most 65 bytes; the chunk itself may be reused.
 *
 * Cost, of a whole handshake: each side derives two public keys and three shared secrets. A stranger who does not know our
 * node id gets one shared secret out of us, and no answer.
 */
export function receive(handshake: Handshake, chunk: Uint8Array): Result<HandshakeStep, NoiseFailure> {
  const read = readExactly(handshake.kept, chunk, ACT_BYTES[handshake.awaits])
  if (read.piece === undefined) {
    return ok({ done: false, next: { ...handshake, kept: read.kept }, send: NOTHING })
  }
  // No `unreachable` here: it would print the state, and with it the secrets. The last line only compiles for act three.
  const { piece, rest } = read
  if (handshake.awaits === 'act_one') return receiveActOne(handshake, piece, rest)
  if (handshake.awaits === 'act_two') return receiveActTwo(handshake, piece, rest)
  return receiveActThree(handshake, piece, rest)
}

/** What is wrong when the stream ends here: a handshake that is under way waits for the rest of an act. */
export function endHandshake(handshake: Handshake): NoiseFailure {
  return shortAct(handshake.awaits, handshake.kept.length)
}

function receiveActOne(
  handshake: AwaitsActOne,
  act: Uint8Array,
  rest: Uint8Array,
): Result<HandshakeStep, NoiseFailure> {
  const { localSecret, ephemeralSecret } = handshake
  const read = readEphemeralAct(handshake.symmetric, { act: 'act_one', secret: localSecret, bytes: act })
  if (!read.ok) return read
  const remotePublicKey = read.value.remoteEphemeralKey
  const { symmetric, tempKey, bytes } = writeEphemeralAct(read.value.symmetric, { ephemeralSecret, remotePublicKey })
  // Nobody can write act three before seeing act two, so a rest is a fault; judged as act three, it shows.
  const after = receive({ awaits: 'act_three', ephemeralSecret, symmetric, tempKey, kept: NOTHING_KEPT }, rest)
  return after.ok ? ok({ ...after.value, send: bytes }) : after
}

function receiveActTwo(
  handshake: AwaitsActTwo,
  act: Uint8Array,
  rest: Uint8Array,
): Result<HandshakeStep, NoiseFailure> {
  const { localSecret, ephemeralSecret, remotePublicKey } = handshake
  const read = readEphemeralAct(handshake.symmetric, { act: 'act_two', secret: ephemeralSecret, bytes: act })
  if (!read.ok) return read
  const { symmetric, tempKey, remoteEphemeralKey } = read.value
  const { chainingKey, bytes } = writeActThree(symmetric, { tempKey, localSecret, remoteEphemeralKey })
  return ok({
    done: true,
    next: openTransport(chainingKey, 'initiator'),
    send: bytes,
    remotePublicKey,
    rest: rest.slice(),
  })
}

function receiveActThree(
  { symmetric, tempKey, ephemeralSecret }: AwaitsActThree,
  act: Uint8Array,
  rest: Uint8Array,
): Result<HandshakeStep, NoiseFailure> {
  const read = readActThree(symmetric, { tempKey, ephemeralSecret, bytes: act })
  if (!read.ok) return read
  const { chainingKey, remotePublicKey } = read.value
  const next = openTransport(chainingKey, 'responder')
  return ok({ done: true, next, send: NOTHING, remotePublicKey, rest: rest.slice() })
}

function checkSecrets(keys: { readonly localSecret: Uint8Array; readonly ephemeralSecret: Uint8Array }): void {
  assert(isSecretKey(keys.localSecret), 'the local secret should be a secret key')
  assert(isSecretKey(keys.ephemeralSecret), 'the ephemeral secret should be a secret key')
}
