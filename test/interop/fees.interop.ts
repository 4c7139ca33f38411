import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChannelId, msat } from '../../src/base/index.ts'
import { CAPACITY_SAT, Party } from './party.ts'
import { seeds } from './seeds.ts'
import { Stage, until } from './stage.ts'

// What it costs changes (BOLT 2, updating fees), and a channel ends with both agreeing (BOLT 2, channel close).

const AMOUNT = msat(10_000_000n)
/** More than both transactions of a close cost at the rates here. */
const MOST_FEES_SAT = 5_000n

let stage: Stage
beforeAll(async () => {
  stage = await Stage.create()
})
afterAll(() => stage.close())

describe.each(seeds)('fees, seed %i', seed => {
  let party: Party
  let channelId: ChannelId
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
    channelId = await party.openFromLdk()
  })
  afterAll(() => party.close())

  test.each([2_500, 5_000, 1_500])('LDK, who has opened the channel, goes to %i per kw', async perKw => {
    await stage.ldk.ask('feerate', { perKw })
    await stage.ldk.ask('tick')
    await until('the channel has the new feerate on both sides', async () => {
      const theirs = await party.theirs(channelId)
      return theirs?.feeratePerKw === perKw && (await party.ours(channelId)).feeratePerKw === perKw
    })
    expect(party.counter.said).toContainEqual({ by: 'ldk', type: 'update_fee' })
    const { invoice } = await stage.ldk.ask('invoice', { amountMsat: `${AMOUNT}` })
    expect(await party.node.pay({ invoice })).toMatchObject({ status: 'succeeded' })
  })

  test('a new feerate while payments are on their way', async () => {
    const invoices = await Promise.all(
      Array.from({ length: 20 }, () => stage.ldk.ask('invoice', { amountMsat: '1000000' })),
    )
    const paid = invoices.map(({ invoice }) => party.node.pay({ invoice }))
    await stage.ldk.ask('feerate', { perKw: 3_000 })
    await stage.ldk.ask('tick')
    for (const payment of await Promise.all(paid)) expect(payment).toMatchObject({ status: 'succeeded' })
    await until('the new feerate', async () => (await party.ours(channelId)).feeratePerKw === 3_000)
    await party.quiet(channelId)
    await stage.ldk.ask('feerate', { perKw: 1_000 })
  })
})

describe.each(seeds)('fees of ours, seed %i', seed => {
  let party: Party
  let channelId: ChannelId
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
    channelId = await party.openFromUs()
  })
  afterAll(() => party.close())

  async function expectFeerate(perKw: number): Promise<void> {
    await until('the channel has the new feerate on both sides', async () => {
      const theirs = await party.theirs(channelId)
      return theirs?.feeratePerKw === perKw && (await party.ours(channelId)).feeratePerKw === perKw
    })
  }

  // The last is more than is asked for commitments that can be paid for later, so that it is bounded.
  test.each([
    [2_500, 2_500],
    [600, 600],
    [40_000, 5_000],
  ])('it costs %i per kw, and LDK takes our update_fee to %i', async (perKw, expected) => {
    await party.setFeerate(perKw)
    await expectFeerate(expected)
    expect(party.counter.said).toContainEqual({ by: 'us', type: 'update_fee' })
    const { invoice } = await stage.ldk.ask('invoice', { amountMsat: `${AMOUNT}` })
    expect(await party.node.pay({ invoice })).toMatchObject({ status: 'succeeded' })
  })

  test('while payments are on their way, over a line that is cut', async () => {
    const invoices = await Promise.all(
      Array.from({ length: 20 }, () => stage.ldk.ask('invoice', { amountMsat: '1000000' })),
    )
    const paid = invoices.map(({ invoice }) => party.node.pay({ invoice, timeoutMs: 60_000 }))
    const told = party.setFeerate(1_000)
    for (const payment of await Promise.all(paid)) expect(payment).toMatchObject({ status: 'succeeded' })
    await told
    party.cut()
    await party.meetsAgain(channelId)
    await party.mine(1)
    await expectFeerate(1_000)
    await party.quiet(channelId)
  })
})

const ends = seeds.flatMap(seed =>
  (['us', 'ldk'] as const).flatMap(opener => (['us', 'ldk'] as const).map(closer => ({ seed, opener, closer }))),
)

describe.each(ends)('the channel of $opener, closed by $closer, seed $seed', ({ seed, opener, closer }) => {
  let party: Party
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
  })
  afterAll(() => party.close())

  test('both agree, and each gets what it has', async () => {
    const channelId = opener === 'us' ? await party.openFromUs() : await party.openFromLdk()
    const { invoice } = await stage.ldk.ask('invoice', { amountMsat: `${AMOUNT}` })
    await party.node.pay({ invoice })
    await party.quiet(channelId)
    const { localMsat, remoteMsat, fundingOutpoint } = await party.ours(channelId)
    const before = await party.coins()
    if (closer === 'us') await party.node.closeChannel({ channelId })
    else await stage.ldk.ask('close', { channelId, nodeId: party.node.nodeId })
    if (fundingOutpoint === undefined) throw new Error('an open channel has a funding outpoint')
    await until('the closing transaction waits', async () => stage.chain.spendingTx(fundingOutpoint))
    await party.mine(6)
    await until('LDK has let go of it', async () => (await party.theirs(channelId)) === undefined)
    await party.mine(1)
    const after = await party.coins()
    const fees = CAPACITY_SAT - (after.ours - before.ours) - (after.theirs - before.theirs)
    expect(fees).toBeGreaterThan(0n)
    expect(fees).toBeLessThan(MOST_FEES_SAT)
    const [gained, lost] = [after.ours - before.ours, after.theirs - before.theirs]
    expect(gained).toBeGreaterThan(localMsat / 1_000n - (opener === 'us' ? MOST_FEES_SAT : 1n))
    expect(gained).toBeLessThanOrEqual(localMsat / 1_000n)
    expect(lost).toBeLessThanOrEqual(remoteMsat / 1_000n)
    expect(party.counter.said.some(({ type }) => type === 'closing_signed')).toBe(true)
  })
})
