// engine: the node without hands. It composes peers, links, wallet and payments into one step.
// It must not know sockets, files or clocks: a driver (node) carries out what it wants. Start reading at types.ts, then step.ts.
export type { Payment, Token, TokenScope } from '../payment/index.ts'
export type { NodeEvent, NumberedEvent } from './events.ts'
