import type { NodeId } from '../base/index.ts'

/** Where a peer can be reached. `host` is a name or an IP address, never with brackets. */
export interface NetAddress {
  readonly host: string
  readonly port: number
}

/** One encrypted, authenticated connection (BOLT 8), after its handshake. */
export interface Connection {
  readonly remoteNodeId: NodeId
  /** We dialled it. */
  readonly outgoing: boolean
  /** Where the other end is, for people to read. */
  readonly remoteAddress: string
  /**
   * Encrypts and sends messages, in order, in as few writes as possible. Never blocks and never throws: what cannot be sent is
   * dropped with the connection, which ends when more waits than its bound allows. The bytes are the connection's from then on.
   */
  send(messages: readonly Uint8Array[]): void
  /** Sends what waits, then ends the connection. Idempotent; `onEnd` follows. */
  close(): void
}

/** Who hears of one connection. */
export interface ConnectionListener {
  /**
   * Whole messages in the order of the stream, all that one read brought. Nothing more is read until the promise resolves: so
   * no peer can fill our memory. A listener that throws or rejects ends the connection.
   */
  onMessages(messages: readonly Uint8Array[]): Promise<void>
  /**
   * Once, whichever side ended it: nothing follows. It may come while `onMessages` is pending. `reason` is a sentence for
   * people. Never called from within `send` or `close`.
   */
  onEnd(reason: string): void
}

/** Takes a connection over, in the same instant in which its handshake is done. */
export type Accept = (connection: Connection) => ConnectionListener

export interface Listening {
  /** The address really listened on: the port that the system chose, where 0 was asked for. */
  readonly address: NetAddress
  /** Accepts nothing more. Open connections stay. */
  close(): Promise<void>
}

/** Why a peer could not be reached or a port not be used: `code` for programs, the message for people. */
export class NetworkError extends Error {
  readonly code: 'address_in_use' | 'address_not_usable' | 'unreachable' | 'timeout' | 'handshake_failed' | 'aborted'

  constructor(code: NetworkError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'NetworkError'
    this.code = code
  }
}

/** How nodes reach each other. One instance belongs to one node, whose secret it holds. */
export interface Network {
  /** Rejects with a `NetworkError` that says what to do. */
  listen(address: NetAddress, accept: Accept): Promise<Listening>
  /** Rejects with a `NetworkError`. */
  dial(to: NetAddress & { readonly nodeId: NodeId }, accept: Accept, signal?: AbortSignal): Promise<Connection>
}
