import { msatToSat } from '../base/index.ts'
import type { ChannelDurable } from '../channel/index.ts'
import { ANCHOR_SAT } from '../commitment/index.ts'
import type { MoneyTrail, TrailStep } from './moneyTrail.ts'

// Nobody may burn in fees what is their due: what a claim may cost, worked out from the chain (docs/decisions/0024-fees-of-claims.md).

interface Terms {
  readonly durable: ChannelDurable
  readonly highestFeerate: number
  readonly isRevoked: boolean
}

/** As many blocks after its expiry an HTLC that was offered should be back. */
const TAKE_BACK_BLOCKS = 18
/** As many an HTLC still needs once its commitment is in a block. */
const BLOCKS_AFTER_COMMITMENT = 2

/** Which claim of the one who leaves costs too much; nothing where none does. */
export function feeVerdict({ steps }: MoneyTrail, terms: Terms): string | undefined {
  const [spend, ...rest] = steps
  const claims = rest.filter(({ madeBy }) => madeBy === 0)
  // Who spends an anchor pays for the commitment, too.
  const withParent = (step: TrailStep): TrailStep =>
    isChild(step) ? { ...step, weight: step.weight + (spend?.weight ?? 0) } : step
  const dear = claims.find(step => step.feeSat > mostOf(withParent(step), terms))
  return dear === undefined ? undefined : `a claim of ${dear.weight} weight units costs ${dear.feeSat} sat`
}

const isChild = ({ takes }: TrailStep): boolean => takes.some(({ amountSat }) => amountSat === ANCHOR_SAT)

/** Of a child that pays for its commitment: a quarter of each HTLC, over the square of the blocks until two before its deadline. */
function childHaste({ htlcs }: ChannelDurable, height: number): bigint {
  return htlcs.reduce((sum, { amountMsat, offeredBy, cltvExpiry }) => {
    const deadline = cltvExpiry + 1 + (offeredBy === 'local' ? TAKE_BACK_BLOCKS : 0) - BLOCKS_AFTER_COMMITMENT
    const left = BigInt(Math.max(deadline - height + 1, 1))
    return sum + msatToSat(amountMsat) / (4n * left * left)
  }, 0n)
}

/** Twice the market, or what the money at stake is worth in the last block before the one in which the claim is: half of it over the square of the blocks left. */
function mostOf({ weight, takes, known }: TrailStep, { durable, highestFeerate, isRevoked }: Terms): bigint {
  const market = BigInt(2 * weight * highestFeerate) / 1000n
  const haste = takes.reduce((sum, { amountSat, height }) => {
    if (amountSat === ANCHOR_SAT) return sum + childHaste(durable, known.height ?? 0)
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
