import { bitsOf, targetOf } from '../bitcoin/index.ts'
import type { ChainNetwork } from './networks.ts'

// How hard a block has to be on each network: Bitcoin Core's pow.cpp and chainparams.cpp, BIP 94 for testnet4. Pure.

/** What the rules look at in a header. */
export interface HeaderFacts {
  /** Seconds since 1970. */
  readonly time: number
  readonly bits: number
}

/** A block of the branch in question; one that is not known is a bug of who asks. */
export type HeaderAt = (height: number) => HeaderFacts

export interface PowRules {
  /** The easiest target there is. */
  readonly limitBits: number
  /** The target never moves: regtest. */
  readonly fixed: boolean
  /** A block that comes twenty minutes after its parent may be as easy as can be, and a period begins with what its first block had (BIP 94). */
  readonly testnet4: boolean
  /**
   * Easier than this is not believed of a block of today, whatever it builds on. It makes lies dear to those who have never seen
   * this chain before: on bitcoin a sixteenth of the difficulty of April 2024 (block 840000), about that of the beginning of 2019.
   */
  readonly floorBits: number
}

const MAINNET_LIMIT = 0x1d00ffff
const SIGNET_LIMIT = 0x1e0377ae
const REGTEST_LIMIT = 0x207fffff
const BITS_OF_840000 = 0x17034219

const rules = (limitBits: number, more: Partial<PowRules> = {}): PowRules => ({
  limitBits,
  fixed: false,
  testnet4: false,
  floorBits: limitBits,
  ...more,
})

export const POW_RULES: { readonly [N in ChainNetwork]: PowRules } = {
  regtest: rules(REGTEST_LIMIT, { fixed: true }),
  signet: rules(SIGNET_LIMIT),
  testnet4: rules(MAINNET_LIMIT, { testnet4: true }),
  bitcoin: rules(MAINNET_LIMIT, { floorBits: bitsOf(targetOf(BITS_OF_840000) * 16n) }),
}

/** Blocks between two adjustments, and how long they should take. */
export const PERIOD = 2016
const SPACING_SECONDS = 600
const PERIOD_SECONDS = PERIOD * SPACING_SECONDS
/** One adjustment is a factor of four at most. */
const MOST_CHANGE = 4

/** Testnet4 lets a block be easy after this time, and no period begin this much before the one before ends (BIP 94). */
const EASY_AFTER_SECONDS = 2 * SPACING_SECONDS
const MOST_TIMEWARP_SECONDS = 600

/** The lowest block that has to be known before a block at this height can be judged. */
export function lowestNeeded(rules: PowRules, height: number): number {
  if (rules.fixed) return Math.max(0, height - 1)
  if (height % PERIOD === 0) return Math.max(0, height - PERIOD)
  return rules.testnet4 ? height - (height % PERIOD) : Math.max(0, height - 1)
}

/** What a block at this height has to have in its header. */
export function expectedBits(rules: PowRules, height: number, time: number, at: HeaderAt): number {
  if (rules.fixed) return rules.limitBits
  const parent = at(height - 1)
  if (height % PERIOD === 0) return adjusted(rules, at(height - PERIOD), parent)
  if (!rules.testnet4) return parent.bits
  if (time > parent.time + EASY_AFTER_SECONDS) return rules.limitBits
  // Blocks that were easy for once say nothing about the others.
  for (let below = height - 1; below % PERIOD !== 0; below--)
    if (at(below).bits !== rules.limitBits) return at(below).bits
  return at(height - 1 - ((height - 1) % PERIOD)).bits
}

/** Whether a period begins at a time that BIP 94 forbids. */
export function warpsTime(rules: PowRules, height: number, time: number, at: HeaderAt): boolean {
  return rules.testnet4 && height % PERIOD === 0 && time < at(height - 1).time - MOST_TIMEWARP_SECONDS
}

function adjusted(rules: PowRules, first: HeaderFacts, last: HeaderFacts): number {
  const took = Math.min(Math.max(last.time - first.time, PERIOD_SECONDS / MOST_CHANGE), PERIOD_SECONDS * MOST_CHANGE)
  const base = targetOf(rules.testnet4 ? first.bits : last.bits)
  const target = (base * BigInt(took)) / BigInt(PERIOD_SECONDS)
  const limit = targetOf(rules.limitBits)
  return bitsOf(target > limit ? limit : target)
}
