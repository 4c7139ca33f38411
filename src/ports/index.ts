// ports: what the node asks of the world, as interfaces only. The rooms of floor 9 implement them.
// It must not hold code. Start reading at store.ts.
export type { Chain, ChainBlock, ChainEvent, PublishRefusal } from './chain.ts'
export type { Store, StoreWrite } from './store.ts'
