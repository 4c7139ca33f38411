/**
 * A stream of bytes to another party and back, and nothing more: a socket, or one end of a pipe. Nothing here throws. Bytes
 * are heard once `hear` was called.
 */
export interface Wire {
  /** Where the other end is, for people to read. */
  readonly remoteAddress: string
  /** Who is counted for this wire, where strangers are counted. */
  readonly source: string
  /** Bytes written that have not left yet. */
  readonly waiting: number
  /** Says who hears from now on, in place of whoever did before. */
  hear(listener: WireListener): void
  /** After `end` and `destroy`, and when the other end is gone, the bytes are dropped. */
  write(bytes: Uint8Array): void
  /** Between `pause` and `resume` no bytes are heard. The end of the stream may be, once all bytes were. */
  pause(): void
  resume(): void
  /** Sends what waits and then the end of the stream. The wire closes when the other end has ended its stream as well. */
  end(): void
  /** Closes at once: what waits is lost. */
  destroy(): void
}

export interface WireListener {
  /** The chunk may not be kept: a copy may. */
  onBytes(chunk: Uint8Array): void
  /** The other end sends nothing more. */
  onEndOfStream(): void
  /** Once, and nothing follows. The error is why, where something went wrong; never called from within a call to the wire. */
  onClosed(error: Error | undefined): void
}
