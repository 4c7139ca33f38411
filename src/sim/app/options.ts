import type { NodeOptions } from '../../node/index.ts'

/** What can go wrong while an application runs. */
export const APP_FAULTS = [
  /** All connections of two nodes break, with whatever is on its way. */
  'cut',
  /** Nothing arrives between two nodes for a while. */
  'stall',
  /** What one node sends to another is lost without a sign. */
  'half_open',
  /** Two nodes that are connected get a second connection. */
  'second_connection',
  /** A node's process ends in this instant; what its disk was writing is kept or not. It starts again after a while. */
  'crash',
  /** A write fails: the node ends itself, and is started again. */
  'sync_fault',
  /** Another branch of blocks takes the place of the last ones. */
  'reorg',
  /** A node hears of blocks later than the others. */
  'lag',
  /** The fees of the chain change. */
  'feerate',
  /** A node cannot reach its chain for a while. */
  'chain_away',
] as const

export type AppFault = (typeof APP_FAULTS)[number]

/** How many of each kind come, on average, while the nodes commit a hundred times: a payment between two nodes takes about ten commits. */
export type AppFaults = Partial<Readonly<Record<AppFault, number>>>

export interface ChannelOption<N extends string> {
  /** Who funds it. */
  readonly from: N
  readonly to: N
  readonly capacitySat: number
  /** What `to` has of it at the start. Default: nothing. */
  readonly pushSat?: number
}

export interface CommonOptions {
  /** All that looks like chance in the world follows from it. Default: 0. */
  readonly seed?: number | string
  /** Default: a mixture of the seed's own, in which about half of the kinds happen. `{}`: none. */
  readonly faults?: AppFaults
  /** A block comes about so often; 0: only when the application mines. Default: ten minutes. */
  readonly blockEveryMs?: number
  /** Limits of every node, where they are to be others than the default ones. */
  readonly limits?: NodeOptions['limits']
}

export interface NewWorldOptions<N extends string> extends CommonOptions {
  /** Each has coins and listens on its own name. */
  readonly nodes: readonly N[]
  /** Open before the application begins. */
  readonly channels?: readonly ChannelOption<NoInfer<N>>[]
  /** What each node has on chain besides what its channels take. Default: 1,000,000. */
  readonly coinsSat?: number
}

export interface ContinuedWorldOptions<N extends string> extends CommonOptions {
  /** Where the world goes on from. */
  readonly from: WorldSnapshot<N>
}

export type WorldOptions<N extends string> = NewWorldOptions<N> | ContinuedWorldOptions<N>

/** A world at rest, as a value that can be cloned and kept: what is on the disks, the chain, and the time. */
export interface WorldSnapshot<N extends string = string> {
  readonly version: 1
  readonly seed: string
  /** Milliseconds since 1970. */
  readonly now: number
  readonly chain: Uint8Array
  readonly nodes: readonly { readonly name: N; readonly records: ReadonlyMap<string, Uint8Array> }[]
}
