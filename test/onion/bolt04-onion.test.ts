import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BugError, concat, fromHex, type NodeId, nodeId, toHex } from '../../src/base/index.ts'
import { ecdh, hmacSha256, publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import { buildOnion, type OnionToPeel, type PeeledOnion, peelOnion } from '../../src/onion/index.ts'
import { deriveKey, obfuscate } from '../../src/onion/keys.ts'
import vectors from './bolt04-onion.vectors.json' with { type: 'json' }
import { arbitrarySecret, bytesOf, errorOf, idOf, NOTHING, okOf, payloadOf, secret, spoil } from './fixture.ts'

const associatedData = secret(0x42)

/** A route of so many hops, with payloads of these lengths, and the secrets of its nodes. */
function route(lengths: readonly number[]) {
  const secrets = lengths.map((_, i) => secret(i + 1))
  const payloads = lengths.map((length, i) => new Uint8Array(length).fill(0xf0 + i))
  const hops = secrets.map((nodeSecret, i) => ({ nodeId: idOf(nodeSecret), payload: payloads[i] ?? NOTHING }))
  return { secrets, payloads, hops }
}

/** Peels all the way: each hop's payload and shared secret. */
function peelAll(packet: Uint8Array, secrets: readonly Uint8Array[], associatedData: Uint8Array) {
  const peeled: PeeledOnion[] = []
  let next: Uint8Array | undefined = packet
  for (const nodeSecret of secrets) {
    if (next === undefined) throw new Error('the route ended too early')
    const layer: PeeledOnion = okOf(peelOnion({ packet: next, associatedData, nodeSecret }))
    peeled.push(layer)
    next = layer.next
  }
  expect(next).toBeUndefined()
  return peeled
}

describe.each(vectors.cases)('BOLT 4, onion test vector: $name', vector => {
  const associatedData = fromHex(vector.associatedData)
  const hops = vector.hops.map(({ pubkey, payload }) => ({
    nodeId: nodeId(fromHex(pubkey)),
    payload: payloadOf(payload),
  }))

  test('builds the packet', () => {
    const { packet } = okOf(buildOnion({ sessionKey: fromHex(vector.sessionKey), associatedData, hops }))
    expect(toHex(packet)).toBe(vector.onion)
  })

  test('peels it hop by hop', () => {
    const secrets = vector.hops.map(({ privateKey }) => fromHex(privateKey))
    const peeled = peelAll(fromHex(vector.onion), secrets, associatedData)
    expect(peeled.map(({ payload }) => payload)).toEqual(hops.map(({ payload }) => payload))
  })
})

describe('building', () => {
  const sessionKey = secret(0x55)

  test('refuses payloads that do not fit, and takes those that fit exactly', () => {
    // 1300 bytes: a length of 3 bytes, the payload, an HMAC of 32.
    const fitting = route([1265])
    const { packet } = okOf(buildOnion({ sessionKey, associatedData, hops: fitting.hops }))
    expect(peelAll(packet, fitting.secrets, associatedData)[0]?.payload).toEqual(fitting.payloads[0])
    const failure = errorOf(buildOnion({ sessionKey, associatedData, hops: route([1266]).hops }))
    expect(failure).toMatchObject({
      code: 'payloads_too_long',
      message: expect.stringMatching(/at most 1300 bytes.*got 1301/),
    })
  })

  test('fills the packet to the last byte with as many hops as fit', () => {
    // 37 hops of 35 bytes, and 5 more bytes for the last.
    const full = route([...Array.from({ length: 36 }, () => 2), 7])
    const { packet } = okOf(buildOnion({ sessionKey, associatedData, hops: full.hops }))
    expect(peelAll(packet, full.secrets, associatedData).map(({ payload }) => payload)).toEqual(full.payloads)
  })

  test('refuses a node id that is no point, and says which hop', () => {
    const hops = [...route([10]).hops, { nodeId: `02${'ff'.repeat(32)}` as NodeId, payload: new Uint8Array(10) }]
    expect(errorOf(buildOnion({ sessionKey, associatedData, hops }))).toMatchObject({
      code: 'invalid_node_id',
      message: expect.stringContaining('hop 1'),
    })
  })

  test('no hop, a payload below 2 bytes, or a session key of zeros is a bug', () => {
    const { hops } = route([10])
    expect(() => buildOnion({ sessionKey, associatedData, hops: [] })).toThrow(BugError)
    expect(() => buildOnion({ sessionKey: new Uint8Array(32), associatedData, hops })).toThrow(BugError)
    expect(() => buildOnion({ sessionKey, associatedData, hops: route([1]).hops })).toThrow(BugError)
  })
})

describe('peeling', () => {
  const { secrets, payloads, hops } = route([20, 300])
  const { packet, sharedSecrets } = okOf(buildOnion({ sessionKey: secret(0x55), associatedData, hops }))
  const [nodeSecret = NOTHING] = secrets
  const peel = (changes: Partial<OnionToPeel>) => peelOnion({ packet, associatedData, nodeSecret, ...changes })
  const sha256OfOnion = (changed: Uint8Array) => ({ type: 'malformed', sha256OfOnion: sha256(changed) })

  test('gives the secrets that the origin has', () => {
    expect(peelAll(packet, secrets, associatedData)).toMatchObject([
      { payload: payloads[0], sharedSecret: sharedSecrets[0] },
      { payload: payloads[1], sharedSecret: sharedSecrets[1] },
    ])
  })

  test('refuses another version', () => {
    const changed = spoil(packet, 0)
    expect(errorOf(peel({ packet: changed }))).toMatchObject({ failureCode: 0xc004, ...sha256OfOnion(changed) })
  })

  test('refuses a key that is no point', () => {
    const changed = spoil(packet, 1, 4)
    expect(errorOf(peel({ packet: changed }))).toMatchObject({ failureCode: 0xc006, ...sha256OfOnion(changed) })
  })

  test('refuses a spoiled HMAC, other associated data, another node, and what another layer of it is', () => {
    const changed = spoil(packet, packet.length - 1)
    expect(errorOf(peel({ packet: changed }))).toMatchObject({ failureCode: 0xc005, ...sha256OfOnion(changed) })
    const spoiled = { failureCode: 0xc005, ...sha256OfOnion(packet) }
    expect(errorOf(peel({ associatedData: secret(0x43) }))).toMatchObject(spoiled)
    expect(errorOf(peel({ associatedData: NOTHING }))).toMatchObject(spoiled)
    expect(errorOf(peel({ nodeSecret: secret(0x70) }))).toMatchObject(spoiled)
  })

  test('refuses packets that are too short for their parts, of any length', () => {
    for (let length = 0; length < 66; length++) {
      const short = packet.slice(0, length)
      expect(errorOf(peel({ packet: short }))).toMatchObject({ failureCode: 0xc005, ...sha256OfOnion(short) })
    }
  })

  test('is a bug without a node secret', () => {
    expect(() => peel({ nodeSecret: new Uint8Array(32) })).toThrow(BugError)
  })

  /** A packet whose HMAC is right and whose unwrapped payloads are these: what only a wrong origin makes. */
  function packetWith(unwrapped: Uint8Array): Uint8Array {
    const sharedSecret = ecdh(publicKeyFromSecret(nodeSecret), secret(0x55)) ?? NOTHING
    const hopPayloads = obfuscate(deriveKey('rho', sharedSecret), unwrapped)
    const hmac = hmacSha256(deriveKey('mu', sharedSecret), concat(hopPayloads, associatedData))
    return concat(Uint8Array.of(0), publicKeyFromSecret(secret(0x55)), hopPayloads, hmac)
  }

  test.each([
    ['a length of 0', '00', 100],
    ['a length of 1', '0102', 100],
    ['a length that is not the shortest form', 'fd0010', 100],
    ['a length beyond the payloads', 'fd0200', 100],
    ['a length that leaves no place for the HMAC', '44', 100],
    ['a length beyond all numbers', 'ffffffffffffffffff', 100],
    ['no payloads at all', '', 0],
  ])('tells the origin of %s', (_, start, length) => {
    const unwrapped = new Uint8Array(length)
    unwrapped.set(fromHex(start))
    expect(errorOf(peel({ packet: packetWith(unwrapped) }))).toMatchObject({
      type: 'encrypted',
      failure: { type: 'invalid_onion_payload', tlvType: 0n, offset: 0 },
      sharedSecret: ecdh(publicKeyFromSecret(nodeSecret), secret(0x55)),
    })
  })

  test('takes the longest payload that leaves a place for the HMAC', () => {
    const unwrapped = concat(Uint8Array.of(67), new Uint8Array(67).fill(9), new Uint8Array(32))
    expect(okOf(peel({ packet: packetWith(unwrapped) }))).toMatchObject({
      payload: new Uint8Array(67).fill(9),
      next: undefined,
    })
  })

  test('within a blinded path, all of this is invalid_onion_blinding', () => {
    const pathKey = publicKeyFromSecret(secret(0x66))
    const blinded = { type: 'malformed', failureCode: 0xc018 }
    for (const wrong of [packet, spoil(packet, 0), spoil(packet, 1, 4), spoil(packet, 900), NOTHING]) {
      expect(errorOf(peel({ pathKey, packet: wrong }))).toMatchObject({ ...blinded, sha256OfOnion: sha256(wrong) })
    }
    expect(errorOf(peel({ pathKey: new Uint8Array(33) }))).toMatchObject({ ...blinded, sha256OfOnion: sha256(packet) })
  })
})

describe('properties', () => {
  test('what was built is what is peeled, for 1 to 20 hops', () => {
    const hop = fc.record({ nodeSecret: arbitrarySecret, payload: fc.uint8Array({ minLength: 2, maxLength: 31 }) })
    fc.assert(
      fc.property(
        arbitrarySecret,
        bytesOf(32),
        fc.array(hop, { minLength: 1, maxLength: 20 }),
        (sessionKey, associatedData, route) => {
          const hops = route.map(({ nodeSecret, payload }) => ({ nodeId: idOf(nodeSecret), payload }))
          const { packet, sharedSecrets } = okOf(buildOnion({ sessionKey, associatedData, hops }))
          expect(packet).toHaveLength(1366)
          const secrets = route.map(({ nodeSecret }) => nodeSecret)
          const peeled = peelAll(packet, secrets, associatedData)
          expect(peeled.map(({ payload }) => payload)).toEqual(hops.map(({ payload }) => payload))
          expect(peeled.map(({ sharedSecret }) => sharedSecret)).toEqual(sharedSecrets)
          for (const { next } of peeled.slice(0, -1)) expect(next).toHaveLength(1366)
        },
      ),
      { numRuns: 30 },
    )
  })

  test('the same for packets of any size that holds the payloads', () => {
    const size = fc.integer({ min: 66 + 2 * 43, max: 3000 })
    fc.assert(
      fc.property(size, packetLength => {
        const { hops, secrets, payloads } = route([10, 10])
        const plan = { sessionKey: secret(0x55), associatedData: NOTHING, hops, packetLength }
        const { packet } = okOf(buildOnion(plan))
        expect(packet).toHaveLength(packetLength)
        expect(peelAll(packet, secrets, NOTHING).map(({ payload }) => payload)).toEqual(payloads)
      }),
      { numRuns: 20 },
    )
  })

  test('each changed byte of a packet is a failure with the BADONION flag', () => {
    const { hops, secrets } = route([40, 40, 40])
    const { packet } = okOf(buildOnion({ sessionKey: secret(0x55), associatedData, hops }))
    const [nodeSecret = NOTHING] = secrets
    const codes = new Set<number>()
    for (let at = 0; at < packet.length; at++) {
      const failure = errorOf(peelOnion({ packet: spoil(packet, at, 1 + (at % 255)), associatedData, nodeSecret }))
      if (failure.type !== 'malformed') throw new Error(`byte ${at} was not noticed`)
      codes.add(failure.failureCode)
    }
    expect(codes).toEqual(new Set([0xc004, 0xc005, 0xc006]))
  })

  test('any bytes are refused without a throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1500 }), fc.option(bytesOf(33), { nil: undefined }), (packet, pathKey) => {
        expect(peelOnion({ packet, associatedData, nodeSecret: secret(1), pathKey }).ok).toBe(false)
      }),
    )
  })
})
