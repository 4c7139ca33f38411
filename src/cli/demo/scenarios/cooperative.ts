import { type PaymentRun, runPayments } from '../payments.ts'
import type { Progress } from '../report.ts'
import { isClosed, type World } from '../world.ts'

/** Both stay, and at the end they close by agreement. */
export async function cooperative(world: World, payments: number, progress: Progress): Promise<PaymentRun> {
  progress.phase('Payments in both directions')
  const run = await runPayments(world, payments, progress)
  progress.phase('They agree to close')
  await world.alice.command({ type: 'shutdown' })
  await world.settle()
  world.tell(
    'alice',
    'asks to close; each signs a last transaction that the other pays for, and the first on the chain counts',
  )
  await world.mineUntil(() => isClosed(world.alice) && isClosed(world.bob), 20)
  world.tell('chain', 'the closing transaction is six blocks deep: the channel is over')
  return run
}
