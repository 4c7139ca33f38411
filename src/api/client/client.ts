import { type ClientOptions, callerOf } from './call.ts'
import { readEvents } from './events.ts'
import { payTelling } from './paying.ts'
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
    settleInvoice: ({ signal, ...body }) => call.json('POST', '/v1/invoices/settle', { body, waiting: { signal } }),
    cancelInvoice: ({ paymentHash, ...waiting }) =>
      call.nothing('DELETE', at('/v1/invoices', paymentHash), { waiting }),
    invoices: ({ signal, ...query } = {}) => call.json('GET', '/v1/invoices', { query, waiting: { signal } }),
    invoice: ({ paymentHash, ...waiting }) => call.json('GET', at('/v1/invoices', paymentHash), { waiting }),
    decodeInvoice: ({ signal, ...body }) => call.json('POST', '/v1/decode', { body, waiting: { signal } }),
    pay: ({ idempotencyKey, signal, onProgress, ...body }) => {
      const request = { body, idempotencyKey, waiting: { signal } }
      return onProgress === undefined
        ? call.json('POST', '/v1/payments', request)
        : payTelling(call, request, onProgress)
    },
    routes: ({ signal, ...body }) => call.json('POST', '/v1/routes', { body, waiting: { signal } }),
    payments: ({ signal, ...query } = {}) => call.json('GET', '/v1/payments', { query, waiting: { signal } }),
    payment: ({ paymentHash, ...waiting }) => call.json('GET', at('/v1/payments', paymentHash), { waiting }),

    policies: waiting => call.json('GET', '/v1/policies', { waiting }),
    setPolicy: ({ channelId, signal, ...body }) =>
      call.json('POST', `${at('/v1/channels', channelId)}/policy`, { body, waiting: { signal } }),

    graphSummary: waiting => call.json('GET', '/v1/graph', { waiting }),
    graph: ({ signal, ...query } = {}) => call.json('GET', '/v1/graph/channels', { query, waiting: { signal } }),
    graphNode: ({ nodeId, ...waiting }) => call.json('GET', at('/v1/graph/nodes', nodeId), { waiting }),

    events: request => readEvents(call, request),
    backup: waiting => call.bytes('POST', '/v1/backup', { waiting }),

    createToken: ({ signal, ...body }) => call.json('POST', '/v1/tokens', { body, waiting: { signal } }),
    tokens: waiting => call.json('GET', '/v1/tokens', { waiting }),
    revokeToken: ({ id, ...waiting }) => call.nothing('DELETE', at('/v1/tokens', id), { waiting }),

    stop: waiting => call.json('POST', '/v1/stop', { waiting }),
  }
}
