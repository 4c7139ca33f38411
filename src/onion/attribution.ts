import { assert, byteAt, encode, Reader, u32 } from '../base/index.ts'
import { constantTimeEqual, hmacSha256 } from '../crypto/index.ts'
import { ATTRIBUTION_DATA_LENGTH } from '../wire/index.ts'
import { deriveKey, obfuscate } from './keys.ts'

// attribution_data: who held an HTLC how long, each hop's word under HMACs that cover the words of all hops behind it. The
// hop nearest to the reader comes first (BOLT 4, initialization of attribution_data).
//
//   hold times  t_0 .. t_19                                        20 of 4 bytes
//   HMACs       h_0_19 .. h_0_0 | h_1_18 .. h_1_0 | … | h_19_0     210 of 4 bytes
//
// h_x_y is by hop x, in case that y hops are behind it: only the origin knows how many there are.

/** Hops that the data has room for. A longer route has no attribution. */
export const MAX_ATTRIBUTED_HOPS = 20
const TIME_BYTES = 4
/** An HMAC, cut off: a forger gains nothing by one lucky guess in 2^32 (BOLT 4). */
const TAG_BYTES = 4
const NO_PACKET = new Uint8Array(0)
const TIMES_BYTES = MAX_ATTRIBUTED_HOPS * TIME_BYTES

export interface HopAttribution {
  readonly sharedSecret: Uint8Array
  /** How long we held the HTLC, in units of 100 ms; 0 where we do not say. */
  readonly holdTime: number
  /** The failure packet as it was before we obfuscated it; empty for a success, which has none. */
  readonly packet: Uint8Array
  /** What came from downstream; none where we are the first to speak, or the one behind us did not. */
  readonly attributionData?: Uint8Array | undefined
}

/**
 * The `attribution_data` for the hop before us (BOLT 4, initialization and update of attribution_data).
 *
 * Cost: 20 HMACs over the packet.
 */
export function attribute({ sharedSecret, holdTime, packet, attributionData }: HopAttribution): Uint8Array {
  const data = attributionData === undefined ? new Uint8Array(ATTRIBUTION_DATA_LENGTH) : shiftRight(attributionData)
  data.set(encode(u32, holdTime))
  const um = deriveKey('um', sharedSecret)
  for (let behind = 0; behind < MAX_ATTRIBUTED_HOPS; behind++) {
    data.set(tagOf(um, packet, data, behind), tagAt(0, behind))
  }
  return obfuscate(deriveKey('ammagext', sharedSecret), data)
}

/** One hop's word as the origin reads it. */
export interface ReadAttribution {
  /** Whether the HMAC of this hop fits; where it does not, nothing from here on can be believed. */
  readonly valid: boolean
  /** In units of 100 ms. */
  readonly holdTime: number
  /** For the next hop. */
  readonly next: Uint8Array
}

/**
 * Takes one hop's layer off, at the origin. `behind` is how many hops the route has behind this one, below 20; `packet` is the
 * failure packet with this hop's layer off (BOLT 4, origin node).
 */
export function readAttribution(hop: {
  readonly sharedSecret: Uint8Array
  readonly packet: Uint8Array
  readonly attributionData: Uint8Array
  readonly behind: number
}): ReadAttribution {
  const data = obfuscate(deriveKey('ammagext', hop.sharedSecret), hop.attributionData)
  const start = tagAt(0, hop.behind)
  const tag = tagOf(deriveKey('um', hop.sharedSecret), hop.packet, data, hop.behind)
  return {
    valid: constantTimeEqual(tag, data.subarray(start, start + TAG_BYTES)),
    holdTime: new Reader(data).uint(TIME_BYTES),
    next: shiftLeft(data),
  }
}

/** The `attribution_data` of `update_fulfill_htlc`: the same without a packet (BOLT 4, hold times for successful payments). */
export function attributeFulfill(hop: Omit<HopAttribution, 'packet'>): Uint8Array {
  return attribute({ ...hop, packet: NO_PACKET })
}

/**
 * How long each hop of a payment that succeeded says to have held it, in units of 100 ms, the first hop first, as far as the
 * HMACs hold: up to the first node that has not got the feature, or that lies.
 */
export function fulfillHoldTimes(payment: {
  readonly sharedSecrets: readonly Uint8Array[]
  readonly attributionData: Uint8Array
}): readonly number[] {
  const holdTimes: number[] = []
  const hops = payment.sharedSecrets.length
  if (hops > MAX_ATTRIBUTED_HOPS) return holdTimes
  let { attributionData } = payment
  for (const [hop, sharedSecret] of payment.sharedSecrets.entries()) {
    const word = readAttribution({ sharedSecret, packet: NO_PACKET, attributionData, behind: hops - 1 - hop })
    if (!word.valid) return holdTimes
    holdTimes.push(word.holdTime)
    attributionData = word.next
  }
  return holdTimes
}

/** Where h_x_y starts. */
function tagAt(hop: number, behind: number): number {
  const tagsBefore = hop * MAX_ATTRIBUTED_HOPS - (hop * (hop - 1)) / 2
  return TIMES_BYTES + TAG_BYTES * (tagsBefore + MAX_ATTRIBUTED_HOPS - 1 - hop - behind)
}

/** h_0_y: over the packet, the first y + 1 hold times, and the HMACs of the y hops behind, each for its own place. */
function tagOf(um: Uint8Array, packet: Uint8Array, data: Uint8Array, behind: number): Uint8Array {
  const times = (behind + 1) * TIME_BYTES
  const message = new Uint8Array(packet.length + times + behind * TAG_BYTES)
  message.set(packet)
  message.set(data.subarray(0, times), packet.length)
  let at = packet.length + times
  for (let hop = 1; hop <= behind; hop++) {
    const start = tagAt(hop, behind - hop)
    // Byte by byte: four are less than a view of them costs.
    for (let i = start; i < start + TAG_BYTES; i++) message[at++] = byteAt(data, i)
  }
  return hmacSha256(um, message).subarray(0, TAG_BYTES)
}

/** Makes room at the front: hop x becomes hop x + 1, and loses its HMAC for the place that no longer exists. */
function shiftRight(data: Uint8Array): Uint8Array {
  assert(data.length === ATTRIBUTION_DATA_LENGTH, () => `expected ${ATTRIBUTION_DATA_LENGTH} bytes, got ${data.length}`)
  const shifted = new Uint8Array(ATTRIBUTION_DATA_LENGTH)
  shifted.set(data.subarray(0, TIMES_BYTES - TIME_BYTES), TIME_BYTES)
  for (let hop = 1; hop < MAX_ATTRIBUTED_HOPS; hop++) {
    const last = MAX_ATTRIBUTED_HOPS - 1 - hop
    shifted.set(data.subarray(tagAt(hop - 1, last), tagAt(hop - 1, 0) + TAG_BYTES), tagAt(hop, last))
  }
  return shifted
}

/** Undoes `shiftRight`; what that lost are zeros now, in places that no later hop's HMAC covers. */
function shiftLeft(data: Uint8Array): Uint8Array {
  const shifted = new Uint8Array(ATTRIBUTION_DATA_LENGTH)
  shifted.set(data.subarray(TIME_BYTES, TIMES_BYTES))
  for (let hop = 1; hop < MAX_ATTRIBUTED_HOPS; hop++) {
    const last = MAX_ATTRIBUTED_HOPS - 1 - hop
    shifted.set(data.subarray(tagAt(hop, last), tagAt(hop, 0) + TAG_BYTES), tagAt(hop - 1, last))
  }
  return shifted
}
