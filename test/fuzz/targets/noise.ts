import {
  bytesEqual,
  concat,
  decode,
  encode,
  lengthPrefixed,
  type Result,
  remainder,
  struct,
  toHex,
  u8,
  u16,
} from '../../../src/base/index.ts'
import { publicKeyFromSecret, sha256 } from '../../../src/crypto/index.ts'
import { readEphemeralAct, writeActThree, writeEphemeralAct } from '../../../src/noise/acts.ts'
import { seal } from '../../../src/noise/cipher.ts'
import {
  decryptStream,
  encryptMessage,
  endHandshake,
  endStream,
  type Handshake,
  type HandshakeStep,
  MAX_FRAME_BYTES,
  type NoiseFailure,
  receive,
  startInitiator,
  startResponder,
  type Transport,
} from '../../../src/noise/index.ts'
import { encryptAndHash, initialize, mixKey } from '../../../src/noise/symmetric.ts'
import { openTransport } from '../../../src/noise/transport.ts'
import { claim, claimSame, type Target } from '../target.ts'

// BOLT 8: what comes over a connection before anybody is trusted, and after.

const secret = (name: string): Uint8Array => sha256(new TextEncoder().encode(name))
const [ALICE, BOB, EPHEMERAL_A, EPHEMERAL_B] = ['alice', 'bob', 'a', 'b'].map(secret) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
]
const BOB_KEY = publicKeyFromSecret(BOB)

const initiator = () => startInitiator({ localSecret: ALICE, remotePublicKey: BOB_KEY, ephemeralSecret: EPHEMERAL_A })
const responder = () => startResponder({ localSecret: BOB, ephemeralSecret: EPHEMERAL_B })

function step(result: Result<HandshakeStep, NoiseFailure>): HandshakeStep {
  if (!result.ok) throw new Error(result.error.got)
  return result.value
}

const ACT_ONE = initiator().send
const afterOne = step(receive(responder().state, ACT_ONE))
const ACT_TWO = afterOne.send
const ACT_THREE = step(receive(initiator().state, ACT_TWO)).send

/** In pieces of so many bytes, or all at once. */
function fed<S>(
  bytes: Uint8Array,
  piece: number,
  state: S,
  take: (state: S, chunk: Uint8Array) => S | undefined,
): void {
  let now: S | undefined = state
  const width = piece === 0 ? Math.max(1, bytes.length) : piece
  for (let at = 0; at < bytes.length && now !== undefined; at += width) now = take(now, bytes.subarray(at, at + width))
}

/** A role, the size of the pieces, and what the peer sends. */
const acts: Target = {
  name: 'noise.acts',
  runs: 300,
  seeds: () => [
    Uint8Array.of(0, 0, ...ACT_ONE),
    Uint8Array.of(0, 7, ...ACT_ONE, ...ACT_THREE),
    Uint8Array.of(1, 0, ...ACT_TWO),
    Uint8Array.of(2, 0, ...ACT_THREE),
    Uint8Array.of(2, 65, ...ACT_THREE, ...new Uint8Array(40)),
  ],
  judge(input) {
    const [role = 0, piece = 0] = input
    const [whole, pieces] = [0, piece].map(width => told(role % 3, input.subarray(2), width))
    claimSame(pieces, whole, 'however the stream is cut')
    return whole ?? ''
  },
}

function told(role: number, bytes: Uint8Array, width: number): string {
  const good = [concat(ACT_ONE, ACT_THREE), ACT_TWO, ACT_THREE][role]
  let now: Handshake | undefined = role === 1 ? initiator().state : role === 0 ? responder().state : waitingForThree()
  let story = ''
  let rest = 0
  fed(bytes, width, true, (_, chunk) => {
    if (now === undefined) {
      rest += chunk.length
      return true
    }
    const result = receive(now, chunk)
    if (!result.ok) {
      claim(result.error.section.startsWith('BOLT 8'), () => 'a failure names its section')
      story = `${result.error.code} ${result.error.section}`
      now = undefined
      rest = -1e9
      return undefined
    }
    if (!result.value.done) {
      now = result.value.next
      claim(now.kept.length <= 65, () => 'no more is kept than one act')
      return true
    }
    const { remotePublicKey } = result.value
    // Nobody is let in but who has gone through with it.
    claim(
      good !== undefined && bytesEqual(bytes.subarray(0, good.length), good),
      () => `a stranger is let in as ${toHex(remotePublicKey)}`,
    )
    rest += result.value.rest.length
    now = undefined
    return true
  })
  return now === undefined ? story || `done, ${rest} left` : `waits ${endHandshake(now).section}`
}

function waitingForThree(): Handshake {
  if (afterOne.done) throw new Error('act two is not the last')
  return afterOne.next
}

/** Act three of somebody who has the right secrets for all but what is in it: the bytes are the static key, sealed as they should be. */
const staticKey: Target = {
  name: 'noise.staticKey',
  runs: 300,
  seeds: () => [publicKeyFromSecret(ALICE), BOB_KEY, new Uint8Array(33).fill(2)],
  judge(input) {
    const key = new Uint8Array(33)
    key.set(input.subarray(0, 33))
    const one = writeEphemeralAct(initialize(BOB_KEY), { ephemeralSecret: EPHEMERAL_A, remotePublicKey: BOB_KEY })
    const two = readEphemeralAct(one.symmetric, { act: 'act_two', secret: EPHEMERAL_A, bytes: ACT_TWO })
    if (!two.ok) throw new Error('act two is good')
    const { symmetric, tempKey, remoteEphemeralKey } = two.value
    const sealed = encryptAndHash(symmetric, { key: tempKey, nonce: 1 }, key)
    // Without the secret of that key, the last tag is a guess.
    const guess = encryptAndHash(mixKey(sealed.symmetric, ALICE).symmetric, { key: ALICE, nonce: 0 }, new Uint8Array(0))
    const honest = writeActThree(symmetric, { tempKey, localSecret: ALICE, remoteEphemeralKey })
    const act = concat(Uint8Array.of(0), sealed.ciphertext, guess.ciphertext)
    const result = receive(waitingForThree(), act)
    claim(!result.ok, () => 'a key without its secret is let in')
    claim(receive(waitingForThree(), honest.bytes).ok, () => 'the honest act is good')
    return result.ok ? '' : result.error.code
  },
}

/** What a peer with the right keys sends: each frame says its length, which may be a lie, and is broken at a place or not at all. */
const frame = struct({ claimed: u16, isLie: u8, flip: u16, body: lengthPrefixed(u16) })
const script = struct({ piece: u8, frame, more: remainder })

const frames: Target = {
  name: 'noise.frames',
  runs: 1_000,
  seeds: () =>
    [0, 1, 17, 200].map((length, at) =>
      encode(script, {
        piece: at,
        frame: { claimed: 5, isLie: 0, flip: 0, body: new Uint8Array(length).fill(at) },
        more: encode(frame, { claimed: at, isLie: at % 2, flip: at === 3 ? 9 : 0, body: new Uint8Array(9) }),
      }),
    ),
  judge(input) {
    const { stream, honest, isHonest } = streamOf(input)
    const piece = input[0] ?? 0
    const whole = opened(stream, 0)
    claimSame(opened(stream, piece), whole, 'however the stream is cut')
    claim(whole.messages.length >= honest.length, () => 'what was sent before the first lie arrives')
    for (const [at, message] of honest.entries()) claimSame(whole.messages[at], message, `message ${at}`)
    claim(!isHonest || whole.end !== 'bad_tag', () => 'an honest stream does not break')
    const bytes = whole.messages.reduce((sum, { length }) => sum + length, 0)
    claim(bytes <= stream.length, () => 'no more comes out than came in')
    return `${whole.end} ${Math.min(3, whole.messages.length)} ${isHonest}`
  },
}

const transport = (role: 'initiator' | 'responder'): Transport => openTransport(ALICE, role)

function streamOf(input: Uint8Array) {
  let sending = transport('initiator').sending
  let stream: Uint8Array = new Uint8Array(0)
  const honest: Uint8Array[] = []
  let isHonest = true
  let rest = input.subarray(1)
  const one = struct({ frame, more: remainder })
  for (let read = decode(one, rest); read.ok; read = decode(one, rest)) {
    const { claimed, isLie, flip, body } = read.value.frame
    rest = read.value.more
    const lies = isLie % 2 === 1 && claimed !== body.length
    const length = lies ? claimed : body.length
    const prefix = seal(sending, Uint8Array.of(length >> 8, length & 0xff))
    const sealed = seal(prefix.next, body)
    sending = sealed.next
    const bytes = concat(prefix.ciphertext, sealed.ciphertext)
    if (flip > 0) bytes[flip % bytes.length] = (bytes[flip % bytes.length] ?? 0) ^ 1
    isHonest &&= !lies && flip === 0
    if (isHonest) honest.push(body)
    stream = concat(stream, bytes)
  }
  return { stream: concat(stream, rest), honest, isHonest: isHonest && rest.length === 0 }
}

function opened(stream: Uint8Array, piece: number) {
  const messages: Uint8Array[] = []
  let end = 'between frames'
  let state = transport('responder')
  fed(stream, piece, state, (now, chunk) => {
    const result = decryptStream(now, chunk)
    messages.push(...(result.ok ? result.value.messages : result.error.messages))
    if (!result.ok) {
      end = result.error.failure.code
      return undefined
    }
    state = result.value.next
    claim(state.kept.length < MAX_FRAME_BYTES, () => 'less than a frame is kept')
    return state
  })
  if (end === 'between frames' && endStream(state) !== undefined) end = 'inside a frame'
  // What we say goes out whatever came in.
  claim(encryptMessage(state, Uint8Array.of(1)).bytes.length === 35, () => 'one byte is sent in a frame of 35')
  return { messages, end }
}

export const NOISE: readonly Target[] = [acts, staticKey, frames]
