import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChannelId, fromHex, type Msat, msat, toHex } from '../../src/base/index.ts'
import { sha256 } from '../../src/crypto/index.ts'
import { CAPACITY_SAT, Party, PUSH_MSAT } from './party.ts'
import { RUNS_ALL, seeds } from './seeds.ts'
import { Stage } from './stage.ts'

// Payments both ways (BOLT 2, BOLT 4, BOLT 11), one at a time and many at once.

const AMOUNT = msat(10_000_000n)
const MANY = 1_000
/** Each way; below what LDK takes without trouble in all. */
const AT_ONCE = 60
const SMALL = msat(400_000n)
const OPENERS = ['us', 'LDK'] as const

let stage: Stage
beforeAll(async () => {
  stage = await Stage.create()
})
afterAll(() => stage.close())

const cases = seeds.flatMap(seed => OPENERS.map(opener => ({ seed, opener })))

/** Where the many are sent: it takes a while. */
const THOUSANDS = RUNS_ALL ? cases : cases.slice(0, 1)

describe.each(cases)('the channel of $opener, seed $seed', ({ seed, opener }) => {
  let party: Party
  let channelId: ChannelId
  /** What we ought to have in the channel. */
  let local: bigint
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
    channelId = opener === 'us' ? await party.openFromUs() : await party.openFromLdk()
    local = opener === 'us' ? CAPACITY_SAT * 1_000n - PUSH_MSAT : PUSH_MSAT
  })
  afterAll(() => party.close())

  async function expectMoved(amountMsat: bigint): Promise<void> {
    local += amountMsat
    await party.quiet(channelId)
    const { localMsat, remoteMsat } = await party.ours(channelId)
    expect({ localMsat, remoteMsat }).toEqual({ localMsat: local, remoteMsat: CAPACITY_SAT * 1_000n - local })
    // Less what it has to keep, a hundredth of the capacity.
    expect((await party.theirs(channelId))?.outboundMsat).toBe(`${remoteMsat - CAPACITY_SAT * 10n}`)
  }

  async function payLdk(amountMsat: Msat): Promise<void> {
    const { invoice, paymentHash } = await stage.ldk.ask('invoice', { amountMsat: `${amountMsat}` })
    const payment = await party.node.pay({ invoice })
    expect(payment).toMatchObject({ status: 'succeeded', amountMsat, paymentHash })
    expect(toHex(sha256(fromHex(payment.preimage ?? '')))).toBe(paymentHash)
  }

  async function ldkPays(amountMsat: Msat): Promise<void> {
    const { invoice, paymentHash } = await party.node.createInvoice({ amountMsat, description: 'from us' })
    const end = await stage.ldk.ask('pay', { invoice })
    if (end.type !== 'sent') throw new Error(`LDK could not pay: ${JSON.stringify(end)}`)
    expect(toHex(sha256(fromHex(end.preimage)))).toBe(paymentHash)
    expect(await party.payment(paymentHash)).toMatchObject({ status: 'succeeded', direction: 'received', amountMsat })
  }

  test('we pay an invoice of LDK', async () => {
    await payLdk(AMOUNT)
    await expectMoved(-AMOUNT)
  })

  test('LDK pays an invoice of ours', async () => {
    await ldkPays(AMOUNT)
    await expectMoved(AMOUNT)
  })

  test('we pay an invoice of LDK that names no amount', async () => {
    const { invoice } = await stage.ldk.ask('invoice', {})
    expect(await party.node.pay({ invoice, amountMsat: AMOUNT })).toMatchObject({ status: 'succeeded' })
    await expectMoved(-AMOUNT)
  })

  test('LDK pays an invoice of ours that names no amount', async () => {
    const { invoice } = await party.node.createInvoice({ description: 'as you like' })
    expect(await stage.ldk.ask('pay', { invoice, amountMsat: `${AMOUNT}` })).toMatchObject({ type: 'sent' })
    await expectMoved(AMOUNT)
  })

  test('we pay LDK without an invoice', async () => {
    const payment = await party.node.pay({ nodeId: stage.ldkId, amountMsat: AMOUNT })
    expect(payment).toMatchObject({ status: 'succeeded', amountMsat: AMOUNT })
    await expectMoved(-AMOUNT)
  })

  test('LDK pays us without an invoice', async () => {
    const { nodeId } = party.node
    expect(await stage.ldk.ask('keysend', { nodeId, amountMsat: `${AMOUNT}` })).toMatchObject({ type: 'sent' })
    await expectMoved(AMOUNT)
  })

  test('amounts below the dust limit go both ways', async () => {
    await payLdk(msat(1_000n))
    await ldkPays(msat(1_001n))
    await expectMoved(1n)
  })

  if (THOUSANDS.some(one => one.seed === seed && one.opener === opener))
    test(`${MANY} payments, half each way, ${2 * AT_ONCE} in flight`, async () => {
      const said = party.counter.said.length
      let most = 0
      const watching = setInterval(async () => {
        const { htlcs } = await party.ours(channelId)
        most = Math.max(most, htlcs)
      }, 20)
      await Promise.all([
        inLanes(MANY / 2, AT_ONCE, () => payLdk(SMALL)),
        inLanes(MANY / 2, AT_ONCE, () => ldkPays(SMALL)),
      ]).finally(() => clearInterval(watching))
      await expectMoved(0n)
      const signed = party.counter.said.slice(said).filter(({ type }) => type === 'commitment_signed').length
      expect(most).toBeGreaterThan(AT_ONCE / 2)
      // They share signatures: one by one it would be two of each side for each payment.
      expect(signed).toBeLessThan(MANY * 4)
    })
})

/** So many in all, so many at once. */
async function inLanes(count: number, atOnce: number, one: () => Promise<void>): Promise<void> {
  let left = count
  const lane = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      await one()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}
