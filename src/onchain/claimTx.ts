import { type FeeratePerKw, feeForWeight, type Sat, sat, toHex } from '../base/index.ts'
import { dustLimitSat, type Tx, type TxOut, txid, txWeight } from '../bitcoin/index.ts'
import type { ChannelSecrets } from '../keys/index.ts'
import { directWitness, heaviestDirectWitness, secretOf } from './signing.ts'
import type { DirectPath, SpendKey } from './spendPath.ts'
import type { Claim, ClaimRole } from './types.ts'

// Transactions that sweep outputs to our wallet.

const NO_SCRIPT = new Uint8Array(0)

/** What the weight of an input is counted to be: signatures at their longest. */
export function inputWeight(path: DirectPath, destinationScript: Uint8Array): number {
  return sweepWeight([path, path], destinationScript) - sweepWeight([path], destinationScript)
}

/** Of the signed transaction, an upper bound: at most a few bytes above the truth for each input. */
export function sweepWeight(paths: readonly DirectPath[], destinationScript: Uint8Array): number {
  const unsigned = sweepOf(paths, { amountSat: sat(0), script: destinationScript })
  const inputs = unsigned.inputs.map((input, index) => {
    const path = paths[index]
    return path === undefined ? input : { ...input, witness: heaviestDirectWitness(path) }
  })
  return txWeight({ ...unsigned, inputs })
}

/** What a sweep would bring, or `undefined` where that is dust: then it does not relay. */
export function sweepYieldSat(
  paths: readonly DirectPath[],
  terms: { readonly feeratePerKw: FeeratePerKw; readonly destinationScript: Uint8Array },
): Sat | undefined {
  const fee = feeForWeight(terms.feeratePerKw, sweepWeight(paths, terms.destinationScript))
  const held = paths.reduce((sum, path) => sum + path.amountSat, 0n)
  const rest = held - fee
  return rest < dustLimitSat(terms.destinationScript) ? undefined : sat(rest)
}

/**
 * The signed sweep of outputs, none of them spent by another path at the same time. Inputs stand in the order of the paths, and
 * signatures are deterministic: the same paths and feerate give the same transaction.
 */
export function buildSweep(
  paths: readonly DirectPath[],
  role: ClaimRole,
  terms: {
    readonly yieldSat: Sat
    readonly destinationScript: Uint8Array
    readonly secrets: ChannelSecrets
    /** Keys that were derived for other sweeps of the same secrets, to which those of this one come. */
    readonly known?: DerivedKeys
  },
): Claim {
  const unsigned = sweepOf(paths, { amountSat: terms.yieldSat, script: terms.destinationScript })
  // Cost: n inputs × 1 signature, and a key derivation for each kind of key, not for each input.
  const { known = new Map() } = terms
  const inputs = unsigned.inputs.map((input, index) => {
    const path = paths[index]
    if (path === undefined) return input
    const name = nameOfKey(path.key)
    if (!known.has(name)) known.set(name, secretOf(path.key, terms.secrets))
    return { ...input, witness: directWitness(path, { tx: unsigned, index }, known.get(name)) }
  })
  return { txid: txid(unsigned), tx: { ...unsigned, inputs }, role, feeCoins: [] }
}

/** By the name of the key. */
export type DerivedKeys = Map<string, Uint8Array | undefined>

function nameOfKey(key: SpendKey): string {
  const of = 'point' in key ? key.point : 'perCommitmentSecret' in key ? key.perCommitmentSecret : NO_SCRIPT
  return `${key.type} ${toHex(of)}`
}

function sweepOf(paths: readonly DirectPath[], output: TxOut): Tx {
  return {
    version: 2,
    inputs: paths.map(({ outpoint, sequence }) => ({ outpoint, scriptSig: NO_SCRIPT, sequence, witness: [] })),
    outputs: [output],
    // Each path is available, so the chain has reached the highest of the expiries.
    locktime: paths.reduce((latest, path) => Math.max(latest, path.locktime), 0),
  }
}
