import { setTimeout as pause } from 'node:timers/promises'
import type { DemoReport, Progress, Scenario } from '../../src/cli/demo/report.ts'
import { COOPERATIVE, doctored } from './demoFixture.ts'

// Stands in for src/cli/demo/run.ts in a real process of the command line: its outcome is asked for by the environment.

export async function runDemo(
  { scenario, payments }: { readonly scenario: Scenario; readonly payments: number },
  progress: Progress,
): Promise<DemoReport> {
  progress.phase('Opening a channel')
  for (let done = 0; done <= 10; done++) progress.payments(done, 10)
  switch (process.env.DEMO_OUTCOME) {
    case 'throws':
      throw new Error('the chain refused the funding transaction')
    case 'wrong':
      return doctored(COOPERATIVE, 1n)
    case 'hangs':
      await pause(600_000)
  }
  return { ...COOPERATIVE, scenario, payments: { ...COOPERATIVE.payments, mostInFlight: payments } }
}
