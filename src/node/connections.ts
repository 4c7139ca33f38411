import type { NodeId } from '../base/index.ts'
import type { Connection, ConnectionListener, NetAddress, Network } from '../ports/index.ts'

export interface ConnectionsOptions {
  readonly network: Network
  /** Each connection has a number, never used again. */
  readonly onConnected: (connection: number, to: Connection, dialled?: NetAddress) => void
  /** Nothing more is read from the peer until it resolves. */
  readonly onMessages: (connection: number, nodeId: NodeId, messages: readonly Uint8Array[]) => Promise<void>
  readonly onEnded: (connection: number, nodeId: NodeId) => void
  readonly onDialFailed: (nodeId: NodeId, reason: string) => void
}

/** The open connections of a node, by their numbers. */
export class Connections {
  readonly #options: ConnectionsOptions
  readonly #open = new Map<number, Connection>()
  readonly #stop = new AbortController()
  #last = 0

  constructor(options: ConnectionsOptions) {
    this.#options = options
  }

  /** Takes over a connection that somebody else began. */
  readonly accept = (connection: Connection): ConnectionListener => this.#take(connection)

  get(connection: number): Connection | undefined {
    return this.#open.get(connection)
  }

  send(connection: number, bytes: Uint8Array): void {
    this.#open.get(connection)?.send([bytes])
  }

  close(connection: number): void {
    this.#open.get(connection)?.close()
  }

  /** Tries the addresses one after the other. What comes of it is told. */
  async dial(nodeId: NodeId, addresses: readonly NetAddress[]): Promise<void> {
    const { network, onDialFailed } = this.#options
    const reasons: string[] = []
    for (const address of addresses) {
      try {
        await network.dial({ ...address, nodeId }, connection => this.#take(connection, address), this.#stop.signal)
        return
      } catch (error) {
        reasons.push(error instanceof Error ? error.message : String(error))
      }
    }
    onDialFailed(nodeId, reasons.length === 0 ? 'No address is known.' : reasons.join(' '))
  }

  /** Ends all of them, and what is being dialled. */
  stop(): void {
    this.#stop.abort()
    for (const connection of this.#open.values()) connection.close()
  }

  #take(connection: Connection, dialled?: NetAddress): ConnectionListener {
    const { onConnected, onMessages, onEnded } = this.#options
    this.#last += 1
    const number = this.#last
    this.#open.set(number, connection)
    onConnected(number, connection, dialled)
    return {
      onMessages: messages => onMessages(number, connection.remoteNodeId, messages),
      onEnd: () => {
        this.#open.delete(number)
        onEnded(number, connection.remoteNodeId)
      },
    }
  }
}
