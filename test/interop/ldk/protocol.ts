// What the process of LDK is asked and what it tells: a line of JSON each. Amounts are decimal strings, bytes are hexadecimal.

/** The first argument of the process. */
export interface LdkOptions {
  /** 32 bytes: everything that it owns comes from it. */
  readonly seed: string
  /** Where it keeps its channels; a process that finds something there goes on with it. */
  readonly dataDir: string
  /** JSON-RPC of the chain, with user and password. */
  readonly chain: string
  /** 0: one that is free. */
  readonly port: number
  readonly feeratePerKw: number
  /** Channels of others are used before they are confirmed. */
  readonly zeroConf?: boolean
  /** Its own channels are never named by where they stand on the chain. */
  readonly scidPrivacy?: boolean
  /** What it writes is on the disk before it goes on, as a log of updates; it is not read again. For benchmarks. */
  readonly synced?: boolean
}

export interface Verbs {
  info: { in: object; out: { nodeId: string; nodeSecret: string; port: number; height: number; features: string } }
  connect: { in: { nodeId: string; host: string; port: number }; out: object }
  disconnect: { in: { nodeId: string }; out: object }
  peers: { in: object; out: readonly string[] }
  open: { in: { nodeId: string; capacitySat: string; pushMsat: string }; out: object }
  channels: { in: object; out: readonly LdkChannel[] }
  invoice: {
    in: {
      amountMsat?: string
      description?: string
      paymentHash?: string
      minFinalCltv?: number
      expirySeconds?: number
    }
    out: { invoice: string; paymentHash: string }
  }
  pay: { in: { invoice: string; amountMsat?: string }; out: LdkEnd }
  invoices: { in: { count: number; amountMsat: string }; out: readonly string[] }
  /** So many at any time, each lane with a pause after each; milliseconds in all and of each until its preimage. */
  payMany: { in: LdkMany; out: LdkTimes }
  keysend: { in: { nodeId: string; amountMsat: string }; out: LdkEnd }
  /** Along hops of the caller's choice, whatever they lead to. */
  payAlong: { in: LdkRoute; out: LdkEnd }
  /** What comes in is kept until `claim` or `refuse`. */
  hold: { in: { on: boolean }; out: object }
  claim: { in: { paymentHash: string }; out: object }
  refuse: { in: { paymentHash: string; reason: RefusalReason }; out: object }
  close: { in: { channelId: string; nodeId: string }; out: object }
  forceClose: { in: { channelId: string; nodeId: string }; out: object }
  /** Reads the chain up to its tip, and publishes what follows. */
  sync: { in: object; out: { height: number } }
  feerate: { in: { perKw: number }; out: object }
  tick: { in: object; out: object }
  /** Processor time of the process so far, in microseconds. */
  cpu: { in: object; out: { process: number } }
  address: { in: object; out: { address: string } }
  balance: { in: object; out: { coinsSat: string; coins: number; claimable: number } }
  /** Writes everything and ends. */
  stop: { in: object; out: object }
}

export type RefusalReason = 'temporary_node_failure' | 'required_node_feature_missing' | 'incorrect_details' | 'payload'

export interface LdkChannel {
  readonly channelId: string
  readonly peer: string
  readonly usable: boolean
  readonly ready: boolean
  readonly outbound: boolean
  /** Where it is on chain, as a number; empty before. */
  readonly scid: string
  readonly capacitySat: string
  readonly outboundMsat: string
  readonly feeratePerKw: number
  readonly pendingIn: number
  readonly pendingOut: number
  readonly channelType: string
}

export interface LdkMany {
  readonly invoices: readonly string[]
  readonly atOnce: number
  readonly pauseMs: number
}

export interface LdkTimes {
  readonly elapsedMs: number
  readonly eachMs: readonly number[]
}

export type LdkEnd =
  | { readonly type: 'sent'; readonly preimage: string }
  | { readonly type: 'failed'; readonly reason: string; readonly said: readonly string[] }

export interface LdkHop {
  readonly nodeId: string
  readonly scid: string
  readonly feeMsat: string
  readonly cltvDelta: number
}

export interface LdkRoute {
  readonly hops: readonly LdkHop[]
  readonly paymentHash: string
  readonly paymentSecret: string
  /** What the onion says that is paid in all; default: what the last hop gets. */
  readonly totalMsat?: string
}

/** What happens to it, told as it happens. */
export type LdkEvent =
  | { readonly event: 'ready'; readonly nodeId: string; readonly port: number; readonly height: number }
  | { readonly event: 'channel_pending' | 'channel_ready'; readonly channelId: string }
  | { readonly event: 'channel_closed'; readonly channelId: string; readonly reason: string }
  | { readonly event: 'claimable' | 'claimed'; readonly paymentHash: string; readonly amountMsat: string }
  | { readonly event: 'broadcast'; readonly txids: readonly string[]; readonly refused?: string }
  | { readonly event: 'other'; readonly name: string }

export type VerbName = keyof Verbs

export interface Asked<V extends VerbName = VerbName> {
  readonly id: number
  readonly verb: V
  readonly args: Verbs[V]['in']
}

export type Told =
  | LdkEvent
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string }
