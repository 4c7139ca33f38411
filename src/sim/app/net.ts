import type { NodeId } from '../../base/index.ts'
import {
  type Accept,
  type Connection,
  type ConnectionListener,
  type NetAddress,
  type Network,
  NetworkError,
} from '../../ports/index.ts'
import type { NetworkEnd, SimNetwork } from '../network.ts'

/** Where every node of a world listens, each on a host of its own name. */
export const PORT = 9735

interface Line {
  readonly listener: ConnectionListener
  /** What has come and was not given to the listener yet. */
  waiting: Uint8Array[]
  isBusy: boolean
  isOpen: boolean
}

interface Dial {
  readonly accept: Accept
  readonly signal: AbortSignal | undefined
  readonly resolve: (connection: Connection) => void
  readonly reject: (error: NetworkError) => void
}

export interface WorldEndOptions {
  readonly name: string
  readonly id: NodeId
  readonly network: SimNetwork
  /** Who is reached by an address, and what people call a node. */
  readonly book: {
    at(address: NetAddress): NodeId | undefined
    nameOf(id: NodeId): string
  }
  readonly onSent: (connection: number, bytes: Uint8Array) => void
}

/**
 * A node's place in the network of the world, whatever process is there, and the network as that process sees it: connections of the
 * world, which have shaken hands and are encrypted on their way, and what each of them has made of its bytes.
 */
export class WorldEnd implements NetworkEnd {
  readonly name: string
  readonly id: NodeId
  readonly #options: WorldEndOptions
  readonly #lines = new Map<number, Line>()
  readonly #dials = new Map<NodeId, Dial[]>()
  #accept: Accept | undefined

  constructor(options: WorldEndOptions) {
    this.name = options.name
    this.id = options.id
    this.#options = options
  }

  get isListening(): boolean {
    return this.#accept !== undefined
  }

  get isConnected(): boolean {
    return this.#lines.size > 0
  }

  /** Of a new process. */
  port(): Network {
    return {
      listen: async (address, accept) => {
        this.#accept = accept
        const close = async () => {
          if (this.#accept === accept) this.#accept = undefined
        }
        return { address, close }
      },
      dial: (to, accept, signal) => this.#dial(to, accept, signal),
    }
  }

  /** The process is gone. Its peers are told, sooner or later. */
  leave(): void {
    this.#accept = undefined
    for (const line of this.#lines.values()) line.isOpen = false
    this.#lines.clear()
    this.#dials.clear()
    this.#options.network.leave(this)
  }

  connected(number: number, peer: NodeId, outgoing: boolean): void {
    const { network, book, onSent } = this.#options
    const dial = outgoing ? this.#dials.get(peer)?.shift() : undefined
    const accept = dial?.accept ?? this.#accept
    if (accept === undefined || dial?.signal?.aborted === true) {
      dial?.reject(aborted())
      network.close(number, this)
      return
    }
    const connection: Connection = {
      remoteNodeId: peer,
      outgoing,
      remoteAddress: `${book.nameOf(peer)}:${PORT}`,
      send: messages => {
        if (!this.#lines.has(number)) return
        for (const bytes of messages) {
          onSent(number, bytes)
          network.send(number, this, bytes)
        }
      },
      close: () => {
        if (this.#lines.has(number)) network.close(number, this)
      },
    }
    this.#lines.set(number, { listener: accept(connection), waiting: [], isBusy: false, isOpen: true })
    dial?.resolve(connection)
  }

  received(number: number, _peer: NodeId, bytes: Uint8Array): void {
    const line = this.#lines.get(number)
    if (line === undefined) return
    line.waiting.push(bytes)
    if (!line.isBusy) void this.#give(number, line)
  }

  ended(number: number): void {
    const line = this.#lines.get(number)
    if (line === undefined) return
    this.#lines.delete(number)
    line.isOpen = false
    line.listener.onEnd('The connection has ended.')
  }

  dialFailed(peer: NodeId, reason: string): void {
    const dial = this.#dials.get(peer)?.shift()
    dial?.reject(new NetworkError('unreachable', `${this.#options.book.nameOf(peer)} is not reached: ${reason}.`))
  }

  #dial(to: NetAddress & { readonly nodeId: NodeId }, accept: Accept, signal?: AbortSignal): Promise<Connection> {
    const found = this.#options.book.at(to)
    if (signal?.aborted === true) return Promise.reject(aborted())
    if (found !== to.nodeId) {
      const message = `${to.host}:${to.port} is not the address of that node in this world.`
      return Promise.reject(new NetworkError(found === undefined ? 'unreachable' : 'handshake_failed', message))
    }
    const { promise, resolve, reject } = Promise.withResolvers<Connection>()
    const dials = this.#dials.get(to.nodeId) ?? []
    dials.push({ accept, signal, resolve, reject })
    this.#dials.set(to.nodeId, dials)
    this.#options.network.dial(this, to.nodeId)
    return promise
  }

  /** What comes while the listener is busy waits for it, as it would in a socket. */
  async #give(number: number, line: Line): Promise<void> {
    line.isBusy = true
    while (line.waiting.length > 0 && line.isOpen) {
      const messages = line.waiting
      line.waiting = []
      try {
        await line.listener.onMessages(messages)
      } catch {
        // As the port has it: who cannot listen has no connection.
        if (line.isOpen) this.#options.network.close(number, this)
        break
      }
    }
    line.isBusy = false
  }
}

function aborted(): NetworkError {
  return new NetworkError('aborted', 'Dialling was called off.')
}
