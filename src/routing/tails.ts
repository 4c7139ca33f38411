import { msat, type NodeId } from '../base/index.ts'
import { relayFee } from './fees.ts'
import type { BlindedTail, HintHop, RouteHop, RouteRequest } from './types.ts'

// The ends of routes that no graph has: the payee itself, the private ways that it names, and its blinded paths. Each is a node from
// which the rest of the way is known, with what has to reach that node.

export interface Tail {
  readonly node: NodeId
  /** What has to reach the node, in msat. */
  readonly amount: number
  /** Blocks above the height that the HTLC to the node has. */
  readonly cltv: number
  /** HTLCs behind the node. */
  readonly length: number
  /** Those that we name. */
  readonly hops: readonly RouteHop[]
  readonly blindedPath?: number
}

export function tailsOf(request: RouteRequest): readonly Tail[] {
  const { destination } = request
  const amount = Number(request.amountMsat)
  if (destination.type === 'blinded') {
    return destination.paths.flatMap((path, at) => blindedTail(path, at, amount, destination.finalCltvExpiryDelta))
  }
  const { nodeId, finalCltvExpiryDelta, hints = [] } = destination
  const payee: Tail = { node: nodeId, amount, cltv: finalCltvExpiryDelta, length: 0, hops: [] }
  return [payee, ...hints.flatMap(hint => hintTails(hint, payee, request))]
}

/** From each node of a hint on: we may have a channel with any of them. Nothing behind a channel that is excluded is of use. */
function hintTails(hint: readonly HintHop[], payee: Tail, request: RouteRequest): readonly Tail[] {
  const tails: Tail[] = []
  let after = payee
  for (const hop of hint.toReversed()) {
    const { nodeId, shortChannelId, feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = hop
    if (request.excludedChannels?.has(shortChannelId) === true || request.excludedNodes?.has(nodeId) === true) break
    const reached: RouteHop = {
      nodeId: after.node,
      shortChannelId,
      amountMsat: msat(after.amount),
      cltvExpiry: request.height + after.cltv,
    }
    after = {
      node: nodeId,
      amount: after.amount + relayFee(after.amount, Number(feeBaseMsat), feeProportionalMillionths),
      cltv: after.cltv + cltvExpiryDelta,
      length: after.length + 1,
      hops: [reached, ...after.hops],
    }
    if (!Number.isSafeInteger(after.amount)) break
    tails.push(after)
  }
  return tails
}

function blindedTail(path: BlindedTail, at: number, amount: number, finalCltv: number): readonly Tail[] {
  const { introductionNode, hops, feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = path
  if (amount < Number(path.htlcMinimumMsat) || amount > Number(path.htlcMaximumMsat)) return []
  const reaching = amount + relayFee(amount, Number(feeBaseMsat), feeProportionalMillionths)
  if (!Number.isSafeInteger(reaching)) return []
  const cltv = finalCltv + cltvExpiryDelta
  return [{ node: introductionNode, amount: reaching, cltv, length: hops, hops: [], blindedPath: at }]
}
