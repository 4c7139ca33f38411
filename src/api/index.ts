// api: the node over HTTP: routes, their OpenAPI document, events that resume, and a typed client that also runs in a browser.
// It must not know how a node does what it does, nor hold state of its own. Start reading at server.ts, then routes/desk.ts.
export type { ClientOptions } from './client/call.ts'
export { createClient } from './client/client.ts'
export type { BookendClient, Repeated, Waiting } from './client/types.ts'
export { type ApiLimits, DEFAULT_API_LIMITS } from './limits.ts'
export type { ChannelJson, ClosingJson, ExplanationJson, OpenedJson } from './schemas/channels.ts'
export type { ErrorJson } from './schemas/error.ts'
export type { EventJson } from './schemas/events.ts'
export type { AddressJson, BalanceJson, InfoJson, SentJson } from './schemas/node.ts'
export type { InvoiceJson, PaymentJson } from './schemas/payments.ts'
export type { PeerJson } from './schemas/peers.ts'
export type { CreatedTokenJson, TokenJson } from './schemas/tokens.ts'
export { type ApiOptions, type ServedApi, serveApi } from './server.ts'
