import type { BlockHash, NodeId } from '../base/index.ts'
import type { NegotiatedFeatures } from '../channel/index.ts'
import type { FeatureName, Init, Message, Ping, Pong } from '../wire/index.ts'
import type { PeerLimits } from './limits.ts'
import type { CloseReason } from './reasons.ts'

/** All that is known of one peer while the node runs. A start begins with `newPeer`: nothing here is stored. */
export interface PeerState {
  readonly nodeId: NodeId
  readonly line: Line
  readonly dial: Dial
  /** The wake that was asked for and has not come yet. No second one is asked for unless it is earlier. */
  readonly wakeAt: number | undefined
}

/** The one connection that counts (BOLT 1, connection handling: a single one per peer). */
export type Line = NoLine | HandshakingLine | UpLine

export interface NoLine {
  readonly type: 'none'
}

/** Our `init` is sent, the peer's has not come: nothing else may be sent (BOLT 1, the `init` message, receiver). */
export interface HandshakingLine {
  readonly type: 'handshaking'
  readonly connection: number
  /** We dialled it. */
  readonly outgoing: boolean
  readonly since: number
}

export interface UpLine {
  readonly type: 'up'
  readonly connection: number
  readonly outgoing: boolean
  /** When the peer's `init` came. */
  readonly since: number
  /** The peer's features: both vectors of its `init` in one (BOLT 1, the `init` message, receiver). */
  readonly features: Uint8Array
  readonly negotiated: NegotiatedFeatures
  /** When a message last came, as exactly as `heardGrainMs`; to the millisecond while a ping waits. */
  readonly heardAt: number
  readonly ping: PingState
  /** The pings that we answered in the interval that began at `since`. */
  readonly answered: { readonly since: number; readonly count: number }
}

/** Our own ping. At most one waits for its `pong`, so it is clear which one a `pong` answers. */
export type PingState =
  | { readonly type: 'idle' }
  | {
      readonly type: 'waiting'
      readonly numPongBytes: number
      readonly since: number
      /** How long silence may last from `since` or from what was heard after it. */
      readonly timeoutMs: number
    }

/** Whether and when the peer is dialled. */
export interface Dial {
  readonly wanted: boolean
  /** Dials and short-lived lines in a row that came to nothing: the exponent of the back-off. */
  readonly attempts: number
  /** In the order to try: the one that worked last comes first, the one that led a dial that failed goes last. */
  readonly addresses: readonly PeerAddress[]
  readonly phase:
    | { readonly type: 'idle' }
    | { readonly type: 'waiting'; readonly nextAt: number }
    /** Until an outgoing `connected` or `dial_failed`: one of the two answers each `dial`. */
    | { readonly type: 'under_way' }
}

export interface PeerAddress {
  readonly host: string
  readonly port: number
}

export type PeerInput =
  /** A connection is authenticated. Its number is never used again. */
  | {
      readonly type: 'connected'
      readonly connection: number
      readonly outgoing: boolean
      /** Where we dialled it. */
      readonly address?: PeerAddress
    }
  /** One whole message, type first. */
  | { readonly type: 'received'; readonly connection: number; readonly bytes: Uint8Array }
  | { readonly type: 'ended'; readonly connection: number }
  /** Time has passed: comes at or after each `wake`, and does no harm at other times. */
  | { readonly type: 'tick' }
  /**
   * Whether the node wants to be connected: it has channels with the peer, or its user asked. Addresses replace those known. A peer newly
   * wanted, or wanted with addresses, is dialled at once where that is possible. A line that is up stays up when no longer wanted.
   */
  | { readonly type: 'wanted'; readonly wanted: boolean; readonly addresses?: readonly PeerAddress[] }
  /** None of the addresses of the last `dial` led to the peer. */
  | { readonly type: 'dial_failed' }
  /** The floor above ends the connection; a peer that is still wanted is dialled again after the back-off. */
  | { readonly type: 'hang_up'; readonly reason: string }

export type PeerEffect =
  | { readonly type: 'send'; readonly connection: number; readonly message: Message }
  /** What was sent before goes out first. Nothing of this connection counts from here on. */
  | { readonly type: 'close'; readonly connection: number; readonly reason: CloseReason }
  /** Try these in order until one leads to the peer, then say `connected`; else `dial_failed`. */
  | { readonly type: 'dial'; readonly addresses: readonly PeerAddress[] }
  /** Messages may be sent, and `deliver` follows: channels are to be reestablished (BOLT 2, message retransmission). */
  | {
      readonly type: 'up'
      readonly connection: number
      readonly negotiated: NegotiatedFeatures
      readonly features: Uint8Array
    }
  /** What was up is so no longer. */
  | { readonly type: 'down' }
  | { readonly type: 'deliver'; readonly message: DeliveredMessage }
  /** Say `tick` at this time or soon after. It is enough to keep the newest: another one comes only when it is earlier. */
  | { readonly type: 'wake'; readonly at: number }

/** What the floors above see: all but the messages that are answered here. */
export type DeliveredMessage = Exclude<Message, Init | Ping | Pong>

export interface PeerContext {
  /** Milliseconds, of any clock that runs on while the node does. */
  readonly now: number
  /** Our own node id: two connections are judged by it and the peer's. */
  readonly localNodeId: NodeId
  /** Ours, see `localFeatures`. */
  readonly features: Uint8Array
  /** The names of ours, see `supportedFeatures`. */
  readonly supported: readonly FeatureName[]
  readonly chainHash: BlockHash
  readonly limits: PeerLimits
  /** In [0, 1), new for each step: for jitter, not for secrets. */
  readonly entropy: number
}

export interface PeerStep {
  /** The same object where nothing changed. */
  readonly next: PeerState
  /** In the order in which they are to happen. */
  readonly effects: readonly PeerEffect[]
}

export const NO_LINE: NoLine = { type: 'none' }
export const IDLE = { type: 'idle' } as const

export function newPeer(nodeId: NodeId): PeerState {
  return {
    nodeId,
    line: NO_LINE,
    dial: { wanted: false, attempts: 0, addresses: [], phase: IDLE },
    wakeAt: undefined,
  }
}

/** A step in which nothing happens. */
export function unchanged(state: PeerState): PeerStep {
  return { next: state, effects: [] }
}
