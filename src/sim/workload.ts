import { type ChannelId, msat, sat, toHex } from '../base/index.ts'
import { channelIdOf } from '../channel/index.ts'
import type { EngineReply } from '../engine/index.ts'
import type { Clock } from './clock.ts'
import type { SimNode } from './node.ts'
import type { Deed } from './plan.ts'
import type { Random } from './random.ts'

type PayDeed = Extract<Deed, { type: 'pay' }>

/** A call to pay, and what came of it. */
export interface AskedPayment {
  readonly payer: SimNode
  readonly payee: SimNode
  readonly amountMsat: bigint
  readonly idempotencyKey?: string
  reply?: EngineReply
}

const INVOICE_EXPIRY_SECONDS = 3_600

/** What users of the nodes ask for. */
export class Workload {
  readonly #clock: Clock
  readonly #nodes: readonly SimNode[]
  readonly asked: AskedPayment[] = []
  /** Channels that a user has asked to close without the peer. */
  readonly forced = new Set<ChannelId>()
  #keys = 0

  constructor(clock: Clock, nodes: readonly SimNode[]) {
    this.#clock = clock
    this.#nodes = nodes
  }

  pay(payer: SimNode, payee: SimNode, deed: PayDeed, random: Random): void {
    const { amountMsat, by, twin, againAfterMs, timeoutMs } = deed
    this.#keys += 1
    const key = againAfterMs === undefined ? undefined : `key-${this.#keys}`
    const common = { amountMsat: BigInt(amountMsat), timeoutMs, key }
    const other = twin ? this.#nodes.find(node => node !== payer && node !== payee) : undefined
    if (by === 'keysend') {
      const preimage = random.bytes(32)
      const send = (from: SimNode) => this.#keysend(from, payee, preimage, common)
      this.#often(send, payer, other, againAfterMs)
      return
    }
    const [preimage, paymentSecret] = [random.bytes(32), random.bytes(32)]
    payee.ask(
      request => ({
        type: 'payment',
        input: {
          type: 'create_invoice',
          request,
          description: 'a coffee',
          expirySeconds: INVOICE_EXPIRY_SECONDS,
          preimage,
          paymentSecret,
          ...(by === 'invoice' && { amountMsat: msat(common.amountMsat) }),
        },
      }),
      reply => {
        if (reply.type !== 'invoice') return
        const send = (from: SimNode) =>
          this.#payInvoice(from, payee, { ...common, invoice: reply.invoice, named: by === 'open_invoice' })
        this.#often(send, payer, other, againAfterMs)
      },
    )
  }

  open(from: SimNode, to: SimNode, capacitySat: number, pushSat: number): void {
    // 32 bytes in hex are an id.
    const temporaryChannelId = toHex(from.fresh()) as ChannelId
    from.ask(request => ({
      type: 'open_channel',
      request,
      nodeId: to.id,
      capacitySat: sat(BigInt(capacitySat)),
      pushMsat: msat(BigInt(pushSat) * 1000n),
      temporaryChannelId,
    }))
  }

  close(node: SimNode, index: number, force: boolean): void {
    const open = node.links.flatMap(({ state: { channel } }) => (channel?.state === 'normal' ? [channel] : []))
    const channel = open[index % Math.max(open.length, 1)]
    if (channel !== undefined) this.#close(node, channelIdOf(channel), force)
  }

  closeAll(node: SimNode, force = false): void {
    for (const { state } of node.links) {
      if (state.channel?.state === 'normal' || (force && state.channel !== undefined && 'durable' in state.channel))
        this.#close(node, channelIdOf(state.channel), force)
    }
  }

  send(from: SimNode, to: SimNode, amountSat: number): void {
    to.ask(
      request => ({ type: 'new_address', request }),
      reply => {
        if (reply.type !== 'address') return
        from.ask(request => ({
          type: 'send_onchain',
          request,
          address: reply.address,
          amountSat: sat(BigInt(amountSat)),
        }))
      },
    )
  }

  #close(node: SimNode, channelId: ChannelId, force: boolean): void {
    if (force) this.forced.add(channelId)
    node.ask(request => ({ type: 'close_channel', request, channelId, force }))
  }

  #often(
    send: (from: SimNode) => void,
    payer: SimNode,
    other: SimNode | undefined,
    againAfterMs: number | undefined,
  ): void {
    send(payer)
    if (other !== undefined) send(other)
    if (againAfterMs !== undefined) this.#clock.after(againAfterMs, () => send(payer))
  }

  #keysend(from: SimNode, to: SimNode, preimage: Uint8Array, { amountMsat, timeoutMs, key }: Common): void {
    const asked = this.#ask(from, to, amountMsat, key)
    const sessionKey = from.fresh()
    from.ask(
      request => ({
        type: 'payment',
        input: {
          type: 'keysend',
          request,
          peer: to.id,
          preimage,
          sessionKey,
          amountMsat: msat(amountMsat),
          timeoutMs,
          ...(key !== undefined && { idempotencyKey: key }),
        },
      }),
      reply => {
        asked.reply = reply
      },
    )
  }

  #payInvoice(
    from: SimNode,
    to: SimNode,
    { amountMsat, timeoutMs, key, invoice, named }: Common & { invoice: string; named: boolean },
  ): void {
    const asked = this.#ask(from, to, amountMsat, key)
    const sessionKey = from.fresh()
    from.ask(
      request => ({
        type: 'payment',
        input: {
          type: 'pay_invoice',
          request,
          invoice,
          sessionKey,
          timeoutMs,
          ...(named && { amountMsat: msat(amountMsat) }),
          ...(key !== undefined && { idempotencyKey: key }),
        },
      }),
      reply => {
        asked.reply = reply
      },
    )
  }

  #ask(payer: SimNode, payee: SimNode, amountMsat: bigint, key: string | undefined): AskedPayment {
    const asked = { payer, payee, amountMsat, ...(key !== undefined && { idempotencyKey: key }) }
    this.asked.push(asked)
    return asked
  }
}

interface Common {
  readonly amountMsat: bigint
  readonly timeoutMs: number
  readonly key: string | undefined
}
