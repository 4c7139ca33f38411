// engine: the node without hands. It composes the pure rooms into one step: the channel with its peer, and its enforcement
// on chain. It must not know sockets, files or clocks: a driver (node) carries out what it wants.
// Start reading at types.ts, then step.ts.
export { channelSpends } from './enforcement.ts'
export { loadEngine } from './load.ts'
export { engineStep } from './step.ts'
export {
  type ConfirmedFunding,
  type EngineContext,
  type EngineEffect,
  type EngineInput,
  type EngineState,
  type EngineStep,
  type EngineWrite,
  NEW_ENGINE,
} from './types.ts'
