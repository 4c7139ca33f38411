import {
  type ChannelId,
  fromHex,
  msat,
  type NodeId,
  parseHex,
  pmapValues,
  subtract,
  subtractOrZero,
  type Txid,
  toHex,
} from '../base/index.ts'
import { constantTimeEqual, sha256 } from '../crypto/index.ts'
import {
  type EngineState,
  type Link,
  type NumberedEvent,
  type Payment,
  type Token,
  walletContext,
} from '../engine/index.ts'
import type { SeedKeys } from '../keys/index.ts'
import type { Listening, NetAddress, Store, Timers } from '../ports/index.ts'
import { balanceOf } from '../wallet/index.ts'
import { sealBackup } from './backup.ts'
import { orAborted, within } from './cancellation.ts'
import { channelBalances, channelInfo, channelInfos } from './channelViews.ts'
import { checkNodeId } from './checkNodeId.ts'
import { explain } from './explain.ts'
import { failedPayment, stoppedError } from './failures.ts'
import { graphNode, graphPage, graphSummary } from './graphViews.ts'
import type { Hands } from './hands.ts'
import { closingOf, linkOf, noChannel, opened } from './lookups.ts'
import { findPayment, listPayments, MAX_PAYMENTS_LISTED } from './paymentRecords.ts'
import { Repeatables } from './repeatable.ts'
import { replyOf } from './requests.ts'
import type {
  Balance,
  BookendNode,
  Cancellable,
  ChannelExplanation,
  ChannelInfo,
  CloseRequest,
  ClosingChannel,
  CreatedInvoice,
  GraphPageRequest,
  InvoiceRequest,
  NetworkName,
  NodeInfo,
  OpenedChannel,
  OpenRequest,
  PayRequest,
  PeerAddress,
  PeerInfo,
  SendRequest,
  TokenRequest,
} from './types.ts'
import { VERSION } from './version.ts'

/** How long a close waits for its transaction before it answers without one, in milliseconds. */
const CLOSE_PATIENCE_MS = 5_000
/** How long `openChannel` waits for a connection that is being made. */
const CONNECT_PATIENCE_MS = 30_000
const DEFAULT_PAYMENTS_LISTED = 100
const TOKEN_SECRET_BYTES = 32
const TOKEN_ID_BYTES = 8

export interface NodeParts {
  readonly hands: Hands
  readonly keys: SeedKeys
  readonly name: NetworkName
  readonly nodeId: NodeId
  readonly store: Store
  readonly randomBytes: (length: number) => Uint8Array
  readonly timers: Timers
  readonly listening: Listening | undefined
}

/** The public door: verbs become inputs of the engine, what is durable becomes answers. */
export class Node implements BookendNode {
  readonly stopped: Promise<void>
  readonly #parts: NodeParts
  readonly #repeatables: Repeatables
  readonly #ended = Promise.withResolvers<void>()
  #stopping: Promise<void> | undefined

  constructor(parts: NodeParts) {
    this.#parts = parts
    this.#repeatables = new Repeatables(parts.store)
    this.stopped = this.#ended.promise
    // Whoever does not look at `stopped` has not missed an error: every call rejects with it too.
    this.stopped.catch(() => undefined)
  }

  get nodeId(): NodeId {
    return this.#parts.nodeId
  }

  get network(): NetworkName {
    return this.#parts.name
  }

  get listening(): NetAddress | undefined {
    return this.#parts.listening?.address
  }

  async info(): Promise<NodeInfo> {
    const { hands } = this.#parts
    const peers = [...pmapValues(this.#state.peers)].filter(({ state }) => state.line.type === 'up')
    return {
      nodeId: this.nodeId,
      network: this.network,
      version: VERSION,
      blockHeight: this.#state.blocks.at(-1)?.height ?? 0,
      synced: await hands.follower.isAtTip(),
      peers: peers.length,
      channels: channelInfos(this.#state).length,
      listening: this.listening,
      lastEvent: hands.events.last,
    }
  }

  async newAddress(): Promise<{ readonly address: string }> {
    const { address } = replyOf(await this.#ask(request => ({ type: 'new_address', request })), 'address')
    return { address }
  }

  async balance(): Promise<Balance> {
    const context = this.#parts.hands.driver.context()
    const { confirmedSat, unconfirmedSat, immatureSat, reserveSat } = balanceOf(
      this.#state.wallet,
      walletContext({ context, state: this.#state }),
    )
    const { localMsat, remoteMsat } = channelBalances(this.#state)
    return {
      onchainConfirmedSat: confirmedSat,
      onchainUnconfirmedSat: unconfirmedSat,
      onchainImmatureSat: immatureSat,
      onchainReservedSat: subtract(confirmedSat, subtractOrZero(confirmedSat, reserveSat)),
      channelLocalMsat: msat(localMsat),
      channelRemoteMsat: msat(remoteMsat),
    }
  }

  async send({ idempotencyKey, ...content }: SendRequest): Promise<{ readonly txid: Txid }> {
    return this.#repeatables.once(
      'send',
      idempotencyKey,
      content,
      async idempotency => {
        const reply = await this.#ask(request => ({
          type: 'send_onchain',
          request,
          ...content,
          ...(idempotency !== undefined && { idempotency }),
        }))
        return { txid: replyOf(reply, 'sent').txid }
      },
      (record: { readonly txid: Txid }) => ({ txid: record.txid }),
    )
  }

  async connect({ nodeId, address, signal }: PeerAddress & Cancellable): Promise<{ readonly nodeId: NodeId }> {
    checkNodeId(nodeId)
    const addresses = address === undefined ? [] : [address]
    await orAborted(
      this.#ask(request => ({ type: 'connect_peer', request, nodeId, addresses })),
      signal,
    )
    return { nodeId }
  }

  async disconnect({ nodeId }: { readonly nodeId: NodeId }): Promise<void> {
    checkNodeId(nodeId)
    await this.#ask(request => ({ type: 'disconnect_peer', request, nodeId }))
  }

  async peers(): Promise<readonly PeerInfo[]> {
    const { connections } = this.#parts.hands
    return [...pmapValues(this.#state.peers)].map(({ state, links }) => {
      const { line, nodeId } = state
      return {
        nodeId,
        connected: line.type === 'up',
        outgoing: line.type === 'none' ? undefined : line.outgoing,
        address: line.type === 'none' ? undefined : connections.get(line.connection)?.remoteAddress,
        channels: links.length,
      }
    })
  }

  async openChannel({ signal, idempotencyKey, ...content }: OpenRequest): Promise<OpenedChannel> {
    checkNodeId(content.peer.nodeId)
    const opening = this.#repeatables.once(
      'open',
      idempotencyKey,
      content,
      async idempotency => {
        const { peer, capacitySat, pushMsat = msat(0n), feeratePerKw, token } = content
        await this.connect({ ...peer, signal: within(CONNECT_PATIENCE_MS, this.#parts.timers, signal) })
        // 32 fresh bytes in lowercase hex are a channel id.
        const temporaryChannelId = toHex(this.#parts.randomBytes(32)) as ChannelId
        const reply = await this.#ask(request => ({
          type: 'open_channel',
          request,
          nodeId: peer.nodeId,
          capacitySat,
          pushMsat,
          temporaryChannelId,
          ...(feeratePerKw !== undefined && { feeratePerKw }),
          ...(token !== undefined && { token }),
          ...(idempotency !== undefined && { idempotency }),
        }))
        return opened(replyOf(reply, 'opened'))
      },
      opened,
    )
    // Who stops waiting leaves the key with the opening that is under way: to ask again is to wait again.
    return orAborted(opening, signal)
  }

  async channels(options: { readonly closed?: boolean } = {}): Promise<readonly ChannelInfo[]> {
    return channelInfos(this.#state, options)
  }

  async channel({ channelId }: { readonly channelId: ChannelId }): Promise<ChannelInfo> {
    const link = this.#link(channelId)
    const { channel } = link.state
    if (channel === undefined || channel.state === 'aborted') throw noChannel(channelId)
    return channelInfo(link, channel)
  }

  async explainChannel({ channelId }: { readonly channelId: ChannelId }): Promise<ChannelExplanation> {
    return explain(this.#link(channelId), this.#state, this.#parts.hands.driver.context())
  }

  async closeChannel({ channelId, force = false }: CloseRequest): Promise<ClosingChannel> {
    await this.#ask(request => ({ type: 'close_channel', request, channelId, force }))
    const found = await this.#parts.hands.until(state => closingOf(state, channelId), CLOSE_PATIENCE_MS)
    return { channelId, state: (await this.channel({ channelId })).state, closingTxid: found }
  }

  async createInvoice(wanted: InvoiceRequest): Promise<CreatedInvoice> {
    const { amountMsat, description = '', expirySeconds } = wanted
    const { randomBytes, hands } = this.#parts
    const [preimage, paymentSecret] = [randomBytes(32), randomBytes(32)]
    const limits = hands.driver.context().limits.payment
    const reply = await this.#ask(request => ({
      type: 'payment',
      input: {
        type: 'create_invoice',
        request,
        description,
        expirySeconds: expirySeconds ?? limits.defaultExpirySeconds,
        preimage,
        paymentSecret,
        ...(amountMsat !== undefined && { amountMsat }),
      },
    }))
    const { invoice, paymentHash, expiresAt } = replyOf(reply, 'invoice')
    return { invoice, paymentHash, expiresAt }
  }

  async pay(wanted: PayRequest): Promise<Payment> {
    const { amountMsat, idempotencyKey, token } = wanted
    const { randomBytes, hands } = this.#parts
    const timeoutMs = wanted.timeoutMs ?? hands.driver.context().limits.payment.defaultTimeoutMs
    const common = {
      timeoutMs,
      sessionKey: randomBytes(32),
      ...(amountMsat !== undefined && { amountMsat }),
      ...(idempotencyKey !== undefined && { idempotencyKey }),
      ...(token !== undefined && { token }),
    }
    const ask = () =>
      this.#ask(request => ({
        type: 'payment',
        input:
          wanted.invoice === undefined
            ? { type: 'keysend', request, peer: wanted.nodeId, preimage: randomBytes(32), ...common }
            : { type: 'pay_invoice', request, invoice: wanted.invoice, ...common },
      }))
    const reply = await this.#repeatables.payment(idempotencyKey, ask)
    const { payment } = replyOf(reply, 'payment')
    if (payment.failure === undefined) return payment
    throw failedPayment(payment)
  }

  async payments({
    limit = DEFAULT_PAYMENTS_LISTED,
    before,
  }: {
    readonly limit?: number
    readonly before?: number
  } = {}) {
    return listPayments(this.#parts.store, Math.min(limit, MAX_PAYMENTS_LISTED), before)
  }

  async payment({ paymentHash }: Pick<Payment, 'paymentHash'>): Promise<Payment> {
    return findPayment(this.#parts.store, paymentHash)
  }

  readonly graphSummary = async () => graphSummary(this.#state.gossip)
  readonly graph = async (request: GraphPageRequest = {}) => graphPage(this.#state.gossip, request)
  readonly graphNode = ({ nodeId }: PeerAddress) => graphNode(this.#state.gossip, this.#parts.store, nodeId)

  events({
    after,
    signal,
  }: {
    readonly after?: number
    readonly signal?: AbortSignal
  } = {}): AsyncIterable<NumberedEvent> {
    const { events } = this.#parts.hands
    return events.from(after ?? events.last, signal)
  }

  async backup(): Promise<Uint8Array> {
    const { store, keys, randomBytes, nodeId, name, hands } = this.#parts
    const createdAt = hands.driver.context().now
    return sealBackup({ store, key: keys.backupKey, nonce: randomBytes(12), nodeId, network: name, createdAt })
  }

  async createToken({
    name,
    scopes,
    budgetMsat,
  }: TokenRequest): Promise<{ readonly token: Token; readonly secret: string }> {
    const { randomBytes } = this.#parts
    const secret = toHex(randomBytes(TOKEN_SECRET_BYTES))
    const reply = await this.#ask(request => ({
      type: 'payment',
      input: {
        type: 'create_token',
        request,
        id: toHex(randomBytes(TOKEN_ID_BYTES)),
        name,
        scopes,
        secretHash: toHex(sha256(fromHex(secret))),
        ...(budgetMsat !== undefined && { budgetMsat }),
      },
    }))
    return { token: replyOf(reply, 'token').token, secret }
  }

  async tokens(): Promise<readonly Token[]> {
    return [...pmapValues(this.#state.payments.tokens)]
  }

  async revokeToken({ id }: { readonly id: string }): Promise<void> {
    await this.#ask(request => ({ type: 'payment', input: { type: 'revoke_token', request, id } }))
  }

  async tokenOf(secret: string): Promise<Token | undefined> {
    const bytes = parseHex(secret)
    if (!bytes.ok || bytes.value.length !== TOKEN_SECRET_BYTES) return undefined
    const hash = sha256(bytes.value)
    return (await this.tokens()).find(({ secretHash }) => constantTimeEqual(fromHex(secretHash), hash))
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#end(stoppedError(), undefined)
    return this.#stopping
  }

  /** Something failed that cannot be gone on after. */
  mustEnd(reason: unknown): void {
    this.#stopping ??= this.#end(reason, { reason })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #end(told: unknown, failure: { readonly reason: unknown } | undefined): Promise<void> {
    await this.#parts.listening?.close().catch(() => undefined)
    await this.#parts.hands.stop(told)
    if (failure === undefined) this.#ended.resolve()
    else this.#ended.reject(failure.reason)
  }

  get #state(): EngineState {
    return this.#parts.hands.driver.state
  }

  #ask(input: (request: number) => Parameters<Hands['driver']['submit']>[0]) {
    const { hands } = this.#parts
    if (this.#stopping !== undefined) return Promise.reject(stoppedError())
    return hands.requests.ask(request => hands.driver.submit(input(request)))
  }

  #link(channelId: ChannelId): Link {
    const link = linkOf(this.#state, channelId)
    if (link === undefined) throw noChannel(channelId)
    return link
  }
}
