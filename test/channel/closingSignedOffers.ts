import { feeratePerKw, sat } from '../../src/base/index.ts'
import { closingFunding } from '../../src/channel/closing.ts'
import { buildLegacyClosingTx, type ClosingTx, closingFeeSat, signClosing } from '../../src/commitment/index.ts'
import type { ClosingSigned } from '../../src/wire/index.ts'
import { LEGACY } from './closingFixtures.ts'
import { type Duo, durableOf, type Side, sentBy } from './harness.ts'

// What a test may say in `closing_signed`, right or wrong. Alice opens, so she pays and speaks first.

export const legacy = { negotiated: LEGACY }

export function scripts({ alice, bob }: Duo): readonly [Uint8Array, Uint8Array] {
  return [alice.context.shutdownScript, bob.context.shutdownScript]
}

export function feeAt(duo: Duo, feerate: number): bigint {
  return closingFeeSat(feeratePerKw(feerate), scripts(duo))
}

export function setFeerate(side: Side, feerate: number): void {
  side.context = { ...side.context, feerates: { ...side.context.feerates, mutualClose: feeratePerKw(feerate) } }
}

export function closingMessages(side: Side): readonly ClosingSigned[] {
  return sentBy(side).filter(message => message.type === 'closing_signed')
}

/** A `closing_signed` of a side for a transaction that the test chooses. */
export function signedFor(
  side: Side,
  closing: ClosingTx,
  feeSat: bigint,
  range?: readonly [bigint, bigint],
): ClosingSigned {
  return {
    type: 'closing_signed',
    channelId: durableOf(side).params.channelId,
    feeSatoshis: sat(feeSat),
    signature: signClosing(closing, side.context.secrets.fundingSecret),
    ...(range && { feeRange: { minFeeSatoshis: sat(range[0]), maxFeeSatoshis: sat(range[1]) } }),
  }
}

/** What `by` would sign at this fee, with both outputs unless one is dust. */
export function offer(duo: Duo, by: 'alice' | 'bob', feeSat: bigint, range?: readonly [bigint, bigint]): ClosingSigned {
  return signedFor(duo[by], closingAt(duo, feeSat), feeSat, range)
}

export function closingAt(duo: Duo, feeSat: bigint, dustLimit = 354n, omit?: 'remote'): ClosingTx {
  const { settled } = durableOf(duo.alice)
  const [aliceScript, bobScript] = scripts(duo)
  const built = buildLegacyClosingTx({
    funding: closingFunding(durableOf(duo.alice)),
    opener: 'local',
    local: { amountMsat: settled.localMsat, script: aliceScript },
    remote: { amountMsat: settled.remoteMsat, script: bobScript },
    feeSat: sat(feeSat),
    dustLimitSat: sat(dustLimit),
    ...(omit && { omit }),
  })
  if (!built.ok) throw new Error(built.error.message)
  return built.value
}
