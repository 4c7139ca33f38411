import type { FeeratePerKw, NodeId } from '../base/index.ts'
import type { ChannelLimits } from '../channel/index.ts'
import type { EngineLimits } from '../engine/index.ts'
import type { GossipLimits } from '../gossip/index.ts'
import type { SeedPhrase } from '../keys/index.ts'
import type { PaymentLimits } from '../payment/index.ts'
import type { PeerLimits } from '../peer/index.ts'
import type { Chain, NetAddress, Network, Store, Timers } from '../ports/index.ts'
import type { WalletLimits } from '../wallet/index.ts'
import type { NodeKeys } from './nodeKeys.ts'
import type { NetworkName } from './types.ts'

/** What a node is made of. Whatever is handed over belongs to the node from then on, which closes it. */
export interface NodeOptions {
  /** Default: regtest. */
  readonly network?: NetworkName
  readonly chain: Chain | Promise<Chain>
  /** Default: in memory, gone with the process. */
  readonly store?: Store | Promise<Store>
  /** Default: nobody is reached and nobody reaches us. */
  readonly net?: NetOption
  /** The 24 words that everything comes from. Default: new ones, which nobody ever sees: for tests. */
  readonly phrase?: SeedPhrase
  /** What was derived from the words by `nodeKeys`: for who starts one node again and again. */
  readonly keys?: NodeKeys
  /**
   * Where a node without records begins to read blocks. Default: what a restore has named, else `now`, since new words have no
   * coins. Words that were used before, on an empty store, need a height below their first coin.
   */
  readonly birthHeight?: number | 'now'
  readonly limits?: {
    readonly engine?: Partial<EngineLimits>
    readonly channel?: Partial<ChannelLimits>
    readonly gossip?: Partial<GossipLimits>
    readonly peer?: Partial<PeerLimits>
    readonly payment?: Partial<PaymentLimits>
    readonly wallet?: Partial<WalletLimits>
  }
  /**
   * Peers whose channels may be used before they are confirmed. Until it is, all that was received over such a channel is lost if its
   * opener spends the same coins otherwise: name nobody whom you would not lend as much. Default: nobody.
   */
  readonly trustZeroConf?: readonly NodeId[]
  /** What others hear of us once we have a public channel (BOLT 7, node_announcement). */
  readonly announce?: AnnouncedNode
  /**
   * Passes messages without a payment on between its peers, a bounded number a second (BOLT 4, onion messages). Those that are for the node
   * itself end there unread. Default: no.
   */
  readonly onionMessages?: boolean
  /**
   * Keeps 64 KiB for each peer with a channel, and has peers keep the sealed list of our channels, from which `restoreFromPeers` brings them
   * back (BOLT 1, peer storage). Default: yes.
   */
  readonly peerStorage?: boolean
  /** Towers that are told of each commitment that a peer revokes, so that they can punish it while this node is away. Default: none. */
  readonly watchtowers?: readonly { readonly nodeId: NodeId; readonly address: NetAddress }[]
  /** Where the chain cannot say. Default: 2,500 per kw, on regtest 1,000. */
  readonly fallbackFeerate?: FeeratePerKw
  /** Trouble and news for people, a line each; never a secret. Default: nowhere. */
  readonly log?: (line: LogLine) => void
  /** Milliseconds since 1970. Default: the host's clock. */
  readonly clock?: () => number
  /** What the node waits by; it goes with the clock. Default: the host's. */
  readonly timers?: Timers
  /** In [0, 1), for what is no secret, such as how long to wait before dialling again. Default: the host's. */
  readonly chance?: () => number
  /** Default: the host's. */
  readonly randomBytes?: (length: number) => Uint8Array
  /** Ends the start; a node that has started is stopped by `stop`. */
  readonly signal?: AbortSignal
}

export interface AnnouncedNode {
  /** 1 to 32 bytes of UTF-8. Default: the first digits of the node id. */
  readonly alias?: string
  /** As in `#1e90ff`. Default: one made of the node id. */
  readonly color?: string
  /** Where others can dial us: IP addresses, onion services of version 3, one hostname at most. Default: nowhere. */
  readonly addresses?: readonly NetAddress[]
}

export interface NetOption {
  /** The secret of our node id goes in, 32 bytes. */
  readonly network: (nodeSecret: Uint8Array) => Network
  /** Where we are to be reached. Default: nowhere. */
  readonly listen?: NetAddress
}

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly peer?: NodeId
}
