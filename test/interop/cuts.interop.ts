import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type ChannelId, msat } from '../../src/base/index.ts'
import type { CutPlan } from './counting.ts'
import { CAPACITY_SAT, Party, PUSH_MSAT } from './party.ts'
import { RUNS_ALL, seeds } from './seeds.ts'
import { Stage, until } from './stage.ts'

// The line is cut after each message of a payment, of either side, and one of the two is started again (BOLT 2, message retransmission).

const AMOUNT = msat(10_000_000n)
/** What each side says about one payment: an update, a commitment_signed or two, a revoke_and_ack or two. */
const MESSAGES_OF_A_SIDE = 5
const SIDES = ['us', 'ldk'] as const
const CUT_SEEDS = RUNS_ALL ? seeds : seeds.slice(0, 1)

let stage: Stage
beforeAll(async () => {
  stage = await Stage.create()
})
afterAll(() => stage.close())

const numbers = Array.from({ length: MESSAGES_OF_A_SIDE }, (_, index) => index + 1)

describe.each(CUT_SEEDS)('seed %i', seed => {
  let party: Party
  let channelId: ChannelId
  let local = CAPACITY_SAT * 1_000n - PUSH_MSAT
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
    channelId = await party.openFromUs()
  })
  afterAll(() => party.close())
  afterEach(() => expect(party.counter.isPlanned, 'the line was cut as planned').toBe(false))

  const pay = { us: wePay, ldk: ldkPays }

  async function wePay(): Promise<void> {
    const { invoice } = await stage.ldk.ask('invoice', { amountMsat: `${AMOUNT}` })
    expect(await party.node.pay({ invoice })).toMatchObject({ status: 'succeeded' })
    local -= AMOUNT
  }

  async function ldkPays(): Promise<void> {
    const { invoice, paymentHash } = await party.node.createInvoice({ amountMsat: AMOUNT, description: 'x' })
    // Its process may end before it could tell: what counts is what we have, and that nothing is left of the payment.
    const told = stage.ldk.ask('pay', { invoice }).catch(() => undefined)
    await until('LDK has paid', async () => (await party.payments()).includes(paymentHash))
    void told
    local += AMOUNT
  }

  async function expectWhole(): Promise<void> {
    await party.meetsAgain(channelId)
    await party.quiet(channelId)
    const { localMsat, remoteMsat } = await party.ours(channelId)
    expect({ localMsat, remoteMsat }).toEqual({ localMsat: local, remoteMsat: CAPACITY_SAT * 1_000n - local })
    expect((await party.theirs(channelId))?.outboundMsat).toBe(`${remoteMsat - CAPACITY_SAT * 10n}`)
  }

  describe.each(SIDES)('a payment of %s', payer => {
    describe.each(SIDES)('the line is cut after what %s has said', by => {
      test.each(numbers)('message %i', async after => {
        party.counter.plan({ by, after, from: 'update_add_htlc' })
        await pay[payer]()
        await expectWhole()
      })
    })
  })

  describe('the line is cut again while the two find out what was lost', () => {
    const plans: readonly CutPlan[] = [
      { by: 'us', after: 1, from: 'channel_reestablish' },
      { by: 'ldk', after: 1, from: 'channel_reestablish' },
      { by: 'us', after: 2, from: 'channel_reestablish' },
      { by: 'ldk', after: 2, from: 'channel_reestablish' },
    ]
    test.each(SIDES.flatMap(payer => plans.map(plan => ({ payer, ...plan }))))(
      'a payment of $payer, message $after of $by',
      async ({ payer, ...plan }) => {
        party.counter.plan({ by: 'ldk', after: 2, from: 'update_add_htlc' })
        const paid = pay[payer]()
        await until('the line is cut', async () => !party.counter.isPlanned)
        party.counter.plan(plan)
        await paid
        await expectWhole()
      },
    )
  })

  describe('we are started again', () => {
    test.each(RUNS_ALL ? numbers : [2, 4])('in a payment of LDK, after message %i of ours', async after => {
      party.counter.plan({ by: 'us', after, from: 'update_add_htlc' })
      const paid = ldkPays()
      await until('the line is cut', async () => !party.counter.isPlanned)
      await party.restart()
      await paid
      await expectWhole()
    })

    test('while LDK holds what we pay', async () => {
      await stage.ldk.ask('hold', { on: true })
      const { invoice, paymentHash } = await stage.ldk.ask('invoice', { amountMsat: `${AMOUNT}` })
      const from = stage.ldk.events.length
      const paid = party.node.pay({ invoice }).catch(() => undefined)
      await stage.ldk.until('it holds it', told => told.event === 'claimable' && told.paymentHash === paymentHash, from)
      await party.restart()
      await paid
      expect(await party.payment(paymentHash)).toMatchObject({ status: 'pending' })
      await stage.ldk.ask('hold', { on: false })
      await stage.ldk.ask('claim', { paymentHash })
      local -= AMOUNT
      await until('we know', async () => (await party.payment(paymentHash)).status === 'succeeded')
      await expectWhole()
    })
  })

  describe('LDK is killed, and started again', () => {
    const kills = SIDES.flatMap(payer => (RUNS_ALL ? numbers : [3]).map(after => ({ payer, after })))
    test.each(kills)('in a payment of $payer, after its own message $after', async ({ payer, after }) => {
      const { invoice } = await stage.ldk.ask('invoice', { amountMsat: `${AMOUNT}` })
      const ours = await party.node.createInvoice({ amountMsat: AMOUNT, description: 'x' })
      party.counter.plan({ by: 'ldk', after, from: 'update_add_htlc' })
      const paid = payer === 'us' ? party.node.pay({ invoice }) : stage.ldk.ask('pay', { invoice: ours.invoice })
      paid.catch(() => undefined)
      await until('the line is cut', async () => !party.counter.isPlanned)
      await stage.ldk.kill()
      await stage.ldk.start()
      if (payer === 'us') expect(await paid).toMatchObject({ status: 'succeeded' })
      else await until('we are paid', async () => (await party.payments()).includes(ours.paymentHash))
      local += payer === 'us' ? -AMOUNT : AMOUNT
      await expectWhole()
    })
  })
})
