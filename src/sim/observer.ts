import type { Tx } from '../bitcoin/index.ts'
import type {
  EngineEffect,
  EngineInput,
  EngineReply,
  EngineState,
  EngineWrite,
  PublishedRole,
} from '../engine/index.ts'
import type { SimNode } from './node.ts'
import type { PlannedDeed } from './plan.ts'

/** One turn of a node's driver. */
export interface Turn {
  readonly before: EngineState
  readonly after: EngineState
  readonly inputs: readonly EngineInput[]
  readonly writes: readonly EngineWrite[]
  readonly effects: readonly EngineEffect[]
}

/** Somebody who looks on. A sentence that comes back is a rule that is broken: the run ends there. */
export interface Observer {
  /** What the rule is called, for people and for statistics. */
  readonly name: string
  /** Something is done to the world. */
  deed?(planned: PlannedDeed): void
  /** Stepped, not durable yet. */
  turn?(node: SimNode, turn: Turn): Complaint
  /** Its writes are durable; its effects come next. */
  durable?(node: SimNode, turn: Turn): Complaint
  sent?(node: SimNode, connection: number, bytes: Uint8Array): Complaint
  received?(node: SimNode, connection: number, bytes: Uint8Array): Complaint
  published?(node: SimNode, tx: Tx, role: PublishedRole, outcome: string): Complaint
  replied?(node: SimNode, request: number, reply: EngineReply): Complaint
  connected?(node: SimNode, connection: number, peer: string): Complaint
  ended?(node: SimNode, connection: number): Complaint
  crashed?(node: SimNode, kept: number): Complaint
  started?(node: SimNode): Complaint
  /** The chain has changed. */
  chain?(): Complaint
  /** The world is at rest after the faults have stopped. */
  rest?(): Complaint
  /** Everything is closed and swept; only where the plan asks for it. */
  closed?(): Complaint
}

export type Complaint = string | undefined
