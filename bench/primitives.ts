import { deriveCommitmentKeys } from '../src/commitment/index.ts'
import { hash160, publicKeyTweakAdd, sha256, signEcdsa, verifyEcdsa } from '../src/crypto/index.ts'
import { channelBasepoints, commitmentPoint, deriveChannelSecrets } from '../src/keys/index.ts'

/** What the curve and the hashes cost here and now, in microseconds: the machine is not the same twice. */
export interface Primitives {
  readonly sign: number
  readonly verify: number
  readonly tweak: number
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
    sign: median(() => signEcdsa(digest, secrets.htlcBasepointSecret)),
    verify: median(() => verifyEcdsa(signature, digest, htlcBasepoint)),
    tweak: median(() => publicKeyTweakAdd(htlcBasepoint, digest)),
    sha256: median(() => sha256(bytes)),
    hash160: median(() => hash160(bytes)),
    commitmentKeys: median(() => deriveCommitmentKeys({ ...basepoints, perCommitmentPoint })),
  }
}

/** Of runs of 50 calls, so that the clock is fine enough for what takes less than a microsecond. */
function median(call: () => unknown): number {
  const times = Array.from({ length: 41 }, () => {
    const start = performance.now()
    for (let i = 0; i < 50; i++) call()
    return ((performance.now() - start) * 1000) / 50
  }).toSorted((a, b) => a - b)
  return times[20] ?? 0
}
