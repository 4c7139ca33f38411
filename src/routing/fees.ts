/**
 * The fee for relaying an amount, in msat, rounded down (BOLT 7, HTLC fees). Exact as long as the fee is below 2^53: the amount is
 * split, so that no product on the way is larger. A fee above that is larger than any that is paid.
 */
export function relayFee(amount: number, feeBase: number, feeMillionths: number): number {
  const millions = Math.floor(amount / 1_000_000)
  const rest = amount - millions * 1_000_000
  return feeBase + millions * feeMillionths + Math.floor((rest * feeMillionths) / 1_000_000)
}
