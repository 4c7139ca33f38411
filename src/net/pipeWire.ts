import { concat, defined } from '../base/index.ts'
import type { Wire, WireListener } from './wire.ts'

/** What one read takes at most, as a socket does. */
const CHUNK_BYTES = 65_536

/** Both ends of a new pipe: what is written into one is heard at the other, later and in order. */
export function openPipe(names: { readonly dialer: string; readonly dialled: string }): {
  readonly dialer: Wire
  readonly dialled: Wire
} {
  const dialer = new PipeEnd(names.dialled)
  const dialled = new PipeEnd(names.dialer)
  dialer.join(dialled)
  dialled.join(dialer)
  return { dialer, dialled }
}

/** Never calls a listener from within a call to it, like a socket. */
class PipeEnd implements Wire {
  readonly remoteAddress: string
  readonly source: string
  #other: PipeEnd | undefined
  #listener: WireListener | undefined
  /** What the other end wrote and nobody has heard yet. */
  #inbox: Uint8Array[] = []
  #inboxBytes = 0
  #paused = false
  #scheduled = false
  /** We write nothing more. */
  #ended = false
  /** The listener knows that the other end writes nothing more. */
  #heardEnd = false
  #closed = false

  constructor(remoteAddress: string) {
    this.remoteAddress = remoteAddress
    this.source = remoteAddress
  }

  join(other: PipeEnd): void {
    this.#other = other
  }

  get waiting(): number {
    return this.#peer().#inboxBytes
  }

  hear(listener: WireListener): void {
    this.#listener = listener
    this.#schedule()
  }

  write(bytes: Uint8Array): void {
    if (!this.#ended) this.#peer().#receive(bytes)
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#schedule()
  }

  end(): void {
    this.#ended = true
    this.#peer().#schedule()
    if (this.#heardEnd) this.#close()
  }

  destroy(): void {
    this.#ended = true
    this.#close()
    this.#peer().#schedule()
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return
    this.#inbox.push(bytes)
    this.#inboxBytes += bytes.length
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#closed || this.#paused || this.#listener === undefined) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      if (!this.#closed && !this.#paused) this.#deliver()
    })
  }

  #deliver(): void {
    if (this.#inboxBytes > 0) {
      this.#listener?.onBytes(this.#takeChunk())
      this.#schedule()
    } else if (this.#peer().#ended && !this.#heardEnd) {
      this.#heardEnd = true
      this.#listener?.onEndOfStream()
      this.end()
    }
  }

  #takeChunk(): Uint8Array {
    const parts: Uint8Array[] = []
    let room = CHUNK_BYTES
    while (room > 0) {
      const part = this.#inbox.shift()
      if (part === undefined) break
      parts.push(part.subarray(0, room))
      if (part.length > room) this.#inbox.unshift(part.subarray(room))
      room -= Math.min(part.length, room)
    }
    this.#inboxBytes -= CHUNK_BYTES - room
    return concat(...parts)
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#inbox = []
    this.#inboxBytes = 0
    setImmediate(() => this.#listener?.onClosed(undefined))
  }

  #peer(): PipeEnd {
    return defined(this.#other, 'an end of a pipe was used before the pipe was whole')
  }
}
