import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { installBackends, pureHashes, pureSecp256k1 } from '../../src/crypto/index.ts'
import { installBestBackends } from '../../src/node/crypto/installBestBackends.ts'
import { buildFailure, buildOnion, decodeFailure, peelOnion, wrapFailure } from '../../src/onion/index.ts'
import { idOf, NOTHING, okOf, secret, spoil } from './fixture.ts'

// What the work depends on, counted and not timed: a peer that could choose it would have a lever, an origin whose work
// depends on the route would tell about the route.

afterEach(async () => {
  await installBestBackends()
})

/** How many curve operations and HMACs a call takes, and over how many bytes. */
function workOf(run: () => void): { readonly curve: number; readonly hmacs: number; readonly bytes: number } {
  let [curve, hmacs, bytes] = [0, 0, 0]
  const plain = pureSecp256k1(pureHashes)
  installBackends({
    hashes: {
      ...pureHashes,
      hmacSha256(key, data) {
        hmacs++
        bytes += data.length
        return pureHashes.hmacSha256(key, data)
      },
    },
    secp256k1: {
      ...plain,
      ecdh: (publicKey, secret) => {
        curve++
        return plain.ecdh(publicKey, secret)
      },
      publicKeyTweakMultiply: (publicKey, tweak) => {
        curve++
        return plain.publicKeyTweakMultiply(publicKey, tweak)
      },
    },
  })
  run()
  return { curve, hmacs, bytes }
}

describe('decoding a failure', () => {
  const failure = { type: 'mpp_timeout' } as const

  test('takes the same work for each route, each place of the failure, and for nonsense', () => {
    const works = new Set<string>()
    const decode = (hops: number, reason: Uint8Array) => {
      const sharedSecrets = Array.from({ length: hops }, (_, i) => secret(i + 1))
      works.add(JSON.stringify(workOf(() => void decodeFailure({ sharedSecrets, reason }))))
    }
    for (const hops of [1, 2, 5, 20, 27]) {
      for (const erring of new Set([0, hops >> 1, hops - 1])) {
        let { reason } = buildFailure({ sharedSecret: secret(erring + 1), failure })
        for (let hop = erring - 1; hop >= 0; hop--)
          ({ reason } = wrapFailure({ reason, sharedSecret: secret(hop + 1) }))
        decode(hops, reason)
        decode(hops, spoil(reason, 100))
      }
    }
    expect(works.size).toBe(1)
  })

  test('takes as many HMACs with attribution data for each place of the failure, and for nonsense', () => {
    const sharedSecrets = [secret(1), secret(2), secret(3)]
    const works = new Set<string>()
    for (const erring of [0, 1, 2]) {
      let packet = buildFailure({ sharedSecret: secret(erring + 1), failure, holdTime: 1 })
      for (let hop = erring - 1; hop >= 0; hop--)
        packet = wrapFailure({ ...packet, sharedSecret: secret(hop + 1), holdTime: 1 })
      const { reason, attributionData = NOTHING } = packet
      for (const attribution of [attributionData, spoil(attributionData, 0)]) {
        const work = workOf(() => void decodeFailure({ sharedSecrets, reason, attributionData: attribution }))
        works.add(JSON.stringify(work))
      }
    }
    expect(works.size).toBe(1)
  })
})

describe('peeling', () => {
  const associatedData = secret(0x42)
  const hops = [1, 2].map(byte => ({ nodeId: idOf(secret(byte)), payload: new Uint8Array(40) }))
  const { packet } = okOf(buildOnion({ sessionKey: secret(0x55), associatedData, hops }))
  const peel = (packet: Uint8Array, pathKey?: Uint8Array) =>
    workOf(() => void peelOnion({ packet, associatedData, nodeSecret: secret(1), pathKey }))

  test('takes two curve operations at most, and no packet takes more than an honest one', () => {
    const honest = peel(packet)
    expect(honest.curve).toBe(2)
    fc.assert(
      fc.property(fc.nat(packet.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const work = peel(spoil(packet, at, mask))
        expect(work.curve).toBeLessThanOrEqual(1)
        expect(work.bytes).toBeLessThanOrEqual(honest.bytes)
      }),
      { numRuns: 30 },
    )
  })

  test('takes one more with a path key, and none where the version is unknown', () => {
    expect(peel(packet, packet.slice(1, 34)).curve).toBe(2)
    expect(peel(spoil(packet, 0)).curve).toBe(0)
  })
})
