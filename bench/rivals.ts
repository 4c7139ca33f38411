import { serveChain } from './daemons.ts'
import { startLdkLine } from './ldkLine.ts'
import { type Line, startOurLine } from './lines.ts'
import { median, quantile } from './quantile.ts'
import type { Figure } from './report.ts'

// Payments of invoices, ours against LDK: in one run on one chain, in turns of some seconds, so that what else the machine does
// comes to both. Their ratio says more than the figures.

export interface RivalsOptions {
  readonly quick: boolean
  readonly profileIn?: string
}

/** Large enough that no turn runs it dry. */
const CAPACITY_SAT = 16_000_000
const AMOUNT_SAT = 1_000
/** Between payments whose latency is measured: they come to nodes that have nothing else to do. */
const PAUSE_MS = 5
const IN_FLIGHT = 100
const GOAL = 5

const WAYS = [
  { hops: 1, name: 'direct' },
  { hops: 2, name: 'over two hops' },
] as const
type Way = (typeof WAYS)[number]

interface Measured {
  readonly aloneMs: number[]
  paid: number
  elapsedMs: number
  cpuMicros: number
}

export async function benchRivals({ quick, profileIn }: RivalsOptions): Promise<readonly Figure[]> {
  const served = await serveChain()
  const lines: Line[] = []
  try {
    lines.push(await startOurLine(served, CAPACITY_SAT, profileIn), await startLdkLine(served, CAPACITY_SAT))
    const [turns, alone, many] = quick ? [1, 8, 120] : [4, 40, 500]
    const figures: Figure[] = []
    for (const way of WAYS) {
      // The compilers warm up: what is measured is a node that has been at work for a while.
      for (const line of lines)
        await turn(line, way, quick ? { alone: 3, many: 60 } : { alone: 100, many: 2_000 }, nothing())
      const measured = lines.map(nothing)
      for (let i = 0; i < turns; i++) {
        for (const [at, line] of lines.entries()) await turn(line, way, { alone, many }, measured[at] ?? nothing())
      }
      figures.push(...figuresOf(way, lines, measured))
    }
    return figures
  } finally {
    for (const line of lines) await line.stop()
    await served.close()
  }
}

const nothing = (): Measured => ({ aloneMs: [], paid: 0, elapsedMs: 0, cpuMicros: 0 })

/** One at a time, then many in flight. */
async function turn(
  line: Line,
  { hops }: Way,
  { alone, many }: { readonly alone: number; readonly many: number },
  measured: Measured,
): Promise<void> {
  const invoices = await line.invoices(hops, alone, AMOUNT_SAT)
  measured.aloneMs.push(...(await line.pay({ invoices, atOnce: 1, pauseMs: PAUSE_MS })).eachMs)
  const more = await line.invoices(hops, many, AMOUNT_SAT)
  const before = await line.cpuMicros()
  const { elapsedMs } = await line.pay({ invoices: more, atOnce: IN_FLIGHT, pauseMs: 0 })
  measured.cpuMicros += (await line.cpuMicros()) - before
  measured.paid += many
  measured.elapsedMs += elapsedMs
}

function figuresOf({ name }: Way, lines: readonly Line[], measured: readonly Measured[]): readonly Figure[] {
  const p50 = measured.map(({ aloneMs }) => median(aloneMs))
  const cpu = measured.map(({ paid, cpuMicros }) => cpuMicros / paid)
  const rates = measured.map(({ paid, elapsedMs }) => (paid * 1000) / elapsedMs)
  const ratio = ([a = 0, b = 0]: readonly number[]) => a / b
  const what = `invoices, ${name}`
  return [
    ...lines.flatMap(({ name: who }, at): Figure[] => [
      { name: `${what}, one at a time, p50: ${who}`, value: p50[at] ?? 0, unit: 'ms', better: 'less' },
      {
        name: `${what}, one at a time, p99: ${who}`,
        value: quantile(measured[at]?.aloneMs ?? [], 0.99),
        unit: 'ms',
        better: 'less',
      },
      { name: `${what}, ${IN_FLIGHT} in flight: ${who}`, value: rates[at] ?? 0, unit: '/s', better: 'more' },
      {
        name: `processor per payment, ${what}, ${IN_FLIGHT} in flight, all nodes: ${who}`,
        value: cpu[at] ?? 0,
        unit: 'us',
        better: 'less',
      },
    ]),
    {
      name: `${what}, one at a time, p50: LDK takes so many times ours`,
      value: ratio(p50.toReversed()),
      unit: 'x',
      better: 'more',
      goal: GOAL,
    },
    {
      name: `${what}, ${IN_FLIGHT} in flight: ours are so many times LDK's`,
      value: ratio(rates),
      unit: 'x',
      better: 'more',
      goal: GOAL,
    },
    {
      name: `processor per payment, ${what}: LDK takes so many times ours`,
      value: ratio(cpu.toReversed()),
      unit: 'x',
      better: 'more',
    },
  ]
}
