import { msat } from '../../../base/index.ts'
import { channelOf, offer, type PaymentRun, preimageOf, runPayments } from '../payments.ts'
import type { Progress } from '../report.ts'
import { isClosed, type World } from '../world.ts'

/** The number of the payment that is on its way in the state that Bob keeps: above those of any run. */
const IN_THE_OLD_STATE = 10_000_001

/** Bob keeps an old state and publishes it after it was revoked. Alice takes all of it. */
export async function cheat(world: World, payments: number, progress: Progress): Promise<PaymentRun> {
  progress.phase('Payments in both directions')
  // The old state is one with a payment on its way, so that an HTLC output is there to be taken too.
  await world.alice.command(offer(world, { index: IN_THE_OLD_STATE, amountMsat: msat(50_000_000n) }))
  await world.settle()
  const old = world.bob.backup()
  const oldNumber = channelOf(world.bob).durable.localCommit.number
  world.tell('bob', `keeps a copy of his state number ${oldNumber}, with 50,000 sat on their way to him`)
  await world.bob.command({
    type: 'resolve_htlc',
    id: 0,
    resolution: { type: 'fulfill', paymentPreimage: preimageOf(IN_THE_OLD_STATE) },
  })
  await world.settle()
  const run = await runPayments(world, payments, progress)
  progress.phase('Bob cheats')
  const newNumber = channelOf(world.bob).durable.localCommit.number
  world.bobReturnsFrom(old)
  await world.bob.driver.submit({ type: 'started' })
  await world.bob.command({ type: 'force_close', reason: 'an old state looks better' })
  await world.settle()
  world.tell('bob', `publishes state number ${oldNumber}, though ${newNumber} is the newest and the old one is revoked`)
  await world.mineUntil(() => world.alice.driver.state.channel?.state === 'closing', 5)
  world.tell('alice', 'recognises it, and holds the secret that takes every output of it')
  await world.mineUntil(() => isClosed(world.alice), 100)
  world.tell('alice', 'has the whole channel, but for fees and anchors')
  return run
}
