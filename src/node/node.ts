import {
  type ChannelId,
  msat,
  type NodeId,
  pmapValues,
  subtract,
  subtractOrZero,
  type Txid,
  toHex,
} from '../base/index.ts'
import {
  type EngineInput,
  type EngineState,
  type Link,
  type NumberedEvent,
  type Payment,
  type PaymentProgress,
  type Token,
  walletContext,
} from '../engine/index.ts'
import { type PlainInvoice, readPlainInvoice } from '../invoice/index.ts'
import type { SeedKeys } from '../keys/index.ts'
import type { PaymentRoute } from '../payment/index.ts'
import type { Listening, NetAddress, Store, Timers } from '../ports/index.ts'
import { balanceOf } from '../wallet/index.ts'
import { sealBackup } from './backup.ts'
import { orAborted, within } from './cancellation.ts'
import { channelBalances, channelInfo, channelInfos } from './channelViews.ts'
import { checkNodeId } from './checkNodeId.ts'
import { closeChannel } from './closing.ts'
import type { NodeDesk } from './desk.ts'
import { explain } from './explain.ts'
import { stoppedError } from './failures.ts'
import { graphNode, graphPage, graphSummary } from './graphViews.ts'
import type { Hands } from './hands.ts'
import { cancelInvoice, createInvoice, invoiceInfo, listInvoices, settleInvoice } from './invoices.ts'
import { linkOf, noChannel, opened } from './lookups.ts'
import { pay, routes } from './paying.ts'
import { findPayment, listPayments } from './paymentRecords.ts'
import { policies, setPolicy } from './policies.ts'
import { Repeatables } from './repeatable.ts'
import { replyOf } from './requests.ts'
import { createToken, listTokens, revokeToken, tokenOf } from './tokens.ts'
import type {
  Balance,
  BookendNode,
  Cancellable,
  ChannelExplanation,
  ChannelInfo,
  ChannelPolicy,
  CloseRequest,
  ClosingChannel,
  CreatedInvoice,
  GraphNodeInfo,
  GraphPage,
  GraphPageRequest,
  GraphSummary,
  InvoiceInfo,
  InvoiceRequest,
  InvoicesRequest,
  NetworkName,
  NodeInfo,
  OpenedChannel,
  OpenRequest,
  PaymentsRequest,
  PayRequest,
  PeerAddress,
  PeerInfo,
  PolicyRequest,
  RoutesRequest,
  SendRequest,
  TokenRequest,
} from './types.ts'
import { VERSION } from './version.ts'

/** How long `openChannel` waits for a connection that is being made. */
const CONNECT_PATIENCE_MS = 30_000

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
  readonly #desk: NodeDesk
  readonly #ended = Promise.withResolvers<void>()
  #stopping: Promise<void> | undefined

  constructor(parts: NodeParts) {
    this.#parts = parts
    const { hands, store, randomBytes } = parts
    this.#repeatables = new Repeatables(store)
    this.#desk = {
      ask: (input, onProgress) => this.#ask(input, onProgress),
      state: () => hands.driver.state,
      until: (holds, patienceMs) => hands.until(holds, patienceMs),
      context: () => hands.driver.context(),
      store,
      randomBytes,
      repeatables: this.#repeatables,
    }
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
      watchtowers: hands.towers.infos(),
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
        const { peer, capacitySat, pushMsat = msat(0n), announce, feeratePerKw, token, zeroConf, scidAlias } = content
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
          ...(announce !== undefined && { announce }),
          ...(feeratePerKw !== undefined && { feeratePerKw }),
          ...(zeroConf !== undefined && { zeroConf }),
          ...(scidAlias !== undefined && { scidAlias }),
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

  async closeChannel(request: CloseRequest): Promise<ClosingChannel> {
    return closeChannel(this.#desk, request)
  }

  async createInvoice(wanted: InvoiceRequest): Promise<CreatedInvoice> {
    return createInvoice(this.#desk, wanted)
  }

  async settleInvoice(wanted: { readonly preimage: string }): Promise<Payment> {
    return settleInvoice(this.#desk, wanted)
  }

  async cancelInvoice({ paymentHash }: Pick<Payment, 'paymentHash'>): Promise<void> {
    return cancelInvoice(this.#desk, paymentHash)
  }

  async invoices(request: InvoicesRequest = {}): Promise<readonly InvoiceInfo[]> {
    return listInvoices(this.#desk, request)
  }

  async invoice({ paymentHash }: Pick<Payment, 'paymentHash'>): Promise<InvoiceInfo> {
    return invoiceInfo(this.#desk, paymentHash)
  }

  async decodeInvoice({ invoice }: { readonly invoice: string }): Promise<PlainInvoice> {
    return readPlainInvoice(invoice)
  }

  async pay(wanted: PayRequest): Promise<Payment> {
    return pay(this.#desk, wanted)
  }

  async routes(wanted: RoutesRequest): Promise<readonly PaymentRoute[]> {
    return routes(this.#desk, wanted)
  }

  async payments(request: PaymentsRequest = {}): Promise<readonly Payment[]> {
    return listPayments(this.#parts.store, request)
  }

  async payment({ paymentHash }: Pick<Payment, 'paymentHash'>): Promise<Payment> {
    return findPayment(this.#parts.store, paymentHash)
  }

  async policies(): Promise<readonly ChannelPolicy[]> {
    return policies(this.#desk)
  }

  async setPolicy(request: PolicyRequest): Promise<ChannelPolicy> {
    return setPolicy(this.#desk, request)
  }

  async graphSummary(): Promise<GraphSummary> {
    return graphSummary(this.#state.gossip)
  }

  async graph(request: GraphPageRequest = {}): Promise<GraphPage> {
    return graphPage(this.#state.gossip, request)
  }

  async graphNode({ nodeId }: { readonly nodeId: NodeId }): Promise<GraphNodeInfo> {
    return graphNode(this.#state.gossip, this.#parts.store, nodeId)
  }

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

  async createToken(request: TokenRequest): Promise<{ readonly token: Token; readonly secret: string }> {
    return createToken(this.#desk, request)
  }

  async tokens(): Promise<readonly Token[]> {
    return listTokens(this.#desk)
  }

  async revokeToken({ id }: { readonly id: string }): Promise<void> {
    return revokeToken(this.#desk, id)
  }

  async tokenOf(secret: string): Promise<Token | undefined> {
    return tokenOf(this.#desk, secret)
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

  #ask(input: (request: number) => EngineInput, onProgress?: (progress: PaymentProgress) => void) {
    const { hands } = this.#parts
    if (this.#stopping !== undefined) return Promise.reject(stoppedError())
    return hands.requests.ask(request => hands.driver.submit(input(request)), onProgress)
  }

  #link(channelId: ChannelId): Link {
    const link = linkOf(this.#state, channelId)
    if (link === undefined) throw noChannel(channelId)
    return link
  }
}
