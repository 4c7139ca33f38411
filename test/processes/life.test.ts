import { afterAll, expect, test } from 'vitest'
import { cleanUp } from '../cli/regtestProcess.ts'
import { killAllDaemons } from './daemon.ts'
import { type Paid, payBothWays } from './payments.ts'
import { randomFrom } from './random.ts'
import { buildTown, channelOf, fund, introduce, openChannel, until } from './town.ts'
import { balancesAgree, everyPaymentOnce, expectCooperative, spenderOf } from './verdict.ts'

// The whole life of a channel between two processes, over nothing but the command line and the API.

afterAll(async () => {
  await killAllDaemons()
  cleanUp()
})

const PAYMENTS = 1_000
const IN_FLIGHT = 8
const CAPACITY_SAT = 10_000_000n
const PUSH_MSAT = 5_000_000_000n

test('two daemons open a channel, pay 1,000 times both ways, and close it', async () => {
  const random = randomFrom(1)
  const town = await buildTown(random)
  const { alice, bob, mine } = town
  await fund(town, alice, 1)
  await introduce(town)

  const { channelId, fundingTxid } = await openChannel(town, { capacitySat: CAPACITY_SAT, pushMsat: PUSH_MSAT })

  const paid = await payBothWays({
    daemons: [alice, bob],
    inFlight: IN_FLIGHT,
    random,
    goesOn: made => made < PAYMENTS / 2,
  })
  expect(paid.length).toBe(PAYMENTS)
  await everyPaymentOnce(town, paid)
  await balancesAgree(town, { channelId, paid, aliceMsat: CAPACITY_SAT * 1000n - PUSH_MSAT })
  await repeatsChangeNothing(paid.slice(0, 20))
  await everyPaymentOnce(town, paid)

  const bobMsat = BigInt((await channelOf(bob, channelId))?.localMsat ?? '0')
  const closing = await alice.client.closeChannel({ channelId })
  expect(closing.closingTxid).toMatch(/^[0-9a-f]{64}$/)
  await mine(1)
  await until('bob sees his coins', async () => (await bob.client.balance()).onchainConfirmedSat !== '0')
  const spender = await spenderOf(town, fundingTxid)
  expectCooperative(spender)
  // What is below one satoshi goes to the miners; either side may be the one that pays the fee of its closing transaction.
  const gotSat = BigInt((await bob.client.balance()).onchainConfirmedSat)
  expect(bobMsat / 1000n - gotSat).toBeLessThan(5_000n)
  await mine(100)
  for (const daemon of [alice, bob]) {
    await until('the channel is closed', async () => (await channelOf(daemon, channelId))?.state === 'closed')
    expect(await daemon.client.channels()).toEqual([])
    expect(daemon.accident).toBeUndefined()
    expect(await daemon.stop()).toBe(0)
  }
}, 1_200_000)

/** A key that was used gives its first answer, whenever it comes again. */
async function repeatsChangeNothing(paid: readonly Paid[]): Promise<void> {
  for (const { payer, request, payment } of paid) expect(await payer.client.pay(request)).toEqual(payment)
}
