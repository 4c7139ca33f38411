import { defined, type NodeId } from '../base/index.ts'
import { findNode, type Graph, nodeAt } from '../gossip/index.ts'
import type { DecodedFailure } from '../onion/index.ts'
import type { Shown } from './lessons.ts'
import { directed, keepingOut, type Refusal, type Refused } from './refusal.ts'
import { failure } from './replies.ts'
import type { PaymentContext } from './types.ts'

type Unreadable = Extract<DecodedFailure, { type: 'unreadable' }>

/**
 * A part came back, and nobody on its way has signed why. The attribution data lead to who has spoilt the reason: the word of each node covers
 * what it has passed on, so the first one that does not hold is of the node that has changed it, or of the one behind (BOLT 4,
 * origin node). Both are suspects; who is one twice is kept out of this payment.
 */
export function unreadable(refused: Refused, { blamed, holdTimes }: Unreadable, { graph }: PaymentContext): Refusal {
  const { hops } = refused.part
  const believed = holdTimes.length
  if (blamed === undefined) return bySomebody(refused, 1)
  if (believed === hops.length) return byPayee(refused)
  if (believed === 0) return byOurPeer(refused)
  const { nodeId } = defined(hops[believed], 'the first word that does not hold is of a hop')
  // Of one that does not know the feature there is no word, whoever has spoilt it behind there.
  if (offersAttribution(graph, nodeId)) return byOneOfTwo(refused, believed)
  return { ...bySomebody(refused, believed), lessons: passedUpTo(refused, believed) }
}

/** Any from this hop on, or one after the other: no channel there is tried again, but where it goes straight. */
function bySomebody({ part, trial }: Refused, from: number): Refusal {
  const said = failure('refused_on_the_way', 'The payment was refused, and nobody on its way signed the reason.')
  const spoilt = part.hops.slice(from).map(directed)
  return {
    failure: said,
    facts: {},
    isFinal: spoilt.length === 0,
    trial: keepingOut({ ...trial, refusal: said }, { channels: spoilt }),
    lessons: [],
  }
}

/** All have passed on what they got: it was so from the beginning. */
function byPayee(refused: Refused): Refusal {
  const { hops } = refused.part
  const said = failure('refused_by_recipient', 'The recipient refused the payment, in words that cannot be read.')
  return {
    failure: said,
    facts: suspecting(hops.slice(-1)),
    isFinal: true,
    trial: { ...refused.trial, refusal: said },
    lessons: passedUpTo(refused, hops.length),
  }
}

/** There is nobody between it and us. */
function byOurPeer({ part: { hops }, trial }: Refused): Refusal {
  const said = failure('refused_on_the_way', 'The payment was refused, and hop 1 of the way has spoilt the reason.')
  const first = hops.slice(0, 1)
  return {
    failure: said,
    facts: suspecting(first),
    isFinal: hops.length === 1,
    trial: keepingOut({ ...trial, refusal: said }, { nodes: nodesOf(first) }),
    lessons: [],
  }
}

/** `hop`: whose word does not hold, counted from 0. */
function byOneOfTwo(refused: Refused, hop: number): Refusal {
  const { part, left, trial } = refused
  const words = `The payment was refused, and hop ${hop} or hop ${hop + 1} of the way has spoilt the reason.`
  const said = failure('refused_on_the_way', words)
  const pair = part.hops.slice(hop - 1, hop + 1)
  const { suspects = NOBODY } = trial
  // Without its payee a payment has nowhere to go.
  const again = nodesOf(pair).filter(id => suspects.has(id) && id !== left.payment.peer)
  const told = { ...trial, refusal: said, suspects: new Set([...suspects, ...nodesOf(pair)]) }
  return {
    failure: said,
    facts: suspecting(pair),
    isFinal: false,
    trial: keepingOut(told, { channels: pair.slice(1).map(directed), nodes: again }),
    lessons: passedUpTo(refused, hop),
  }
}

type Hops = Refused['part']['hops']

const NOBODY: ReadonlySet<NodeId> = new Set()

const nodesOf = (hops: Hops): readonly NodeId[] => hops.map(({ nodeId }) => nodeId)
const suspecting = (hops: Hops): Refusal['facts'] => ({ suspects: nodesOf(hops) })

/** Whoever's word holds has had the HTLC: with it comes the key for its word. */
function passedUpTo({ part }: Refused, believed: number): readonly Shown[] {
  return part.hops.slice(1, believed).map(hop => ({ hop, outcome: 'passed' }))
}

function offersAttribution(graph: Graph, nodeId: NodeId): boolean {
  const row = findNode(graph, nodeId)
  return row !== undefined && nodeAt(graph, row).offersAttribution
}
