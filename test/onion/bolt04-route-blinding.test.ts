import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError, concat, decode, encode, fromHex, msat, type NodeId, nodeId, toHex } from '../../src/base/index.ts'
import { chacha20Poly1305Encrypt, ecdh, publicKeyFromSecret } from '../../src/crypto/index.ts'
import {
  blindedPathCodec,
  createBlindedPath,
  decodeRecipientData,
  encodeRecipientData,
  padRecipientData,
  type RecipientData,
  unblind,
} from '../../src/onion/index.ts'
import { deriveKey } from '../../src/onion/keys.ts'
import { blindedSecret } from '../../src/onion/peel.ts'
import { type ShortChannelId, shortChannelId } from '../../src/wire/index.ts'
import vectors from './bolt04-route-blinding.vectors.json' with { type: 'json' }
import { arbitrarySecret, arbitraryUnknown, errorOf, idOf, NOTHING, okOf, secret, spoil } from './fixture.ts'
import { dataOf } from './recipientData.ts'

describe.each(vectors.cases)('BOLT 4, route blinding test vector: $name', vector => {
  const hops = vector.hops.map(hop => ({ nodeId: nodeId(fromHex(hop.nodeId)), data: dataOf(hop.tlvs) }))
  const path = vector.route.hops.map(({ blindedNodeId, encryptedData }) => ({
    blindedNodeId: nodeId(fromHex(blindedNodeId)),
    encryptedRecipientData: fromHex(encryptedData),
  }))

  test('encodes and decodes the data of each hop', () => {
    for (const [i, { encodedTlvs }] of vector.hops.entries()) {
      const data = hops[i]?.data ?? {}
      expect(toHex(encodeRecipientData(data))).toBe(encodedTlvs)
      expect(okOf(decodeRecipientData(fromHex(encodedTlvs)))).toEqual(data)
    }
  })

  test('makes the two paths that are joined', () => {
    const [first, , second] = vector.hops
    const bobAndCarol = okOf(
      createBlindedPath({ pathSecret: fromHex(first?.pathPrivkey ?? ''), hops: hops.slice(0, 2) }),
    )
    const daveAndEve = okOf(createBlindedPath({ pathSecret: fromHex(second?.pathPrivkey ?? ''), hops: hops.slice(2) }))
    expect(hops[1]?.data.nextPathKeyOverride).toEqual(daveAndEve.firstPathKey)
    expect({ ...bobAndCarol, path: [...bobAndCarol.path, ...daveAndEve.path] }).toEqual({
      firstNodeId: vector.route.firstNodeId,
      firstPathKey: fromHex(vector.route.firstPathKey),
      path,
    })
  })

  test('gives each node its secrets, its data and the next path key', () => {
    expect(vector.unblind).toHaveLength(4)
    for (const [i, node] of vector.unblind.entries()) {
      const nodeSecret = fromHex(node.nodePrivateKey)
      const pathKey = fromHex(node.pathKey)
      const sharedSecret = ecdh(pathKey, nodeSecret) ?? NOTHING
      expect(toHex(sharedSecret)).toBe(vector.hops[i]?.sharedSecret)
      expect(toHex(deriveKey('rho', sharedSecret))).toBe(vector.hops[i]?.rho)
      expect(toHex(blindedSecret(nodeSecret, sharedSecret))).toBe(node.blindedPrivkey)
      expect(idOf(blindedSecret(nodeSecret, sharedSecret))).toBe(path[i]?.blindedNodeId)
      const encryptedRecipientData = path[i]?.encryptedRecipientData ?? NOTHING
      const { data, nextPathKey } = okOf(unblind({ nodeSecret, pathKey, encryptedRecipientData }))
      expect(toHex(encodeRecipientData(data))).toBe(node.decryptedData)
      expect(toHex(nextPathKey)).toBe(node.nextPathKeyOverride ?? node.nextPathKey)
    }
  })

  test('hides all hops behind data of one length', () => {
    expect(new Set(path.map(({ encryptedRecipientData }) => encryptedRecipientData.length)).size).toBe(1)
  })
})

describe('unblinding', () => {
  const nodeSecret = secret(1)
  const hops = [{ nodeId: idOf(nodeSecret), data: { pathId: secret(7) } }]
  const { firstPathKey: pathKey, path } = okOf(createBlindedPath({ pathSecret: secret(9), hops }))
  const { encryptedRecipientData } = path[0] ?? { encryptedRecipientData: NOTHING }
  const open = (changes: object) => unblind({ nodeSecret, pathKey, encryptedRecipientData, ...changes })

  test('gives the data', () => {
    expect(okOf(open({})).data).toEqual({ pathId: secret(7) })
  })

  test('refuses each changed byte, other keys and what is too short', () => {
    for (let at = 0; at < encryptedRecipientData.length; at++) {
      expect(errorOf(open({ encryptedRecipientData: spoil(encryptedRecipientData, at) })).code).toBe('wrong_key')
    }
    expect(errorOf(open({ nodeSecret: secret(2) })).code).toBe('wrong_key')
    expect(errorOf(open({ pathKey: publicKeyFromSecret(secret(2)) })).code).toBe('wrong_key')
    expect(errorOf(open({ encryptedRecipientData: NOTHING })).code).toBe('wrong_key')
    expect(errorOf(open({ pathKey: secret(2) }))).toMatchObject({
      code: 'invalid_path_key',
      message: expect.stringContaining('BOLT 4, route blinding'),
    })
  })

  test.each([
    ['an unknown even record', '1000', /type 16 at byte 0/],
    ['records out of order', '06010102080000000000000001', /type 2 at byte 3/],
    ['a next node that is no point', `0421${'05'.repeat(33)}`, /type 4 at byte 0/],
    ['a next path key that is no point', `0821${'05'.repeat(33)}`, /type 8 at byte 0/],
    ['a relay that is cut off', '0a050001000000', /type 10 at byte 0/],
    ['a base fee with a leading zero', '0a0700010000000100', /type 10 at byte 0/],
    ['bytes that are no stream', 'ff', /type 0 at byte 0/],
  ])('refuses data with %s', (_, plaintext, message) => {
    const key = deriveKey('rho', ecdh(pathKey, nodeSecret) ?? NOTHING)
    const data = chacha20Poly1305Encrypt({ key, nonce: new Uint8Array(12) }, fromHex(plaintext))
    expect(errorOf(open({ encryptedRecipientData: data }))).toMatchObject({
      code: 'invalid_data',
      message: expect.stringMatching(message),
    })
  })

  test('is a bug without a node secret', () => {
    expect(() => open({ nodeSecret: new Uint8Array(32) })).toThrow(BugError)
  })
})

describe('making a path', () => {
  test('refuses a node id that is no point', () => {
    const hops = [{ nodeId: `02${'ff'.repeat(32)}` as NodeId, data: {} }]
    expect(errorOf(createBlindedPath({ pathSecret: secret(1), hops }))).toMatchObject({ code: 'invalid_node_id' })
  })

  test('without hops, or with a secret of zeros, is a bug', () => {
    const hops = [{ nodeId: idOf(secret(1)), data: {} }]
    expect(() => createBlindedPath({ pathSecret: secret(1), hops: [] })).toThrow(BugError)
    expect(() => createBlindedPath({ pathSecret: secret(0), hops })).toThrow(BugError)
  })
})

const channel: fc.Arbitrary<ShortChannelId> = fc
  .record({ blockHeight: fc.nat(0xffffff), txIndex: fc.nat(0xffffff), outputIndex: fc.nat(0xffff) })
  .map(shortChannelId)
const amount = (max: bigint) => fc.bigInt({ min: 0n, max }).map(msat)
const u32 = fc.nat(0xffffffff)
const arbitraryData: fc.Arbitrary<RecipientData> = fc.record(
  {
    shortChannelId: channel,
    nextNodeId: arbitrarySecret.map(idOf),
    pathId: fc.uint8Array({ maxLength: 300 }),
    nextPathKeyOverride: arbitrarySecret.map(publicKeyFromSecret),
    paymentRelay: fc.record({
      cltvExpiryDelta: fc.nat(0xffff),
      feeProportionalMillionths: u32,
      feeBaseMsat: amount(0xffffffffn),
    }),
    paymentConstraints: fc.record({ maxCltvExpiry: u32, htlcMinimumMsat: amount(2n ** 64n - 1n) }),
    allowedFeatures: fc.uint8Array({ maxLength: 10 }),
    unknown: arbitraryUnknown(20n).filter(({ length }) => length > 0),
  },
  { requiredKeys: [] },
)

describe('padding', () => {
  test('brings all hops to one length and changes nothing else', () => {
    fc.assert(
      fc.property(fc.array(arbitraryData, { minLength: 1, maxLength: 6 }), hops => {
        const padded = padRecipientData(hops)
        expect(new Set(padded.map(data => encodeRecipientData(data).length)).size).toBe(1)
        expect(padded.map(({ padding: _, ...data }) => data)).toEqual(hops)
      }),
    )
  })

  test('finds a length for every difference between two hops', () => {
    for (let length = 0; length < 700; length++) {
      const hops = [{ pathId: new Uint8Array(length) }, { padding: new Uint8Array(3), pathId: NOTHING }]
      const lengths = padRecipientData(hops).map(data => encodeRecipientData(data).length)
      expect(lengths[0]).toBe(lengths[1])
      expect(lengths[0]).toBeLessThanOrEqual(encodeRecipientData(hops[0] ?? {}).length + 5)
    }
  })
})

describe('the bytes of a path', () => {
  const point = toHex(publicKeyFromSecret(secret(1)))
  const hop = `${point}0002abcd`

  test('begin with a node id or with one end of a channel', () => {
    const rest = {
      firstPathKey: fromHex(point),
      path: [{ blindedNodeId: point, encryptedRecipientData: fromHex('abcd') }],
    }
    for (const [hex, firstNodeId] of [
      [point, point],
      ['000000010000020003', { direction: 0, shortChannelId: '1x2x3' }],
      ['010000010000020003', { direction: 1, shortChannelId: '1x2x3' }],
    ] as const) {
      const bytes = fromHex(`${hex}${point}01${hop}`)
      const path = okOf(decode(blindedPathCodec, bytes))
      expect(path).toEqual({ firstNodeId, ...rest })
      expect(encode(blindedPathCodec, path)).toEqual(bytes)
    }
  })

  test.each([
    ['no hop', `${point}${point}00`, /at least one hop/],
    ['a first node that is neither', `04${point.slice(2)}${point}01${hop}`, /firstNodeId: expected a point/],
    ['a first node that is no point', `02${'ff'.repeat(32)}${point}01${hop}`, /firstNodeId: expected a point/],
    ['a path key that is no point', `${point}${'05'.repeat(33)}01${hop}`, /firstPathKey: expected a point/],
    ['a blinded node that is no point', `${point}${point}01${'05'.repeat(33)}0000`, /blindedNodeId: expected a point/],
    ['a hop too few', `${point}${point}02${hop}`, /expected 2 items, got 1/],
    ['a byte too many', `${point}${point}01${hop}00`, /left over/],
  ])('are refused with %s', (_, hex, message) => {
    expect(errorOf(decode(blindedPathCodec, fromHex(hex))).message).toMatch(message)
  })
})

describe('properties', () => {
  const hop = fc.record({ nodeSecret: arbitrarySecret, data: arbitraryData })

  test('each node of a path reads what was written for it, and nobody else does', () => {
    fc.assert(
      fc.property(arbitrarySecret, fc.array(hop, { minLength: 1, maxLength: 5 }), (pathSecret, hops) => {
        const nodes = hops.map(({ nodeSecret, data: { nextPathKeyOverride: _, ...data } }) => ({
          nodeSecret,
          nodeId: idOf(nodeSecret),
          data,
        }))
        const { firstPathKey, path } = okOf(createBlindedPath({ pathSecret, hops: nodes }))
        let pathKey = firstPathKey
        for (const [i, { nodeSecret, data }] of nodes.entries()) {
          const encryptedRecipientData = path[i]?.encryptedRecipientData ?? NOTHING
          const opened = okOf(unblind({ nodeSecret, pathKey, encryptedRecipientData }))
          expect(opened.data).toEqual(data)
          expect(idOf(blindedSecret(nodeSecret, ecdh(pathKey, nodeSecret) ?? NOTHING))).toBe(path[i]?.blindedNodeId)
          expect(unblind({ nodeSecret: secret(0x33), pathKey, encryptedRecipientData }).ok).toBe(false)
          pathKey = opened.nextPathKey
        }
      }),
      { numRuns: 25 },
    )
  })

  test('any data is read or refused without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), bytes => {
        const data = decodeRecipientData(bytes)
        if (data.ok) expect(encodeRecipientData(data.value)).toEqual(bytes)
        else expect(data.error.offset).toBeLessThanOrEqual(bytes.length)
      }),
    )
    const start = publicKeyFromSecret(secret(1))
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), rest => {
        const path = decode(blindedPathCodec, concat(start, start, rest))
        if (path.ok) expect(encode(blindedPathCodec, path.value)).toEqual(concat(start, start, rest))
      }),
    )
  })
})
