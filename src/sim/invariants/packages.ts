import type { Txid } from '../../base/index.ts'
import { type Tx, txid, txWeight } from '../../bitcoin/index.ts'
import type { FundedChannel } from '../../channel/index.ts'
import type { Link } from '../../engine/index.ts'
import { offer } from '../../regtest/index.ts'
import { linksOf } from '../node.ts'
import type { Complaint, Observer, Turn, WatchedNode } from '../observer.ts'
import type { World } from '../world.ts'
import { fundedOf, nameOf } from './changedLinks.ts'

/** No more than that weighs a child of a commitment with a coin or two. */
const CHILD_WEIGHT = 1_000
/** A child pays no more than half of what its commitment holds; by so much more is it worth one in any case. */
const WORTH_TIMES = 4n
/** What lacks less than a quarter gets in a little later, and a higher bid is made by a step of BIP 125 (decisions 24 and 25). */
const [LEAST_PARTS, OF_PARTS] = [2n, 3n]

/**
 * A commitment that pays too little for the mempools of the day gets in with a child (decision 25): there is one, it pays for both, and the
 * two are offered together.
 */
export function packages(world: World): Observer {
  /** What each has published to leave its channels. */
  const commitments = new WeakMap<WatchedNode, Map<Txid, Tx>>()
  const aloneComplaint = (node: WatchedNode, tx: Tx): Complaint => {
    const parent = tx.inputs
      .map(({ outpoint }) => commitments.get(node)?.get(outpoint.txid))
      .find(found => found !== undefined)
    if (parent === undefined || !offer(world.chain.fork(), tx, parent).ok) return undefined
    return `${node.name} offers ${txid(tx)} without the commitment that it pays for, and together they would be taken`
  }
  return {
    name: 'packages',
    turn: (node, turn) => {
      if (node.plan.isAdversary || world.plan.mempool?.isFull !== true) return undefined
      for (const effect of turn.effects) {
        if (effect.type !== 'publish' || effect.role !== 'commitment') continue
        commitments.set(node, (commitments.get(node) ?? new Map()).set(txid(effect.tx), effect.tx))
        const complaint = childComplaint(node, turn, effect.tx, world)
        if (complaint !== undefined) return complaint
      }
      return undefined
    },
    published: (node, tx, role, outcome) =>
      role === 'anchor' && outcome.includes('missing') && !node.plan.isAdversary ? aloneComplaint(node, tx) : undefined,
  }
}

/** With the block that it has just heard of, a node looks at what it pays. */
function childComplaint(node: WatchedNode, { inputs, effects, after }: Turn, commitment: Tx, world: World): Complaint {
  if (!inputs.some(({ type }) => type === 'block_connected')) return undefined
  const refusal = world.chain.testAccept(commitment)
  if (refusal.ok || refusal.error.reason !== 'mempool min fee not met') return undefined
  const id = txid(commitment)
  const link = linksOf(after).find(({ closingTxid }) => closingTxid === id)
  const channel = fundedOf(link)
  if (link === undefined || channel === undefined || !isWorthAChild(channel, commitment, world)) return undefined
  const child = effects.find(effect => effect.type === 'publish' && spends(effect.tx, id))
  if (child?.type !== 'publish') {
    if (lacksCoins(link) || channel.durable.params.format !== 'anchors_zero_fee_htlc') return undefined
    return `${node.name} lets commitment ${id} of ${nameOf(channel)} go alone, which no mempool takes today`
  }
  const [paid, weight] = [feeOf(commitment, world), txWeight(commitment) + txWeight(child.tx)]
  const together = paid === undefined ? undefined : childFee(child.tx, commitment, world)
  if (paid === undefined || together === undefined) return undefined
  const market = (BigInt(world.feeratePerKw) * BigInt(weight)) / 1000n
  if ((paid + together) * OF_PARTS >= market * LEAST_PARTS) return undefined
  return `${node.name} pays ${paid + together} sat for commitment ${id} of ${nameOf(channel)} with its child, where the market asks ${market}`
}

function isWorthAChild({ durable }: FundedChannel, commitment: Tx, { feeratePerKw }: World): boolean {
  const cost = (BigInt(feeratePerKw) * BigInt(txWeight(commitment) + CHILD_WEIGHT)) / 1000n
  return durable.settled.localMsat / 1000n > WORTH_TIMES * cost
}

const spends = ({ inputs }: Tx, id: Txid): boolean => inputs.some(({ outpoint }) => outpoint.txid === id)

/** It has said so. */
const lacksCoins = ({ state }: Link): boolean =>
  state.onchain?.reported.some(name => name.startsWith('anchor_coin_missing/')) === true

function feeOf(tx: Tx, world: World): bigint | undefined {
  return lessOutputs(
    tx,
    tx.inputs.map(({ outpoint }) => world.chain.output(outpoint)?.amountSat),
  )
}

/** Of inputs that are on the chain, and outputs of its parent. */
function childFee(child: Tx, parent: Tx, world: World): bigint | undefined {
  const id = txid(parent)
  return lessOutputs(
    child,
    child.inputs.map(({ outpoint }) =>
      outpoint.txid === id ? parent.outputs[outpoint.vout]?.amountSat : world.chain.output(outpoint)?.amountSat,
    ),
  )
}

function lessOutputs({ outputs }: Tx, spent: readonly (bigint | undefined)[]): bigint | undefined {
  let rest = 0n
  for (const amountSat of spent) {
    if (amountSat === undefined) return undefined
    rest += amountSat
  }
  return outputs.reduce((left, { amountSat }) => left - amountSat, rest)
}
