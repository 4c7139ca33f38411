import { byteAt, concat } from '../base/index.ts'
import { decryptStream, encryptMessage, endStream, type NoiseFailure, type Transport } from '../noise/index.ts'

/** How messages become bytes of a stream, and bytes messages, on one connection after its handshake. It owns the ciphers. */
export interface Framing {
  /** The frames of messages, each of at most `MAX_MESSAGE_BYTES`, in one piece. */
  write(messages: readonly Uint8Array[]): Uint8Array
  /** The messages that a chunk completes. After a failure nothing more is read. The messages before it count. */
  read(chunk: Uint8Array): { readonly messages: readonly Uint8Array[]; readonly failure?: string }
  /** What is wrong when the stream ends here. */
  end(): string | undefined
}

/** BOLT 8: every message encrypted, in order, and proven to come from the other end. */
export function encryptedFraming(opened: Transport): Framing {
  let transport = opened
  return {
    write(messages) {
      const frames: Uint8Array[] = []
      for (const message of messages) {
        const { next, bytes } = encryptMessage(transport, message)
        transport = next
        frames.push(bytes)
      }
      return concat(...frames)
    },
    read(chunk) {
      const read = decryptStream(transport, chunk)
      if (!read.ok) return { messages: read.error.messages, failure: failureText(read.error.failure) }
      transport = read.value.next
      return { messages: read.value.messages }
    },
    end() {
      const failure = endStream(transport)
      return failure && failureText(failure)
    },
  }
}

const LENGTH_BYTES = 2

/** The length of each message in two bytes, then the message as it is: for pipes, whose bytes nobody else can see or change. */
export function plainFraming(): Framing {
  let kept: Uint8Array = new Uint8Array(0)
  return {
    write: messages =>
      concat(...messages.flatMap(message => [Uint8Array.of(message.length >> 8, message.length & 0xff), message])),
    read(chunk) {
      const bytes = concat(kept, chunk)
      const messages: Uint8Array[] = []
      let start = 0
      for (;;) {
        const from = start + LENGTH_BYTES
        if (from > bytes.length) break
        const to = from + byteAt(bytes, start) * 256 + byteAt(bytes, start + 1)
        if (to > bytes.length) break
        messages.push(bytes.slice(from, to))
        start = to
      }
      kept = bytes.slice(start)
      return { messages }
    },
    end: () => (kept.length === 0 ? undefined : `The stream ended inside a message, after ${kept.length} bytes of it.`),
  }
}

/** A failure of BOLT 8 as a sentence. */
export function failureText({ expected, got, section }: NoiseFailure): string {
  return `Expected ${expected}, got ${got} (${section}).`
}
