import {
  type Event,
  Event_BumpTransaction,
  Event_ChannelClosed,
  Event_ChannelPending,
  Event_ChannelReady,
  Event_FundingGenerationReady,
  Event_OpenChannelRequest,
  Event_PaymentClaimable,
  Event_PaymentClaimed,
  Event_PaymentFailed,
  Event_PaymentSent,
  Event_PendingHTLCsForwardable,
  Event_SpendableOutputs,
  EventHandler,
  Option_PaymentFailureReasonZ_Some,
  Option_ThirtyTwoBytesZ_Some,
  Option_u32Z,
  PaymentFailureReason,
  type PaymentPurpose,
  Result_NoneReplayEventZ,
  type SpendableOutputDescriptor,
} from 'lightningdevkit'
import { hex, ok, resultOf } from './bytes.ts'
import type { LdkNode } from './ldkNode.ts'
import type { LdkEnd, LdkEvent } from './protocol.ts'

const SAT_PER_VBYTE = 2n
const WEIGHT_PER_VBYTE = 4

/** Does for LDK what it asks of whoever runs it, and tells what has happened. */
export class LdkEvents {
  readonly #node: LdkNode
  readonly #tell: (event: LdkEvent) => void
  readonly #waiting = new Map<string, (end: LdkEnd) => void>()
  readonly #held = new Map<string, Uint8Array>()
  readonly #handler: EventHandler
  /** Collected in the callback, handled after it. */
  #queue: Event[] = []
  holds = false

  constructor(node: LdkNode, tell: (event: LdkEvent) => void) {
    this.#node = node
    this.#tell = tell
    this.#handler = EventHandler.new_impl({
      handle_event: event => {
        this.#queue.push(event)
        return Result_NoneReplayEventZ.constructor_ok()
      },
    })
  }

  /** True where something has happened. */
  process(): boolean {
    const { manager, monitors } = this.#node
    manager.as_EventsProvider().process_pending_events(this.#handler)
    monitors.as_EventsProvider().process_pending_events(this.#handler)
    const events = this.#queue
    this.#queue = []
    for (const event of events) this.#handle(event)
    return events.length > 0
  }

  /** Resolves when a payment of this id (its hash) has ended. */
  end(paymentId: string): Promise<LdkEnd> {
    return new Promise(done => this.#waiting.set(paymentId, done))
  }

  claim(paymentHash: string): void {
    const preimage = this.#held.get(paymentHash)
    if (preimage === undefined) throw new Error(`nothing is held for ${paymentHash}`)
    this.#held.delete(paymentHash)
    this.#node.manager.claim_funds(preimage)
  }

  #handle(event: Event): void {
    const { manager } = this.#node
    if (event instanceof Event_PendingHTLCsForwardable) manager.process_pending_htlc_forwards()
    else if (event instanceof Event_PaymentClaimable) this.#claimable(event)
    else if (event instanceof Event_PaymentClaimed) {
      const { payment_hash, amount_msat } = event
      this.#tell({ event: 'claimed', paymentHash: hex(payment_hash), amountMsat: `${amount_msat}` })
    } else if (event instanceof Event_PaymentSent) {
      this.#ended(event.payment_hash, { type: 'sent', preimage: hex(event.payment_preimage) })
    } else if (event instanceof Event_PaymentFailed) {
      this.#failed(event)
    } else this.#handleChannel(event)
  }

  #handleChannel(event: Event): void {
    if (event instanceof Event_OpenChannelRequest) this.#accept(event)
    else if (event instanceof Event_FundingGenerationReady) this.#fund(event)
    else if (event instanceof Event_ChannelPending)
      this.#tell({ event: 'channel_pending', channelId: hex(event.channel_id.get_a()) })
    else if (event instanceof Event_ChannelReady)
      this.#tell({ event: 'channel_ready', channelId: hex(event.channel_id.get_a()) })
    else if (event instanceof Event_ChannelClosed) {
      const reason = event.reason.to_str()
      this.#tell({ event: 'channel_closed', channelId: hex(event.channel_id.get_a()), reason })
    } else if (event instanceof Event_BumpTransaction) this.#node.bumps.handle_event(event.bump_transaction)
    else if (event instanceof Event_SpendableOutputs) this.#sweep(event.outputs)
    else this.#tell({ event: 'other', name: event.constructor.name })
  }

  #claimable({ payment_hash, amount_msat, purpose }: Event_PaymentClaimable): void {
    const paymentHash = hex(payment_hash)
    const preimage = preimageIn(purpose)
    this.#tell({ event: 'claimable', paymentHash, amountMsat: `${amount_msat}` })
    if (preimage === undefined) {
      if (!this.holds) this.#node.manager.fail_htlc_backwards(payment_hash)
    } else if (this.holds) this.#held.set(paymentHash, preimage)
    else this.#node.manager.claim_funds(preimage)
  }

  #failed({ payment_id, reason }: Event_PaymentFailed): void {
    const why = reason instanceof Option_PaymentFailureReasonZ_Some ? PaymentFailureReason[reason.some] : 'none'
    const said = this.#node.log.filter(line => /Onion Error|HTLC|fail/i.test(line)).slice(-5)
    this.#ended(payment_id, { type: 'failed', reason: `${why}`.replace('LDKPaymentFailureReason_', ''), said })
  }

  #ended(paymentId: Uint8Array, end: LdkEnd): void {
    const id = hex(paymentId)
    this.#waiting.get(id)?.(end)
    this.#waiting.delete(id)
  }

  #accept({ temporary_channel_id: id, counterparty_node_id: peer }: Event_OpenChannelRequest): void {
    const { manager, options } = this.#node
    const accepted = options.zeroConf
      ? manager.accept_inbound_channel_from_trusted_peer_0conf(id, peer, 0n)
      : manager.accept_inbound_channel(id, peer, 0n)
    ok(accepted, 'a channel to accept')
  }

  #fund(event: Event_FundingGenerationReady): void {
    const { manager, wallet } = this.#node
    const { temporary_channel_id: id, counterparty_node_id: peer } = event
    const tx = wallet.pay(event.output_script, event.channel_value_satoshis, SAT_PER_VBYTE)
    ok(manager.funding_transaction_generated(id, peer, tx), 'a funding transaction')
  }

  /** What a channel has left for LDK goes to its wallet. */
  #sweep(outputs: SpendableOutputDescriptor[]): void {
    const { keys, wallet, broadcaster } = this.#node
    const perKw = (Number(SAT_PER_VBYTE) * 1_000) / WEIGHT_PER_VBYTE
    const none = Option_u32Z.constructor_none()
    const spent = keys.as_OutputSpender().spend_spendable_outputs(outputs, [], wallet.script, perKw, none)
    broadcaster.publish([hex(resultOf<Uint8Array>(spent, 'what a channel has left'))])
  }
}

function preimageIn(purpose: PaymentPurpose): Uint8Array | undefined {
  const found = purpose.preimage()
  return found instanceof Option_ThirtyTwoBytesZ_Some ? found.some : undefined
}
