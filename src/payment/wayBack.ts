import { concat, encode, fromHex, toHex, u16, unreachable } from '../base/index.ts'
import type { HtlcResolution } from '../channel/index.ts'
import { sha256 } from '../crypto/index.ts'
import {
  buildFailure,
  decodeFailureMessage,
  type FailureMessage,
  failureCode,
  type OnionFailure,
  type OpenedOnion,
  type PathPosition,
  wrapFailure,
} from '../onion/index.ts'

/** What it takes to send an HTLC back to where it came from, perhaps much later. Bytes are lowercase hex, since it is stored. */
export interface WayBack {
  readonly sharedSecret: string
  readonly position: PathPosition
  /** Of the onion that came; there where a failure has to name it, which is on a blinded path. */
  readonly sha256OfOnion?: string
}

export function wayBackOf({ sharedSecret, position }: OpenedOnion, packet: Uint8Array): WayBack {
  const way = { sharedSecret: toHex(sharedSecret), position }
  return position === 'outside' ? way : { ...way, sha256OfOnion: toHex(sha256(packet)) }
}

/** A failure of our own. From a blinded path it tells nothing of what went wrong (BOLT 4, failure messages, requirements). */
export function failing(way: WayBack, failure: FailureMessage): HtlcResolution {
  if (way.position === 'outside') return encrypted(way, failure)
  const sha256OfOnion = fromHex(way.sha256OfOnion ?? '')
  if (way.position === 'introduction') return encrypted(way, { type: 'invalid_onion_blinding', sha256OfOnion })
  return { type: 'fail_malformed', sha256OfOnion, failureCode: failureCode('invalid_onion_blinding') }
}

/** A failure from behind us, on its way to the origin (BOLT 4, intermediate nodes; BOLT 2, removing an HTLC). Cost: one stream over it. */
export function passingBack(way: WayBack, resolution: Exclude<HtlcResolution, { type: 'fulfill' }>): HtlcResolution {
  switch (resolution.type) {
    case 'fail': {
      // Its place is taken where it would show what happens on a blinded path.
      if (way.position !== 'outside') return failing(way, { type: 'temporary_channel_failure', channelUpdate: NONE })
      return { type: 'fail', reason: wrapFailure({ ...secretOf(way), reason: resolution.reason }).reason }
    }
    case 'fail_malformed': {
      // The node behind us could not encrypt it for the origin: we do, in our own name.
      const said = concat(encode(u16, resolution.failureCode), resolution.sha256OfOnion)
      return failing(way, decodeFailureMessage(said))
    }
    default:
      return unreachable(resolution)
  }
}

/** The answer to an onion that cannot be opened. Blinded paths to us there are none: whoever begins one hears what any of its nodes says. */
export function refusing(refusal: OnionFailure, packet: Uint8Array): HtlcResolution {
  if (refusal.type === 'malformed') {
    const { sha256OfOnion, failureCode: code } = refusal
    return { type: 'fail_malformed', sha256OfOnion, failureCode: code }
  }
  const { sharedSecret, failure: found } = refusal
  const isOfPath = found.type === 'invalid_onion_payload' && found.tlvType === ENCRYPTED_RECIPIENT_DATA
  const failure: FailureMessage = isOfPath ? { type: 'invalid_onion_blinding', sha256OfOnion: sha256(packet) } : found
  return { type: 'fail', reason: buildFailure({ sharedSecret, failure }).reason }
}

/** The record of BOLT 4, payload format. */
const ENCRYPTED_RECIPIENT_DATA = 10n

function encrypted(way: WayBack, failure: FailureMessage): HtlcResolution {
  return { type: 'fail', reason: buildFailure({ ...secretOf(way), failure }).reason }
}

const secretOf = ({ sharedSecret }: WayBack) => ({ sharedSecret: fromHex(sharedSecret) })
const NONE = new Uint8Array(0)
