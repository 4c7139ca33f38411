import { array, bool, type Codec, lengthPrefixed, mapped, optional, sat, struct, u16, u32, u64 } from '../base/index.ts'
import type { ConfirmedFunding, EarlierScripts } from './types.ts'

// The link's own records.

const output = struct({ amountSat: mapped(u64, sat, amount => amount), script: lengthPrefixed(u32) })
const stored = struct({ height: u32, output: optional(output), coinbase: bool })

/** Where the funding transaction is confirmed, and what it really holds. */
export const confirmedFunding: Codec<ConfirmedFunding> = mapped(
  stored,
  ({ height, coinbase, output: found }) => ({ height, output: found, coinbase }),
  funding => funding as Parameters<(typeof stored)['write']>[1],
)

const scripts = array(u16, lengthPrefixed(u16))
export const earlierScripts: Codec<EarlierScripts> = struct({ local: scripts, remote: scripts })
