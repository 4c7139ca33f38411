import type { Socket } from 'node:net'
import { plainAddress, sourceOf } from './address.ts'
import type { Wire, WireListener } from './wire.ts'

/** After so long in silence the system asks whether the other end is still there. */
const KEEP_ALIVE_AFTER_MS = 60_000

/** A connected TCP socket as a wire. The socket belongs to it from then on, all errors included. */
export class SocketWire implements Wire {
  readonly remoteAddress: string
  readonly source: string
  readonly #socket: Socket
  #listener: WireListener | undefined
  #error: Error | undefined

  constructor(socket: Socket, remoteAddress: string) {
    this.#socket = socket
    this.remoteAddress = remoteAddress
    // A socket that is gone already has no address.
    this.source = sourceOf(socket.remoteAddress ?? '')
    // Messages wait for answers, so they leave at once, in pieces that we make ourselves.
    socket.setNoDelay(true)
    socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS)
    socket.on('error', error => {
      this.#error = error
    })
    socket.on('close', () => this.#listener?.onClosed(this.#error))
    socket.on('end', () => this.#listener?.onEndOfStream())
  }

  get waiting(): number {
    return this.#socket.writableLength
  }

  hear(listener: WireListener): void {
    const first = this.#listener === undefined
    this.#listener = listener
    // A plain view: `slice` of a Buffer would not copy.
    if (first) {
      this.#socket.on('data', (chunk: Buffer) =>
        this.#listener?.onBytes(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)),
      )
    }
  }

  write(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }
}

/** The address of the other end as an incoming socket shows it. */
export function remoteAddressOf(socket: Socket): { readonly host: string; readonly port: number } {
  return { host: plainAddress(socket.remoteAddress ?? 'unknown'), port: socket.remotePort ?? 0 }
}
