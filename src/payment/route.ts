import { defined, err, type Msat, type NodeId, ok, pmapValues, type Result } from '../base/index.ts'
import { directionOf, editGraph, findChannel, type Graph, policyAt, policyOf, setPolicy } from '../gossip/index.ts'
import { findRoutes, type HintHop, type RouteFailure, type InFlight as UnderWay } from '../routing/index.ts'
import type { ChannelUpdate } from '../wire/index.ts'
import { maxHopsFor } from './paymentOnion.ts'
import { failure } from './replies.ts'
import type { InFlight, PaymentsState, Trial, Way } from './state.ts'
import type { Candidate, PaymentContext, PaymentFailure } from './types.ts'

// The ways that a payment takes. To a peer it goes straight, where one of our channels has enough. Everything else is looked for in the
// graph, in the hints of the invoice, and over several channels at once where the payee takes parts.

export interface Wanted {
  readonly inFlight: Pick<InFlight, 'payment' | 'terms' | 'parts'>
  /** What is to reach the payee. */
  readonly amountMsat: Msat
  readonly maxFeeMsat: Msat
  readonly trial: Trial
  /** Our channels that have just refused. */
  readonly refusing: ReadonlySet<string>
}

/** Ways that bring the amount together, each with the channels to try; or why there are none now. */
export function waysFor(
  state: PaymentsState,
  wanted: Wanted,
  context: PaymentContext,
): Result<readonly Way[], PaymentFailure> {
  const { inFlight, amountMsat, trial, refusing } = wanted
  const { payment, terms } = inFlight
  const delta = finalDelta(terms, context)
  if (terms.maxCltvDelta !== undefined && delta > terms.maxCltvDelta) return err(tooLong(delta, terms.maxCltvDelta))
  const isOpen = ({ shortChannelId: id }: Candidate) => !refusing.has(id) && !trial.excludedChannels.has(id)
  const straight = context
    .candidates(payment.peer)
    .filter(isOpen)
    .toSorted((a, b) => (a.spendableMsat > b.spendableMsat ? -1 : 1))
  const left = straight.filter(({ spendableMsat }) => spendableMsat >= amountMsat)
  const [best] = left
  if (best !== undefined) {
    const { nodeId, shortChannelId } = best
    return ok([{ hops: [{ nodeId, shortChannelId, amountMsat, cltvExpiry: context.height + delta }], left }])
  }
  const isAlone = context.graph.channelCount === 0 && terms.hints === undefined
  if (isAlone && (terms.mpp !== true || straight.length < 2))
    return err(notStraight(payment.peer, amountMsat, straight))
  return overOthers(state, wanted, context)
}

/** A block may come in between: then the payee would count one less than it asks for (BOLT 11, min_final_cltv_expiry_delta). */
function finalDelta({ finalCltvExpiryDelta }: InFlight['terms'], { limits }: PaymentContext): number {
  return finalCltvExpiryDelta + limits.cltvMarginBlocks
}

function overOthers(
  state: PaymentsState,
  { inFlight, amountMsat, maxFeeMsat, trial, refusing }: Wanted,
  context: PaymentContext,
): Result<readonly Way[], PaymentFailure> {
  const { payment, terms, parts } = inFlight
  const { limits } = context
  const ours = context.firstHops().filter(({ shortChannelId: id }) => !refusing.has(id))
  if (ours.length === 0) return err(noChannel(payment.peer))
  const most = terms.mpp === true ? Math.min(terms.maxParts ?? limits.maxPartsSent, limits.maxPartsSent) : 1
  const found = findRoutes(withUpdates(context.graph, trial.updates), {
    payer: context.nodeId,
    destination: {
      type: 'node',
      nodeId: payment.peer,
      finalCltvExpiryDelta: finalDelta(terms, context),
      hints: (terms.hints ?? []).map(hint => hint.map(hop => asUpdated(hop, trial.updates))),
    },
    amountMsat,
    height: context.height,
    maxFeeMsat,
    ...(terms.maxCltvDelta !== undefined && { maxCltvDelta: terms.maxCltvDelta }),
    maxHops: maxHopsFor(terms),
    firstHops: ours,
    excludedChannels: trial.excludedChannels,
    excludedNodes: trial.excludedNodes,
    inFlight: underWay(state),
    liquidity: state.session.liquidity,
    now: context.now,
    maxParts: Math.max(most - parts.length, 1),
  })
  if (!found.ok) return err(inWords(found.error))
  return ok(
    found.value.map(({ hops }) => {
      const first = defined(hops[0], 'a route has a hop').shortChannelId
      return { hops, left: ours.filter(({ shortChannelId: id }) => id === first) }
    }),
  )
}

/** What our payments take from channels of others. Of ours we know what is left. */
function underWay({ inFlight }: PaymentsState): readonly UnderWay[] {
  const taken: UnderWay[] = []
  for (const { parts } of pmapValues(inFlight)) {
    for (const { hops } of parts) {
      for (const { shortChannelId, direction, amountMsat } of hops.slice(1)) {
        if (direction !== undefined) taken.push({ shortChannelId, direction, amountMsat })
      }
    }
  }
  return taken
}

/** The graph as the nodes that have refused this payment say it is. The one of the node stays as it is (BOLT 4, receiving failure codes). */
function withUpdates(graph: Graph, updates: readonly ChannelUpdate[]): Graph {
  if (updates.length === 0) return graph
  return editGraph(graph, draft => {
    for (const update of updates) {
      const row = findChannel(draft, update.shortChannelId)
      if (row === undefined) continue
      const known = policyAt(draft, row, directionOf(update))
      if (known === undefined || known.timestamp < update.timestamp) {
        setPolicy(draft, row, directionOf(update), policyOf(update))
      }
    }
  })
}

function asUpdated(hop: HintHop, updates: readonly ChannelUpdate[]): HintHop {
  const update = updates.findLast(({ shortChannelId }) => shortChannelId === hop.shortChannelId)
  if (update === undefined) return hop
  const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = update
  return { ...hop, feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta }
}

function inWords({ code, message }: RouteFailure): PaymentFailure {
  return failure(code, message)
}

function tooLong(delta: number, most: number): PaymentFailure {
  return failure('no_route', `Expected at most ${most} blocks on the way, and the payee alone takes ${delta}.`)
}

function noChannel(peer: NodeId): PaymentFailure {
  const advice = 'open a channel with that node, or wait until it is connected and its channel is ready'
  return failure('no_channel', `No channel leads to ${peer} now: ${advice}.`)
}

function notStraight(peer: NodeId, amountMsat: Msat, straight: readonly Candidate[]): PaymentFailure {
  const [best] = straight
  if (best === undefined) return noChannel(peer)
  const where = straight.length === 1 ? 'the channel' : `the best of ${straight.length} channels`
  const words = `Expected at most ${best.spendableMsat} msat, which ${where} with ${peer} can spend now, got ${amountMsat} msat.`
  return failure('insufficient_balance', words)
}
