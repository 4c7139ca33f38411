import { defined, type NodeId } from '../base/index.ts'
import { MAX_FRAME_BYTES, MAX_MESSAGE_BYTES } from '../noise/index.ts'
import type { Connection, ConnectionListener } from '../ports/index.ts'
import type { Framing } from './framing.ts'
import type { NetLimits } from './limits.ts'
import type { Wire, WireListener } from './wire.ts'

export interface ConnectionParts {
  readonly wire: Wire
  readonly framing: Framing
  readonly remoteNodeId: NodeId
  readonly outgoing: boolean
  readonly limits: Pick<NetLimits, 'maxWaitingBytes' | 'closingGraceMs'>
  /** Once, before the listener hears of the end. */
  readonly onEnded: () => void
}

const FRAME_OVERHEAD_BYTES = MAX_FRAME_BYTES - MAX_MESSAGE_BYTES

/**
 * Messages over a wire, after the handshake.
 *
 *     open ── close(), or the other end ends ──▶ ending: what waits goes out, for a while ──▶ ended
 *       └──── what must not be, from either side ─────────────────────────────────────────────▲
 *
 * From the first reason to end on, nothing is taken from the peer and nothing more is sent.
 */
export class MessageConnection implements Connection, WireListener {
  readonly remoteNodeId: NodeId
  readonly outgoing: boolean
  readonly remoteAddress: string
  readonly #parts: ConnectionParts
  readonly #wire: Wire
  #listener: ConnectionListener | undefined
  /** Why the connection ends. The first reason stays. */
  #reason: string | undefined
  #queue: Uint8Array[] = []
  #queuedBytes = 0
  #grace: NodeJS.Timeout | undefined

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.#wire = parts.wire
    this.remoteNodeId = parts.remoteNodeId
    this.outgoing = parts.outgoing
    this.remoteAddress = parts.wire.remoteAddress
  }

  /** Hears the wire from now on. `rest` is what came behind the handshake. */
  begin(listener: ConnectionListener, rest: Uint8Array): void {
    this.#listener = listener
    this.#wire.hear(this)
    if (rest.length > 0) this.onBytes(rest)
  }

  send(messages: readonly Uint8Array[]): void {
    if (this.#reason !== undefined) return
    let bytes = 0
    for (const message of messages) bytes += message.length + FRAME_OVERHEAD_BYTES
    const refusal = this.#refusal(messages, bytes)
    if (refusal !== undefined) {
      this.#abandon(refusal)
      return
    }
    // What is sent in one instant, also from promise to promise, leaves in one write.
    if (this.#queue.length === 0) process.nextTick(() => this.#flush())
    for (const message of messages) this.#queue.push(message)
    this.#queuedBytes += bytes
  }

  close(): void {
    this.#finish('We closed the connection.')
  }

  onBytes(chunk: Uint8Array): void {
    // While the connection ends, bytes are taken off the wire only so that its end can come.
    if (this.#reason !== undefined) return
    const { messages, failure } = this.#parts.framing.read(chunk)
    if (messages.length > 0) {
      this.#wire.pause()
      void this.#handOver(messages, failure)
    } else if (failure !== undefined) {
      this.#abandon(failure)
    }
  }

  onEndOfStream(): void {
    this.#finish(this.#parts.framing.end() ?? 'The other end closed the connection.')
  }

  onClosed(error: Error | undefined): void {
    clearTimeout(this.#grace)
    this.#reason ??= error === undefined ? 'The connection was closed.' : `The connection broke: ${error.message}.`
    this.#parts.onEnded()
    try {
      this.#hears().onEnd(this.#reason)
    } catch {
      // The connection is over already, which is all that a failing listener costs.
    }
  }

  async #handOver(messages: readonly Uint8Array[], failure: string | undefined): Promise<void> {
    try {
      await this.#hears().onMessages(messages)
    } catch (error) {
      return this.#abandon(`What takes its messages failed: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (failure !== undefined) return this.#abandon(failure)
    this.#wire.resume()
  }

  /** Why messages that take so many bytes cannot be sent. */
  #refusal(messages: readonly Uint8Array[], bytes: number): string | undefined {
    const tooLong = messages.find(({ length }) => length > MAX_MESSAGE_BYTES)
    if (tooLong !== undefined) {
      return `A message of ${tooLong.length} bytes was to be sent, and the longest has ${MAX_MESSAGE_BYTES} (BOLT 8).`
    }
    const waiting = this.#wire.waiting + this.#queuedBytes + bytes
    const { maxWaitingBytes } = this.#parts.limits
    if (waiting <= maxWaitingBytes) return undefined
    return `The other end reads too slowly: ${waiting} bytes wait for it, and at most ${maxWaitingBytes} may.`
  }

  #flush(): void {
    // Nothing is left where the end of the connection was quicker.
    if (this.#queue.length === 0) return
    const messages = this.#queue
    this.#queue = []
    this.#queuedBytes = 0
    this.#wire.write(this.#parts.framing.write(messages))
  }

  /** The end in good order. */
  #finish(reason: string): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    this.#flush()
    this.#wire.end()
    this.#wire.resume()
    this.#grace = setTimeout(() => this.#wire.destroy(), this.#parts.limits.closingGraceMs)
  }

  /** The end at once. */
  #abandon(reason: string): void {
    this.#reason ??= reason
    this.#queue = []
    this.#queuedBytes = 0
    this.#wire.destroy()
  }

  #hears(): ConnectionListener {
    return defined(this.#listener, 'a connection was heard before it had a listener')
  }
}
