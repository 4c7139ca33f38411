import {
  array,
  bool,
  type Codec,
  DecodeError,
  decode,
  encode,
  lengthPrefixed,
  mapped,
  optional,
  remainder,
  sat,
  struct,
  u16,
  u32,
  u64,
} from '../base/index.ts'
import type { ConfirmedFunding, EarlierScripts } from './types.ts'

// The link's own records.

const output = struct({ amountSat: mapped(u64, sat, amount => amount), script: lengthPrefixed(u32) })
const stored = struct({ height: u32, output: optional(output), coinbase: bool, rest: remainder })

/** Where the funding transaction is confirmed, and what it really holds. The place in the block came later, and stands at the end. */
export const confirmedFunding: Codec<ConfirmedFunding> = mapped(
  stored,
  ({ height, coinbase, output: found, rest }) => ({
    height,
    output: found,
    coinbase,
    ...(rest.length > 0 && { txIndex: placeOf(rest) }),
  }),
  ({ txIndex, ...funding }) => {
    const rest = txIndex === undefined ? new Uint8Array(0) : encode(u32, txIndex)
    // A record without an output is written as one whose `output` is undefined: the type of the struct is made by its codecs.
    return { ...funding, rest } as Parameters<(typeof stored)['write']>[1]
  },
)

function placeOf(rest: Uint8Array): number {
  const place = decode(u32, rest)
  if (!place.ok) throw new DecodeError(place.error.code, place.error.message)
  return place.value
}

const scripts = array(u16, lengthPrefixed(u16))
export const earlierScripts: Codec<EarlierScripts> = struct({ local: scripts, remote: scripts })
