import { type Sat, sat } from '../base/index.ts'

// The numbers of the regtest network and of Bitcoin Core's default relay policy (releases 28 and 29), each with its name.

export const COIN_SAT = 100_000_000n

/** Subsidy of the first era; it halves every 150 blocks on regtest. */
export const INITIAL_SUBSIDY_SAT = 50n * COIN_SAT
const SUBSIDY_HALVING_INTERVAL = 150
export const COINBASE_MATURITY = 100

export const MAX_BLOCK_WEIGHT = 4_000_000
export const MAX_BLOCK_SIGOPS_COST = 80_000
export const WITNESS_SCALE_FACTOR = 4

/** Compact form of the easiest target there is: every second hash satisfies it. */
export const REGTEST_BITS = 0x207fffff
/** Versions below 4 have been refused since BIP 65; BIP 9 asks for the top bits 001. */
export const BLOCK_VERSION = 0x20000000
export const MIN_BLOCK_VERSION = 4

/** Blocks whose times make up the median time past (BIP 113). */
export const MEDIAN_TIME_SPAN = 11
/** How far ahead of the injected clock a block's time may be. */
export const MAX_FUTURE_BLOCK_SECONDS = 2 * 60 * 60
/** Step of the default, deterministic clock: one block every ten minutes. */
export const BLOCK_INTERVAL_SECONDS = 600

/** Locktimes below this are heights, from here on they are seconds (BIP 65, BIP 113). */
export const LOCKTIME_THRESHOLD = 500_000_000
export const SEQUENCE_FINAL = 0xffffffff

/** What a node relays. Defaults are those of Bitcoin Core 28 and 29. */
export interface RelayPolicy {
  /** `-minrelaytxfee`, in sat per 1000 virtual bytes. */
  readonly minRelayFeeSatPerKvB: bigint
  /** `-incrementalrelayfee`: what a replacement pays for its own bandwidth. */
  readonly incrementalRelayFeeSatPerKvB: bigint
  /** `-dustrelayfee`: the feerate at which spending an output must not cost more than it is worth. */
  readonly dustRelayFeeSatPerKvB: bigint
  /** `-mempoolfullrbf`: with `false` only transactions that signal (BIP 125), or are TRUC, can be replaced. */
  readonly fullReplaceByFee: boolean
  /** `-datacarriersize`: longest standard OP_RETURN script, in bytes. */
  readonly maxDataCarrierBytes: number
  /** `-limitancestorcount`, counting the transaction itself. */
  readonly maxAncestors: number
  /** `-limitancestorsize`, in virtual bytes. */
  readonly maxAncestorVsize: number
  /** `-limitdescendantcount`, counting the transaction itself. */
  readonly maxDescendants: number
  /** `-limitdescendantsize`, in virtual bytes. */
  readonly maxDescendantVsize: number
  /** Bound on all of the mempool, in virtual bytes: what comes above it is refused with `mempool full`. */
  readonly maxMempoolVsize: number
  /** `-blockmintxfee`: packages below it are not mined. */
  readonly minBlockFeeSatPerKvB: bigint
}

export const DEFAULT_POLICY: RelayPolicy = {
  minRelayFeeSatPerKvB: 1000n,
  incrementalRelayFeeSatPerKvB: 1000n,
  dustRelayFeeSatPerKvB: 3000n,
  fullReplaceByFee: true,
  maxDataCarrierBytes: 83,
  maxAncestors: 25,
  maxAncestorVsize: 101_000,
  maxDescendants: 25,
  maxDescendantVsize: 101_000,
  maxMempoolVsize: 75_000_000,
  minBlockFeeSatPerKvB: 1n,
}

/** What is said about fees, where there is no market: twice what is relayed at all, above every floor and small. */
export const ESTIMATE_OVER_RELAY_FEE = 2n

export const MIN_STANDARD_VERSION = 1
export const MAX_STANDARD_VERSION = 3
export const MAX_STANDARD_TX_WEIGHT = 400_000
export const MIN_STANDARD_TX_NONWITNESS_SIZE = 65
export const MAX_STANDARD_SCRIPT_SIG_SIZE = 1650
export const MAX_STANDARD_TX_SIGOPS_COST = 16_000
export const MAX_P2SH_SIGOPS = 15
/** A signature operation weighs at least this many virtual bytes in fee arithmetic. */
export const BYTES_PER_SIGOP = 20
export const MAX_STANDARD_P2WSH_SCRIPT_SIZE = 3600
export const MAX_STANDARD_P2WSH_STACK_ITEMS = 100
export const MAX_STANDARD_P2WSH_STACK_ITEM_SIZE = 80
export const MAX_STANDARD_TAPSCRIPT_STACK_ITEM_SIZE = 80
/** An ephemeral dust output may stand alone only. */
export const MAX_DUST_OUTPUTS_PER_TX = 1
/** Transactions that one replacement may evict (BIP 125, rule 5). */
export const MAX_REPLACEMENT_EVICTIONS = 100
/** The extra descendant, of at most this size, that the carve-out for channels lets in. */
export const CARVE_OUT_VSIZE = 10_000

/** Topologically restricted until confirmation (BIP 431). */
export const TRUC_VERSION = 3
export const TRUC_MAX_VSIZE = 10_000
export const TRUC_CHILD_MAX_VSIZE = 1000
export const TRUC_ANCESTOR_LIMIT = 2
export const TRUC_DESCENDANT_LIMIT = 2

export const MAX_PACKAGE_COUNT = 25
export const MAX_PACKAGE_WEIGHT = 404_000

/** The subsidy of a block: 50 BTC, halved every 150 blocks, nothing from the 64th era on. */
export function subsidySat(height: number): Sat {
  const era = Math.floor(height / SUBSIDY_HALVING_INTERVAL)
  return era >= 64 ? sat(0) : sat(INITIAL_SUBSIDY_SAT >> BigInt(era))
}

/** The fee of a size at a rate per 1000 virtual bytes, rounded up as Core's `CFeeRate::GetFee` rounds. */
export function feeAtRate(satPerKvB: bigint, vsize: number): bigint {
  const product = satPerKvB * BigInt(vsize)
  return (product + 999n) / 1000n
}
