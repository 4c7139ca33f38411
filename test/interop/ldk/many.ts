import { setTimeout as pause } from 'node:timers/promises'
import type { LdkEvents } from './events.ts'
import type { LdkNode } from './ldkNode.ts'
import { pay } from './payments.ts'
import type { LdkMany, LdkTimes } from './protocol.ts'

// Many payments, asked for inside the process, so that nothing but LDK is measured.

interface Running {
  readonly node: LdkNode
  readonly events: LdkEvents
  /** LDK may have something to do. */
  readonly moved: () => void
}

export async function payMany(
  { node, events, moved }: Running,
  { invoices, atOnce, pauseMs }: LdkMany,
): Promise<LdkTimes> {
  const left = invoices.toReversed()
  const eachMs: number[] = []
  const lane = async (): Promise<void> => {
    for (let invoice = left.pop(); invoice !== undefined; invoice = left.pop()) {
      const start = performance.now()
      const ending = pay(node, events, { invoice })
      moved()
      const end = await ending
      if (end.type === 'failed') throw new Error(`a payment has failed: ${end.reason}\n${end.said.join('\n')}`)
      eachMs.push(performance.now() - start)
      if (pauseMs > 0) await pause(pauseMs)
    }
  }
  const start = performance.now()
  await Promise.all(Array.from({ length: atOnce }, lane))
  return { elapsedMs: performance.now() - start, eachMs }
}
