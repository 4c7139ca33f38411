import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChannelId } from '../../src/base/index.ts'
import { sat } from '../../src/base/index.ts'
import { localFeatures } from '../../src/peer/index.ts'
import { offersFeature } from '../../src/wire/index.ts'
import { CAPACITY_SAT, Party } from './party.ts'
import { seeds } from './seeds.ts'
import { Stage, until } from './stage.ts'

// Channels that are used before they are confirmed (BOLT 2, option_zeroconf). We do not have them yet: what LDK would use at once
// waits for its block, and works then.

let stage: Stage
beforeAll(async () => {
  stage = await Stage.create({ zeroConf: true })
})
afterAll(() => stage.close())

test('we do not offer zero-conf channels, nor the aliases that they need', () => {
  expect(offersFeature(localFeatures(), 'option_zeroconf')).toBe(false)
  expect(offersFeature(localFeatures(), 'option_scid_alias')).toBe(false)
})

describe.each(seeds)('seed %i', seed => {
  let party: Party
  let channelId: ChannelId
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
  })
  afterAll(() => party.close())

  test('LDK trusts us and says so at once; we wait for the block', async () => {
    await party.fund()
    const opened = await party.node.openChannel({ peer: { nodeId: stage.ldkId }, capacitySat: sat(CAPACITY_SAT) })
    channelId = opened.channelId
    const { ldk } = stage
    const { invoice } = await ldk.ask('invoice', { amountMsat: '1000000' })
    await until('LDK is ready', async () =>
      party.counter.said.some(({ by, type }) => by === 'ldk' && type === 'channel_ready'),
    )
    await expect(party.node.pay({ invoice, timeoutMs: 1_000 })).rejects.toMatchObject({ code: 'payment_failed' })
    expect((await party.ours(channelId)).usable).toBe(false)
  })

  test('a channel of LDK waits too, though LDK would trust itself', async () => {
    await stage.ldk.ask('open', { nodeId: party.node.nodeId, capacitySat: `${CAPACITY_SAT}`, pushMsat: '0' })
    await until('it is funded', async () =>
      (await party.node.channels()).some(
        ({ role, state }) => role === 'accepter' && state === 'wait_for_funding_confirmed',
      ),
    )
    expect((await party.node.channels()).map(({ usable }) => usable)).toEqual([false, false])
  })

  test('with the block it is a channel like any other', async () => {
    await party.confirm(channelId)
    const { invoice } = await stage.ldk.ask('invoice', { amountMsat: '1000000' })
    expect(await party.node.pay({ invoice })).toMatchObject({ status: 'succeeded' })
  })
})
