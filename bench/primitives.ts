import { deriveCommitmentKeys } from '../src/commitment/index.ts'
import { hash160, publicKeyFromSecret, publicKeyTweakAdd, sha256, signEcdsa, verifyEcdsa } from '../src/crypto/index.ts'
import { channelBasepoints, commitmentPoint, deriveChannelSecrets } from '../src/keys/index.ts'
import { cpuMicros } from './cpu.ts'

/** What the curve and the hashes cost here and now, in microseconds: the machine is not the same twice. */
export interface Primitives {
  readonly sign: number
  readonly verify: number
  readonly tweak: number
  readonly publicKey: number
  readonly sha256: number
  readonly hash160: number
  readonly commitmentKeys: number
}

export function measurePrimitives(): Primitives {
  const secrets = deriveChannelSecrets(sha256(Uint8Array.of(1)), 0)
  const others = deriveChannelSecrets(sha256(Uint8Array.of(2)), 0)
  const basepoints = { holder: channelBasepoints(secrets), counterparty: channelBasepoints(others) }
  const digest = sha256(Uint8Array.of(3))
  const signature = signEcdsa(digest, secrets.htlcBasepointSecret)
  const { htlcBasepoint } = basepoints.holder
  const perCommitmentPoint = commitmentPoint(secrets, 0)
  const bytes = new Uint8Array(100)
  return {
    sign: cost(() => signEcdsa(digest, secrets.htlcBasepointSecret)),
    verify: cost(() => verifyEcdsa(signature, digest, htlcBasepoint)),
    tweak: cost(() => publicKeyTweakAdd(htlcBasepoint, digest)),
    sha256: cost(() => sha256(bytes)),
    publicKey: cost(() => publicKeyFromSecret(secrets.htlcBasepointSecret)),
    hash160: cost(() => hash160(bytes)),
    // Of a point that is another object each time: what was derived for one is kept with it.
    commitmentKeys: cost(() => deriveCommitmentKeys({ ...basepoints, perCommitmentPoint: perCommitmentPoint.slice() })),
  }
}

/** Over enough calls that the clock, which may tick in milliseconds, is fine enough. */
function cost(call: () => unknown): number {
  let calls = 0
  const start = cpuMicros()
  let end = start
  for (; end - start < 100_000; end = cpuMicros()) {
    for (let i = 0; i < 50; i++) call()
    calls += 50
  }
  return (end - start) / calls
}
