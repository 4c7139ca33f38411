import type { ChannelId, FeeratePerKw, Msat, NodeId, OutPoint, PaymentHash, Sat, Txid } from '../base/index.ts'
import type { NumberedEvent, Payment, PaymentProgress, Token, TokenScope } from '../engine/index.ts'
import type { PlainInvoice } from '../invoice/index.ts'
import type { PayBudget, PaymentRoute } from '../payment/index.ts'
import type { NetAddress } from '../ports/index.ts'
import type { ShortChannelId } from '../wire/index.ts'
import type { ExplainedOutput, ExplainedSpend } from './explanation.ts'
import type { TowerInfo } from './towers/types.ts'

// A running node as a program sees it. Verbs take one object; what goes wrong is a `BookendError`; amounts are bigints with their
// unit in the type.

export type NetworkName = 'regtest' | 'signet' | 'testnet4' | 'bitcoin'

export interface BookendNode extends AsyncDisposable {
  readonly nodeId: NodeId
  readonly network: NetworkName
  /** Where peers reach us, if we listen. */
  readonly listening: NetAddress | undefined

  info(): Promise<NodeInfo>
  /** A P2WPKH address that nobody was given before, while the gap limit allows (BIP 84). */
  newAddress(): Promise<{ readonly address: string }>
  balance(): Promise<Balance>
  /** On-chain. `all` leaves the reserve of open channels. */
  send(request: SendRequest): Promise<{ readonly txid: Txid }>

  /** Resolves when `init` was exchanged. Connecting twice is no error. The peer is dialled again whenever it is lost, until `disconnect`. */
  connect(request: PeerAddress & Cancellable): Promise<{ readonly nodeId: NodeId }>
  disconnect(request: { readonly nodeId: NodeId }): Promise<void>
  peers(): Promise<readonly PeerInfo[]>

  /** Resolves when the funding transaction is signed for by both and published. Connects first where there is an address. */
  openChannel(request: OpenRequest): Promise<OpenedChannel>
  /** Open, opening and closing ones; closed ones too where asked for. */
  channels(request?: { readonly closed?: boolean }): Promise<readonly ChannelInfo[]>
  channel(request: { readonly channelId: ChannelId }): Promise<ChannelInfo>
  /** In plain words: where the channel stands, what either side could do on chain right now, why it was closed if it was. */
  explainChannel(request: { readonly channelId: ChannelId }): Promise<ChannelExplanation>
  /** Resolves when the closing transaction is known, or at once with `pending` where the peer is away or HTLCs are in flight. */
  closeChannel(request: CloseRequest): Promise<ClosingChannel>

  /** With a `paymentHash` it is a hold invoice: what is paid waits for `settleInvoice` or `cancelInvoice`. */
  createInvoice(request: InvoiceRequest): Promise<CreatedInvoice>
  /** Takes what is held for the invoice of this preimage. To ask again is no error: it gets the same answer. */
  settleInvoice(request: { readonly preimage: string }): Promise<Payment>
  /** Nobody can pay it any more, and what is held for it goes back. */
  cancelInvoice(request: { readonly paymentHash: PaymentHash }): Promise<void>
  /** Those that can be paid, or whose payment waits. The one that expires last comes first. */
  invoices(request?: InvoicesRequest): Promise<readonly InvoiceInfo[]>
  invoice(request: { readonly paymentHash: PaymentHash }): Promise<InvoiceInfo>
  /** What an invoice says, of whatever network, expired or not. */
  decodeInvoice(request: { readonly invoice: string }): Promise<PlainInvoice>
  /** Resolves when the preimage is there. A payment that failed is a `BookendError` with code `payment_failed`. */
  pay(request: PayRequest): Promise<Payment>
  /** The ways that a payment would take now, one for each part. Nothing is sent, and nothing is kept. */
  routes(request: RoutesRequest): Promise<readonly PaymentRoute[]>
  /** Newest first. */
  payments(request?: PaymentsRequest): Promise<readonly Payment[]>
  payment(request: { readonly paymentHash: PaymentHash }): Promise<Payment>
  /** What we ask for passing payments on, of each channel that is not closing; the oldest first. */
  policies(): Promise<readonly ChannelPolicy[]>
  /** What is not named stays as it is. */
  setPolicy(request: PolicyRequest): Promise<ChannelPolicy>

  /** What is known of the network: what others have announced, and the chain confirms. */
  graphSummary(): Promise<GraphSummary>
  /** Its channels, a page at a time. */
  graph(request?: GraphPageRequest): Promise<GraphPage>
  graphNode(request: { readonly nodeId: NodeId }): Promise<GraphNodeInfo>

  /** From the durable log: all after the number `after`, and then what comes; without it only what comes. Ends with the signal, or the node. */
  events(request?: { readonly after?: number; readonly signal?: AbortSignal }): AsyncIterable<NumberedEvent>
  /** Everything that is needed on an empty directory, encrypted under a key of the seed. Holds no seed. */
  backup(): Promise<Uint8Array>

  /** The secret is told once. */
  createToken(request: TokenRequest): Promise<{ readonly token: Token; readonly secret: string }>
  tokens(): Promise<readonly Token[]>
  revokeToken(request: { readonly id: string }): Promise<void>
  /** The token of this secret, if there is one. Constant-time in the secret. */
  tokenOf(secret: string): Promise<Token | undefined>

  /** Finishes what is being written, says goodbye to peers, and lets go of the data directory. Idempotent. */
  stop(): Promise<void>
  /** Resolves when the node has stopped, rejects when it had to: after a failed write nothing else is safe. */
  readonly stopped: Promise<void>
}

export interface Cancellable {
  readonly signal?: AbortSignal
}

/** A call with the same key and the same content is carried out once, over restarts; the second one gets the first one's answer. */
export interface Repeatable {
  readonly idempotencyKey?: string
}

export interface NodeInfo {
  readonly nodeId: NodeId
  readonly network: NetworkName
  readonly version: string
  readonly blockHeight: number
  /** We know all blocks that the chain has told of, and it answers. */
  readonly synced: boolean
  /** Connected now. */
  readonly peers: number
  /** Open, opening and closing. */
  readonly channels: number
  readonly listening: NetAddress | undefined
  /** Of the last event in the log; 0 before the first. */
  readonly lastEvent: number
  /** Those that it was started with. */
  readonly watchtowers: readonly TowerInfo[]
}

export interface Balance {
  readonly onchainConfirmedSat: Sat
  readonly onchainUnconfirmedSat: Sat
  /** Mined coins that nobody may spend yet; no part of the confirmed sum. */
  readonly onchainImmatureSat: Sat
  /** Kept back for fees of open channels; part of the confirmed sum. */
  readonly onchainReservedSat: Sat
  readonly channelLocalMsat: Msat
  readonly channelRemoteMsat: Msat
}

export interface SendRequest extends Repeatable {
  readonly address: string
  readonly amountSat: Sat | 'all'
  readonly feeratePerKw?: FeeratePerKw
  readonly token?: string
}

export interface PeerAddress {
  readonly nodeId: NodeId
  /** Needed unless the peer is connected or known. */
  readonly address?: NetAddress
}

export interface PeerInfo {
  readonly nodeId: NodeId
  readonly connected: boolean
  readonly outgoing: boolean | undefined
  readonly address: string | undefined
  readonly channels: number
}

export interface OpenRequest extends Repeatable, Cancellable {
  readonly peer: PeerAddress
  readonly capacitySat: Sat
  /** What the other side gets of it at the start. */
  readonly pushMsat?: Msat
  /** To be used before it is confirmed, which the peer has to agree to. Default: no. */
  readonly zeroConf?: boolean
  /** Payments never name it by where it stands on the chain. Default: no. */
  readonly scidAlias?: boolean
  /** The network is to know of it, so that others may pay over it. Default: it is private. */
  readonly announce?: boolean
  readonly feeratePerKw?: FeeratePerKw
  readonly token?: string
}

export interface OpenedChannel {
  readonly channelId: ChannelId
  readonly fundingTxid: Txid
  readonly fundingOutpoint: OutPoint
}

/** The states of the channel machine, and `closed` ones. */
export interface ChannelInfo {
  /** The temporary one until the funding transaction is known. */
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly peerConnected: boolean
  /** `normal` and the peer is there: payments are possible. */
  readonly usable: boolean
  readonly state: string
  readonly role: 'opener' | 'accepter'
  readonly capacitySat: Sat
  readonly localMsat: Msat
  readonly remoteMsat: Msat
  /** What could be paid now, and what could be received: less the reserves, fees and limits. */
  readonly spendableMsat: Msat
  readonly receivableMsat: Msat
  readonly htlcs: number
  readonly fundingOutpoint: OutPoint | undefined
  readonly fundingConfirmedHeight: number | undefined
  readonly feeratePerKw: FeeratePerKw
  /** Why it was closed, in words for people. */
  readonly closeReason: string | undefined
}

export interface ChannelExplanation {
  readonly channel: ChannelInfo
  /** Where it stands, in a sentence or two. */
  readonly summary: string
  readonly local: readonly ExplainedSpend[]
  readonly remote: readonly ExplainedSpend[]
  /** Of a channel that ends or has ended: each output, who may take it when, what was published for it, and what is awaited. */
  readonly outputs: readonly ExplainedOutput[]
  /** Why it was closed, and what was seen. */
  readonly closing: readonly string[]
}

export interface CloseRequest {
  readonly channelId: ChannelId
  /** Publish our commitment transaction instead of asking the peer. */
  readonly force?: boolean
  /**
   * What our closing transaction is to pay, in satoshis per 1,000 weight units (default: what the chain asks now). Asked for again it
   * raises the fee, where the peer knows option_simple_close. Not with `force`, whose fee both sides have signed for already.
   */
  readonly feeratePerKw?: FeeratePerKw
}

export interface ClosingChannel {
  readonly channelId: ChannelId
  readonly state: string
  readonly closingTxid: Txid | undefined
}

export interface InvoiceRequest {
  /** Without it the payer chooses. */
  readonly amountMsat?: Msat
  readonly description?: string
  readonly expirySeconds?: number
  /** Whose preimage the caller has, or will have: makes it a hold invoice. */
  readonly paymentHash?: PaymentHash
  /** Of a hold invoice: how many blocks of time it asks for. They are what the caller has to decide. */
  readonly minFinalCltvExpiryDelta?: number
}

export interface InvoicesRequest {
  /** 100 unless told, 1,000 at most. */
  readonly limit?: number
  /** Those behind this one in the list. */
  readonly after?: PaymentHash
  /** Only those whose payment is held. */
  readonly held?: boolean
}

export interface InvoiceInfo {
  readonly paymentHash: PaymentHash
  readonly invoice: string
  /** `paying`: a part of it has come, and the rest is awaited. `held`: all of it has come, and waits for a decision. */
  readonly status: 'open' | 'paying' | 'held' | 'expired'
  /** Its preimage is not ours: what is paid for it waits for `settleInvoice`. */
  readonly hold: boolean
  readonly amountMsat: Msat | undefined
  readonly description: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** What has come of it and waits, over how many HTLCs. */
  readonly receivedMsat: Msat
  readonly htlcs: number
  /** At this height what waits goes back. */
  readonly cancelledAtHeight: number | undefined
}

export interface CreatedInvoice {
  readonly invoice: string
  readonly paymentHash: PaymentHash
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** Who is paid: by invoice, or without one. */
type Payee =
  | { readonly invoice: string; readonly nodeId?: never }
  | { readonly nodeId: NodeId; readonly invoice?: never }

/** By invoice, or without one (keysend). */
export type PayRequest = Repeatable &
  PayBudget & {
    /** Where the invoice names none, and for keysend. */
    readonly amountMsat?: Msat
    /** How long it is tried; an HTLC that is on its way then is waited for all the same. */
    readonly timeoutMs?: number
    readonly token?: string
    /** Told what is tried, and what came back, until the payment has ended. */
    readonly onProgress?: (progress: PaymentProgress) => void
  } & Payee

export interface GraphSummary {
  readonly nodes: number
  readonly channels: number
  readonly capacitySat: Sat
  /** Of the newest update, in milliseconds since 1970. */
  readonly newestUpdateAt: number | undefined
  /** When a peer had last told all that it knows, in milliseconds since 1970; since this process began. */
  readonly syncedAt: number | undefined
}

export interface GraphPageRequest {
  /** Default 100, at most 1,000. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: number
}

export interface GraphPage {
  readonly channels: readonly GraphChannelInfo[]
  /** Where the next page begins; `undefined` after the last one. */
  readonly next: number | undefined
}

/** A public channel between any two nodes (BOLT 7). */
export interface GraphChannelInfo {
  readonly shortChannelId: ShortChannelId
  /** In the order of their bytes. */
  readonly nodeIds: readonly [NodeId, NodeId]
  readonly capacitySat: Sat
  /** What the first node asks for passing payments on to the second, and the other way round. */
  readonly policies: readonly [GraphPolicy | undefined, GraphPolicy | undefined]
  /** The block that has spent its funding: it is on its way out. */
  readonly spentHeight: number | undefined
}

export interface GraphPolicy {
  readonly disabled: boolean
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: number
  readonly cltvExpiryDelta: number
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
  /** Milliseconds since 1970. */
  readonly updatedAt: number
}

export interface GraphNodeInfo {
  readonly nodeId: NodeId
  readonly channelCount: number
  readonly capacitySat: Sat
  /** Takes payments in parts. */
  readonly offersMpp: boolean
  /** When it has last spoken of itself, in milliseconds since 1970; without that, the next ones are not known. */
  readonly announcedAt: number | undefined
  /** As it calls itself: anybody may take any name. Holds no control characters. */
  readonly alias: string | undefined
  /** Such as `#3399ff`. */
  readonly color: string | undefined
  /** `host:port`. */
  readonly addresses: readonly string[]
  /** The first 1,000. */
  readonly channels: readonly GraphChannelInfo[]
}

export type RoutesRequest = PayBudget & {
  /** Where the invoice names none, and without an invoice. */
  readonly amountMsat?: Msat
} & Payee

export interface PaymentsRequest {
  /** 100 unless told, 1,000 at most. */
  readonly limit?: number
  /** Only those with a lower number. */
  readonly before?: number
  readonly direction?: Payment['direction']
  readonly status?: Payment['status']
}

/** What we ask for passing payments on through a channel (BOLT 7, the channel_update message). */
export interface ChannelPolicy {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly feeBaseMsat: Msat
  readonly feeProportionalMillionths: number
  /** Blocks between the expiry of what comes and of what goes on. */
  readonly cltvExpiryDelta: number
  readonly htlcMinimumMsat: Msat
  /** Undefined: what the channel can take. */
  readonly htlcMaximumMsat: Msat | undefined
  /** Nothing is passed on through it. */
  readonly disabled: boolean
  /** When it was set, in milliseconds since 1970; undefined where it is the default. */
  readonly updatedAt: number | undefined
}

/** What is not named stays as it is. */
export interface PolicyRequest {
  readonly channelId: ChannelId
  readonly feeBaseMsat?: Msat
  readonly feeProportionalMillionths?: number
  readonly cltvExpiryDelta?: number
  readonly htlcMinimumMsat?: Msat
  readonly htlcMaximumMsat?: Msat
  readonly disabled?: boolean
}

export interface TokenRequest {
  readonly name: string
  readonly scopes: readonly TokenScope[]
  /** What it may spend in all, fees included; needed with the scope `spend`, absent for `admin`. */
  readonly budgetMsat?: Msat
}
