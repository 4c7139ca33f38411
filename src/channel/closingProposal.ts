import { type FeeratePerKw, type Msat, msatToSat, type Sat, sat, subtractOrZero } from '../base/index.ts'
import { classifyScript, dustLimitSat, txWeight } from '../bitcoin/index.ts'
import { type ClosingVariant, closingFeeSat, closingWeight } from '../commitment/index.ts'
import { closingParties, isDustOutput, mutualCloseFeeSat, outputSat } from './closing.ts'
import type { ChannelDurable } from './types.ts'

// What we may offer in `closing_complete`: the fee, and which outputs the transaction may have (BOLT 2, sender). We are the
// closer here and pay the fee.

/** One side of an offer: what it has, and where it wants it. */
interface Side {
  readonly amountMsat: Msat
  readonly script: Uint8Array
}

interface Offer {
  readonly closer: Side
  readonly closee: Side
  readonly feeSat: Sat
}

/** The fee for a feerate, before it is compared with what we can pay. */
export function wantedFeeSat(durable: ChannelDurable, closerScript: Uint8Array, feerate: FeeratePerKw): Sat {
  return closingFeeSat(feerate, offeredScripts(durable, closerScript))
}

/**
 * The most that we can pay: our balance, of which dust has to remain where our output must be there. Only the side with less may
 * leave its own out (BOLT 2, closing_complete, sender).
 */
export function highestFeeSat(durable: ChannelDurable, closerScript: Uint8Array): Sat {
  const { local, remote } = closingParties(durable)
  const balance = msatToSat(local.amountMsat)
  return local.amountMsat < remote.amountMsat ? balance : subtractOrZero(balance, dustLimitSat(closerScript))
}

/**
 * The forms to sign; none where one of them would not be relayed. The peer would have to sign and publish it (BOLT 2,
 * closing_complete, receiver), and both would keep a close that can never confirm.
 */
export function offeredVariants(offer: Offer): readonly ClosingVariant[] {
  const forms = formsOf(offer)
  const heaviest = forms.at(-1)
  return heaviest === undefined || offer.feeSat < relayFeeSat(scriptsOf(heaviest, offer)) ? [] : forms
}

function scriptsOf(form: ClosingVariant, { closer, closee }: Offer): readonly Uint8Array[] {
  if (form === 'closer_and_closee_outputs') return [closer.script, closee.script]
  return [form === 'closer_output_only' ? closer.script : closee.script]
}

/** What nodes ask for at least: 1 sat per virtual byte. */
function relayFeeSat(scripts: readonly Uint8Array[]): Sat {
  return sat((INCREMENTAL_RELAY_FEERATE * BigInt(closingWeight(scripts)) + 999n) / 1000n)
}

/** Lightest first. */
function formsOf({ closer, closee, feeSat }: Offer): readonly ClosingVariant[] {
  const isLesser = closer.amountMsat < closee.amountMsat
  const closeeIsDust = isDustOutput({ amountSat: outputSat(closee), script: closee.script })
  if (!isLesser) return closeeIsDust ? ['closer_output_only'] : ['closer_output_only', 'closer_and_closee_outputs']
  if (closeeIsDust) return []
  return isDustAfter(closer, feeSat) ? ['closee_output_only'] : ['closer_and_closee_outputs']
}

/**
 * The least fee that replaces every mutual close there is (BIP 125 rules 3 and 4, and Bitcoin Core's feerate rule): more at all,
 * by the relay fee of the new transaction, and at a higher feerate. Zero where there is none.
 */
export function replacementFeeSat(durable: ChannelDurable, closerScript: Uint8Array): Sat {
  const weight = closingWeight(offeredScripts(durable, closerScript))
  let least = 0n
  for (const tx of durable.mutualCloses) {
    const fee = mutualCloseFeeSat(durable, tx)
    const byFee = fee + (INCREMENTAL_RELAY_FEERATE * BigInt(weight) + 999n) / 1000n
    const byFeerate = (fee * BigInt(weight)) / BigInt(txWeight(tx)) + 1n
    for (const bound of [byFee, byFeerate]) if (bound > least) least = bound
  }
  return sat(least)
}

/** Bitcoin Core's incremental relay fee of 1 sat per virtual byte, in sat per 1000 weight units. */
const INCREMENTAL_RELAY_FEERATE = 250n

function offeredScripts(durable: ChannelDurable, closerScript: Uint8Array): readonly Uint8Array[] {
  const { remote } = closingParties(durable)
  const closeeIsDust = isDustOutput({ amountSat: outputSat(remote), script: remote.script })
  return closeeIsDust ? [closerScript] : [closerScript, remote.script]
}

function isDustAfter({ amountMsat, script }: Side, feeSat: Sat): boolean {
  if (classifyScript(script) === 'op_return') return false
  return isDustOutput({ amountSat: subtractOrZero(msatToSat(amountMsat), feeSat), script })
}
