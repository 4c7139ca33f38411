// Who says whether an ECDSA signature holds. By default the interpreter's library does, with a curve of its own; a simulated
// world may name another, and then only the arithmetic changes hands: encodings, signature hashes and scripts stay judged here.

/**
 * Whether a signature (64 bytes, r then s, with S made low) of a digest (32 bytes) holds for a public key, which comes as the
 * script has it, whatever its shape. It does not throw.
 */
export type VerifySignature = (signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array) => boolean

interface BigNumber {
  gt(other: BigNumber): boolean
  cmp(other: BigNumber): number
  sub(other: BigNumber): BigNumber
  shrn(bits: number): BigNumber
  byteLength(): number
  toArrayLike(type: typeof Uint8Array, endian: 'be', length: number): Uint8Array
}

/** The parts of bitcore-lib that know the curve; the library ships no types. */
export interface BitcoreCurve {
  readonly PublicKey: { fromBuffer(bytes: Buffer, strict?: boolean): unknown }
  readonly crypto: {
    readonly ECDSA: {
      verify(digest: Buffer, signature: unknown, publicKey: unknown, options?: { readonly endian?: 'little' }): boolean
    }
    readonly Point: { getN(): BigNumber }
  }
}

/** Runs scripts with another verifier in the place of the library's, which is back when this returns. */
export function withVerifier<T>(bitcore: BitcoreCurve, verify: VerifySignature | undefined, run: () => T): T {
  if (verify === undefined) return run()
  const { PublicKey } = bitcore
  const { ECDSA } = bitcore.crypto
  const { fromBuffer } = PublicKey
  const { verify: own } = ECDSA
  const order = bitcore.crypto.Point.getN()
  const half = order.shrn(1)
  // The library reads keys and hands them on to its ECDSA; here the bytes go the same way.
  PublicKey.fromBuffer = bytes => bytes
  ECDSA.verify = (digest, signature, publicKey, options) => {
    // The library hands on what it parsed and what `fromBuffer` gave.
    const { r, s } = signature as { readonly r: BigNumber; readonly s: BigNumber }
    if (r.byteLength() > 32 || s.cmp(order) >= 0) return false
    const both = new Uint8Array(64)
    both.set(r.toArrayLike(Uint8Array, 'be', 32))
    // Consensus takes a high S as well (BIP 146 is policy, and has been looked at by then), as Core's verifier does.
    both.set((s.gt(half) ? order.sub(s) : s).toArrayLike(Uint8Array, 'be', 32), 32)
    const bytes = new Uint8Array(digest)
    return verify(both, options?.endian === 'little' ? bytes.reverse() : bytes, new Uint8Array(publicKey as Buffer))
  }
  try {
    return run()
  } finally {
    PublicKey.fromBuffer = fromBuffer
    ECDSA.verify = own
  }
}
