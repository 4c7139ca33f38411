import { assert, byteAt, concat, err, ok, type Result } from '../base/index.ts'
import { type Cipher, hkdfPair, open, seal } from './cipher.ts'
import type { NoiseFailure } from './failure.ts'
import { type KeptBytes, NOTHING_KEPT, readExactly } from './keptBytes.ts'
import { ENCRYPTED_LENGTH_BYTES, MAX_MESSAGE_BYTES, TAG_BYTES } from './limits.ts'

/**
 * A connection after its handshake. It holds keys: it is neither stored nor logged. Each step takes the latest state: encrypting
 * twice from one state would use a nonce twice, and keeping an old state would keep what rotation wants forgotten.
 */
export interface Transport {
  readonly sending: Cipher
  readonly receiving: Cipher
  readonly kept: KeptBytes
  /** The length of the message that is coming in; `undefined` while its length is still to come. */
  readonly incomingLength: number | undefined
}

export interface DecryptedStream {
  readonly next: Transport
  /** The messages that became whole, in order. */
  readonly messages: readonly Uint8Array[]
}

export interface BrokenStream {
  readonly failure: NoiseFailure
  /** The messages before the broken one. They are authentic: whether they count does not depend on how the stream was cut. */
  readonly messages: readonly Uint8Array[]
}

const NOTHING = new Uint8Array(0)
const SECTION = 'BOLT 8, Receiving and Decrypting Messages'

/** The transport that a handshake ends in: the initiator sends with the first key (BOLT 8, Act Three, steps 6 and 9). */
export function openTransport(chainingKey: Uint8Array, role: 'initiator' | 'responder'): Transport {
  const [first, second] = hkdfPair(chainingKey, NOTHING)
  const cipherOf = (key: Uint8Array): Cipher => ({ key, chainingKey, nonce: 0 })
  const [sending, receiving] = role === 'initiator' ? [first, second] : [second, first]
  return { sending: cipherOf(sending), receiving: cipherOf(receiving), kept: NOTHING_KEPT, incomingLength: undefined }
}

/**
 * The frame of one message: `bytes` go to the peer (BOLT 8, Encrypting and Sending Messages). A message of more than
 * `MAX_MESSAGE_BYTES` is a bug of whoever wrote it.
 *
 * Cost: two uses of the cipher, over two bytes and over the message; three HMACs more at each rotation.
 */
export function encryptMessage(
  transport: Transport,
  message: Uint8Array,
): { readonly next: Transport; readonly bytes: Uint8Array } {
  const { length } = message
  assert(length <= MAX_MESSAGE_BYTES, () => `a message has at most ${MAX_MESSAGE_BYTES} bytes, got ${length}`)
  const prefix = seal(transport.sending, Uint8Array.of(length >> 8, length & 0xff))
  const body = seal(prefix.next, message)
  return { next: { ...transport, sending: body.next }, bytes: concat(prefix.ciphertext, body.ciphertext) }
}

/**
 * The messages that a chunk of the stream completes, however the stream was cut. After a failure the connection ends.
 * Less than one frame (`MAX_FRAME_BYTES`) is kept for the next chunk; the chunk itself may be reused.
 *
 * Cost: proportional to the chunk, also for a peer who sends single bytes or empty messages (at least 34 bytes each).
 */
export function decryptStream(transport: Transport, chunk: Uint8Array): Result<DecryptedStream, BrokenStream> {
  const messages: Uint8Array[] = []
  let { receiving, kept, incomingLength } = transport
  let rest = chunk
  for (;;) {
    const read = readExactly(kept, rest, bytesAwaited(incomingLength))
    if (read.piece === undefined) {
      return ok({ next: { ...transport, receiving, kept: read.kept, incomingLength }, messages })
    }
    const opened = open(receiving, read.piece)
    if (opened === undefined) return err({ failure: badTag(incomingLength), messages })
    const { plaintext } = opened
    if (incomingLength === undefined) {
      incomingLength = byteAt(plaintext, 0) * 256 + byteAt(plaintext, 1)
    } else {
      messages.push(plaintext)
      incomingLength = undefined
    }
    receiving = opened.next
    kept = NOTHING_KEPT
    rest = read.rest
  }
}

/**
 * What is wrong when the stream ends here: nothing between two frames, `bad_length` inside one. Nothing authenticates the end
 * itself: who holds the line can cut it after any frame, so an end says nothing about what the peer had still to say.
 */
export function endStream(transport: Transport): NoiseFailure | undefined {
  const { kept, incomingLength } = transport
  if (kept.length === 0 && incomingLength === undefined) return undefined
  return {
    code: 'bad_length',
    expected: `${bytesAwaited(incomingLength)} bytes of ${pieceOf(incomingLength)}`,
    got: `the end of the stream after ${kept.length} bytes`,
    section: SECTION,
  }
}

function bytesAwaited(incomingLength: number | undefined): number {
  return incomingLength === undefined ? ENCRYPTED_LENGTH_BYTES : incomingLength + TAG_BYTES
}

function pieceOf(incomingLength: number | undefined): string {
  return incomingLength === undefined ? 'an encrypted length' : 'an encrypted message'
}

function badTag(incomingLength: number | undefined): NoiseFailure {
  return {
    code: 'bad_tag',
    expected: `${pieceOf(incomingLength)}, the next one in order`,
    got: 'a tag that does not fit',
    section: SECTION,
  }
}
