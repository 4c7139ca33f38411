import { msat } from '../../../base/index.ts'
import { channelOf, offer, type PaymentRun, preimageOf, runPayments } from '../payments.ts'
import type { Progress } from '../report.ts'
import { isClosed, type World } from '../world.ts'

/** The numbers of the payments that are on their way when Bob vanishes: above those of any run. */
const LEFT_HANGING = { taken: 10_000_001, timedOut: 10_000_002 } as const
/** Blocks after which everything of Alice's has come back, with much to spare: an expiry, then two delays. */
const LONGEST_WAIT_BLOCKS = 1_000

/** Bob stops answering with payments on their way in both directions, and never comes back. */
export async function vanish(world: World, payments: number, progress: Progress): Promise<PaymentRun> {
  progress.phase('Payments in both directions')
  const run = await runPayments(world, payments, progress)
  progress.phase('Bob vanishes')
  await world.alice.command(offer(world, { index: LEFT_HANGING.timedOut, amountMsat: msat(40_000_000n) }))
  await world.settle()
  const bobCanPay = channelOf(world.bob).durable.settled.localMsat >= 45_000_000n
  if (bobCanPay) {
    await world.bob.command(offer(world, { index: LEFT_HANGING.taken, amountMsat: msat(30_000_000n) }))
    await world.settle()
  }
  await world.bobVanishes()
  world.tell(
    'bob',
    `is gone, with 40,000 sat on their way to him${bobCanPay ? ' and 30,000 sat on their way to Alice' : ''}`,
  )
  if (bobCanPay) await takeWithPreimage(world)
  await waitForAlice(world)
  return run
}

/** Alice knows the secret of the payment on its way to her, but nobody is there to hear it. */
async function takeWithPreimage(world: World): Promise<void> {
  const htlc = channelOf(world.alice).durable.htlcs.find(other => other.offeredBy === 'remote')
  if (htlc === undefined) return
  const resolution = { type: 'fulfill', paymentPreimage: preimageOf(LEFT_HANGING.taken) } as const
  await world.alice.command({ type: 'resolve_htlc', id: htlc.id, resolution })
  await world.settle()
}

async function waitForAlice(world: World): Promise<void> {
  await world.mineUntil(() => world.alice.driver.state.channel?.state === 'closing', LONGEST_WAIT_BLOCKS)
  world.tell(
    'alice',
    'waits no longer, since a payment comes near its expiry, and publishes her commitment transaction',
  )
  await world.mineUntil(() => isClosed(world.alice), LONGEST_WAIT_BLOCKS)
  world.tell('alice', "has everything that was hers; what is Bob's waits for him on the chain")
}
