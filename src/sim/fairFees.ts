import { msatToSat } from '../base/index.ts'
import type { ChannelDurable } from '../channel/index.ts'
import type { MoneyTrail, TrailStep } from './moneyTrail.ts'

// Nobody may burn in fees what is their due: what a claim may cost, worked out from the chain (docs/decisions/0024-fees-of-claims.md).

interface Terms {
  readonly durable: ChannelDurable
  readonly highestFeerate: number
  readonly isRevoked: boolean
}

/** As many blocks after its expiry an HTLC that was offered should be back. */
const TAKE_BACK_BLOCKS = 18

/** Which claim of the one who leaves costs too much; nothing where none does. */
export function feeVerdict({ steps }: MoneyTrail, terms: Terms): string | undefined {
  const claims = steps.slice(1).filter(({ madeBy }) => madeBy === 0)
  const dear = claims.find(step => step.feeSat > mostOf(step, terms))
  return dear === undefined ? undefined : `a claim of ${dear.weight} weight units costs ${dear.feeSat} sat`
}

/** Twice the market, or what the money at stake is worth in the last block before the one in which the claim is: half of it over the square of the blocks left. */
function mostOf({ weight, takes, known }: TrailStep, { durable, highestFeerate, isRevoked }: Terms): bigint {
  const market = BigInt(2 * weight * highestFeerate) / 1000n
  const haste = takes.reduce((sum, { amountSat, height }) => {
    const deadlines = isRevoked
      ? [height + durable.params.local.toSelfDelay]
      : durable.htlcs
          .filter(({ amountMsat }) => msatToSat(amountMsat) === amountSat)
          .map(({ offeredBy, cltvExpiry }) => cltvExpiry + 1 + (offeredBy === 'local' ? TAKE_BACK_BLOCKS : 0))
    if (deadlines.length === 0) return sum
    const left = BigInt(Math.max(Math.min(...deadlines) - (known.height ?? 0) + 1, 1))
    return sum + amountSat / (2n * left * left)
  }, 0n)
  return haste > market ? haste : market
}
