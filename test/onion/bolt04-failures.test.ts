import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError, concat, fromHex, msat, nodeId, toHex } from '../../src/base/index.ts'
import { hmacSha256 } from '../../src/crypto/index.ts'
import {
  BADONION,
  buildFailure,
  buildOnion,
  decodeFailure,
  decodeFailureMessage,
  encodeFailureMessage,
  type FailureMessage,
  type FailureName,
  failureCode,
  type KnownFailure,
  NODE,
  PERM,
  UPDATE,
  wrapFailure,
} from '../../src/onion/index.ts'
import { deriveKey, obfuscate } from '../../src/onion/keys.ts'
import vectors from './bolt04-onion-error.vectors.json' with { type: 'json' }
import { arbitraryUnknown, bytesOf, NOTHING, okOf, secret, spoil } from './fixture.ts'

/** The reason that the origin gets when the hop with this index fails the HTLC. */
function reasonFrom(sharedSecrets: readonly Uint8Array[], hop: number, failure: FailureMessage): Uint8Array {
  let { reason } = buildFailure({ sharedSecret: sharedSecrets[hop] ?? NOTHING, failure })
  for (const sharedSecret of sharedSecrets.slice(0, hop).toReversed())
    ({ reason } = wrapFailure({ reason, sharedSecret }))
  return reason
}

describe.each(vectors.cases)('BOLT 4, onion error test vector: $name', vector => {
  const sharedSecrets = vector.hops.map(({ sharedSecret }) => fromHex(sharedSecret))
  const erring = vector.hops[vector.failingHop]
  const failure = decodeFailureMessage(fromHex(vector.failureMessage))

  test('has the shared secrets and keys of the onion', () => {
    const hops = vector.hops.map(({ pubkey }) => ({ nodeId: nodeId(fromHex(pubkey)), payload: new Uint8Array(2) }))
    const built = okOf(buildOnion({ sessionKey: fromHex(vector.sessionKey), associatedData: NOTHING, hops }))
    expect(built.sharedSecrets.map(toHex)).toEqual(vector.hops.map(({ sharedSecret }) => sharedSecret))
    for (const hop of vector.hops) expect(toHex(deriveKey('ammag', fromHex(hop.sharedSecret)))).toBe(hop.ammagKey)
    expect(toHex(deriveKey('um', fromHex(erring?.sharedSecret ?? '')))).toBe(erring?.umKey)
  })

  test('builds the packet and wraps it at each hop', () => {
    expect(failure).toEqual({ type: 'temporary_node_failure' })
    expect(toHex(reasonFrom(sharedSecrets, vector.failingHop, failure))).toBe(vector.errorPacket)
  })

  test('decodes it at the origin', () => {
    expect(decodeFailure({ sharedSecrets, reason: fromHex(vector.errorPacket) })).toEqual({
      type: 'from_hop',
      hop: vector.failingHop,
      failure,
      holdTimes: [],
    })
  })
})

/** Each failure of BOLT 4 with a value for its data, and the bytes that it has by the text. */
const EXAMPLES: { readonly [K in FailureName]: readonly [Extract<KnownFailure, { type: K }>, bytes: string] } = (() => {
  const sha256OfOnion = secret(0xab)
  const channelUpdate = fromHex('0102ffee')
  const update = '00040102ffee'
  const hash = 'ab'.repeat(32)
  const htlcMsat = msat(0x0102030405060708n)
  const amount = '0102030405060708'
  return {
    temporary_node_failure: [{ type: 'temporary_node_failure' }, '2002'],
    permanent_node_failure: [{ type: 'permanent_node_failure' }, '6002'],
    required_node_feature_missing: [{ type: 'required_node_feature_missing' }, '6003'],
    invalid_onion_version: [{ type: 'invalid_onion_version', sha256OfOnion }, `c004${hash}`],
    invalid_onion_hmac: [{ type: 'invalid_onion_hmac', sha256OfOnion }, `c005${hash}`],
    invalid_onion_key: [{ type: 'invalid_onion_key', sha256OfOnion }, `c006${hash}`],
    temporary_channel_failure: [{ type: 'temporary_channel_failure', channelUpdate }, `1007${update}`],
    permanent_channel_failure: [{ type: 'permanent_channel_failure' }, '4008'],
    required_channel_feature_missing: [{ type: 'required_channel_feature_missing' }, '4009'],
    unknown_next_peer: [{ type: 'unknown_next_peer' }, '400a'],
    amount_below_minimum: [{ type: 'amount_below_minimum', htlcMsat, channelUpdate }, `100b${amount}${update}`],
    fee_insufficient: [{ type: 'fee_insufficient', htlcMsat, channelUpdate }, `100c${amount}${update}`],
    incorrect_cltv_expiry: [
      { type: 'incorrect_cltv_expiry', cltvExpiry: 800_000, channelUpdate },
      `100d000c3500${update}`,
    ],
    expiry_too_soon: [{ type: 'expiry_too_soon', channelUpdate: NOTHING }, '100e0000'],
    incorrect_or_unknown_payment_details: [
      { type: 'incorrect_or_unknown_payment_details', htlcMsat: msat(100), height: 800_000 },
      '400f0000000000000064000c3500',
    ],
    final_incorrect_cltv_expiry: [{ type: 'final_incorrect_cltv_expiry', cltvExpiry: 800_000 }, '0012000c3500'],
    final_incorrect_htlc_amount: [{ type: 'final_incorrect_htlc_amount', incomingHtlcAmt: htlcMsat }, `0013${amount}`],
    channel_disabled: [{ type: 'channel_disabled', disabledFlags: 0, channelUpdate }, `10140000${update}`],
    expiry_too_far: [{ type: 'expiry_too_far' }, '0015'],
    invalid_onion_payload: [{ type: 'invalid_onion_payload', tlvType: 513n, offset: 7 }, '4016fd02010007'],
    mpp_timeout: [{ type: 'mpp_timeout' }, '0017'],
    invalid_onion_blinding: [{ type: 'invalid_onion_blinding', sha256OfOnion }, `c018${hash}`],
  }
})()
const examples: readonly (readonly [FailureMessage, string])[] = Object.values(EXAMPLES)

describe('BOLT 4, failure messages', () => {
  test.each(examples)('$type is its code and its data', (failure, hex) => {
    expect(toHex(encodeFailureMessage(failure))).toBe(hex)
    expect(decodeFailureMessage(fromHex(hex))).toEqual(failure)
    expect(failureCode(failure)).toBe(Number.parseInt(hex.slice(0, 4), 16))
  })

  test('the flags of a code say whose fault it is and for how long', () => {
    expect([BADONION, PERM, NODE, UPDATE]).toEqual([0x8000, 0x4000, 0x2000, 0x1000])
    const withFlag = (flag: number) =>
      (Object.keys(EXAMPLES) as FailureName[]).filter(name => (failureCode(name) & flag) !== 0)
    expect(withFlag(BADONION)).toEqual([
      'invalid_onion_version',
      'invalid_onion_hmac',
      'invalid_onion_key',
      'invalid_onion_blinding',
    ])
    expect(withFlag(NODE)).toEqual([
      'temporary_node_failure',
      'permanent_node_failure',
      'required_node_feature_missing',
    ])
    expect(withFlag(UPDATE)).toHaveLength(6)
    expect(withFlag(PERM)).toHaveLength(11)
  })

  test('may carry a TLV stream behind its data', () => {
    const tlvs = [{ type: 34001n, value: new Uint8Array(3).fill(0x80) }]
    for (const [failure, hex] of examples) {
      const bytes = encodeFailureMessage({ ...failure, tlvs } as FailureMessage)
      expect(toHex(bytes)).toBe(`${hex}fd84d103808080`)
      expect(decodeFailureMessage(bytes)).toEqual({ ...failure, tlvs })
    }
  })

  test('ignores bytes behind its data that are no TLV stream', () => {
    for (const [failure, hex] of examples) expect(decodeFailureMessage(fromHex(`${hex}05ff`))).toEqual(failure)
  })

  test('is unknown where its data is cut off, and keeps the flags', () => {
    for (const [failure, hex] of examples.filter(([, hex]) => hex.length > 4)) {
      const data = fromHex(hex).slice(2, -1)
      const code = failureCode(failure)
      expect(decodeFailureMessage(fromHex(hex).slice(0, -1))).toEqual({ type: 'unknown', code, data })
    }
  })

  test('is unknown where its code is not in the table, and is written back as it came', () => {
    const failure = { type: 'unknown', code: 0x4010, data: Uint8Array.of(1, 2) } as const
    expect(decodeFailureMessage(fromHex('40100102'))).toEqual(failure)
    expect(toHex(encodeFailureMessage(failure))).toBe('40100102')
    expect(failureCode(failure)).toBe(0x4010)
  })

  test('has the code 0 where it is too short for one', () => {
    expect(decodeFailureMessage(NOTHING)).toEqual({ type: 'unknown', code: 0, data: NOTHING })
    expect(decodeFailureMessage(Uint8Array.of(0x20))).toEqual({ type: 'unknown', code: 0, data: Uint8Array.of(0x20) })
  })

  test('any bytes are read, and what was read as known is written back as the start of them', () => {
    const code = fc.constantFrom(...examples.map(([failure]) => failureCode(failure)))
    const bytes = fc
      .tuple(code, fc.uint8Array({ maxLength: 60 }))
      .map(([code, rest]) => concat(Uint8Array.of(code >> 8, code & 0xff), rest))
    fc.assert(
      fc.property(fc.oneof(bytes, fc.uint8Array({ maxLength: 60 })), bytes => {
        const failure = decodeFailureMessage(bytes)
        if (bytes.length < 2) return
        const written = encodeFailureMessage(failure)
        expect(bytes.subarray(0, written.length)).toEqual(written)
      }),
    )
  })
})

describe('a failure packet', () => {
  const sharedSecrets = [secret(1), secret(2), secret(3)]

  test('has 256 bytes of message and padding, whatever the message', () => {
    for (const [failure] of examples) {
      expect(buildFailure({ sharedSecret: secret(1), failure }).reason).toHaveLength(32 + 2 + 2 + 256)
    }
  })

  test('is as long as a message that is longer, or as is asked for, and never shorter than 256', () => {
    const failure: FailureMessage = { type: 'unknown', code: 0x400f, data: new Uint8Array(300) }
    expect(buildFailure({ sharedSecret: secret(1), failure }).reason).toHaveLength(36 + 302)
    expect(buildFailure({ sharedSecret: secret(1), failure, paddedLength: 1024 }).reason).toHaveLength(36 + 1024)
    const short: FailureMessage = { type: 'mpp_timeout' }
    expect(buildFailure({ sharedSecret: secret(1), failure: short, paddedLength: 3 }).reason).toHaveLength(36 + 256)
  })

  test('says at the origin which hop failed and why, for every hop and failure', () => {
    for (const [failure] of examples) {
      for (const hop of sharedSecrets.keys()) {
        const reason = reasonFrom(sharedSecrets, hop, failure)
        expect(decodeFailure({ sharedSecrets, reason })).toEqual({ type: 'from_hop', hop, failure, holdTimes: [] })
      }
    }
  })

  test('is unreadable with one changed byte, and nobody is blamed without attribution data', () => {
    const reason = reasonFrom(sharedSecrets, 2, { type: 'mpp_timeout' })
    for (let at = 0; at < reason.length; at++) {
      expect(decodeFailure({ sharedSecrets, reason: spoil(reason, at, 1 + (at % 255)) })).toEqual({
        type: 'unreadable',
        blamed: undefined,
        holdTimes: [],
      })
    }
  })

  test('is unreadable where it is empty, short, or from a node that is not on the route', () => {
    const unreadable = { type: 'unreadable', blamed: undefined, holdTimes: [] }
    for (const length of [0, 1, 31, 32, 33]) {
      expect(decodeFailure({ sharedSecrets, reason: new Uint8Array(length) })).toEqual(unreadable)
    }
    // The secret of zeros that the rounds beyond the route use is no hop's.
    for (const stranger of [secret(9), secret(0)]) {
      const { reason } = buildFailure({ sharedSecret: stranger, failure: { type: 'mpp_timeout' } })
      const arrived = sharedSecrets
        .toReversed()
        .reduce((reason, sharedSecret) => wrapFailure({ reason, sharedSecret }).reason, reason)
      expect(decodeFailure({ sharedSecrets, reason: arrived })).toEqual(unreadable)
    }
  })

  test('that a hop signed without a message in it is that hop saying nothing', () => {
    const [sharedSecret = NOTHING] = sharedSecrets
    for (const body of [NOTHING, fromHex('0001'), fromHex('00000000'), fromHex('000120ffff')]) {
      const packet = concat(hmacSha256(deriveKey('um', sharedSecret), body), body)
      const reason = obfuscate(deriveKey('ammag', sharedSecret), packet)
      expect(decodeFailure({ sharedSecrets, reason })).toMatchObject({ hop: 0, failure: { type: 'unknown', code: 0 } })
    }
  })

  test('of a payment without hops is a bug', () => {
    expect(() => decodeFailure({ sharedSecrets: [], reason: NOTHING })).toThrow(BugError)
  })

  test('comes through 1 to 37 hops', () => {
    const hops = fc.array(bytesOf(32), { minLength: 1, maxLength: 37 })
    const failure = fc.oneof(
      fc.constantFrom(...examples.map(([failure]) => failure)),
      arbitraryUnknown(1n).map(tlvs => ({ type: 'mpp_timeout', ...(tlvs.length > 0 && { tlvs }) }) as const),
    )
    fc.assert(
      fc.property(hops, fc.nat(), failure, (sharedSecrets, at, failure) => {
        const hop = at % sharedSecrets.length
        const reason = reasonFrom(sharedSecrets, hop, failure)
        expect(decodeFailure({ sharedSecrets, reason })).toEqual({ type: 'from_hop', hop, failure, holdTimes: [] })
      }),
      { numRuns: 50 },
    )
  })
})
