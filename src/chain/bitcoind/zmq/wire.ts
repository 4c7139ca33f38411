import { err, ok, type Result } from '../../../base/index.ts'

// ZMTP 3.0 (ZeroMQ RFC 23) as far as a subscriber needs it: bytes in, messages out. Who speaks 3.1 speaks 3.0 with us, where a
// subscription is a message, and there are no heartbeats to answer.

/** Of one frame. What we subscribe to has 32 bytes, and the properties of a publisher some dozens. */
export const MOST_FRAME_BYTES = 1024
/** Of one message. bitcoind sends three: topic, hash and a number that counts. */
export const MOST_PARTS = 8

const GREETING_BYTES = 64
const MAJOR_VERSION = 3
const FLAG = { more: 1, long: 2, command: 4 } as const
const ALL_FLAGS = FLAG.more | FLAG.long | FLAG.command
/** Who may answer a subscriber. */
const PUBLISHERS: readonly string[] = ['PUB', 'XPUB']
/** The signature, version 3.0, the mechanism NULL, and no role of a server: the rest is zeros. */
const MECHANISM = padded('NULL', 20)
const GREETING = Uint8Array.of(0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, MAJOR_VERSION, 0, ...MECHANISM, ...padded('', 32))

/** What we say first: who we are. Nothing that follows depends on what the other side says. */
export function hello(): Uint8Array {
  const ready = [...short('READY'), ...short('Socket-Type'), 0, 0, 0, ...short('SUB')]
  return Uint8Array.of(...GREETING, FLAG.command, ready.length, ...ready)
}

/** Wants all messages whose first part begins with these words. Only for who has said that it is a publisher. */
export function subscription(topic: string): Uint8Array {
  const words = ascii(topic)
  return Uint8Array.of(0, 1 + words.length, 1, ...words)
}

export type Heard = { readonly type: 'ready' } | { readonly type: 'message'; readonly parts: readonly Uint8Array[] }

interface Frame {
  readonly flags: number
  readonly body: Uint8Array
  readonly length: number
}

/** Reads what a publisher says, in whatever pieces it comes. After a failure there is nothing more to be read. */
export class ZmtpReader {
  #rest: Uint8Array = new Uint8Array()
  #greeted = false
  #ready = false
  #parts: Uint8Array[] = []

  /** What has become whole; otherwise what came instead, for people. */
  push(bytes: Uint8Array): Result<readonly Heard[], string> {
    // What is kept is less than one frame, so that no byte is copied more than so often.
    this.#rest = new Uint8Array(Buffer.concat([this.#rest, bytes]))
    const heard: Heard[] = []
    if (!this.#greeted) {
      if (isNoGreeting(this.#rest)) return err('something else than the greeting of ZMTP 3')
      if (this.#rest.length < GREETING_BYTES) return ok(heard)
      this.#greeted = true
      this.#rest = this.#rest.subarray(GREETING_BYTES)
    }
    for (;;) {
      const read = frameOf(this.#rest)
      if (!read.ok) return read
      if (read.value === undefined) return ok(heard)
      this.#rest = this.#rest.subarray(read.value.length)
      const one = this.#take(read.value)
      if (!one.ok) return one
      if (one.value !== undefined) heard.push(one.value)
    }
  }

  #take({ flags, body }: Frame): Result<Heard | undefined, string> {
    if ((flags & FLAG.command) !== 0) return this.#command(flags, body)
    if (!this.#ready) return err('a message before READY')
    this.#parts.push(body)
    if (this.#parts.length > MOST_PARTS) return err(`a message of more than ${MOST_PARTS} parts`)
    if ((flags & FLAG.more) !== 0) return ok(undefined)
    const parts = this.#parts
    this.#parts = []
    return ok({ type: 'message', parts })
  }

  /** READY once, and before all else. Other commands than this one are for later versions. */
  #command(flags: number, body: Uint8Array): Result<Heard | undefined, string> {
    if ((flags & FLAG.more) !== 0 || this.#parts.length > 0) return err('a command within a message')
    const name = Buffer.from(body.subarray(1, 1 + (body[0] ?? 0))).toString('latin1')
    if (this.#ready)
      return name === 'READY' || name === 'ERROR' ? err(`${name} a second time or too late`) : ok(undefined)
    if (name !== 'READY') return err('something else than READY')
    const socketType = propertiesOf(body.subarray(6))?.get('socket-type')
    if (socketType === undefined || !PUBLISHERS.includes(socketType))
      return err('the words of something that is no publisher')
    this.#ready = true
    return ok({ type: 'ready' })
  }
}

/** Known by the first byte that differs: who waits for all of a greeting may wait for ever. What follows the mechanism may be anything. */
function isNoGreeting(bytes: Uint8Array): boolean {
  return bytes.subarray(0, 12 + MECHANISM.length).some((byte, at) => {
    // Eight bytes of the signature are padding, and the minor version is what the other side likes it to be.
    if ((at > 0 && at < 9) || at === 11) return false
    return at === 10 ? byte < MAJOR_VERSION : byte !== GREETING[at]
  })
}

/** `undefined` where it is not whole yet. */
function frameOf(bytes: Uint8Array): Result<Frame | undefined, string> {
  const [flags, first] = bytes
  if (flags === undefined) return ok(undefined)
  if ((flags & ~ALL_FLAGS) !== 0) return err('a frame with flags that are reserved')
  const isLong = (flags & FLAG.long) !== 0
  const head = isLong ? 9 : 2
  if (first === undefined || bytes.length < head) return ok(undefined)
  const size = isLong ? new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(1) : BigInt(first)
  if (size > MOST_FRAME_BYTES) return err(`a frame of ${size} bytes, where ${MOST_FRAME_BYTES} are the most`)
  const length = head + Number(size)
  return ok(bytes.length < length ? undefined : { flags, body: bytes.slice(head, length), length })
}

/** By their names, which know no capitals; `undefined` where they end in the middle. */
function propertiesOf(bytes: Uint8Array): ReadonlyMap<string, string> | undefined {
  const found = new Map<string, string>()
  const all = Buffer.from(bytes)
  for (let at = 0; at < all.length; ) {
    const valueAt = at + 1 + (all[at] ?? 0)
    if (valueAt + 4 > all.length) return undefined
    const end = valueAt + 4 + all.readUInt32BE(valueAt)
    if (end > all.length) return undefined
    found.set(all.toString('latin1', at + 1, valueAt).toLowerCase(), all.toString('latin1', valueAt + 4, end))
    at = end
  }
  return found
}

function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function padded(text: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  bytes.set(ascii(text))
  return bytes
}

/** With its length before it, in one byte. */
function short(text: string): readonly number[] {
  return [text.length, ...ascii(text)]
}
