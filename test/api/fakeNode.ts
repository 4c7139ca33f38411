import {
  BookendError,
  channelId,
  feeratePerKw,
  msat,
  type NodeId,
  nodeId,
  paymentHash,
  sat,
  type Txid,
} from '../../src/base/index.ts'
import type {
  NumberedEvent,
  Payment,
  PaymentProgress,
  PaymentRoute,
  Token,
  TokenScope,
} from '../../src/engine/index.ts'
import { readPlainInvoice } from '../../src/invoice/index.ts'
import type {
  BookendNode,
  ChannelInfo,
  ChannelPolicy,
  GraphChannelInfo,
  InvoiceInfo,
  PayRequest,
} from '../../src/node/index.ts'
import { shortChannelId } from '../../src/wire/index.ts'

// A node that answers what it was told to and writes down what it was asked: the API is judged by that.

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)
const key = (value: number): NodeId => nodeId(Uint8Array.of(2, ...bytes(32, value)))

export const OUR_ID = key(1)
export const PEER_ID = key(2)
export const CHANNEL_ID = channelId(bytes(32, 0xc1))
export const PAYMENT_HASH = paymentHash(bytes(32, 0x0a))
export const SENT_HASH = paymentHash(bytes(32, 0x0b))
export const TXID = '11'.repeat(32) as Txid

/** The example of BOLT 11 for 2,500 micro-bitcoin. */
export const INVOICE =
  'lnbc2500u1pvjluezsp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygspp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpu9qrsgquk0rl77nj30yxdy8j9vdx85fkpmdla2087ne0xh8nhedh8w27kyke0lp53ut353s06fv3qfegext0eh0ymjpf39tuven09sam30g4vgpfna3rh'

export const GRAPH_CHANNEL: GraphChannelInfo = {
  shortChannelId: shortChannelId({ blockHeight: 100, txIndex: 1, outputIndex: 0 }),
  nodeIds: [OUR_ID, PEER_ID],
  capacitySat: sat(1_000_000),
  policies: [
    {
      disabled: false,
      feeBaseMsat: msat(1_000),
      feeProportionalMillionths: 100,
      cltvExpiryDelta: 34,
      htlcMinimumMsat: msat(1),
      htlcMaximumMsat: msat(990_000_000),
      updatedAt: 1_700_000_000_000,
    },
    undefined,
  ],
  spentHeight: undefined,
}

export const CHANNEL: ChannelInfo = {
  channelId: CHANNEL_ID,
  peer: PEER_ID,
  peerConnected: true,
  usable: true,
  state: 'normal',
  role: 'opener',
  capacitySat: sat(1_000_000),
  localMsat: msat(900_000_000),
  remoteMsat: msat(100_000_000),
  spendableMsat: msat(880_000_000),
  receivableMsat: msat(90_000_000),
  htlcs: 0,
  fundingOutpoint: { txid: TXID, vout: 1 },
  fundingConfirmedHeight: 104,
  feeratePerKw: feeratePerKw(2500),
  closeReason: undefined,
}

export const RECEIVED: Payment = {
  number: 7,
  direction: 'received',
  status: 'succeeded',
  paymentHash: PAYMENT_HASH,
  amountMsat: msat(1500),
  feeMsat: msat(0),
  peer: PEER_ID,
  preimage: 'ab'.repeat(32),
  description: 'a cup of tea',
  createdAt: 1_700_000_000_000,
  endedAt: 1_700_000_000_900,
}

export const SENT: Payment = {
  ...RECEIVED,
  number: 8,
  direction: 'sent',
  paymentHash: SENT_HASH,
  holdTimes: [
    { nodeId: PEER_ID, holdTimeMs: 1300 },
    { nodeId: OUR_ID, holdTimeMs: 0 },
  ],
}

export const HELD_INVOICE: InvoiceInfo = {
  paymentHash: PAYMENT_HASH,
  invoice: 'lnbcrt1example',
  status: 'held',
  hold: true,
  amountMsat: msat(1500),
  description: 'a cup of tea',
  expiresAt: 1_700_000_003_600_000,
  receivedMsat: msat(1500),
  htlcs: 1,
  cancelledAtHeight: 250,
}

export const POLICY: ChannelPolicy = {
  channelId: CHANNEL_ID,
  peer: PEER_ID,
  feeBaseMsat: msat(1000),
  feeProportionalMillionths: 100,
  cltvExpiryDelta: 80,
  htlcMinimumMsat: msat(1),
  htlcMaximumMsat: undefined,
  disabled: false,
  updatedAt: undefined,
}

/** Over a peer to another node. */
export const ROUTE: PaymentRoute = {
  hops: [
    {
      nodeId: PEER_ID,
      shortChannelId: shortChannelId({ blockHeight: 104, txIndex: 1, outputIndex: 1 }),
      amountMsat: msat(1600),
      cltvExpiry: 330,
    },
    {
      nodeId: key(4),
      shortChannelId: shortChannelId({ blockHeight: 103, txIndex: 2, outputIndex: 0 }),
      amountMsat: msat(1500),
      cltvExpiry: 250,
    },
  ],
  amountMsat: msat(1500),
  feeMsat: msat(100),
}

/** What a payment tells where somebody listens: one way that fails, and one that does not. */
export const PROGRESS: readonly PaymentProgress[] = [
  { type: 'trying', paymentHash: SENT_HASH, parts: [ROUTE] },
  {
    type: 'part_failed',
    paymentHash: SENT_HASH,
    part: ROUTE,
    hop: 1,
    nodeId: PEER_ID,
    failureName: 'temporary_channel_failure',
    holdTimes: [{ nodeId: PEER_ID, holdTimeMs: 1300 }],
    message: 'Its channel cannot take the payment now.',
  },
  { type: 'trying', paymentHash: SENT_HASH, parts: [ROUTE, ROUTE] },
]

export const ADMIN_SECRET = 'the-secret-of-the-data-directory'
export const TOKEN_HASH = 'ff'.repeat(32)

/** A token of some scopes; its secret is `secret-of-` and the scopes. */
export const tokenWith = (...scopes: readonly TokenScope[]): Token => ({
  id: `id-${scopes.join('-')}`,
  name: `for ${scopes.join(' and ')}`,
  scopes,
  secretHash: TOKEN_HASH,
  ...(scopes.includes('spend') ? { budgetMsat: msat(5000) } : {}),
  spentMsat: msat(0),
  createdAt: 1_700_000_000_000,
})
export const secretOf = (token: Token): string => `secret-of-${token.scopes.join('-')}`

export interface FakeNode {
  readonly node: BookendNode
  /** Verb and request, in the order in which they came. */
  readonly calls: { readonly verb: string; readonly request: unknown }[]
  /** The next call of this verb fails with it. */
  failNext(verb: string, error: unknown): void
  /** What payments tell from now on, and what they fail with after that: a promise is waited for first. */
  payWith(words: readonly PaymentProgress[], failure?: unknown): void
  readonly log: NumberedEvent[]
  /** Appends to the log, and tells whoever listens. */
  tell(event: NumberedEvent['event']): void
  readonly tokens: Token[]
  /** How many read events now. */
  readers(): number
  /** Events that were handed to readers. */
  taken(): number
}

export function fakeNode(): FakeNode {
  const calls: FakeNode['calls'] = []
  const failures = new Map<string, unknown>()
  const log: NumberedEvent[] = []
  const listeners = new Set<() => void>()
  const tokens: Token[] = [
    tokenWith('read'),
    tokenWith('invoice'),
    tokenWith('spend'),
    tokenWith('admin'),
    tokenWith('read', 'spend'),
  ]
  let readers = 0
  let taken = 0
  let words: readonly PaymentProgress[] = []
  let payFailure: unknown

  const does =
    <Request extends readonly unknown[], Answer>(verb: string, answer: (...request: Request) => Answer) =>
    async (...request: Request): Promise<Answer> => {
      calls.push({ verb, request: request[0] })
      if (failures.has(verb)) {
        const error = failures.get(verb)
        failures.delete(verb)
        throw error
      }
      return answer(...request)
    }

  async function* events({ after, signal }: { after?: number; signal?: AbortSignal } = {}) {
    calls.push({ verb: 'events', request: { after } })
    readers += 1
    try {
      let next = after ?? log.length
      while (signal?.aborted !== true) {
        const event = log[next]
        if (event !== undefined) {
          next += 1
          taken += 1
          yield event
          continue
        }
        await new Promise<void>(done => {
          const wake = () => {
            listeners.delete(wake)
            done()
          }
          listeners.add(wake)
          signal?.addEventListener('abort', wake, { once: true })
        })
      }
    } finally {
      readers -= 1
    }
  }

  const node: BookendNode = {
    nodeId: OUR_ID,
    network: 'regtest',
    listening: { host: '127.0.0.1', port: 9735 },
    info: does('info', () => ({
      nodeId: OUR_ID,
      network: 'regtest' as const,
      version: '1.2.3',
      blockHeight: 110,
      synced: true,
      peers: 1,
      channels: 1,
      listening: { host: '127.0.0.1', port: 9735 },
      lastEvent: log.length,
      watchtowers: [],
    })),
    newAddress: does('newAddress', () => ({ address: 'bcrt1qexample' })),
    balance: does('balance', () => ({
      onchainConfirmedSat: sat(5_000_000_000),
      onchainUnconfirmedSat: sat(0),
      onchainImmatureSat: sat(7),
      onchainReservedSat: sat(25_000),
      channelLocalMsat: msat(900_000_000),
      channelRemoteMsat: msat(100_000_000),
    })),
    send: does('send', () => ({ txid: TXID })),
    connect: does('connect', ({ nodeId: id }) => ({ nodeId: id })),
    disconnect: does('disconnect', () => undefined),
    peers: does('peers', () => [
      { nodeId: PEER_ID, connected: true, outgoing: true, address: '127.0.0.1:9736', channels: 1 },
      { nodeId: key(3), connected: false, outgoing: undefined, address: undefined, channels: 1 },
    ]),
    openChannel: does('openChannel', () => ({
      channelId: CHANNEL_ID,
      fundingTxid: TXID,
      fundingOutpoint: { txid: TXID, vout: 1 },
    })),
    channels: does('channels', () => [CHANNEL]),
    channel: does('channel', () => CHANNEL),
    explainChannel: does('explainChannel', () => ({
      channel: CHANNEL,
      summary: 'The channel is open.',
      local: [{ sentence: 'We could publish.', amountSat: sat(900_000), now: false, afterHeight: 254 }],
      remote: [{ sentence: 'They could publish.', amountSat: sat(100_000), now: true, afterHeight: undefined }],
      outputs: [
        {
          outpoint: { txid: '77'.repeat(32) as Txid, vout: 1 },
          amountSat: sat(50_000),
          what: 'our balance, after its delay',
          ways: [{ by: 'us', sentence: 'We could take it.', amountSat: sat(50_000), now: false, afterHeight: 254 }],
          spending: {
            txid: '88'.repeat(32) as Txid,
            role: 'claim',
            confirmedHeight: undefined,
            feeSat: sat(1_200),
            feeratePerKw: feeratePerKw(2_500),
          },
          awaited: 'A block that holds our transaction.',
        },
      ],
      closing: [],
    })),
    closeChannel: does('closeChannel', () => ({ channelId: CHANNEL_ID, state: 'closing', closingTxid: undefined })),
    createInvoice: does('createInvoice', () => ({
      invoice: 'lnbcrt1example',
      paymentHash: PAYMENT_HASH,
      expiresAt: 1_700_000_003_600_000,
    })),
    settleInvoice: does('settleInvoice', () => RECEIVED),
    cancelInvoice: does('cancelInvoice', () => undefined),
    invoices: does('invoices', () => [HELD_INVOICE]),
    invoice: does('invoice', () => HELD_INVOICE),
    decodeInvoice: does('decodeInvoice', ({ invoice }: { invoice: string }) => readPlainInvoice(invoice)),
    pay: async request => {
      await does('pay', (_: PayRequest) => undefined)(request)
      for (const word of words) request.onProgress?.(word)
      if (payFailure instanceof Promise) await payFailure
      else if (payFailure !== undefined) throw payFailure
      return SENT
    },
    routes: does('routes', () => [ROUTE]),
    policies: does('policies', () => [POLICY]),
    setPolicy: does('setPolicy', () => POLICY),
    payments: does('payments', () => [SENT, RECEIVED]),
    payment: does('payment', ({ paymentHash: hash }: { paymentHash: string }) => {
      const found = [SENT, RECEIVED].find(payment => payment.paymentHash === hash)
      if (found === undefined)
        throw new BookendError('not_found', 'There is no such payment.', { advice: 'Look at `bookend payments`.' })
      return found
    }),
    events,
    backup: does('backup', () => Uint8Array.of(0, 1, 2, 255)),
    createToken: does('createToken', ({ name, scopes }) => ({
      token: { ...tokenWith(...scopes), name },
      secret: 'told-once',
    })),
    graphSummary: does('graphSummary', () => ({
      nodes: 2,
      channels: 1,
      capacitySat: sat(1_000_000),
      newestUpdateAt: 1_700_000_000_000,
      syncedAt: undefined,
    })),
    graph: does('graph', () => ({ channels: [GRAPH_CHANNEL], next: undefined })),
    graphNode: does('graphNode', ({ nodeId: id }) => ({
      nodeId: id,
      channelCount: 1,
      capacitySat: sat(1_000_000),
      offersMpp: true,
      announcedAt: 1_700_000_000_000,
      alias: 'bob',
      color: '#3399ff',
      addresses: ['127.0.0.1:9736'],
      channels: [GRAPH_CHANNEL],
    })),
    tokens: does('tokens', () => [...tokens]),
    revokeToken: does('revokeToken', () => undefined),
    tokenOf: async secret => tokens.find(token => secretOf(token) === secret),
    stop: does('stop', () => undefined),
    stopped: new Promise(() => {}),
    [Symbol.asyncDispose]: async () => {},
  }

  return {
    node,
    calls,
    failNext: (verb, error) => failures.set(verb, error),
    payWith: (told, failure) => {
      words = told
      payFailure = failure
    },
    log,
    tell: event => {
      log.push({ number: log.length + 1, at: 1_700_000_000_000 + log.length, event })
      for (const listener of [...listeners]) listener()
    },
    tokens,
    readers: () => readers,
    taken: () => taken,
  }
}
