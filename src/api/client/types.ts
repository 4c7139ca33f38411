import type { ChannelJson, CloseJson, ClosingJson, ExplanationJson, OpenedJson, OpenJson } from '../schemas/channels.ts'
import type { EventJson } from '../schemas/events.ts'
import type { GraphNodeJson, GraphPageJson, GraphSummaryJson } from '../schemas/graph.ts'
import type {
  DecodedInvoiceJson,
  InvoiceJson,
  InvoiceRequestJson,
  OpenInvoiceJson,
  SettleJson,
} from '../schemas/invoices.ts'
import type { AddressJson, BalanceJson, InfoJson, SendJson, SentJson, StoppingJson } from '../schemas/node.ts'
import type { PayJson, PaymentJson } from '../schemas/payments.ts'
import type { ConnectedJson, PeerAddressJson, PeerJson } from '../schemas/peers.ts'
import type { ChannelPolicyJson, PolicyRequestJson } from '../schemas/policies.ts'
import type { PaymentProgressJson, RouteJson, RoutesRequestJson } from '../schemas/routes.ts'
import type { CreatedTokenJson, TokenJson, TokenRequestJson } from '../schemas/tokens.ts'

/** Gives up waiting. What the node has begun it carries on with: a call that moves money is repeated with its key in doubt. */
export interface Waiting {
  readonly signal?: AbortSignal
}

/** 1 to 255 printable ASCII characters. Repeated with the same key and content a call is carried out once. */
export interface Repeated {
  readonly idempotencyKey?: string
}

export interface InvoicesQuery {
  readonly limit?: number
  readonly after?: string
  readonly held?: boolean
}

export interface PaymentsQuery {
  readonly limit?: number
  readonly before?: number
  readonly direction?: PaymentJson['direction']
  readonly status?: PaymentJson['status']
}

/**
 * A node at a distance: the verbs of `BookendNode` over HTTP, with values as they are in JSON, where amounts are decimal strings.
 * Each rejects with a `BookendError`: that of the node, or `stopped` where no node answers.
 */
export interface BookendClient {
  info(options?: Waiting): Promise<InfoJson>
  newAddress(options?: Waiting): Promise<AddressJson>
  balance(options?: Waiting): Promise<BalanceJson>
  send(request: SendJson & Repeated & Waiting): Promise<SentJson>

  connect(request: PeerAddressJson & Waiting): Promise<ConnectedJson>
  disconnect(request: { readonly nodeId: string } & Waiting): Promise<void>
  peers(options?: Waiting): Promise<readonly PeerJson[]>

  openChannel(request: OpenJson & Repeated & Waiting): Promise<OpenedJson>
  channels(request?: { readonly closed?: boolean } & Waiting): Promise<readonly ChannelJson[]>
  channel(request: { readonly channelId: string } & Waiting): Promise<ChannelJson>
  explainChannel(request: { readonly channelId: string } & Waiting): Promise<ExplanationJson>
  closeChannel(request: { readonly channelId: string } & CloseJson & Waiting): Promise<ClosingJson>

  createInvoice(request: InvoiceRequestJson & Waiting): Promise<InvoiceJson>
  settleInvoice(request: SettleJson & Waiting): Promise<PaymentJson>
  cancelInvoice(request: { readonly paymentHash: string } & Waiting): Promise<void>
  invoices(request?: InvoicesQuery & Waiting): Promise<readonly OpenInvoiceJson[]>
  invoice(request: { readonly paymentHash: string } & Waiting): Promise<OpenInvoiceJson>
  decodeInvoice(request: { readonly invoice: string } & Waiting): Promise<DecodedInvoiceJson>
  /** With `onProgress` it tells what is tried and what came back, until the payment has ended. */
  pay(
    request: PayJson & { readonly onProgress?: (progress: PaymentProgressJson) => void } & Repeated & Waiting,
  ): Promise<PaymentJson>
  /** The ways that a payment would take now, one for each part. Nothing is sent. */
  routes(request: RoutesRequestJson & Waiting): Promise<readonly RouteJson[]>
  payments(request?: PaymentsQuery & Waiting): Promise<readonly PaymentJson[]>
  payment(request: { readonly paymentHash: string } & Waiting): Promise<PaymentJson>

  policies(options?: Waiting): Promise<readonly ChannelPolicyJson[]>
  setPolicy(request: { readonly channelId: string } & PolicyRequestJson & Waiting): Promise<ChannelPolicyJson>

  graphSummary(options?: Waiting): Promise<GraphSummaryJson>
  graph(request?: { readonly limit?: number; readonly after?: number } & Waiting): Promise<GraphPageJson>
  graphNode(request: { readonly nodeId: string } & Waiting): Promise<GraphNodeJson>

  /** From the durable log, without a gap and without a repetition: a lost connection is made again. Ends with the signal. */
  events(request?: { readonly after?: number } & Waiting): AsyncGenerator<EventJson, void, void>
  backup(options?: Waiting): Promise<Uint8Array>

  createToken(request: TokenRequestJson & Waiting): Promise<CreatedTokenJson>
  tokens(options?: Waiting): Promise<readonly TokenJson[]>
  revokeToken(request: { readonly id: string } & Waiting): Promise<void>

  /** Resolves when the node has heard it; it then takes a moment to end. */
  stop(options?: Waiting): Promise<StoppingJson>
}
