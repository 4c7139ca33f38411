import { concat, encode, fromHex, toHex, u16, unreachable } from '../base/index.ts'
import type { HtlcResolution } from '../channel/index.ts'
import { sha256 } from '../crypto/index.ts'
import {
  attributeFulfill,
  buildFailure,
  decodeFailureMessage,
  type FailureMessage,
  type FailurePacket,
  failureCode,
  type OnionFailure,
  type OpenedOnion,
  type PathPosition,
  wrapFailure,
} from '../onion/index.ts'
import { HOLD_TIME_UNIT_MS } from './holdTimes.ts'

/** What it takes to send an HTLC back to where it came from, perhaps much later. Bytes are lowercase hex, since it is stored. */
export interface WayBack {
  readonly sharedSecret: string
  readonly position: PathPosition
  /** Of the onion that came; there where a failure has to name it, which is on a blinded path. */
  readonly sha256OfOnion?: string
  /** When the HTLC was irrevocable, in milliseconds since 1970; not there where an earlier version has stored this. */
  readonly receivedAt?: number
}

export function wayBackOf({ sharedSecret, position }: OpenedOnion, packet: Uint8Array, receivedAt: number): WayBack {
  const way = { sharedSecret: toHex(sharedSecret), position, receivedAt }
  return position === 'outside' ? way : { ...way, sha256OfOnion: toHex(sha256(packet)) }
}

// `now` is in milliseconds since 1970: what goes back says how long we have held it.

/** A failure of our own. From a blinded path it tells nothing of what went wrong (BOLT 4, failure messages, requirements). */
export function failing(way: WayBack, failure: FailureMessage, now: number): HtlcResolution {
  if (way.position === 'outside') return encrypted(way, failure, now)
  const sha256OfOnion = fromHex(way.sha256OfOnion ?? '')
  if (way.position === 'introduction') return encrypted(way, { type: 'invalid_onion_blinding', sha256OfOnion }, now)
  return { type: 'fail_malformed', sha256OfOnion, failureCode: failureCode('invalid_onion_blinding') }
}

/**
 * A failure from behind us, on its way to the origin (BOLT 4, intermediate nodes; BOLT 2, removing an HTLC). Cost: one stream over it, and
 * 20 HMACs.
 */
export function passingBack(
  way: WayBack,
  resolution: Exclude<HtlcResolution, { type: 'fulfill' }>,
  now: number,
): HtlcResolution {
  switch (resolution.type) {
    case 'fail': {
      // Its place is taken where it would show what happens on a blinded path.
      if (way.position !== 'outside') {
        return failing(way, { type: 'temporary_channel_failure', channelUpdate: NONE }, now)
      }
      const { reason, attributionData } = resolution
      return failed(wrapFailure({ ...holding(way, now), reason, attributionData }))
    }
    case 'fail_malformed': {
      // The node behind us could not encrypt it for the origin: we do, in our own name.
      const said = concat(encode(u16, resolution.failureCode), resolution.sha256OfOnion)
      return failing(way, decodeFailureMessage(said), now)
    }
    default:
      return unreachable(resolution)
  }
}

/**
 * It is paid. `attributionData` is what those behind us say of it. Within a blinded path nobody says how long it was held: its nodes
 * cannot be told apart by it (BOLT 2, removing an HTLC; BOLT 4, hold times for successful payments). Cost: 20 HMACs.
 */
export function fulfilling(
  way: WayBack,
  { paymentPreimage, attributionData }: Omit<Extract<HtlcResolution, { type: 'fulfill' }>, 'type'>,
  now: number,
): HtlcResolution {
  if (way.position === 'inside') return { type: 'fulfill', paymentPreimage }
  const said = attributeFulfill({ ...holding(way, now), attributionData })
  return { type: 'fulfill', paymentPreimage, attributionData: said }
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
  return failed(buildFailure({ sharedSecret, failure, holdTime: 0 }))
}

/** The record of BOLT 4, payload format. */
const ENCRYPTED_RECIPIENT_DATA = 10n

function encrypted(way: WayBack, failure: FailureMessage, now: number): HtlcResolution {
  return failed(buildFailure({ ...holding(way, now), failure }))
}

function failed({ reason, attributionData }: FailurePacket): HtlcResolution {
  return { type: 'fail', reason, ...(attributionData !== undefined && { attributionData }) }
}

function holding({ sharedSecret, receivedAt }: WayBack, now: number) {
  return { sharedSecret: fromHex(sharedSecret), holdTime: holdTime(receivedAt, now) }
}

const LONGEST_HOLD_TIME = 0xffff_ffff

/** In units of 100 ms; 0 where we do not know, which a clock that was set back counts as. */
function holdTime(receivedAt: number | undefined, now: number): number {
  if (receivedAt === undefined || now <= receivedAt) return 0
  return Math.min(Math.floor((now - receivedAt) / HOLD_TIME_UNIT_MS), LONGEST_HOLD_TIME)
}

const NONE = new Uint8Array(0)
