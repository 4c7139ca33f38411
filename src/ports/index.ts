// ports: what the node asks of the world, as interfaces only, with the errors that cross them. The rooms of floor 9 implement
// them. It must not hold code of its own. Start reading at store.ts.
export {
  type Chain,
  type ChainBlock,
  ChainError,
  type ChainOutput,
  type ChainPlace,
  type ChainTip,
  type PublishRefusal,
} from './chain.ts'
export {
  type Accept,
  type Connection,
  type ConnectionListener,
  type Listening,
  type NetAddress,
  type Network,
  NetworkError,
} from './network.ts'
export type { Page, Store, StoreWrite } from './store.ts'
export type { Timers } from './timers.ts'
