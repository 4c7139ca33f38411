import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError, fromHex, nodeId, toHex } from '../../src/base/index.ts'
import {
  attributeFulfill,
  buildFailure,
  buildOnion,
  decodeFailure,
  decodeFailureMessage,
  type FailureMessage,
  type FailurePacket,
  fulfillHoldTimes,
  wrapFailure,
} from '../../src/onion/index.ts'
import vectors from './bolt04-attribution.vectors.json' with { type: 'json' }
import { bytesOf, NOTHING, okOf, secret, spoil } from './fixture.ts'

/** The last two are there in the failing case alone. */
interface Hop {
  readonly pubkey: string
  readonly holdTime: number
  readonly attributionData: string
  readonly sharedSecret?: string
  readonly errorPacket?: string
}

const [failed, succeeded] = vectors.cases
// The vectors list the hops from the last to the first, as the answer travels.
const backwards: readonly Hop[] = failed?.hops ?? []
const sharedSecrets = backwards.map(({ sharedSecret = '' }) => fromHex(sharedSecret)).toReversed()
const holdTimes = backwards.map(({ holdTime }) => holdTime).toReversed()
const failure = decodeFailureMessage(fromHex(failed?.failureMessage ?? ''))

describe('BOLT 4, test vector of returning errors', () => {
  test('has the shared secrets of the onion with its session key', () => {
    const hops = backwards
      .toReversed()
      .map(({ pubkey }) => ({ nodeId: nodeId(fromHex(pubkey)), payload: new Uint8Array(2) }))
    const sessionKey = fromHex(vectors.common.sessionKey)
    expect(okOf(buildOnion({ sessionKey, associatedData: NOTHING, hops })).sharedSecrets).toEqual(sharedSecrets)
  })

  test('reads the failure with the TLV record behind it', () => {
    expect(failure).toEqual({
      type: 'incorrect_or_unknown_payment_details',
      htlcMsat: 100n,
      height: 800_000,
      tlvs: [{ type: 34001n, value: new Uint8Array(300).fill(0x80) }],
    })
  })

  test('gives each hop its packet and its attribution data', () => {
    let packet: FailurePacket | undefined
    expect(backwards).toHaveLength(5)
    for (const hop of backwards) {
      const sharedSecret = fromHex(hop.sharedSecret ?? '')
      const { holdTime } = hop
      packet =
        packet === undefined
          ? buildFailure({ sharedSecret, failure, holdTime, paddedLength: 1024 })
          : wrapFailure({ ...packet, sharedSecret, holdTime })
      expect(toHex(packet.reason)).toBe(hop.errorPacket)
      expect(toHex(packet.attributionData ?? NOTHING)).toBe(hop.attributionData)
    }
  })

  test('tells the origin the hop, the failure and all hold times', () => {
    const first = backwards.at(-1)
    const reason = fromHex(first?.errorPacket ?? '')
    const attributionData = fromHex(first?.attributionData ?? '')
    expect(decodeFailure({ sharedSecrets, reason, attributionData })).toEqual({
      type: 'from_hop',
      hop: 4,
      failure,
      holdTimes: [5, 4, 3, 2, 1],
    })
    expect(holdTimes).toEqual([5, 4, 3, 2, 1])
  })
})

describe('BOLT 4, test vector of returning success', () => {
  const hops = succeeded?.hops ?? []

  test('gives each hop its attribution data', () => {
    let attributionData: Uint8Array | undefined
    expect(hops).toHaveLength(5)
    for (const [i, { holdTime, attributionData: expected }] of hops.entries()) {
      const sharedSecret = sharedSecrets.toReversed()[i] ?? NOTHING
      attributionData = attributeFulfill({ sharedSecret, holdTime, attributionData })
      expect(toHex(attributionData)).toBe(expected)
    }
  })

  test('tells the origin all hold times', () => {
    const attributionData = fromHex(hops.at(-1)?.attributionData ?? '')
    expect(fulfillHoldTimes({ sharedSecrets, attributionData })).toEqual([5, 4, 3, 2, 1])
  })
})

/** What the origin gets: the erring hop and those before it say these hold times; `undefined` is a hop without the feature. */
function failAlong(
  sharedSecrets: readonly Uint8Array[],
  holdTimes: readonly (number | undefined)[],
  change: (packet: FailurePacket, hop: number) => FailurePacket = packet => packet,
  failure: FailureMessage = { type: 'mpp_timeout' },
): FailurePacket {
  const erring = holdTimes.length - 1
  let packet = buildFailure({ sharedSecret: sharedSecrets[erring] ?? NOTHING, holdTime: holdTimes[erring], failure })
  packet = change(packet, erring)
  for (let hop = erring - 1; hop >= 0; hop--) {
    packet = wrapFailure({ ...packet, sharedSecret: sharedSecrets[hop] ?? NOTHING, holdTime: holdTimes[hop] })
    packet = change(packet, hop)
  }
  return packet
}

describe('attribution', () => {
  const sharedSecrets = [secret(1), secret(2), secret(3), secret(4), secret(5)]

  test('is readable for every hop that fails, also before the end of the route', () => {
    for (let erring = 0; erring < 5; erring++) {
      const holdTimes = [10, 11, 12, 13, 14].slice(0, erring + 1)
      expect(decodeFailure({ sharedSecrets, ...failAlong(sharedSecrets, holdTimes) })).toEqual({
        type: 'from_hop',
        hop: erring,
        failure: { type: 'mpp_timeout' },
        holdTimes,
      })
    }
  })

  test('reaches as far as the nodes have the feature, and the failure is readable all the same', () => {
    const packet = failAlong(sharedSecrets, [1, 2, undefined, 4])
    expect(decodeFailure({ sharedSecrets, ...packet })).toMatchObject({ hop: 3, holdTimes: [1, 2] })
    const { attributionData } = failAlong(sharedSecrets, [undefined, 2])
    expect(attributionData).toBeUndefined()
  })

  test.each([0, 1, 2, 3])('blames hop %i, or the one before it, where that hop changes its packet', liar => {
    const changed = failAlong(sharedSecrets, [1, 2, 3, 4, 5], (packet, hop) =>
      hop === liar ? { ...packet, reason: spoil(packet.reason, 40) } : packet,
    )
    // Those before it signed the changed bytes, so the first layer that does not hold is its own.
    expect(decodeFailure({ sharedSecrets, ...changed })).toEqual({
      type: 'unreadable',
      blamed: liar,
      holdTimes: [1, 2, 3, 4, 5].slice(0, liar),
    })
  })

  test('blames the last hop where it signs a packet that says nothing', () => {
    let arrived: FailurePacket = { reason: new Uint8Array(292) }
    for (const [i, sharedSecret] of sharedSecrets.toReversed().entries())
      arrived = wrapFailure({ ...arrived, sharedSecret, holdTime: 5 - i })
    expect(decodeFailure({ sharedSecrets, ...arrived })).toEqual({
      type: 'unreadable',
      blamed: 4,
      holdTimes: [1, 2, 3, 4, 5],
    })
  })

  test('no changed byte of it goes unnoticed where a hop of the route stands behind it', () => {
    const packet = failAlong(sharedSecrets, [1, 2, 3, 4, 5])
    const { attributionData = NOTHING } = packet
    // The hold times of five hops, and the HMACs that a route of five checks: h_0_4, h_1_3, h_2_2, h_3_1, h_4_0.
    const tags = [15, 20 + 15, 39 + 15, 57 + 15, 74 + 15].map(index => 80 + 4 * index)
    const covered = [...Array(20).keys(), ...tags.flatMap(start => [start, start + 1, start + 2, start + 3])]
    for (const at of covered) {
      const changed = { ...packet, attributionData: spoil(attributionData, at) }
      const decoded = decodeFailure({ sharedSecrets, ...changed })
      expect(decoded).toMatchObject({ type: 'from_hop', hop: 4 })
      expect(decoded.holdTimes).toEqual([])
    }
  })

  test('is left out of account on a route longer than it has room for', () => {
    const long = Array.from({ length: 21 }, (_, i) => secret(i + 1))
    const packet = failAlong(
      long,
      Array.from({ length: 21 }, () => 1),
    )
    expect(decodeFailure({ sharedSecrets: long, ...packet })).toMatchObject({ hop: 20, holdTimes: [] })
    const { attributionData = NOTHING } = packet
    expect(fulfillHoldTimes({ sharedSecrets: long, attributionData })).toEqual([])
  })

  test('of another length is a bug: the message that brings it has 920 bytes', () => {
    const attributionData = new Uint8Array(919)
    expect(() => attributeFulfill({ sharedSecret: secret(1), holdTime: 0, attributionData })).toThrow(BugError)
  })

  test('hold times come through 1 to 20 hops, for failures and for successes', () => {
    const hop = fc.tuple(bytesOf(32), fc.integer({ min: 0, max: 2 ** 32 - 1 }))
    fc.assert(
      fc.property(fc.array(hop, { minLength: 1, maxLength: 20 }), fc.nat(), (hops, at) => {
        const sharedSecrets = hops.map(([sharedSecret]) => sharedSecret)
        const times = hops.map(([, time]) => time)
        const erring = at % hops.length
        const holdTimes = times.slice(0, erring + 1)
        const packet = failAlong(sharedSecrets, holdTimes)
        expect(decodeFailure({ sharedSecrets, ...packet })).toMatchObject({ hop: erring, holdTimes })
        let attributionData: Uint8Array | undefined
        for (const [sharedSecret, holdTime] of hops.toReversed())
          attributionData = attributeFulfill({ sharedSecret, holdTime, attributionData })
        expect(fulfillHoldTimes({ sharedSecrets, attributionData: attributionData ?? NOTHING })).toEqual(times)
      }),
      { numRuns: 30 },
    )
  })

  test('a lying hop cuts off the hold times of a success at itself', () => {
    const attributionData = [5, 4, 3, 2, 1].reduce<Uint8Array | undefined>((attributionData, holdTime) => {
      const data = attributeFulfill({ sharedSecret: secret(holdTime), holdTime, attributionData })
      return holdTime === 3 ? spoil(data, 1) : data
    }, undefined)
    expect(fulfillHoldTimes({ sharedSecrets, attributionData: attributionData ?? NOTHING })).toEqual([1, 2])
  })
})
