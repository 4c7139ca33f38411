import type { ChannelId, NodeId, OutPoint, Sat, Txid } from '../base/index.ts'
import type { ForwardEvent, HoldEvent, PaymentEvent } from '../payment/index.ts'

/** An event in the durable log: numbers go up by one, over the whole life of the node. */
export interface NumberedEvent {
  readonly number: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly event: NodeEvent
}

/** What a node tells. Each is written together with what it is about, so none is told that a restart takes back. */
export type NodeEvent =
  | PaymentEvent
  | HoldEvent
  | ForwardEvent
  | {
      readonly type: 'channel_state'
      readonly channelId: ChannelId
      readonly peer: NodeId
      readonly from: string
      readonly to: string
      readonly reason?: string
    }
  /** What was seen on chain about a channel, and what it means; `sentence` is for people. */
  | {
      readonly type: 'channel_onchain'
      readonly channelId: ChannelId
      readonly peer: NodeId
      readonly kind: string
      readonly sentence: string
    }
  /** An `error` or `warning` of a peer. */
  | {
      readonly type: 'peer_said'
      readonly channelId: ChannelId
      readonly peer: NodeId
      readonly kind: 'error' | 'warning'
      readonly text: string
    }
  | { readonly type: 'peer_connected'; readonly peer: NodeId }
  | { readonly type: 'peer_disconnected'; readonly peer: NodeId }
  /** A peer keeps a list of channels for us, made at that time, that names so many which this node does not know: data was lost here. */
  | {
      readonly type: 'channels_unknown'
      readonly peer: NodeId
      readonly count: number
      /** Milliseconds since 1970. */
      readonly createdAt: number
    }
  | { readonly type: 'coin_received'; readonly outpoint: OutPoint; readonly amountSat: Sat; readonly height: number }
  | { readonly type: 'transaction_confirmed'; readonly txid: Txid; readonly height: number }
  | { readonly type: 'transaction_conflicted'; readonly txid: Txid; readonly by: Txid; readonly height: number }
  /** The chain has no inputs for it any more: its other coins are free. */
  | { readonly type: 'transaction_given_up'; readonly txid: Txid }
