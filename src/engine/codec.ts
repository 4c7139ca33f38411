import { bool, type Codec, lengthPrefixed, mapped, optional, sat, struct, u32, u64 } from '../base/index.ts'
import type { ConfirmedFunding } from './types.ts'

// The engine's own record: where the funding transaction is confirmed, and what it really holds.

const output = struct({ amountSat: mapped(u64, sat, amount => amount), script: lengthPrefixed(u32) })
const stored = struct({ height: u32, output: optional(output), coinbase: bool })

export const confirmedFunding: Codec<ConfirmedFunding> = mapped(
  stored,
  ({ height, coinbase, output: found }) => ({ height, output: found, coinbase }),
  funding => funding as Parameters<(typeof stored)['write']>[1],
)
