import { pureHashes, pureSecp256k1, type Secp256k1Backend } from '../../src/crypto/index.ts'
import { loadNativeSecp256k1 } from '../../src/node/crypto/nativeSecp256k1.ts'
import { loadWasmSecp256k1 } from '../../src/node/crypto/wasmSecp256k1.ts'

export const pure: Secp256k1Backend = pureSecp256k1(pureHashes)
export const wasm: Secp256k1Backend = await loadWasmSecp256k1()

/** Absent on platforms that the native package has no build for. */
export const native: Secp256k1Backend | undefined = (() => {
  try {
    return loadNativeSecp256k1()
  } catch {
    return undefined
  }
})()

export const backends: readonly Secp256k1Backend[] = native === undefined ? [wasm, pure] : [native, wasm, pure]

/** The order of the secp256k1 group. */
export const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

export function bytes32(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * (31 - i))) & 0xffn))
}

export function toInteger(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

/** The other signature of the same digest and key: s replaced by n − s. */
export function otherS(signature: Uint8Array): Uint8Array {
  const malleated = signature.slice()
  malleated.set(bytes32(ORDER - toInteger(signature.slice(32))), 32)
  return malleated
}

export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte))
}
