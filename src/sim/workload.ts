import { type ChannelId, msat, paymentHash, sat, toHex } from '../base/index.ts'
import { channelIdOf, spendableMsat } from '../channel/index.ts'
import { sha256 } from '../crypto/index.ts'
import type { EngineInput, EngineReply, Idempotency } from '../engine/index.ts'
import { signInvoice } from '../invoice/index.ts'
import { requestKey } from '../payment/index.ts'
import type { RegtestChain } from '../regtest/index.ts'
import type { Clock } from './clock.ts'
import { Holds } from './holds.ts'
import type { SimNode } from './node.ts'
import { openWithoutAnchors } from './olderFormat.ts'
import type { ChannelPlan, Deed } from './plan.ts'
import type { Random } from './random.ts'
import { askedFor } from './trust.ts'

type PayDeed = Extract<Deed, { type: 'pay' }>
type Opening = Pick<
  Extract<Deed, { type: 'open' }>,
  'capacitySat' | 'pushSat' | 'manner' | 'isOlder' | 'againAfterMs'
> &
  Pick<ChannelPlan, 'announce'>
type Sending = Pick<Extract<Deed, { type: 'send' }>, 'amountSat' | 'againAfterMs'>

/** A call to pay, and what came of it. */
export interface AskedPayment {
  readonly payer: SimNode
  readonly payee: SimNode
  readonly amountMsat: bigint
  /** Of the payment that this call would begin. */
  readonly hash: string
  readonly idempotencyKey?: string
  readonly token?: string
  reply?: EngineReply
}

const INVOICE_EXPIRY_SECONDS = 3_600
/** Longer than an opening takes up to its funding. */
const PAUSE_BETWEEN_OPENINGS_MS = 300

/** What users of the nodes ask for. */
export class Workload {
  readonly #clock: Clock
  readonly #nodes: readonly SimNode[]
  readonly asked: AskedPayment[] = []
  /** Channels that a user has asked to close without the peer. */
  readonly forced = new Set<ChannelId>()
  readonly holds: Holds
  /** By token: what its payer may spend with it. */
  readonly budgets = new Map<string, bigint>()
  /** By payer and index: those that are known to be there. */
  readonly #tokens = new Map<string, string>()
  #keys = 0

  constructor(clock: Clock, nodes: readonly SimNode[], chain: RegtestChain) {
    this.#clock = clock
    this.#nodes = nodes
    this.holds = new Holds(clock, nodes, chain)
  }

  pay(payer: SimNode, payee: SimNode, deed: PayDeed, random: Random): void {
    if (deed.token === undefined) this.#payOften(payer, payee, deed, random, undefined)
    else this.#withToken(payer, deed.token, random, token => this.#payOften(payer, payee, deed, random, token))
  }

  #payOften(payer: SimNode, payee: SimNode, deed: PayDeed, random: Random, token: string | undefined): void {
    const { times = 1 } = deed
    for (let i = 0; i < times; i++) this.#payOnce(payer, payee, deed, random, token)
  }

  #payOnce(payer: SimNode, payee: SimNode, deed: PayDeed, random: Random, token: string | undefined): void {
    const { by, twin, againAfterMs, timeoutMs, moreMsat = 0 } = deed
    const amountMsat = (deed.isAll === true && allOf(payer, payee)) || deed.amountMsat
    const key = againAfterMs === undefined && token === undefined ? undefined : this.#newKey()
    const common = { amountMsat: BigInt(amountMsat), timeoutMs, key, token }
    // Keys and tokens are the payer's alone.
    const others = { ...common, key: undefined, token: undefined }
    const other = twin ? this.#nodes.find(node => node !== payer && node !== payee) : undefined
    const preimage = random.bytes(32)
    if (deed.back === true) this.#keysend(payee, payer, preimage, others)
    if (by === 'keysend') {
      // Asked again, the API draws another preimage.
      this.#often(
        isAgain => this.#keysend(payer, payee, isAgain ? random.bytes(32) : preimage, common),
        other && (() => this.#keysend(other, payee, preimage, others)),
        againAfterMs,
      )
      return
    }
    const paymentSecret = random.bytes(32)
    if (by === 'forgotten_invoice') {
      const { invoice, hash } = forgottenInvoice(payee, preimage, paymentSecret, common.amountMsat)
      this.#payInvoice(payer, payee, { ...common, invoice, hash, named: false })
      return
    }
    const { hold } = deed
    const bill = hold === undefined ? ({ type: 'create_invoice', preimage } as const) : holding(preimage)
    payee.ask(
      request => ({
        type: 'payment',
        input: {
          ...bill,
          request,
          description: 'a coffee',
          expirySeconds: INVOICE_EXPIRY_SECONDS,
          paymentSecret,
          ...(by === 'invoice' && { amountMsat: msat(common.amountMsat) }),
        },
      }),
      reply => {
        if (reply.type !== 'invoice') return
        if (hold !== undefined) this.holds.begin(payee, preimage, hold)
        const more = { amountMsat: common.amountMsat + BigInt(moreMsat) }
        const { invoice, paymentHash: hash } = reply
        const billed = { invoice, hash, named: by === 'open_invoice' || moreMsat > 0 }
        this.#often(
          () => this.#payInvoice(payer, payee, { ...common, ...more, ...billed }),
          other && (() => this.#payInvoice(other, payee, { ...others, ...more, ...billed })),
          againAfterMs,
        )
      },
    )
  }

  open(from: SimNode, to: SimNode, { capacitySat, pushSat, announce, manner, againAfterMs, isOlder }: Opening): void {
    if (isOlder === true) openWithoutAnchors(from)
    this.#once(
      from,
      againAfterMs,
      idempotency =>
        (request): EngineInput => ({
          type: 'open_channel',
          request,
          nodeId: to.id,
          capacitySat: sat(BigInt(capacitySat)),
          pushMsat: msat(BigInt(pushSat) * 1000n),
          // 32 bytes in hex are an id.
          temporaryChannelId: toHex(from.fresh()) as ChannelId,
          ...askedFor(manner, from, to),
          ...(announce !== undefined && { announce }),
          ...idempotency,
        }),
    )
  }

  /** One after the other, each when the one before has been funded as far as its peer can see. */
  openMany(from: SimNode, to: SimNode, count: number): void {
    for (let i = 0; i < count; i++)
      this.#clock.after(i * PAUSE_BETWEEN_OPENINGS_MS, () => this.open(from, to, { capacitySat: 25_000, pushSat: 0 }))
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

  send(from: SimNode, to: SimNode, { amountSat, againAfterMs }: Sending): void {
    to.ask(
      request => ({ type: 'new_address', request }),
      reply => {
        if (reply.type !== 'address') return
        const { address } = reply
        this.#once(
          from,
          againAfterMs,
          idempotency =>
            (request): EngineInput => ({
              type: 'send_onchain',
              request,
              address,
              amountSat: sat(BigInt(amountSat)),
              ...idempotency,
            }),
        )
      },
    )
  }

  #newKey(): string {
    this.#keys += 1
    return `key-${this.#keys}`
  }

  /**
   * Asks as the node's own door does it where a call has a key: what its record says is not done again, nor what this process has
   * begun and not ended.
   */
  #once(
    node: SimNode,
    againAfterMs: number | undefined,
    input: (idempotency: { idempotency?: Idempotency }) => (request: number) => EngineInput,
  ): void {
    if (againAfterMs === undefined) {
      node.ask(input({}))
      return
    }
    const idempotency = { key: this.#newKey(), fingerprint: 'the same' }
    let running: number | undefined
    const send = () => {
      if (running === node.life || node.disk.records.has(requestKey(idempotency.key)) || !node.isListening) return
      running = node.life
      node.ask(input({ idempotency }), () => {
        running = undefined
      })
    }
    send()
    this.#clock.after(againAfterMs, send)
  }

  /** Makes the token where it is not known to be there: whoever hears nothing makes another one. */
  #withToken(node: SimNode, index: number, random: Random, act: (token: string) => void): void {
    const name = `${node.name} ${index}`
    const known = this.#tokens.get(name)
    if (known !== undefined) {
      act(known)
      return
    }
    const id = toHex(random.bytes(8))
    const budgetMsat = random.pick([200_000n, 2_000_000n, 20_000_000n])
    this.budgets.set(id, budgetMsat)
    node.ask(
      request => ({
        type: 'payment',
        input: {
          type: 'create_token',
          request,
          id,
          name,
          scopes: ['spend'],
          secretHash: toHex(random.bytes(32)),
          budgetMsat: msat(budgetMsat),
        },
      }),
      reply => {
        if (reply.type !== 'token') return
        this.#tokens.set(name, id)
        act(id)
      },
    )
  }

  #close(node: SimNode, channelId: ChannelId, force: boolean): void {
    if (force) this.forced.add(channelId)
    node.ask(request => ({ type: 'close_channel', request, channelId, force }))
  }

  #often(
    send: (isAgain: boolean) => void,
    sendOther: (() => void) | undefined,
    againAfterMs: number | undefined,
  ): void {
    send(false)
    sendOther?.()
    if (againAfterMs !== undefined) this.#clock.after(againAfterMs, () => send(true))
  }

  #keysend(from: SimNode, to: SimNode, preimage: Uint8Array, { amountMsat, timeoutMs, key, token }: Common): void {
    const asked = this.#ask(from, to, { amountMsat, key, token, hash: toHex(sha256(preimage)) })
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
          ...(token !== undefined && { token }),
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
    { amountMsat, timeoutMs, key, token, invoice, hash, named }: Common & Bill,
  ): void {
    const asked = this.#ask(from, to, { amountMsat, key, token, hash })
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
          wantsProgress: true,
          ...(named && { amountMsat: msat(amountMsat) }),
          ...(key !== undefined && { idempotencyKey: key }),
          ...(token !== undefined && { token }),
        },
      }),
      reply => {
        asked.reply = reply
      },
    )
  }

  #ask(
    payer: SimNode,
    payee: SimNode,
    { amountMsat, key, token, hash }: Omit<Common, 'timeoutMs'> & { readonly hash: string },
  ): AskedPayment {
    const asked = {
      payer,
      payee,
      amountMsat,
      hash,
      ...(key !== undefined && { idempotencyKey: key }),
      ...(token !== undefined && { token }),
    }
    this.asked.push(asked)
    return asked
  }
}

/** What the first channel with somebody lets go: 0 where there is none. */
function allOf(payer: SimNode, payee: SimNode): number {
  for (const { peer, state } of payer.links)
    if (peer === payee.id && state.channel?.state === 'normal')
      return Number(spendableMsat(state.channel.durable, 'local'))
  return 0
}

/** Signed as the payee signs it, and not kept. */
function forgottenInvoice(payee: SimNode, preimage: Uint8Array, paymentSecret: Uint8Array, amountMsat: bigint) {
  const { nodeSecret, now, limits } = payee.context(0)
  const hash = paymentHash(sha256(preimage))
  const invoice = signInvoice(
    {
      network: 'regtest',
      amountMsat: msat(amountMsat),
      timestamp: Math.floor(now / 1000),
      paymentHash: hash,
      paymentSecret,
      description: { type: 'text', text: 'a coffee' },
      expirySeconds: INVOICE_EXPIRY_SECONDS,
      minFinalCltvExpiryDelta: limits.payment.finalCltvExpiryDelta,
    },
    nodeSecret,
  )
  return { invoice, hash }
}

/** An invoice whose preimage its node does not know. */
function holding(preimage: Uint8Array) {
  return { type: 'create_hold_invoice', paymentHash: paymentHash(sha256(preimage)) } as const
}

interface Common {
  readonly amountMsat: bigint
  readonly timeoutMs: number
  readonly key: string | undefined
  readonly token: string | undefined
}

interface Bill {
  readonly invoice: string
  readonly hash: string
  /** Whether the payer says how much. */
  readonly named: boolean
}
