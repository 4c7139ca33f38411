import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChannelId, fromHex, msat } from '../../src/base/index.ts'
import { listFeatures } from '../../src/wire/index.ts'
import { Party } from './party.ts'
import { seeds } from './seeds.ts'
import { Stage, until } from './stage.ts'

// Channels that are used before they are confirmed, and channels that payments name by an alias alone (BOLT 2, option_zeroconf and
// option_scid_alias).

const AMOUNT = msat(10_000_000n)
const FUNDING_DEPTH = 6

let stage: Stage
beforeAll(async () => {
  stage = await Stage.create({ zeroConf: true, scidPrivacy: true })
})
afterAll(() => stage.close())

const typeOf = (hex: string): readonly number[] => listFeatures(fromHex(hex))

async function expectPaidBothWays(party: Party, channelId: ChannelId): Promise<void> {
  const { invoice } = await stage.ldk.ask('invoice', { amountMsat: `${AMOUNT}` })
  expect(await party.node.pay({ invoice })).toMatchObject({ status: 'succeeded' })
  const ours = await party.node.createInvoice({ amountMsat: AMOUNT, description: 'at once' })
  expect(await stage.ldk.ask('pay', { invoice: ours.invoice })).toMatchObject({ type: 'sent' })
  await party.quiet(channelId)
}

describe.each(seeds)('both trust each other, seed %i', seed => {
  let party: Party
  beforeAll(async () => {
    party = await Party.create(stage, seed, { trustZeroConf: true })
    await party.connect()
  })
  afterAll(() => party.close())

  test.each(['us', 'ldk'] as const)('a channel of %s is paid over before its block, and after it', async opener => {
    const channelId =
      opener === 'us' ? await party.openUnconfirmed({ zeroConf: true }) : await party.openUnconfirmedFromLdk()
    await party.usable(channelId)
    expect((await party.ours(channelId)).fundingConfirmedHeight).toBeUndefined()
    await expectPaidBothWays(party, channelId)
    await party.mine(FUNDING_DEPTH)
    expect((await party.ours(channelId)).fundingConfirmedHeight).toBeDefined()
    await expectPaidBothWays(party, channelId)
  })

  test('it is one over a cut and a start of ours before its block', async () => {
    const channelId = await party.openUnconfirmed({ zeroConf: true })
    await party.usable(channelId)
    party.cut()
    await party.meetsAgain(channelId)
    await party.restart()
    await party.meetsAgain(channelId)
    await expectPaidBothWays(party, channelId)
    await party.mine(FUNDING_DEPTH)
  })

  test('closed before its block, by us alone: its funding and our commitment confirm together', async () => {
    const channelId = await party.openUnconfirmed({ zeroConf: true })
    await party.usable(channelId)
    await party.node.closeChannel({ channelId, force: true })
    await party.mine(1)
    const { state } = await party.ours(channelId)
    expect(state).toBe('closing')
    await until('LDK has let go of it', async () => (await party.theirs(channelId)) === undefined)
  })
})

describe.each(seeds)('we trust nobody, seed %i', seed => {
  let party: Party
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
  })
  afterAll(() => party.close())

  test('a channel of LDK waits for its block, and works then', async () => {
    const channelId = await party.openUnconfirmedFromLdk()
    await until('we have signed for it', async () =>
      (await party.node.channels()).some(({ state }) => state === 'wait_for_funding_confirmed'),
    )
    expect((await party.ours(channelId)).usable).toBe(false)
    await party.confirm(channelId)
    await expectPaidBothWays(party, channelId)
  })

  test('one of ours waits too where we have not asked for more, though LDK is ready at once', async () => {
    const channelId = await party.openUnconfirmed()
    await until('LDK is ready', async () =>
      party.counter.said.some(({ by, type }) => by === 'ldk' && type === 'channel_ready'),
    )
    expect((await party.ours(channelId)).usable).toBe(false)
    await party.confirm(channelId)
    await expectPaidBothWays(party, channelId)
  })
})

describe.each(seeds)('named by its alias alone, seed %i', seed => {
  let party: Party
  beforeAll(async () => {
    party = await Party.create(stage, seed)
    await party.connect()
  })
  afterAll(() => party.close())

  test.each(['us', 'ldk'] as const)('a channel that %s opens', async opener => {
    const channelId =
      opener === 'us' ? await party.openUnconfirmed({ scidAlias: true }) : await party.openUnconfirmedFromLdk()
    await party.confirm(channelId)
    expect(typeOf((await party.theirs(channelId))?.channelType ?? '')).toEqual([12, 22, 46])
    await expectPaidBothWays(party, channelId)
  })
})
