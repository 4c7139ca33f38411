import fc from 'fast-check'
import { decode, fromHex, lengthPrefixed, type NodeId, nodeId, type Result } from '../../src/base/index.ts'
import { isSecretKey, publicKeyFromSecret } from '../../src/crypto/index.ts'
import type { TlvRecord } from '../../src/onion/index.ts'
import { bigSizeNumber } from '../../src/wire/index.ts'

export const NOTHING = new Uint8Array(0)

/** A secret key, the same byte 32 times. */
export const secret = (byte: number): Uint8Array => new Uint8Array(32).fill(byte)
export const idOf = (nodeSecret: Uint8Array): NodeId => nodeId(publicKeyFromSecret(nodeSecret))

export function okOf<T>(result: Result<T, unknown>): T {
  if (!result.ok)
    throw new Error(
      `refused: ${String(JSON.stringify(result.error, (_, v) => (typeof v === 'bigint' ? String(v) : v)))}`,
    )
  return result.value
}

export function errorOf<E>(result: Result<unknown, E>): E {
  if (result.ok) throw new Error('expected a failure')
  return result.error
}

/** A payload of the vectors, which print it behind its length. */
export const payloadOf = (framed: string): Uint8Array => okOf(decode(lengthPrefixed(bigSizeNumber), fromHex(framed)))

/** The bytes with those at one index changed by a mask. */
export function spoil(bytes: Uint8Array, index: number, mask = 1): Uint8Array {
  return bytes.map((byte, i) => (i === index ? byte ^ mask : byte))
}

export const bytesOf = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
export const arbitrarySecret: fc.Arbitrary<Uint8Array> = bytesOf(32).filter(isSecretKey)

/** Records of odd type from `from` on, no type twice, in order. */
export const arbitraryUnknown = (from: bigint): fc.Arbitrary<readonly TlvRecord[]> =>
  fc
    .uniqueArray(
      fc.record({
        type: fc.bigInt({ min: from / 2n, max: 2n ** 62n }).map(half => 2n * half + 1n),
        value: fc.uint8Array({ maxLength: 20 }),
      }),
      { maxLength: 3, selector: ({ type }) => type },
    )
    .map(records => records.toSorted((a, b) => (a.type < b.type ? -1 : 1)))
