import { assert, concat, decode, encode, lengthPrefixed, remainder, struct, u16 } from '../base/index.ts'
import { constantTimeEqual, hmacSha256 } from '../crypto/index.ts'
import { attribute, MAX_ATTRIBUTED_HOPS, readAttribution } from './attribution.ts'
import { decodeFailureMessage, encodeFailureMessage, type FailureMessage } from './failureMessages.ts'
import { deriveKey, obfuscate } from './keys.ts'
import { HMAC_BYTES } from './packet.ts'

// A failure on its way back to the origin (BOLT 4, returning errors): the erring node builds a packet, each hop before it
// wraps it once, and the origin, which knows all the secrets, unwraps until an HMAC fits.

/** What a failed HTLC brings back: the fields of `update_fail_htlc`. */
export interface FailurePacket {
  readonly reason: Uint8Array
  /** 920 bytes, where the nodes on the way have `option_attribution_data`. */
  readonly attributionData?: Uint8Array | undefined
}

/** Bytes of message and padding together in a packet that looks like the others (BOLT 4, erring node). */
const PADDED_LENGTH = 256
/** How often the origin unwraps, however long the route was: that many hops fit in an onion (BOLT 4, origin node). */
const DECODE_ROUNDS = 27

const SHOW_SECRET = new Uint8Array(32)

const BODY = struct({ failuremsg: lengthPrefixed(u16), pad: lengthPrefixed(u16), rest: remainder })

/**
 * The packet of the node that fails the HTLC. With a `holdTime` (units of 100 ms, 0 for "no word") it has attribution data;
 * leave that out where the peer before us does not have the feature, or the HTLC came with a path key.
 */
export function buildFailure(from: {
  readonly sharedSecret: Uint8Array
  readonly failure: FailureMessage
  readonly holdTime?: number | undefined
  /** Bytes of message and padding, 256 where it is left out: older nodes read no other length. */
  readonly paddedLength?: number
}): FailurePacket {
  const failuremsg = encodeFailureMessage(from.failure)
  const paddedLength = Math.max(from.paddedLength ?? PADDED_LENGTH, PADDED_LENGTH, failuremsg.length)
  const pad = new Uint8Array(paddedLength - failuremsg.length)
  const body = encode(BODY, { failuremsg, pad, rest: new Uint8Array(0) })
  const reason = concat(hmacSha256(deriveKey('um', from.sharedSecret), body), body)
  return wrapFailure({ sharedSecret: from.sharedSecret, holdTime: from.holdTime, reason })
}

/**
 * The packet for the hop before us, of one that came from behind. With a `holdTime` our own word about it is added, also where
 * the node behind us sent no attribution data.
 */
export function wrapFailure(
  from: FailurePacket & {
    readonly sharedSecret: Uint8Array
    readonly holdTime?: number | undefined
  },
): FailurePacket {
  const { sharedSecret, holdTime, reason: packet, attributionData } = from
  const reason = obfuscate(deriveKey('ammag', sharedSecret), packet)
  if (holdTime === undefined) return { reason }
  return { reason, attributionData: attribute({ sharedSecret, holdTime, packet, attributionData }) }
}

/** What the origin learns from a failure. Hops are counted from 0, the first after the origin. */
export type DecodedFailure =
  | {
      readonly type: 'from_hop'
      /** Who made it. */
      readonly hop: number
      readonly failure: FailureMessage
      /** How long each hop up to this one says to have held the HTLC, in units of 100 ms, as far as the HMACs hold. */
      readonly holdTimes: readonly number[]
    }
  | {
      readonly type: 'unreadable'
      /**
       * The first hop whose attribution does not hold: it or the one before it changed the packet, or has not got the
       * feature. The last hop where all of it holds; `undefined` where there is none.
       */
      readonly blamed: number | undefined
      readonly holdTimes: readonly number[]
    }

/**
 * Opens a failure at the origin of the payment, with the secrets of `buildOnion` (BOLT 4, origin node). Whatever came, it does
 * the same work: 27 rounds for every route and every place of the failure, so that the time taken tells nothing.
 *
 * Cost: 27 rounds of a stream and an HMAC over the packet; with attribution data, of twice as much.
 */
export function decodeFailure(
  from: FailurePacket & {
    /** One for each hop of the route, the first hop's first. */
    readonly sharedSecrets: readonly Uint8Array[]
  },
): DecodedFailure {
  const { sharedSecrets } = from
  assert(sharedSecrets.length > 0, 'a payment that failed had at least one hop')
  const attributed = from.attributionData !== undefined && sharedSecrets.length <= MAX_ATTRIBUTED_HOPS
  let packet = from.reason
  let attributionData = from.attributionData ?? new Uint8Array(0)
  let found: { readonly hop: number; readonly body: Uint8Array } | undefined
  const words: Word[] = []
  for (let hop = 0; hop < Math.max(DECODE_ROUNDS, sharedSecrets.length); hop++) {
    // Beyond the route the rounds are for show.
    const sharedSecret = sharedSecrets[hop] ?? SHOW_SECRET
    packet = obfuscate(deriveKey('ammag', sharedSecret), packet)
    const body = packet.subarray(HMAC_BYTES)
    const fits = constantTimeEqual(hmacSha256(deriveKey('um', sharedSecret), body), packet.subarray(0, HMAC_BYTES))
    if (attributed) {
      const behind = Math.max(sharedSecrets.length - 1 - hop, 0)
      const word = readAttribution({ sharedSecret, packet, attributionData, behind })
      if (hop < sharedSecrets.length) words.push(word)
      attributionData = word.next
    }
    if (fits && found === undefined && hop < sharedSecrets.length) found = { hop, body }
  }
  return conclude(found, words)
}

interface Word {
  readonly valid: boolean
  readonly holdTime: number
}

function conclude(
  found: { readonly hop: number; readonly body: Uint8Array } | undefined,
  words: readonly Word[],
): DecodedFailure {
  const firstInvalid = words.findIndex(({ valid }) => !valid)
  const believed = firstInvalid < 0 ? words.length : firstInvalid
  const holdTimes = words.slice(0, believed).map(({ holdTime }) => holdTime)
  if (found === undefined) {
    const blamed = words.length === 0 ? undefined : Math.min(believed, words.length - 1)
    return { type: 'unreadable', blamed, holdTimes }
  }
  const body = decode(BODY, found.body)
  // The hop proved that it wrote this; where it wrote no message, that is what it said.
  const failure = decodeFailureMessage(body.ok ? body.value.failuremsg : new Uint8Array(0))
  return { type: 'from_hop', hop: found.hop, failure, holdTimes: holdTimes.slice(0, found.hop + 1) }
}
