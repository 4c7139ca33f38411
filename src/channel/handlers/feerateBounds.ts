import type { FeeratePerKw } from '../../base/index.ts'
import type { Facts } from '../outcome.ts'
import type { ChannelContext } from '../types.ts'

/** What nobody would relay, or what a slip of the hand would pay. */
export function boundsComplaint(
  feeratePerKw: FeeratePerKw,
  { limits }: Pick<ChannelContext, 'limits'>,
  section: string,
): Facts | undefined {
  const { minFeeratePerKw: least, maxFeeratePerKw: most } = limits
  if (feeratePerKw >= least && feeratePerKw <= most) return undefined
  const expected = `a feerate of ${least} to ${most} sat per 1000 weight`
  return { code: 'feerate_out_of_bounds', expected, got: `${feeratePerKw}`, section }
}
