import { outPointKey, type Txid } from '../../base/index.ts'
import { dustLimitSat, type Tx, txid, txWeight } from '../../bitcoin/index.ts'
import { IRREVOCABLE_DEPTH } from '../../onchain/index.ts'
import type { Complaint, Observer, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'

/** A signature may be a byte or two shorter than it was paid for, and its length with it. */
const SPARE_PER_INPUT = 3
/** What the relay of a replacement costs, in satoshis per 1,000 weight units, and the step that one takes (BIP 125; decision 24). */
const RELAY_PER_KW = 250n

interface Bid {
  readonly paid: bigint
  readonly txid: Txid
}

/**
 * Fees follow the market: what an honest node says again with a block, to take what is its own, pays what the chain asks in that block, as
 * far as another transaction in its place would be taken and would leave it anything; and never less than it said before.
 */
export function bids(world: World): Observer {
  /** The highest bid of each node for the same inputs, unless it is final: whoever has it forgets it then, and bids anew if it is undone. */
  const highest = new WeakMap<WatchedNode, Map<string, Bid>>()
  const fallComplaint = (node: WatchedNode, tx: Tx): Complaint => {
    const paid = paidBy(tx, world)
    if (paid === undefined) return undefined
    const known = highest.get(node) ?? new Map<string, Bid>()
    highest.set(node, known)
    const inputs = tx.inputs.map(({ outpoint }) => outPointKey(outpoint)).join(' ')
    const before = known.get(inputs)
    if (before === undefined || paid > before.paid) known.set(inputs, { paid, txid: txid(tx) })
    return before !== undefined && paid < before.paid
      ? `publishes ${txid(tx)} for ${paid} sat, and offered ${before.paid} for the same before`
      : undefined
  }
  const forgetFinal = (node: WatchedNode): void => {
    const known = highest.get(node)
    for (const [inputs, { txid }] of known ?? []) {
      const depth = world.chain.transaction(txid)?.confirmations ?? 0
      if (depth >= IRREVOCABLE_DEPTH) known?.delete(inputs)
    }
  }
  return {
    name: 'bids',
    turn: (node, { inputs, effects }) => {
      if (node.plan.isAdversary || !inputs.some(({ type }) => type === 'block_connected')) return undefined
      for (const effect of effects) {
        if (effect.type !== 'publish' || (effect.role !== 'claim' && effect.role !== 'penalty')) continue
        const complaint = complaintOf(effect.tx, world) ?? fallComplaint(node, effect.tx)
        if (complaint !== undefined) return `${node.name} ${complaint}`
      }
      forgetFinal(node)
      return undefined
    },
  }
}

function complaintOf(tx: Tx, { chain, feeratePerKw }: Pick<World, 'chain' | 'feeratePerKw'>): Complaint {
  const id = txid(tx)
  if (chain.transaction(id)?.height !== undefined) return undefined
  const paid = paidBy(tx, { chain })
  if (paid === undefined) return undefined
  const held = tx.outputs.reduce((sum, { amountSat }) => sum + amountSat, paid)
  const weight = BigInt(txWeight(tx) + SPARE_PER_INPUT * tx.inputs.length)
  const market = (BigInt(feeratePerKw) * BigInt(txWeight(tx))) / 1000n
  const step = (paid * 25n) / 24n
  const relayed = paid + (RELAY_PER_KW * weight) / 1000n + 1n
  const script = tx.outputs[0]?.script
  const leavesDust = script !== undefined && held - (BigInt(feeratePerKw) * weight) / 1000n < dustLimitSat(script)
  if (market <= step || market <= relayed || leavesDust) return undefined
  return `publishes ${id} for ${paid} sat where the market asks ${market}: what takes its place would be taken`
}

/** Nothing where a block that holds what it spends is undone by now. */
function paidBy(tx: Tx, { chain }: Pick<World, 'chain'>): bigint | undefined {
  let rest = tx.outputs.reduce((sum, { amountSat }) => sum - amountSat, 0n)
  for (const { outpoint } of tx.inputs) {
    const output = chain.output(outpoint)
    if (output === undefined) return undefined
    rest += output.amountSat
  }
  return rest
}
