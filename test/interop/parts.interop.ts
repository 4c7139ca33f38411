import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChannelId, msat } from '../../src/base/index.ts'
import { CAPACITY_SAT, Party, PUSH_MSAT } from './party.ts'
import { seeds } from './seeds.ts'
import { Stage } from './stage.ts'

// Payments in parts (BOLT 4, basic multi-part payments): more than any one channel has.

const AMOUNT = msat(900_000_000n)
const OF_ONE_CHANNEL = CAPACITY_SAT * 1_000n - PUSH_MSAT

let stage: Stage
beforeAll(async () => {
  stage = await Stage.create()
})
afterAll(() => stage.close())

describe.each(seeds)('of LDK, seed %i', seed => {
  let party: Party
  const channels: ChannelId[] = []
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
    channels.push(await party.openFromLdk(), await party.openFromLdk())
  })
  afterAll(() => party.close())

  test('LDK pays an invoice of ours over two channels at once', async () => {
    expect(AMOUNT).toBeGreaterThan(OF_ONE_CHANNEL)
    const said = party.counter.said.length
    const { invoice, paymentHash } = await party.node.createInvoice({ amountMsat: AMOUNT, description: 'in parts' })
    expect(await stage.ldk.ask('pay', { invoice })).toMatchObject({ type: 'sent' })
    const added = party.counter.said.slice(said).filter(({ by, type }) => by === 'ldk' && type === 'update_add_htlc')
    expect(added.length).toBeGreaterThan(1)
    expect(await party.payment(paymentHash)).toMatchObject({ status: 'succeeded', amountMsat: AMOUNT })
    let local = 0n
    for (const channelId of channels) {
      await party.quiet(channelId)
      local += (await party.ours(channelId)).localMsat
    }
    expect(local).toBe(2n * PUSH_MSAT + AMOUNT)
  })
})

describe.each(seeds)('ours, seed %i', seed => {
  let party: Party
  const channels: ChannelId[] = []
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
    channels.push(await party.openFromUs(), await party.openFromUs())
  })
  afterAll(() => party.close())

  test('we pay an invoice of LDK over two channels at once', async () => {
    const said = party.counter.said.length
    const { invoice, paymentHash } = await stage.ldk.ask('invoice', { amountMsat: `${AMOUNT}` })
    expect(await party.node.pay({ invoice })).toMatchObject({ status: 'succeeded', amountMsat: AMOUNT, paymentHash })
    const added = party.counter.said.slice(said).filter(({ by, type }) => by === 'us' && type === 'update_add_htlc')
    expect(added.length).toBeGreaterThan(1)
    let local = 0n
    for (const channelId of channels) {
      await party.quiet(channelId)
      local += (await party.ours(channelId)).localMsat
    }
    expect(local).toBe(2n * OF_ONE_CHANNEL - AMOUNT)
  })
})
