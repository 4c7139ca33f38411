import type { FeeratePerKw, Msat } from '../base/index.ts'
import { trimLimitMsat } from '../commitment/index.ts'
import type { ChannelParams, Htlc, Party } from './types.ts'

/** By who offered it: below this an HTLC has no output of its own on a commitment (BOLT 3, trimmed outputs). */
export type DustLimits = Readonly<Record<Party, Msat>>

export function dustLimitsOf(params: ChannelParams, holder: Party, feeratePerKw: FeeratePerKw): DustLimits {
  const terms = { format: params.format, dustLimitSat: params[holder].dustLimitSat, feeratePerKw }
  const offered = trimLimitMsat('offered', terms)
  const received = trimLimitMsat('received', terms)
  return holder === 'local' ? { local: offered, remote: received } : { local: received, remote: offered }
}

export function isBelow(
  limits: DustLimits,
  { offeredBy, amountMsat }: Pick<Htlc, 'offeredBy' | 'amountMsat'>,
): boolean {
  return amountMsat < limits[offeredBy]
}
