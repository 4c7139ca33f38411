import { type OutPoint, outPointKey, toHex } from '../base/index.ts'
import { type Tx, type TxOut, txWeight } from '../bitcoin/index.ts'
import { ANCHOR_SAT } from '../commitment/index.ts'
import type { KnownTransaction, RegtestChain } from '../regtest/index.ts'
import { deriveAddressKey, type WalletKeys, type WalletState } from '../wallet/index.ts'

/** Where the money of a funding output went, as the confirmed transactions of a chain tell it, whatever anybody's books say. */
export interface MoneyTrail {
  /** What spends the funding output; absent as long as nothing that is confirmed does. */
  readonly spend?: KnownTransaction
  /** Each confirmed transaction on the way, `spend` first. */
  readonly steps: readonly TrailStep[]
  /** What nobody has taken. */
  readonly unclaimed: readonly TrailOutput[]
  /** What came to each of the wallets, less what their coins have brought in. */
  readonly gotSat: readonly bigint[]
}

export interface TrailStep {
  readonly known: KnownTransaction
  readonly feeSat: bigint
  readonly weight: number
  /** The wallet that made it, as far as its coins or where its money ends up show it. */
  readonly madeBy: number | undefined
  /** How many blocks after what it spends it was confirmed: the longest of its inputs. */
  readonly waited: number
  /** What it spends that is no coin of a wallet, each with the height at which it was confirmed. */
  readonly takes: readonly { readonly amountSat: bigint; readonly height: number }[]
}

export interface TrailOutput extends TxOut {
  readonly outpoint: OutPoint
  /** Where it was confirmed. */
  readonly height: number
}

/** The output scripts of a wallet, in hex. */
export type Scripts = ReadonlySet<string>

/** Heavier than any claim of one output, the wallet's coin for its fee included. */
const CLAIM_WEIGHT = 1_300n
const LARGEST_DUST_SAT = 546n
/** Further than any wallet of a world looks: addresses that were given out and never used. */
const BEYOND_USED = 8

/** The scripts of a wallet from its keys: all that were ever used, and some more. */
export function walletScripts(keys: WalletKeys, { indexes }: WalletState): Scripts {
  const scripts = new Set<string>()
  const ends = { receive: Math.max(indexes.receiveIssued, indexes.receiveUsed), change: indexes.changeUsed }
  for (const branch of ['receive', 'change'] as const) {
    for (let index = 0; index < ends[branch] + BEYOND_USED; index++)
      scripts.add(toHex(deriveAddressKey(keys, { branch, index }).script))
  }
  return scripts
}

/** Follows the money of an output until it has come to one of the wallets, or lies unspent. */
export function moneyTrail(chain: RegtestChain, funding: OutPoint, wallets: readonly Scripts[]): MoneyTrail {
  const gotSat = wallets.map(() => 0n)
  const steps: TrailStep[] = []
  const unclaimed: TrailOutput[] = []
  const ownerOf = ({ script }: TxOut) => {
    const hex = toHex(script)
    const index = wallets.findIndex(scripts => scripts.has(hex))
    return index < 0 ? undefined : index
  }
  const count = (owner: number, amountSat: bigint) => {
    gotSat[owner] = (gotSat[owner] ?? 0n) + amountSat
  }
  const seen = new Set<string>()
  /** Of an output on the trail: who has what it held in the end, if a wallet took it. */
  const follow = (output: TrailOutput): number | undefined => {
    const spender = chain.spendingTx(output.outpoint)
    if (spender?.height === undefined) {
      unclaimed.push(output)
      return undefined
    }
    return take(spender, output.height)
  }
  const take = (known: KnownTransaction, parentHeight: number): number | undefined => {
    const { txid, tx, height = 0 } = known
    const met = steps.find(step => step.known.txid === txid)
    if (seen.has(txid)) return met?.madeBy
    seen.add(txid)
    const at = steps.length
    const waited = height - parentHeight
    steps.push({ known, feeSat: 0n, weight: txWeight(tx), madeBy: undefined, waited, takes: [] })
    const inputs = tx.inputs.flatMap(({ outpoint }) => chain.output(outpoint) ?? [])
    // Whose coin pays for it has made it, wherever the money goes from there.
    let madeBy: number | undefined
    for (const input of inputs) {
      const owner = ownerOf(input)
      if (owner !== undefined) count(owner, -input.amountSat)
      madeBy ??= owner
    }
    for (const [vout, output] of tx.outputs.entries()) {
      const owner = ownerOf(output)
      if (owner !== undefined) count(owner, output.amountSat)
      const end = owner ?? follow({ ...output, outpoint: { txid, vout }, height })
      madeBy ??= end
    }
    const step = steps[at]
    const feeSat = sumOf(inputs) - sumOf(tx.outputs)
    if (step !== undefined) steps[at] = { ...step, feeSat, madeBy, takes: takenBy(tx) }
    return madeBy
  }
  const takenBy = ({ inputs }: Tx): TrailStep['takes'] =>
    inputs.flatMap(({ outpoint }) => {
      const output = chain.output(outpoint)
      if (output === undefined || ownerOf(output) !== undefined) return []
      return [{ amountSat: output.amountSat, height: chain.transaction(outpoint.txid)?.height ?? 0 }]
    })
  const spend = chain.spendingTx(funding)
  if (spend?.height === undefined) return { steps, unclaimed, gotSat }
  take(spend, spend.height)
  return { spend, steps, unclaimed, gotSat }
}

/** Nobody has to take an anchor, nor what brings less than its claim costs at a feerate: in satoshis per 1,000 weight units. */
export function isNotWorthwhile({ amountSat }: TxOut, feerate: number): boolean {
  return amountSat === ANCHOR_SAT || amountSat <= LARGEST_DUST_SAT + (CLAIM_WEIGHT * BigInt(feerate)) / 1000n
}

/** Who has taken what a transaction pays and who has not, in words. */
export function describeTrail({ spend, steps, unclaimed, gotSat }: MoneyTrail, names: readonly string[]): string {
  if (spend === undefined) return 'the funding output is unspent'
  const first = `block ${spend.height} spends the funding output and pays ${amounts(spend.tx)}`
  const rest = steps.slice(1).map(({ known, feeSat, madeBy }) => {
    const by = madeBy === undefined ? 'somebody' : names[madeBy]
    return `block ${known.height}: ${by} takes ${known.tx.inputs.map(({ outpoint }) => shortOf(outpoint)).join(' and ')} at a fee of ${feeSat}`
  })
  const left = unclaimed.map(({ outpoint, amountSat }) => `${shortOf(outpoint)} with ${amountSat} sat is left`)
  const sums = names.map((name, index) => `${name} has ${gotSat[index]} sat of it`)
  return [first, ...rest, ...left, ...sums].join('; ')
}

function amounts(tx: Tx): string {
  return tx.outputs.map(({ amountSat }) => `${amountSat}`).join(', ')
}

function shortOf(outpoint: OutPoint): string {
  const [id = '', vout] = outPointKey(outpoint).split(':')
  return `${id.slice(0, 6)}:${vout}`
}

function sumOf(outputs: readonly TxOut[]): bigint {
  return outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n)
}
