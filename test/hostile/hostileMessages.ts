import fc from 'fast-check'
import { concat } from '../../src/base/index.ts'
import { decodeMessage, encodeMessage } from '../../src/wire/index.ts'
import type { Random } from '../processes/random.ts'
import { arbitraryMessage, messageArbitraries } from '../wire/arbitraries.ts'

// Messages that nobody wants: random ones, and good ones that were changed. Each knows what BOLT 1 asks of whoever gets it.

export interface Hostile {
  readonly bytes: Uint8Array
  /** What has to become of the connection; `open`: either is right, such as where it depends on the channel. */
  readonly fate: 'stays' | 'closes' | 'open'
}

const POOL = 2_000
const LARGEST_RANDOM = 200
const UNREADABLE = 0.05
const LARGEST_EXTENSION = 60
/** Every type of BOLT 1, 2, 4 and 7 lies below; those from here on are nobody's. */
const FIRST_UNKNOWN = 40_000
const LAST_TYPE = 65_535
const TYPE_BYTES = 2
const CHANNEL_ID_BYTES = 32

export interface Arsenal {
  /** For a peer that has no channel with us. */
  stranger(random: Random): Hostile
  /** About a channel: good messages of other channels or moments, made to speak of this one, changed or not. */
  insider(random: Random, channelId: Uint8Array, seen: readonly Uint8Array[]): Hostile
}

export function arsenal(seed: number): Arsenal {
  const pool = fc.sample(arbitraryMessage, { numRuns: POOL, seed }).map(encodeMessage)
  // They begin with the channel they are about, so cut off within it they are too short whatever they say.
  const { update_fee, revoke_and_ack, shutdown, commitment_signed, update_fulfill_htlc } = messageArbitraries
  const { channel_ready, update_add_htlc, update_fail_htlc, channel_reestablish, closing_signed } = messageArbitraries
  const ofChannels = [
    ...[update_fee, revoke_and_ack, shutdown, commitment_signed, update_fulfill_htlc, channel_ready],
    ...[update_add_htlc, update_fail_htlc, channel_reestablish, closing_signed],
  ].flatMap(arbitrary => fc.sample<Parameters<typeof encodeMessage>[0]>(arbitrary, { numRuns: 60, seed }))
  const aboutChannels = ofChannels.map(encodeMessage)

  function stranger(random: Random): Hostile {
    const draw = random.next()
    if (draw < 0.7) return { bytes: unknown(random, 'odd'), fate: 'stays' }
    if (draw < 0.704) return { bytes: unknown(random, 'even'), fate: 'closes' }
    if (draw < 0.708) return { bytes: tooShort(random.of(aboutChannels), random), fate: 'closes' }
    if (draw < 0.71) return { bytes: someBytes(random, random.between(0, 1)), fate: 'closes' }
    if (draw < 0.8) return { bytes: random.of(pool), fate: 'open' }
    if (draw < 0.99) return { bytes: mostlyReadable(random.of(pool), random), fate: 'open' }
    return { bytes: someBytes(random, random.between(0, LARGEST_RANDOM)), fate: 'open' }
  }

  function insider(random: Random, channelId: Uint8Array, seen: readonly Uint8Array[]): Hostile {
    const draw = random.next()
    if (draw < 0.5 || seen.length === 0) return stranger(random)
    if (draw < 0.6) return { bytes: random.of(seen), fate: 'open' }
    if (draw < 0.8) return { bytes: mutated(random.of(seen), random), fate: 'open' }
    const named = random.of(aboutChannels).slice()
    named.set(channelId, TYPE_BYTES)
    return { bytes: draw < 0.9 ? named : mutated(named, random), fate: 'open' }
  }

  return { stranger, insider }
}

function unknown(random: Random, parity: 'odd' | 'even'): Uint8Array {
  const type = random.between(FIRST_UNKNOWN, LAST_TYPE - 1)
  const wanted = parity === 'odd' ? type | 1 : type - (type % 2)
  return concat(Uint8Array.of(wanted >>> 8, wanted & 0xff), someBytes(random, random.between(0, LARGEST_RANDOM)))
}

const tooShort = (bytes: Uint8Array, random: Random): Uint8Array =>
  bytes.slice(0, random.between(TYPE_BYTES, TYPE_BYTES + CHANNEL_ID_BYTES - 1))

function someBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.between(0, 255))
}

/** What cannot be read ends the connection at once; what can be read goes further in. */
function mostlyReadable(good: Uint8Array, random: Random): Uint8Array {
  let bytes = mutated(good, random)
  while (!decodeMessage(bytes).ok && !random.chance(UNREADABLE)) bytes = mutated(good, random)
  return bytes
}

/** Bits turned, a piece cut off, put at the end, or written over with what programs get wrong. */
export function mutated(good: Uint8Array, random: Random): Uint8Array {
  const bytes = good.slice()
  for (let edits = random.between(1, 3); edits > 0; edits--) {
    const at = random.between(0, Math.max(0, bytes.length - 1))
    const way = random.between(0, 5)
    if (way === 0) return bytes.slice(0, at)
    if (way === 1) return concat(bytes, someBytes(random, random.between(1, LARGEST_EXTENSION)))
    if (way === 2) bytes.fill(random.of([0x00, 0xff, 0x80, 0x7f]), at, at + random.between(1, 8))
    else if (way === 3) bytes.copyWithin(at, random.between(0, bytes.length))
    else if (bytes.length > 0) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.between(0, 7))
  }
  return bytes
}
