import { expect } from 'vitest'
import { outPointKey } from '../../src/base/index.ts'
import { type Tx, txid, txWeight } from '../../src/bitcoin/index.ts'
import type { RegtestChain } from '../../src/regtest/index.ts'
import type { History } from './history.ts'
import type { Side } from './side.ts'
import { FEERATE } from './stage.ts'

// What a transaction of the honest side may pay, worked out from the chain alone (docs/decisions/0024-fees-of-claims.md).

/** Bytes by which a signature may be shorter than it was counted, with its length, for each input. */
const SPARE_PER_INPUT = 5n

interface Played {
  readonly history: History
  readonly chain: RegtestChain
  readonly honest: Side
  confirmed(): readonly Tx[]
}

/**
 * Each transaction of the honest side's own making pays the market's feerate, or what it takes of a cheater before his delay is
 * over is worth as much, or it stands in the place of a batch, and pays for that. `delay`: the cheater's.
 */
export function expectFairFees(play: Played, delay?: number): void {
  const { chain, history, honest } = play
  const stages = new Set(honest.published.filter(({ role }) => role.startsWith('htlc')).map(({ tx }) => txid(tx)))
  for (const tx of play.confirmed()) {
    // Without anchors the fee of a second stage is what both have signed.
    if (history.format === 'static_remotekey' && stages.has(txid(tx))) continue
    const market = (BigInt(FEERATE) * (BigInt(txWeight(tx)) + SPARE_PER_INPUT * BigInt(tx.inputs.length))) / 1000n
    const fee = feeOf(chain, tx)
    if (fee <= market) continue
    const allowed = [delay === undefined ? 0n : hasteOf(play, tx, delay), ...batchesOf(play, tx)]
    expect(allowed.some(most => fee <= most)).toBe(true)
  }
}

/** Half of each output that the cheater waits for, over the square of the blocks that he still has to wait. */
function hasteOf({ chain, honest }: Played, tx: Tx, delay: number): bigint {
  const made = honest.published.find(published => txid(published.tx) === txid(tx))
  if (made === undefined) throw new Error('what is confirmed was published')
  return tx.inputs.reduce((sum, { outpoint, witness }) => {
    // The revocation branch of a delayed output is chosen by a 1, that of an HTLC by a public key.
    if (witness[1]?.length !== 1) return sum
    const tip = chain.height
    const height = tip + 1 - (chain.transaction(outpoint.txid)?.confirmations ?? 0)
    const left = BigInt(Math.max(height + delay - made.height, 1))
    return sum + (chain.output(outpoint)?.amountSat ?? 0n) / (2n * left * left)
  }, 0n)
}

/** What replacing each earlier transaction that spends one of its inputs costs (BIP 125). */
function batchesOf({ chain, honest }: Played, tx: Tx): readonly bigint[] {
  const wanted = new Set(tx.inputs.map(({ outpoint }) => outPointKey(outpoint)))
  const weight = BigInt(txWeight(tx)) + SPARE_PER_INPUT * BigInt(tx.inputs.length)
  return honest.published
    .filter(({ tx: other }) => txid(other) !== txid(tx) && other.inputs.length > tx.inputs.length)
    .filter(({ tx: other }) => other.inputs.some(({ outpoint }) => wanted.has(outPointKey(outpoint))))
    .map(({ tx: other }) => (feeOf(chain, other) * 25n) / 24n + weight / 4n + 2n)
}

export function feeOf(chain: RegtestChain, tx: Tx): bigint {
  const spent = tx.inputs.reduce((sum, { outpoint }) => sum + (chain.output(outpoint)?.amountSat ?? 0n), 0n)
  return spent - tx.outputs.reduce((sum, output) => sum + output.amountSat, 0n)
}
