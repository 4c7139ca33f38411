import fc from 'fast-check'
import {
  array,
  bytesEqual,
  type Codec,
  concat,
  encode,
  fixedBytes,
  remainder,
  u8,
  u16,
} from '../../../src/base/index.ts'
import {
  bigSize,
  bigSizeNumber,
  checkFeatures,
  combineFeatures,
  decodeMessage,
  encodeMessage,
  featureBits,
  featuresEqual,
  listFeatures,
  type Message,
  offersFeature,
  s8,
  s16,
  s32,
  s64,
  shortChannelIdCodec,
  tlvStream,
  tu16,
  tu32,
  tu64,
  unknownRequiredBits,
} from '../../../src/wire/index.ts'
import type { Random } from '../../processes/random.ts'
import { messageArbitraries } from '../../wire/arbitraries.ts'
import { mutateBytes, someBytes } from '../mutate.ts'
import { nudge } from '../nudge.ts'
import { claim, claimSame, judgeCodec, kindOf, type Target } from '../target.ts'

// BOLT 1: messages, TLV streams, integers, features.

const SAMPLES_OF_A_TYPE = 6
const SIGNED: readonly string[] = ['channel_announcement', 'node_announcement', 'channel_update']

// The table as a list loses which arbitrary belongs to which type, which nobody asks here.
const ARBITRARIES = Object.values(messageArbitraries) as readonly fc.Arbitrary<Message>[]

/** Some good messages of every type. */
export const MESSAGES: readonly Message[] = ARBITRARIES.flatMap(arbitrary =>
  fc.sample(arbitrary, { numRuns: SAMPLES_OF_A_TYPE, seed: 7 }),
)

const messages: Target = {
  name: 'wire.messages',
  runs: 4_000,
  seeds: () => MESSAGES.map(encodeMessage),
  mutate(input, random, others) {
    const way = random.next()
    if (way < 0.4) {
      const decoded = decodeMessage(input)
      if (decoded.ok && decoded.value.type !== 'unknown') return nudgedBytes(decoded.value, random) ?? input
    }
    if (way < 0.55) return concat(input, someRecord(random))
    // The type stays: another one would be another message.
    if (way < 0.95) return concat(input.subarray(0, 2), mutateBytes(input.subarray(2), random, others))
    return mutateBytes(input, random, others)
  },
  judge(input) {
    const decoded = decodeMessage(input)
    if (!decoded.ok)
      return `${new DataView(concat(input, new Uint8Array(2)).buffer).getUint16(0)} ${kindOf(decoded.error.message)}`
    const { value } = decoded
    if (value.type === 'unknown') return `unknown ${value.messageType % 2}`
    const written = encodeMessage(value)
    claim(written.length <= input.length, () => `${input.length} bytes were read and ${written.length} written`)
    claimSame(decodeMessage(written), decoded, 'read again')
    if (SIGNED.includes(value.type)) claim(bytesEqual(written, input), () => 'what is signed is written byte for byte')
    return `${value.type} ${Object.keys(value).length}`
  },
}

/** A nudged value may be none that can be written: the type of a peer's field is the codec's, not ours. */
function nudgedBytes(message: Message, random: Random): Uint8Array | undefined {
  try {
    return encodeMessage(nudge(message, random))
  } catch {
    return undefined
  }
}

/** A record that stands right, of a type that may be known, odd or even. */
export function someRecord(random: Random): Uint8Array {
  const type = random.of([
    0n,
    1n,
    2n,
    3n,
    4n,
    5n,
    6n,
    7n,
    8n,
    10n,
    12n,
    253n,
    254n,
    65537n,
    5482373484n,
    (1n << 64n) - 1n,
  ])
  const value = someBytes(random, random.of([0, 1, 2, 8, 32, 33, 64, 252, 253]))
  const length = random.chance(0.9) ? value.length : random.of([0, value.length + 1, 2 ** 32, 2 ** 53 - 1])
  return concat(encode(bigSize, type), encode(bigSizeNumber, length), value)
}

const tlv = tlvStream({
  count: [1n, tu64],
  id: [2n, shortChannelIdCodec],
  pair: [3n, array(u8, fixedBytes(3))],
  rest: [254n, remainder],
  small: [255n, tu16],
  large: [65536n, u16],
})

const tlvs: Target = {
  name: 'wire.tlv',
  runs: 6_000,
  seeds: () => [
    encode(tlv, {}),
    encode(tlv, { count: 1n, small: 0 }),
    encode(tlv, { pair: [new Uint8Array(3)], rest: new Uint8Array(5), large: 1 }),
    encode(tlv, { id: '1x2x3' as never, rest: new Uint8Array(300) }),
  ],
  mutate: (input, random, others) =>
    random.chance(0.3) ? concat(input, someRecord(random)) : mutateBytes(input, random, others),
  judge: input => judgeCodec(tlv, input, { canonical: false }),
}

// The list forgets which codec is of what: each is asked for its own values only.
const INTEGERS = [
  bigSize,
  bigSizeNumber,
  tu16,
  tu32,
  tu64,
  s8,
  s16,
  s32,
  s64,
  shortChannelIdCodec,
] as unknown as readonly [Codec<unknown>, ...Codec<unknown>[]]

const integers: Target = {
  name: 'wire.integers',
  runs: 6_000,
  seeds: () =>
    INTEGERS.flatMap((_, at) =>
      [1, 2, 3, 4, 5, 8, 9].map(width => Uint8Array.of(at, ...new Uint8Array(width).fill(at))),
    ),
  judge(input) {
    const [codec] = INTEGERS
    const at = (input[0] ?? 0) % INTEGERS.length
    return `${at} ${judgeCodec(INTEGERS[at] ?? codec, input.subarray(1), { canonical: true })}`
  },
}

const features: Target = {
  name: 'wire.features',
  runs: 2_000,
  seeds: () => [
    featureBits(),
    featureBits(0, 8, 12, 14, 22, 44),
    featureBits(1, 9, 27, 61),
    featureBits(300),
    new Uint8Array(64).fill(0xff),
  ],
  judge(input) {
    const bits = listFeatures(input)
    claim(bits.length <= 8 * input.length, () => 'no more bits than there are')
    const shortest = featureBits(...bits)
    claim(shortest.length <= input.length && featuresEqual(shortest, input), () => 'the same bits, in no more bytes')
    claim(featuresEqual(combineFeatures(input, new Uint8Array(0)), input), () => 'nothing added changes nothing')
    const supported = ['option_anchors', 'option_simple_close', 'option_quiesce'] as const
    const required = unknownRequiredBits(input, supported)
    claim(
      required.every(bit => bit % 2 === 0 && bits.includes(bit)),
      () => 'what is required is even and there',
    )
    const checked = checkFeatures(input, supported)
    claim(checked.ok || checked.error.message.length > 10, () => 'a failure says what was wrong')
    claim(required.length === 0 || !checked.ok, () => 'unknown required bits are refused')
    return `${checked.ok ? 'ok' : kindOf(checked.error.message)} ${offersFeature(input, 'option_anchors')} ${Math.min(bits.length, 3)}`
  },
}

export const WIRE: readonly Target[] = [messages, tlvs, integers, features]
