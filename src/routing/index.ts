// routing: ways over the network for a payment, in one part or several, and what payments teach about the channels of others.
// It must not know our channels, peers or onions: what we can spend comes as values, and routes leave as values.
// Start reading at types.ts, then search.ts.
export { findRoute } from './findRoute.ts'
export { findRoutes, type SplitRequest } from './findRoutes.ts'
export {
  DEFAULT_MAX_CLTV_DELTA,
  DEFAULT_MAX_PARTS,
  DEFAULT_MIN_PART_MSAT,
  LARGEST_AMOUNT_MSAT,
  MAX_HOPS,
} from './limits.ts'
export { type Knowledge, type Lesson, type Liquidity, learn, NOTHING_LEARNT } from './liquidity.ts'
export {
  type BlindedTail,
  DEFAULT_WEIGHTS,
  type Destination,
  type FirstHop,
  type HintHop,
  type InFlight,
  type Route,
  type RouteFailure,
  type RouteHop,
  type RouteRequest,
  type RouteWeights,
} from './types.ts'
