import { concat, type Result } from '../../src/base/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import {
  decryptStream,
  encryptMessage,
  type Handshake,
  type HandshakeDone,
  type NoiseFailure,
  receive,
  startInitiator,
  startResponder,
  type Transport,
} from '../../src/noise/index.ts'

export const NOTHING = new Uint8Array(0)

const secret = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)

/** The secrets of the vectors: 0x11… and 0x12… of the initiator, 0x21… and 0x22… of the responder. */
export const initiatorKeys = {
  localSecret: secret(0x11),
  ephemeralSecret: secret(0x12),
  remotePublicKey: publicKeyFromSecret(secret(0x21)),
}
export const responderKeys = { localSecret: secret(0x21), ephemeralSecret: secret(0x22) }

export function okOf<T>(result: Result<T, unknown>): T {
  if (!result.ok) throw new Error(`refused: ${JSON.stringify(result.error)}`)
  return result.value
}

export function errorOf<E>(result: Result<unknown, E>): E {
  if (result.ok) throw new Error('expected a failure')
  return result.error
}

/** The bytes with those at one index changed by a mask. */
export function spoil(bytes: Uint8Array, index: number, mask = 1): Uint8Array {
  return bytes.map((byte, i) => (i === index ? byte ^ mask : byte))
}

/** The bytes in pieces of the given lengths, taken in turn; a length of zero gives an empty piece. */
export function* cut(bytes: Uint8Array, lengths: readonly number[]): Generator<Uint8Array> {
  for (let offset = 0, turn = 0; offset < bytes.length; turn++) {
    // Where all are zero nothing would ever come: the last turn of a round takes at least one byte.
    const length = Math.max(lengths[turn % lengths.length] ?? 1, (turn + 1) % lengths.length === 0 ? 1 : 0)
    yield bytes.slice(offset, offset + length)
    offset += length
  }
}

export interface Progress {
  readonly state: Handshake
  readonly sent: Uint8Array
  readonly done: HandshakeDone | undefined
}

/** Feeds chunks to a handshake until it fails or is done; what it has not read by then is `rest` of `done`. */
export function feed(handshake: Handshake, chunks: Iterable<Uint8Array>): Result<Progress, NoiseFailure> {
  let state = handshake
  let sent: Uint8Array = NOTHING
  let done: HandshakeDone | undefined
  for (const chunk of chunks) {
    if (done !== undefined) {
      done = { ...done, rest: concat(done.rest, chunk) }
      continue
    }
    const step = receive(state, chunk)
    if (!step.ok) return step
    sent = concat(sent, step.value.send)
    if (step.value.done) done = step.value
    else state = step.value.next
  }
  return { ok: true, value: { state, sent, done } }
}

/** The three acts of a handshake, and both transports that it ends in. */
export function connect(initiator: Parameters<typeof startInitiator>[0] = initiatorKeys, responder = responderKeys) {
  const begun = startInitiator(initiator)
  const answered = okOf(feed(startResponder(responder).state, [begun.send]))
  const finished = okOf(feed(begun.state, [answered.sent]))
  const accepted = okOf(feed(answered.state, [finished.sent]))
  if (finished.done === undefined || accepted.done === undefined) throw new Error('the handshake is not done')
  return {
    acts: [begun.send, answered.sent, finished.sent] as const,
    initiator: finished.done,
    responder: accepted.done,
  }
}

/** The frames of messages, one by one, and the state after them. */
export function framesOf(transport: Transport, messages: readonly Uint8Array[]) {
  let next = transport
  const frames = messages.map(message => {
    const encrypted = encryptMessage(next, message)
    next = encrypted.next
    return encrypted.bytes
  })
  return { next, frames }
}

/** All messages that come out of chunks, which have to be good, and the state after them. */
export function readAll(transport: Transport, chunks: Iterable<Uint8Array>) {
  let next = transport
  const messages: Uint8Array[] = []
  for (const chunk of chunks) {
    const read = okOf(decryptStream(next, chunk))
    messages.push(...read.messages)
    next = read.next
  }
  return { next, messages }
}
