import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import type { ChannelJson, OpenedJson } from '../../src/api/index.ts'
import { cleanUp } from '../cli/regtestProcess.ts'
import { type Daemon, killAllDaemons } from './daemon.ts'
import { type Paid, payBothWays, untilDone } from './payments.ts'
import { type Random, randomFrom } from './random.ts'
import { storm } from './storm.ts'
import { buildTown, channelOf, fund, introduce, isUsable, sawAllBlocks, type Town, until } from './town.ts'
import { balancesAgree, everyPaymentOnce, expectCooperative, spenderOf } from './verdict.ts'

// SIGKILL at random moments, while channels are opened, paid over and closed. BOOKEND_KILLS says how many, BOOKEND_SEED which.

afterAll(async () => {
  await killAllDaemons()
  cleanUp()
})

const KILLS = Number(process.env.BOOKEND_KILLS ?? 24)
const SEED = Number(process.env.BOOKEND_SEED ?? 1 + Math.floor(Math.random() * 1_000_000))
const CHANNELS = KILLS < 100 ? 2 : 5
/** Of the deaths of one channel, so many meet its opening, and as many its end. */
const OPENING_SHARE = 0.125
const IN_FLIGHT = 4
const CAPACITY_SAT = 10_000_000n
const PUSH_MSAT = 5_000_000_000n
const LONGEST_PAUSE_MS = { opening: 250, paying: 1_500, closing: 250 }
const RETRY_MS = 200

test(`SIGKILL at ${KILLS} random moments loses no payment and doubles none (BOOKEND_SEED=${SEED})`, async () => {
  const random = randomFrom(SEED)
  const town = await buildTown(random)
  const { alice, bob } = town
  await fund(town, alice, 2)
  await introduce(town)
  const paid: Paid[] = []
  let killed = 0
  for (let round = 0; round < CHANNELS; round++) {
    const kills = Math.ceil((KILLS - killed) / (CHANNELS - round))
    const atEnds = Math.max(1, Math.round(kills * OPENING_SHARE))
    const opening = await openInStorm(town, round, atEnds, random)
    const paying = await payInStorm(town, { opened: opening.opened, before: paid, kills: kills - 2 * atEnds, random })
    paid.push(...paying.paid)
    const closing = await closeInStorm(town, opening.opened, atEnds, random)
    killed += opening.killed + paying.killed + closing.killed
  }
  await everyPaymentOnce(town, paid)
  await repeatsChangeNothing(paid, random)
  await everyPaymentOnce(town, paid)
  for (const daemon of [alice, bob]) {
    expect(daemon.accident).toBeUndefined()
    // Whoever opened, paid and closed in the storm has these channels, and no other.
    const channels = (await funded(daemon)).map(({ state }) => state)
    expect(channels).toEqual(Array.from({ length: CHANNELS }, () => 'closed'))
    await strayOpenings(town, daemon)
    expect(await daemon.stop()).toBe(0)
  }
  const [asked, again] = [paid.length, paid.filter(({ calls }) => calls > 1).length]
  console.log(`seed ${SEED}: ${killed} processes killed, ${asked} payments, ${again} of them asked for more than once`)
}, 7_200_000)

interface Opening {
  readonly opened: OpenedJson
  readonly killed: number
}

/** The same key until the answer is there: one channel, however often it was asked for. */
async function openInStorm(town: Town, round: number, kills: number, random: Random): Promise<Opening> {
  const { alice, bob } = town
  const request = {
    peer: { nodeId: bob.nodeId, address: bob.listen },
    capacitySat: `${CAPACITY_SAT}`,
    pushMsat: `${PUSH_MSAT}`,
    idempotencyKey: `channel-${round}`,
  }
  const [opened, killed] = await Promise.all([
    untilDone(() => alice.client.openChannel(request)),
    storm({ daemons: [alice, bob], kills, longestPauseMs: LONGEST_PAUSE_MS.opening, random }),
  ])
  expect(await alice.client.openChannel(request)).toEqual(opened)
  await until('the funding transaction is on chain', async () => {
    await town.mine(1)
    return (await channelOf(alice, opened.channelId))?.fundingConfirmedHeight !== undefined
  })
  await town.mine(2)
  for (const daemon of [alice, bob]) {
    await until(`the channel is usable for ${daemon.name}`, () => isUsable(daemon, opened.channelId))
    const live = (await funded(daemon)).filter(({ state }) => state !== 'closed').map(({ channelId }) => channelId)
    expect(live, `channels of ${daemon.name}`).toEqual([opened.channelId])
  }
  return { opened, killed }
}

/** Those whose funding transaction is on chain. */
async function funded(daemon: Daemon): Promise<readonly ChannelJson[]> {
  const channels = await daemon.client.channels({ closed: true })
  return channels.filter(({ fundingConfirmedHeight }) => fundingConfirmedHeight !== undefined)
}

/**
 * Openings that died: the opener forgot what it had not signed to the end, and says so when the accepter asks for it. Nobody's money is
 * in them: no chain ever saw their funding transaction, and the accepter keeps them only for the case that one does.
 */
async function strayOpenings({ alice, chain }: Town, daemon: Daemon): Promise<void> {
  const channels = await daemon.client.channels({ closed: true })
  const strays = channels.filter(({ fundingConfirmedHeight }) => fundingConfirmedHeight === undefined)
  if (strays.length > 0) expect(daemon).not.toBe(alice)
  for (const { fundingOutpoint, state, closeReason } of strays) {
    expect(await chain.rpc.call('gettxout', fundingOutpoint?.txid, fundingOutpoint?.vout)).toBeNull()
    expect(['wait_for_funding_confirmed', 'closing']).toContain(state)
    if (state === 'closing') expect(closeReason).toContain('no such channel')
  }
}

interface Paying {
  readonly opened: OpenedJson
  readonly before: readonly Paid[]
  readonly kills: number
  readonly random: Random
}

async function payInStorm(town: Town, { opened, before, kills, random }: Paying) {
  const { alice, bob } = town
  let goesOn = true
  const paying = payBothWays({
    daemons: [alice, bob],
    inFlight: IN_FLIGHT,
    random,
    goesOn: () => goesOn,
    from: before.length,
  })
  const storming = storm({ daemons: [alice, bob], kills, longestPauseMs: LONGEST_PAUSE_MS.paying, random })
  const calm = storming.finally(() => {
    goesOn = false
  })
  const [paid, killed] = await Promise.all([paying, calm])
  const { channelId } = opened
  await balancesAgree(town, { channelId, paid, aliceMsat: CAPACITY_SAT * 1000n - PUSH_MSAT })
  return { paid, killed }
}

/** Either side asks for the end, again and again, until both know it. */
async function closeInStorm(town: Town, { channelId, fundingTxid }: OpenedJson, kills: number, random: Random) {
  const { alice, bob, mine } = town
  const asking = random.of([alice, bob])
  const isEnding = async () => {
    const state = (await channelOf(asking, channelId))?.state ?? ''
    return ['negotiating', 'closing', 'closed'].includes(state)
  }
  const closing = async () => {
    while (!(await isEnding())) {
      await untilDone(async () => {
        if ((await channelOf(asking, channelId))?.state === 'normal') await asking.client.closeChannel({ channelId })
      })
      await pause(RETRY_MS)
    }
  }
  const [, killed] = await Promise.all([
    closing(),
    storm({ daemons: [alice, bob], kills, longestPauseMs: LONGEST_PAUSE_MS.closing, random }),
  ])
  await until('a closing transaction is on chain', async () => {
    await mine(1)
    return (await channelOf(alice, channelId))?.state === 'closing'
  })
  expectCooperative(await spenderOf(town, fundingTxid))
  await mine(100)
  for (const daemon of [alice, bob]) {
    await until('the channel is closed', async () => (await channelOf(daemon, channelId))?.state === 'closed')
    await until(`${daemon.name} has seen all blocks`, () => sawAllBlocks(town, daemon))
  }
  return { killed }
}

/** Long after everything is over, each key still gives the answer that it gave. */
async function repeatsChangeNothing(paid: readonly Paid[], random: Random): Promise<void> {
  const again = paid.filter(({ calls }) => calls > 1 || random.chance(0.05))
  for (const { payer, request, payment } of again) expect(await payer.client.pay(request)).toEqual(payment)
}
