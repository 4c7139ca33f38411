import { assert } from '../base/index.ts'
import { pureHashes, pureSecp256k1, verifyEcdsa } from '../crypto/index.ts'
import type { VerifySignature } from '../regtest/index.ts'
import type { Mode } from './plan.ts'

const second = pureSecp256k1(pureHashes)
/** Of sixteen signatures one is judged twice. */
const SAMPLED = 0x0f

/**
 * Who says for the chain of a world whether a signature holds; scripts, encodings and signature hashes stay with the interpreter.
 * `fast`: the keys without a curve, which nobody else knows. `real`: the library that the nodes have as well, ten times as fast as the
 * interpreter's own, and of every so many a second library, which shares nothing with it: that they differ would be a fault of ours.
 */
export function judgeOf(mode: Mode, verify: VerifySignature = verifyEcdsa): VerifySignature {
  if (mode === 'fast') return verify
  return (signature, digest, publicKey) => {
    const holds = verify(signature, digest, publicKey)
    if (((digest[0] ?? 0) & SAMPLED) === 0)
      assert(second.verify(signature, digest, publicKey) === holds, 'two libraries differ about a signature')
    return holds
  }
}
