// engine: the node without hands. It composes peers, links, wallet and payments into one step.
// It must not know sockets, files or clocks: a driver (node) carries out what it wants. Start reading at types.ts, then step.ts.
export type { Payment, PaymentFailure, PaymentProgress, PaymentRoute, Token, TokenScope } from '../payment/index.ts'
export { outpointsAtStake } from './blocks.ts'
export { walletContext } from './coins.ts'
export type { NodeEvent, NumberedEvent } from './events.ts'
export { EVENTS, eventKey, LOADED_PREFIXES, TOWER_JOBS } from './keys.ts'
export { BLOCKS_BELOW_FIRST_TIP, DEFAULT_ENGINE_LIMITS, type EngineLimits } from './limits.ts'
export { linkContext } from './links.ts'
export { type LoadOptions, loadEngine } from './load.ts'
export {
  type Recalled,
  type Restored,
  type RestoreOptions,
  recalledRecords,
  restoredBirthHeight,
  restoredRecords,
} from './restore.ts'
export { engineMachine, engineStep } from './step.ts'
export { openList, type StoredChannel, type StoredList } from './storage/blob.ts'
export { towerMessages } from './towers/jobs.ts'
export type {
  EngineContext,
  EngineEffect,
  EngineFailure,
  EngineInput,
  EngineReply,
  EngineState,
  EngineStep,
  EngineWrite,
  Idempotency,
  Link,
  PeerEntry,
  PublishedRole,
  SeenBlock,
} from './types.ts'
