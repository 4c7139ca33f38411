import { jsonEncode, type NodeId, pmapGet, pmapSet } from '../base/index.ts'
import type { GossipInput } from '../gossip/index.ts'
import type { LinkInput } from '../link/index.ts'
import type { HtlcRef, PaymentInput } from '../payment/index.ts'
import type { DeliveredMessage, PeerInput } from '../peer/index.ts'
import type { NodeEvent } from './events.ts'
import { eventKey } from './keys.ts'
import type {
  EngineContext,
  EngineEffect,
  EngineFailure,
  EngineReply,
  EngineState,
  EngineWrite,
  Link,
} from './types.ts'

/**
 * A step of the engine while it is put together: the one thing here that changes in place. It is made for one input and ends with
 * it, so that from outside the step is a function of values.
 */
export interface Work {
  state: EngineState
  readonly context: EngineContext
  readonly writes: EngineWrite[]
  readonly effects: EngineEffect[]
  /** What one machine has to tell another, first in, first out: so no machine hears of what comes later before what came first. */
  readonly tasks: Task[]
}

/** For whom an HTLC is offered: a payment of ours, or an HTLC of a peer. */
export type Asker = { readonly payment: number } | { readonly inbound: HtlcRef }

export type Task =
  /** With an asker, the payments hear whether the HTLC was taken. */
  | { readonly to: 'link'; readonly index: number; readonly input: LinkInput; readonly asker?: Asker }
  | { readonly to: 'peer'; readonly nodeId: NodeId; readonly input: PeerInput }
  | { readonly to: 'payments'; readonly input: PaymentInput }
  | { readonly to: 'gossip'; readonly input: GossipInput }
  /** What the network may hear of this link has changed. */
  | { readonly to: 'announcing'; readonly index: number }
  /** The list of channels that peers keep for us has changed. */
  | { readonly to: 'storage' }
  /** A message of the peer, for whichever link it is about. */
  | { readonly to: 'channels'; readonly nodeId: NodeId; readonly message: DeliveredMessage }

export function update(work: Work, change: Partial<EngineState>): void {
  work.state = { ...work.state, ...change }
}

export function act(work: Work, effect: EngineEffect): void {
  work.effects.push(effect)
}

export function putJson(work: Work, key: string, value: unknown): void {
  work.writes.push({ type: 'put', key, value: jsonEncode(value) })
}

export function linkAt(work: Pick<Work, 'state'>, index: number): Link | undefined {
  return pmapGet(work.state.links, String(index))
}

export function putLink(work: Work, link: Link): void {
  update(work, { links: pmapSet(work.state.links, String(link.index), link) })
}

export function reply(work: Work, request: number, answer: EngineReply): void {
  act(work, { type: 'reply', request, reply: answer })
}

export function refuse(work: Work, request: number, failure: EngineFailure): void {
  reply(work, request, { type: 'failed', failure })
}

/** Into the log and to whoever listens; the oldest one makes room. */
export function emit(work: Work, event: NodeEvent): void {
  const { context, state } = work
  const number = state.nextEvent
  update(work, { nextEvent: number + 1 })
  putJson(work, eventKey(number), { at: context.now, event })
  const oldest = number - context.limits.engine.maxEvents
  if (oldest > 0) work.writes.push({ type: 'delete', key: eventKey(oldest) })
  act(work, { type: 'event', event: { number, at: context.now, event } })
}
