import { cpSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ChannelId, msat } from '../../src/base/index.ts'
import { CAPACITY_SAT, Party } from './party.ts'
import { seeds } from './seeds.ts'
import { Stage, until } from './stage.ts'

// LDK comes back from an old copy of its disk and publishes a state that it has revoked: we take all of it (BOLT 5, revoked transactions).

const HELD = msat(40_000_000n)
/** Moved to us after the copy was made: what LDK would win. */
const LATER = msat(200_000_000n)
const MOST_FEES_SAT = 10_000n
/** Two anchors, which nobody needs to fetch. */
const ANCHORS_SAT = 660n

describe.each(seeds)('seed %i', seed => {
  let stage: Stage
  let party: Party
  let channelId: ChannelId
  beforeAll(async () => {
    stage = await Stage.create()
    party = await Party.create(stage, seed)
    await party.connect()
    channelId = seed % 2 === 0 ? await party.openFromLdk() : await party.openFromUs()
  })
  afterAll(async () => {
    await party.close()
    await stage.close()
  })

  test('LDK publishes a revoked state with an HTLC, and we take all of it', async () => {
    const { ldk } = stage
    await ldk.ask('hold', { on: true })
    const { invoice, paymentHash } = await ldk.ask('invoice', { amountMsat: `${HELD}` })
    const paid = party.node.pay({ invoice })
    await ldk.until('it is held', told => told.event === 'claimable')
    await ldk.ask('channels')
    const old = `${stage.folder()}/old`
    cpSync(stage.dataDir, old, { recursive: true })

    await ldk.ask('claim', { paymentHash })
    expect(await paid).toMatchObject({ status: 'succeeded' })
    const later = await party.node.createInvoice({ amountMsat: LATER, description: 'later' })
    expect(await ldk.ask('pay', { invoice: later.invoice })).toMatchObject({ type: 'sent' })
    await party.quiet(channelId)
    const before = await party.coins()

    party.apart()
    await ldk.kill()
    await ldk.start({ dataDir: old })
    await ldk.ask('forceClose', { channelId, nodeId: party.node.nodeId })
    await until('the revoked transaction waits', async () => stage.chain.mempool().length > 0)
    await party.toTheEnd(async () => true)
    expect(await party.node.channels()).toEqual([])

    const after = await party.coins()
    expect(after.ours - before.ours).toBeLessThanOrEqual(CAPACITY_SAT)
    expect(after.ours - before.ours).toBeGreaterThan(CAPACITY_SAT - ANCHORS_SAT - MOST_FEES_SAT)
    expect(after.theirs).toBeLessThanOrEqual(before.theirs)
    const told = (await party.events()).flatMap(({ event }) => (event.type === 'channel_onchain' ? [event.kind] : []))
    expect(told.join(' ')).toMatch(/revoked/)
  })
})
