import { type Sat, sat } from '../base/index.ts'

/** Every bound and policy of the wallet, with its name. */
export interface WalletLimits {
  /** Unused addresses in a row that are watched, and that are given out at most (BIP 44, address gap limit). */
  readonly addressGap: number
  /** Blocks after which what is confirmed is final and may be forgotten. A deeper reorganisation needs a new scan. */
  readonly finalDepth: number
  /** Confirmations that the output of a coinbase needs before the next block may spend it (consensus). */
  readonly coinbaseMaturity: number
  /** Kept for each channel, so that its HTLC transactions can pay their fees (BOLT 3, zero-fee HTLC transactions). */
  readonly reservePerChannelSat: Sat
  /** All channels together keep no more than this. */
  readonly maxReserveSat: Sat
  /** A fee above this part of what is paid is refused, in parts of a million. */
  readonly maxFeePartsPerMillion: number
  /** Inputs of one payment: so that it stays below the standard weight of 400,000. */
  readonly maxInputs: number
  /** Steps of branch and bound: so that its search ends. */
  readonly maxSelectionSteps: number
  /** Coins that enforcement is offered for fees, the largest first: each costs a derivation. */
  readonly maxFeeCoins: number
}

export const DEFAULT_WALLET_LIMITS: WalletLimits = {
  addressGap: 20,
  finalDepth: 144,
  coinbaseMaturity: 100,
  reservePerChannelSat: sat(10_000),
  maxReserveSat: sat(100_000),
  maxFeePartsPerMillion: 250_000,
  maxInputs: 500,
  maxSelectionSteps: 20_000,
  maxFeeCoins: 20,
}

/** What the coins of so many channels' wallet keep together for fees. */
export function reserveSat(
  channels: number,
  limits: Pick<WalletLimits, 'reservePerChannelSat' | 'maxReserveSat'>,
): Sat {
  const sum = limits.reservePerChannelSat * BigInt(channels)
  return sat(sum < limits.maxReserveSat ? sum : limits.maxReserveSat)
}
