import type { Sat, Txid } from '../../base/index.ts'

// What a run of the demo tells: every scenario fills this in, and it is all that the summary and `--json` know.

export const SCENARIOS = ['cooperative', 'vanish', 'cheat'] as const
export type Scenario = (typeof SCENARIOS)[number]

export const ROLES = [
  'funding',
  'mutual-close',
  'commitment',
  'htlc-timeout',
  'htlc-success',
  'anchor',
  'claim',
  'penalty',
] as const
export type Role = (typeof ROLES)[number]

/** A transaction of the channel that is confirmed. */
export interface OnchainTransaction {
  readonly role: Role
  readonly txid: Txid
  readonly hex: string
  readonly feeSat: Sat
  readonly height: number
  readonly vsize: number
  /** Who published it. */
  readonly by: 'alice' | 'bob'
  /** A sentence: what it does and why it is there. */
  readonly meaning: string
}

/** An output of the channel that nobody took, such as an anchor that is worth less than its fee. */
export interface LeftOutput {
  readonly txid: Txid
  readonly vout: number
  readonly amountSat: Sat
  /** Whose it is or would be, and why it is still there. */
  readonly owner: 'alice' | 'bob'
  readonly why: string
}

export interface DemoReport {
  readonly scenario: Scenario
  readonly network: 'regtest'
  readonly capacitySat: Sat
  readonly payments: {
    readonly count: number
    /** 0 when there were none. */
    readonly perSecond: number
    readonly seconds: number
    readonly aliceToBob: { readonly count: number; readonly sumMsat: bigint }
    readonly bobToAlice: { readonly count: number; readonly sumMsat: bigint }
    readonly mostInFlight: number
    readonly messages: number
    readonly bytes: number
  }
  /** In the order of confirmation. */
  readonly onchain: readonly OnchainTransaction[]
  /** What came out of the channel for each, fees that each paid from its own wallet subtracted. */
  readonly final: { readonly alice: { readonly onchainSat: Sat }; readonly bob: { readonly onchainSat: Sat } }
  readonly left: readonly LeftOutput[]
  /** Fees of all transactions that spend from the channel: capacity = final + left + these. */
  readonly channelFeesSat: Sat
  readonly fundingFeeSat: Sat
  /** The same payments, each as a transaction of its own, at the feerate of the demo. */
  readonly onchainInstead: {
    readonly transactions: number
    readonly vbytes: number
    readonly feesSat: Sat
    readonly blocks: number
  }
  /** What happened, one short sentence each, in order, with the height. */
  readonly story: readonly { readonly height: number; readonly who: 'alice' | 'bob' | 'chain'; readonly text: string }[]
  readonly crypto: string
}

/**
 * Called while the demo runs. Between calls the run gives way to timers and signals now and then (an awaited
 * `setImmediate` some times a second), so that the picture moves and Ctrl-C is heard.
 */
export interface Progress {
  phase(text: string): void
  payments(done: number, total: number): void
}
