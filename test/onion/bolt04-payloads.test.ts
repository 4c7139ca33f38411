import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, msat, toHex } from '../../src/base/index.ts'
import { publicKeyFromSecret } from '../../src/crypto/index.ts'
import {
  decodeFinalPayload,
  decodeIntermediatePayload,
  encodeFinalPayload,
  encodeIntermediatePayload,
  type FinalPayload,
  type IntermediatePayload,
} from '../../src/onion/index.ts'
import { shortChannelId } from '../../src/wire/index.ts'
import vectors from './bolt04-onion.vectors.json' with { type: 'json' }
import { arbitraryUnknown, bytesOf, errorOf, okOf, payloadOf, secret } from './fixture.ts'

const pathKey = publicKeyFromSecret(secret(0x66))
const pathKeyHex = toHex(pathKey)
const scid = (outputIndex: number) => shortChannelId({ blockHeight: 0, txIndex: 0, outputIndex })
const invalid = (type: bigint, offset: number) => ({
  failure: { type: 'invalid_onion_payload', tlvType: type, offset },
  message: expect.stringMatching(/(expected|left over).*BOLT 4, payload format/),
})

describe('the payloads of the onion test vector', () => {
  const payloads = (vectors.cases[0]?.hops ?? []).map(({ payload }) => payloadOf(payload))
  const [first, second, , , last] = payloads

  test('read as what they say, a record that nobody knows included', () => {
    expect(payloads).toHaveLength(5)
    expect(okOf(decodeIntermediatePayload(first ?? new Uint8Array()))).toEqual({
      type: 'plain',
      amtToForward: msat(15000),
      outgoingCltvValue: 1500,
      shortChannelId: scid(1),
      unknown: [],
    })
    expect(okOf(decodeIntermediatePayload(second ?? new Uint8Array()))).toMatchObject({
      amtToForward: msat(14000),
      outgoingCltvValue: 1400,
      shortChannelId: scid(2),
      unknown: [{ type: 513n, value: Uint8Array.from({ length: 60 }, (_, i) => (i % 15) + 1) }],
    })
  })

  test('are written back byte for byte', () => {
    for (const bytes of payloads.slice(0, 4)) {
      expect(encodeIntermediatePayload(okOf(decodeIntermediatePayload(bytes)))).toEqual(bytes)
    }
    const final = okOf(decodeFinalPayload(last ?? new Uint8Array()))
    expect(final).toMatchObject({ type: 'plain', amtToForward: msat(10000), outgoingCltvValue: 1000 })
    expect(encodeFinalPayload(final)).toEqual(last)
  })
})

describe('an intermediate payload', () => {
  const plain = '020103' + '040102' + '06080000000000000005'
  const read = (hex: string, path?: Uint8Array) => decodeIntermediatePayload(fromHex(hex), { pathKey: path })

  test('holds amount, expiry and channel, and keeps what it does not know', () => {
    expect(okOf(read(`${plain}0901ff`))).toEqual({
      type: 'plain',
      amtToForward: msat(3),
      outgoingCltvValue: 2,
      shortChannelId: scid(5),
      unknown: [{ type: 9n, value: Uint8Array.of(0xff) }],
    })
  })

  test.each([
    ['no amount', '04010206080000000000000005', 2n, 0],
    ['no expiry', '02010306080000000000000005', 4n, 0],
    ['no channel', '020103040102', 6n, 0],
    ['nothing', '', 2n, 0],
    ['an unknown even record', `${plain}0e00`, 14n, 16],
    ['a record twice', '020103020103', 2n, 3],
    ['records out of order', '040102020103', 2n, 3],
    ['an amount with a leading zero', '02020003', 2n, 0],
    ['an amount of 9 bytes', `0209${'01'.repeat(9)}`, 2n, 0],
    ['an expiry of 5 bytes', '0201030405ffffffffff', 4n, 3],
    ['a channel of 7 bytes', '020103040102060700000000000005', 6n, 6],
    ['a channel of 9 bytes', '0201030401020609000000000000000005', 6n, 6],
    ['a record that ends too early', '0201030405ff', 4n, 3],
    ['a type cut off', '020103fd02', 0n, 3],
    ['a type that is not the shortest form', '020103fd0004', 0n, 3],
    ['a length cut off', '02010304', 4n, 3],
    ['a length beyond all numbers', '02010304ffffffffffffffffff', 4n, 3],
    ['a path key without recipient data', `${plain}0c21${pathKeyHex}`, 12n, 16],
  ])('is refused with %s, and the failure says where', (_, hex, type, offset) => {
    expect(errorOf(read(hex))).toMatchObject(invalid(type, offset))
  })

  test('within a blinded path, holds the data of the recipient and nothing else', () => {
    const blinded = { type: 'blinded', encryptedRecipientData: fromHex('abcd') }
    expect(okOf(read('0a02abcd', pathKey))).toEqual(blinded)
    expect(okOf(read(`0a02abcd0c21${pathKeyHex}`))).toEqual({ ...blinded, currentPathKey: pathKey })
    for (const [extra, type, offset] of [
      ['020103', 2n, 0],
      ['040102', 4n, 0],
      ['06080000000000000005', 6n, 0],
      ['0900', 9n, 0],
    ] as const) {
      expect(errorOf(read(`${extra}0a02abcd`, pathKey))).toMatchObject(invalid(type, offset))
    }
    expect(errorOf(read('0a02abcd1000', pathKey))).toMatchObject(invalid(16n, 4))
  })

  test('has exactly one path key, in the message or in the payload', () => {
    expect(errorOf(read('0a02abcd'))).toMatchObject(invalid(12n, 0))
    expect(errorOf(read(`0a02abcd0c21${pathKeyHex}`, pathKey))).toMatchObject(invalid(12n, 4))
    expect(errorOf(read(plain, pathKey))).toMatchObject(invalid(10n, 0))
    expect(errorOf(read(`0a02abcd0c2105${pathKeyHex.slice(2)}`))).toMatchObject(invalid(12n, 4))
  })
})

describe('a final payload', () => {
  const amounts = '020103' + '040102'
  const blindedAmounts = `${amounts}0a02abcd`
  const read = (hex: string, path?: Uint8Array) => decodeFinalPayload(fromHex(hex), { pathKey: path })
  const secretHex = '77'.repeat(32)

  test('takes the amount as the total where there is none', () => {
    expect(okOf(read(amounts))).toEqual({
      type: 'plain',
      amtToForward: msat(3),
      outgoingCltvValue: 2,
      totalMsat: msat(3),
      unknown: [],
    })
  })

  test('holds payment secret and total, metadata, a keysend preimage, and what it does not know', () => {
    const hex = `${amounts}0821${secretHex}09${'1003010203'}fe00010001${'00'}`
    expect(okOf(read(hex))).toMatchObject({
      totalMsat: msat(9),
      paymentSecret: fromHex(secretHex),
      paymentMetadata: Uint8Array.of(1, 2, 3),
      unknown: [{ type: 65537n, value: new Uint8Array(0) }],
    })
  })

  test('knows the record of a payment without invoice, 5482373484', () => {
    expect(BigInt('0x0000000146c6616c')).toBe(5482373484n)
    const preimage = secret(0x99)
    const hex = `${amounts}ff0000000146c6616c20${toHex(preimage)}`
    expect(okOf(read(hex))).toMatchObject({ keysendPreimage: preimage, unknown: [] })
    expect(errorOf(read(`${amounts}ff0000000146c6616c1f${toHex(preimage.slice(1))}`))).toMatchObject(
      invalid(5482373484n, 6),
    )
  })

  test.each([
    ['no amount', '040102', 2n, 0],
    ['no expiry', '020103', 4n, 0],
    ['a payment secret of 31 bytes', `${amounts}081f${secretHex.slice(2)}`, 8n, 6],
    ['a total with a leading zero', `${amounts}0822${secretHex}0001`, 8n, 6],
    ['an unknown even record', `${amounts}1400`, 20n, 6],
  ])('is refused with %s', (_, hex, type, offset) => {
    expect(errorOf(read(hex))).toMatchObject(invalid(type, offset))
  })

  test('within a blinded path, has the total in a record of its own', () => {
    const blinded = { type: 'blinded', amtToForward: msat(3), outgoingCltvValue: 2, totalMsat: msat(7) }
    const encryptedRecipientData = fromHex('abcd')
    expect(okOf(read(`${blindedAmounts}120107`, pathKey))).toEqual({ ...blinded, encryptedRecipientData })
    expect(okOf(read(`${blindedAmounts}0c21${pathKeyHex}120107`))).toEqual({
      ...blinded,
      encryptedRecipientData,
      currentPathKey: pathKey,
    })
  })

  test.each([
    ['no total', blindedAmounts, 18n, 0],
    ['no amount', '0401020a02abcd120107', 2n, 0],
    ['no expiry', '0201030a02abcd120107', 4n, 0],
    ['metadata', `${blindedAmounts}1000120107`, 16n, 10],
    ['a payment secret', `${amounts}0820${secretHex}0a02abcd120107`, 8n, 6],
    ['an unknown odd record', `${blindedAmounts}120107fd020100`, 513n, 13],
  ])('within a blinded path, is refused with %s', (_, hex, type, offset) => {
    expect(errorOf(read(hex, pathKey))).toMatchObject(invalid(type, offset))
  })
})

describe('properties', () => {
  const amount = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(msat)
  const height = fc.integer({ min: 0, max: 2 ** 32 - 1 })
  const channel = fc
    .record({ blockHeight: fc.nat(0xffffff), txIndex: fc.nat(0xffffff), outputIndex: fc.nat(0xffff) })
    .map(shortChannelId)
  const blob = fc.uint8Array({ maxLength: 100 })
  const blindedPart = { type: fc.constant('blinded' as const), encryptedRecipientData: blob }

  const intermediate: fc.Arbitrary<IntermediatePayload> = fc.oneof(
    fc.record({
      type: fc.constant('plain' as const),
      amtToForward: amount,
      outgoingCltvValue: height,
      shortChannelId: channel,
      unknown: arbitraryUnknown(20n),
    }),
    fc.record({ ...blindedPart, currentPathKey: fc.constant(pathKey) }),
  )
  const final: fc.Arbitrary<FinalPayload> = fc.oneof(
    fc.record(
      {
        type: fc.constant('plain' as const),
        amtToForward: amount,
        outgoingCltvValue: height,
        totalMsat: amount,
        paymentSecret: bytesOf(32),
        paymentMetadata: blob,
        keysendPreimage: bytesOf(32),
        unknown: arbitraryUnknown(20n),
      },
      { requiredKeys: ['type', 'amtToForward', 'outgoingCltvValue', 'totalMsat', 'unknown'] },
    ),
    fc.record({
      ...blindedPart,
      amtToForward: amount,
      outgoingCltvValue: height,
      totalMsat: amount,
      currentPathKey: fc.constant(pathKey),
    }),
  )

  test('what was written is what is read', () => {
    fc.assert(
      fc.property(intermediate, payload => {
        expect(okOf(decodeIntermediatePayload(encodeIntermediatePayload(payload)))).toEqual(payload)
      }),
    )
    fc.assert(
      fc.property(final, payload => {
        expect(okOf(decodeFinalPayload(encodeFinalPayload(payload)))).toEqual(payload)
      }),
    )
  })

  test('any bytes are read or refused, with an offset within them, and never throw', () => {
    const key = fc.option(fc.constant(pathKey), { nil: undefined })
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), key, (bytes, pathKey) => {
        for (const read of [decodeIntermediatePayload, decodeFinalPayload]) {
          const result = read(bytes, { pathKey })
          if (!result.ok) expect(result.error.failure.offset).toBeLessThanOrEqual(bytes.length)
        }
      }),
    )
  })
})
