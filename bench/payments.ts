import { type Daemon, type DaemonPair, startPair } from './daemons.ts'
import { type Floor, fullCycle, perSecond, untilPreimage } from './floor.ts'
import { median, quantile } from './quantile.ts'
import type { Figure } from './report.ts'

// Payments between two daemons: processes of their own, TCP over the loopback, stores that sync.

export interface PaymentsOptions {
  readonly quick: boolean
  /** Where profiles go. */
  readonly profileIn?: string
}

const NON_DUST_SAT = 1_000
const DUST_SAT = 300
/** Between payments whose latency is measured: they come to nodes that have nothing else to do. */
const PAUSE_MS = 5

export async function benchPayments(floor: Floor, { quick, profileIn }: PaymentsOptions): Promise<readonly Figure[]> {
  const pair = await startPair(profileIn === undefined ? {} : { profileIn })
  const to = pair.payeeAt.nodeId
  const few = quick ? 1 : 4
  const amountSat = NON_DUST_SAT
  const figures: Figure[] = []
  try {
    await pair.payer.ask('rolling', { to, count: 400, amountSat, inFlight: 100 })
    figures.push(...(await alone(pair, floor, 150 * few)))

    const rolling = await counted(pair, 500 * few, count =>
      pair.payer.ask('rolling', { to, count, amountSat, inFlight: 100 }),
    )
    figures.push({
      name: 'payments, 100 in flight',
      value: (500 * few * 1000) / rolling.result,
      unit: '/s',
      better: 'more',
      limit: perSecond(floor, 100, { dust: false }),
      goal: 1_500,
    })
    figures.push(...rolling.cpu('100 in flight'))

    const rounds = 2 * few
    const full = await counted(pair, 483 * rounds, count =>
      pair.payer.ask('rounds', { to, count, amountSat, inFlight: 483 }),
    )
    figures.push({
      name: 'payments, 483 in flight',
      value: 483_000 / median(full.result),
      unit: '/s',
      better: 'more',
      limit: perSecond(floor, 483, { dust: false }),
      goal: 1_800,
    })
    figures.push(...full.cpu('483 in flight'))

    const dust = await pair.payer.ask('rounds', { to, count: 483 * rounds, amountSat: DUST_SAT, inFlight: 483 })
    figures.push({
      name: 'payments of dust, 483 in flight',
      value: 483_000 / median(dust),
      unit: '/s',
      better: 'more',
      limit: perSecond(floor, 483, { dust: true }),
    })

    const http = await pair.payer.ask('overHttp', { to, count: 50 * few, amountSat })
    figures.push({ name: 'payment over the HTTP API, p50', value: median(http), unit: 'ms', better: 'less' })
  } finally {
    await pair.stop()
  }
  return figures
}

async function alone(pair: DaemonPair, floor: Floor, count: number): Promise<readonly Figure[]> {
  const to = pair.payeeAt.nodeId
  const amountSat = NON_DUST_SAT
  const paid = await counted(pair, count, n => pair.payer.ask('alone', { to, count: n, amountSat }))
  const { cycleMs } = paid.result
  const { preimageMs } = await pair.payer.ask('alone', { to, count, amountSat, pauseMs: PAUSE_MS })
  const limit = untilPreimage(floor) / 1000
  const elapsed = cycleMs.reduce((sum, ms) => sum + ms, 0)
  return [
    { name: 'one payment, p50', value: median(preimageMs), unit: 'ms', better: 'less', limit, goal: 4 },
    { name: 'one payment, p99', value: quantile(preimageMs, 0.99), unit: 'ms', better: 'less', limit },
    {
      name: 'full cycles, one at a time',
      value: (cycleMs.length * 1000) / elapsed,
      unit: '/s',
      better: 'more',
      limit: 1e6 / fullCycle(floor),
      goal: 180,
    },
    ...paid.cpu('one at a time'),
  ]
}

/** What it took of the processor, per payment: said beside each figure, since it depends less on what else the machine does. */
async function counted<T>(pair: DaemonPair, count: number, run: (count: number) => Promise<T>) {
  const sides = [pair.payer, pair.payee]
  const before = await Promise.all(sides.map(cpuOf))
  const result = await run(count)
  const after = await Promise.all(sides.map(cpuOf))
  const cpu = (when: string): readonly Figure[] =>
    ['payer', 'payee'].flatMap((side, index) => {
      const [from, to] = [before[index], after[index]]
      if (from === undefined || to === undefined) return []
      const whole = (to.process - from.process) / count
      const thread = (to.thread - from.thread) / count
      return [
        { name: `processor per payment, ${when}: ${side}`, value: whole, unit: 'us', better: 'less' } as const,
        { name: `of that its main thread, ${when}: ${side}`, value: thread, unit: 'us', better: 'less' } as const,
      ]
    })
  return { result, cpu }
}

const cpuOf = (daemon: Daemon) => daemon.ask('cpu')
