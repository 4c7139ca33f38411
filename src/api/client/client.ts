import { type ClientOptions, callerOf } from './call.ts'
import { readEvents } from './events.ts'
import type { BookendClient } from './types.ts'

/** A client of the API at `url`, with the bearer token `token`. Does not connect before it is asked for something. */
export function createClient(options: ClientOptions): BookendClient {
  const call = callerOf(options)
  const at = (path: string, part: string): string => `${path}/${encodeURIComponent(part)}`
  return {
    info: waiting => call.json('GET', '/v1/info', { waiting }),
    newAddress: waiting => call.json('POST', '/v1/addresses', { waiting }),
    balance: waiting => call.json('GET', '/v1/balance', { waiting }),
    send: ({ idempotencyKey, signal, ...body }) =>
      call.json('POST', '/v1/send', { body, idempotencyKey, waiting: { signal } }),

    connect: ({ signal, ...body }) => call.json('POST', '/v1/peers', { body, waiting: { signal } }),
    disconnect: ({ nodeId, ...waiting }) => call.nothing('DELETE', at('/v1/peers', nodeId), { waiting }),
    peers: waiting => call.json('GET', '/v1/peers', { waiting }),

    openChannel: ({ idempotencyKey, signal, ...body }) =>
      call.json('POST', '/v1/channels', { body, idempotencyKey, waiting: { signal } }),
    channels: ({ closed, ...waiting } = {}) => call.json('GET', '/v1/channels', { query: { closed }, waiting }),
    channel: ({ channelId, ...waiting }) => call.json('GET', at('/v1/channels', channelId), { waiting }),
    explainChannel: ({ channelId, ...waiting }) =>
      call.json('GET', `${at('/v1/channels', channelId)}/explanation`, { waiting }),
    closeChannel: ({ channelId, signal, ...body }) =>
      call.json('POST', `${at('/v1/channels', channelId)}/close`, { body, waiting: { signal } }),

    createInvoice: ({ signal, ...body }) => call.json('POST', '/v1/invoices', { body, waiting: { signal } }),
    pay: ({ idempotencyKey, signal, ...body }) =>
      call.json('POST', '/v1/payments', { body, idempotencyKey, waiting: { signal } }),
    payments: ({ signal, ...query } = {}) => call.json('GET', '/v1/payments', { query, waiting: { signal } }),
    payment: ({ paymentHash, ...waiting }) => call.json('GET', at('/v1/payments', paymentHash), { waiting }),

    events: request => readEvents(call, request),
    backup: waiting => call.bytes('POST', '/v1/backup', { waiting }),

    createToken: ({ signal, ...body }) => call.json('POST', '/v1/tokens', { body, waiting: { signal } }),
    tokens: waiting => call.json('GET', '/v1/tokens', { waiting }),
    revokeToken: ({ id, ...waiting }) => call.nothing('DELETE', at('/v1/tokens', id), { waiting }),

    stop: waiting => call.json('POST', '/v1/stop', { waiting }),
  }
}
