import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChannelId, type Msat, msat, type NodeId, sat } from '../../src/base/index.ts'
import { decodeInvoice } from '../../src/invoice/index.ts'
import { value } from '../regtest/support.ts'
import type { LdkProcess } from './ldkProcess.ts'
import { CAPACITY_SAT, Party } from './party.ts'
import { seeds } from './seeds.ts'
import { SlowLine } from './slowLine.ts'
import { Stage, until } from './stage.ts'

// Payments that one passes on for the other (BOLT 4, BOLT 7), over private channels that invoices name (BOLT 11, field r).

const AMOUNT = msat(10_000_000n)
/** The payee's at the start: less is left for what comes to it than the payer has. */
const PUSHED = msat(800_000_000n)
const FUNDING_DEPTH = 6

let stage: Stage
beforeAll(async () => {
  stage = await Stage.create()
})
afterAll(() => stage.close())

describe.each(seeds)('LDK pays LDK over us, seed %i', seed => {
  let party: Party
  let payee: LdkProcess
  let line: SlowLine
  let downstream: ChannelId
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
    await party.openFromLdk()
    payee = await stage.another()
    line = await SlowLine.open(party.random, () => payee.port)
    downstream = await openTo(payee)
  })
  afterAll(async () => {
    await party.close()
    await line.close()
    await payee.kill()
  })

  async function openTo(ldk: LdkProcess): Promise<ChannelId> {
    const nodeId = ldk.nodeId as NodeId
    await party.node.connect({ nodeId, address: { host: '127.0.0.1', port: line.port } })
    await party.fund()
    const { channelId } = await party.node.openChannel({
      peer: { nodeId },
      capacitySat: sat(CAPACITY_SAT),
      pushMsat: PUSHED,
    })
    await party.mine(FUNDING_DEPTH)
    await ldk.ask('sync')
    await until('the channel is usable at both ends', async () => {
      const [theirs] = await ldk.ask('channels')
      return theirs?.usable === true && (await party.ours(channelId)).usable
    })
    return channelId
  }

  /** Its hints name the channel by the alias that we gave it, and what we ask for. */
  async function invoiceOfPayee(amountMsat: Msat): Promise<string> {
    return until('the payee knows what we ask for', async () => {
      const { invoice } = await payee.ask('invoice', { amountMsat: `${amountMsat}` })
      return value(decodeInvoice(invoice)).routeHints.length > 0 && invoice
    })
  }

  const held = async (): Promise<bigint> =>
    (await party.node.channels()).reduce((sum, { localMsat }) => sum + localMsat, 0n)

  test('by the hints of the invoice; we keep our fee', async () => {
    const before = await held()
    const end = await stage.ldk.ask('pay', { invoice: await invoiceOfPayee(AMOUNT) })
    expect(end).toMatchObject({ type: 'sent' })
    await party.quiet((await upstream()).channelId)
    const fee = 1_000n + AMOUNT / 10_000n
    await until('the payment has gone on', async () => (await held()) === before + fee)
  })

  test('back and forth at once', async () => {
    const invoices: string[] = []
    for (let i = 0; i < 10; i++) invoices.push(await invoiceOfPayee(msat(1_000_000n)))
    const ends = await Promise.all(invoices.map(invoice => stage.ldk.ask('pay', { invoice })))
    for (const end of ends) expect(end).toMatchObject({ type: 'sent' })
  })

  test('what we cannot pass on goes back, and LDK hears why', async () => {
    // HTLCs that are still on their way off the commitment cost us a fee, which can be spent again when they are gone.
    await until('nothing is on its way', async () => (await party.ours(downstream)).htlcs === 0)
    const { spendableMsat } = await party.ours(downstream)
    const outbound = BigInt((await party.theirs((await upstream()).channelId))?.outboundMsat ?? 0)
    expect(outbound).toBeGreaterThan(spendableMsat + AMOUNT)
    const end = await stage.ldk.ask('pay', { invoice: await invoiceOfPayee(msat(spendableMsat + 1_000n)) })
    expect(end).toMatchObject({ type: 'failed' })
    const again = await stage.ldk.ask('pay', { invoice: await invoiceOfPayee(AMOUNT) })
    expect(again).toMatchObject({ type: 'sent' })
  })

  async function upstream() {
    const found = (await party.node.channels()).find(({ peer }) => peer === stage.ldkId)
    if (found === undefined) throw new Error('there is a channel with LDK')
    return found
  }
})

describe.each(seeds)('we pay ourselves over LDK, seed %i', seed => {
  let payer: Party
  let payee: Party
  let first: ChannelId
  let last: ChannelId
  beforeAll(async () => {
    payer = await Party.create(stage, seed)
    await payer.connect()
    first = await payer.openFromUs()
    payee = await Party.create(stage, seed + 1_000)
    await payee.connect()
    // LDK has the smaller part of it.
    last = await payee.openFromUs()
    await payer.seeAll()
  })
  afterAll(async () => {
    await payer.close()
    await payee.close()
  })

  /** Its hints name the channel by the alias that LDK gave it, and what LDK asks for. */
  async function invoiceOfPayee(amountMsat: Msat) {
    return until('the payee knows what LDK asks for', async () => {
      const made = await payee.node.createInvoice({ amountMsat, description: 'over LDK' })
      return value(decodeInvoice(made.invoice)).routeHints.length > 0 && made
    })
  }

  test('by the hints of the invoice, for a fee', async () => {
    const { invoice, paymentHash } = await invoiceOfPayee(AMOUNT)
    const payment = await payer.node.pay({ invoice })
    expect(payment).toMatchObject({ status: 'succeeded', amountMsat: AMOUNT })
    expect(payment.feeMsat).toBeGreaterThan(0n)
    expect(await payee.payment(paymentHash)).toMatchObject({ status: 'succeeded', amountMsat: AMOUNT })
    await payer.quiet(first)
    await payee.quiet(last)
  })

  test('what LDK cannot pass on comes back', async () => {
    const { receivableMsat } = await payee.ours(last)
    const { invoice } = await invoiceOfPayee(msat(receivableMsat + 20_000_000n))
    await expect(payer.node.pay({ invoice, timeoutMs: 20_000 })).rejects.toMatchObject({ code: 'payment_failed' })
    await payer.quiet(first)
    const again = await invoiceOfPayee(AMOUNT)
    expect(await payer.node.pay({ invoice: again.invoice })).toMatchObject({ status: 'succeeded' })
  })

  test('a line that is cut on the way changes nothing about how it ends', async () => {
    const { invoice } = await invoiceOfPayee(AMOUNT)
    await payer.quiet(first)
    const paid = payer.node.pay({ invoice, timeoutMs: 60_000 })
    await until('it is on its way', async () => (await payer.ours(first)).htlcs > 0)
    payer.cut()
    expect(await paid).toMatchObject({ status: 'succeeded' })
  })
})
