import { feeratePerKw, outPointKey, type Sat, sat } from '../base/index.ts'
import { type Tx, txid, txWeight } from '../bitcoin/index.ts'
import type { EngineState } from '../engine/index.ts'
import { IRREVOCABLE_DEPTH, type OutputOutlook } from '../onchain/index.ts'
import { explainedSpend } from './explainSpend.ts'
import type { ExplainedOutput, ExplainedSpending } from './explanation.ts'

// A channel that ends, output by output: who may take it when, what was published for it at what fee, and what is awaited.

export function explainedOutputs(outputs: readonly OutputOutlook[], state: EngineState): readonly ExplainedOutput[] {
  const amounts = new Map(outputs.map(({ outpoint, amountSat }) => [outPointKey(outpoint), amountSat]))
  for (const [key, { amountSat }] of state.wallet.coins) amounts.set(key, amountSat)
  const height = state.blocks.at(-1)?.height ?? 0
  return outputs.map(output => ({
    outpoint: output.outpoint,
    amountSat: output.amountSat,
    what: whatOf(output),
    ways: output.ways.map(path => ({
      ...explainedSpend(path, state),
      by: path.party === 'local' ? ('us' as const) : ('peer' as const),
    })),
    spending: spendingOf(output, amounts),
    awaited: awaitedOf(output, height),
  }))
}

function whatOf({ kind, holder, htlc, ways }: OutputOutlook): string {
  const [holders, others] = holder === 'local' ? ['our', "the peer's"] : ["the peer's", 'our']
  switch (kind) {
    case 'funding':
      return 'the funding output'
    case 'close':
      return ways.some(({ party }) => party === 'local') ? 'our output of the closing transaction' : "the peer's output"
    case 'to_local':
      return `${holders} balance, after its delay`
    case 'to_remote':
      return `${others} balance`
    case 'local_anchor':
      return `${holders} anchor`
    case 'remote_anchor':
      return `${others} anchor`
    case 'htlc':
      return htlc === undefined
        ? 'an HTLC'
        : `HTLC ${htlc.id} that ${htlc.offeredBy === 'local' ? 'we' : 'the peer'} offered, of ${htlc.amountMsat} msat, until block ${htlc.cltvExpiry}`
    case 'second_stage':
      return `${holders} HTLC, after the delay of its transaction`
  }
}

function spendingOf(
  { spentBy, claim }: OutputOutlook,
  amounts: ReadonlyMap<string, Sat>,
): ExplainedSpending | undefined {
  const tx = spentBy?.tx ?? claim?.tx
  if (tx === undefined) return undefined
  const feeSat = feeOf(tx, amounts)
  return {
    txid: txid(tx),
    role: spentBy === undefined ? claim?.role : undefined,
    confirmedHeight: spentBy?.height,
    feeSat,
    feeratePerKw: feeSat === undefined ? undefined : feeratePerKw(Number((feeSat * 1000n) / BigInt(txWeight(tx)))),
  }
}

/** Nothing where an input is not of this channel and not a coin of ours that we remember. */
function feeOf(tx: Tx, amounts: ReadonlyMap<string, Sat>): Sat | undefined {
  let sum = 0n
  for (const { outpoint } of tx.inputs) {
    const amount = amounts.get(outPointKey(outpoint))
    if (amount === undefined) return undefined
    sum += amount
  }
  for (const { amountSat } of tx.outputs) sum -= amountSat
  return sum < 0n ? undefined : sat(sum)
}

function awaitedOf({ kind, ways, spentBy, claim, htlc }: OutputOutlook, height: number): string {
  if (spentBy !== undefined) return untilFinal(spentBy.height + IRREVOCABLE_DEPTH - 1 - height)
  if (claim !== undefined) return 'A block that holds our transaction.'
  if (kind === 'funding') return 'A block that holds what closes the channel.'
  if (kind === 'close') return 'Nothing: it is in the wallet of its owner.'
  if (kind === 'local_anchor' || kind === 'remote_anchor') return 'Nothing: an anchor holds nothing of the balances.'
  const ours = ways.filter(({ party }) => party === 'local')
  if (ours.length === 0) return "Nothing of ours: it is the peer's."
  if (ours.some(({ available }) => available)) {
    return 'A block in which it is worth its fee, or a coin of the wallet that pays it: it is looked at again in each block.'
  }
  const secret = ours.find(({ preimage }) => preimage !== undefined && preimage.known === undefined)
  if (secret !== undefined) {
    return `A preimage. Without one the peer takes it back${htlc === undefined ? '' : ` from block ${htlc.cltvExpiry + 1} on`}.`
  }
  return `Block ${Math.min(...ours.map(({ earliestHeight }) => earliestHeight))}, the first that may hold our transaction.`
}

function untilFinal(blocks: number): string {
  if (blocks <= 0) return 'Nothing: it is spent for good.'
  return blocks === 1
    ? 'One more block, which makes its spend final.'
    : `${blocks} more blocks, which make its spend final.`
}
