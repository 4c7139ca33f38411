import { sat } from '../src/base/index.ts'
import type { ManyInvoices, ManyPaid } from './daemon.ts'
import { fund, type ServedChain, startDaemon, until } from './daemons.ts'

/** Three nodes in a row, of whatever make, whose channels are all the payer's: the first one pays, one of the others is paid. */
export interface Line {
  readonly name: string
  /** Of the node so many hops away. */
  invoices(hops: 1 | 2, count: number, amountSat: number): Promise<readonly string[]>
  pay(many: ManyInvoices): Promise<ManyPaid>
  /** Processor time of all its processes so far. */
  cpuMicros(): Promise<number>
  stop(): Promise<void>
}

const COINS_SAT = sat(20_000_000)

/** Ours: as daemons, each with a store that syncs. */
export async function startOurLine(served: ServedChain, capacitySat: number, profileIn?: string): Promise<Line> {
  const { chain, url } = served
  const start = () => startDaemon(url, profileIn)
  const [a, b, c] = [await start(), await start(), await start()]
  const nodes = [a, b, c]
  for (const node of [a, b]) {
    fund(chain, await node.ask('address'), COINS_SAT)
    await until(async () => (await node.ask('confirmedSat')) > 0)
  }
  await a.ask('open', { peer: await b.ask('started'), capacitySat })
  await b.ask('open', { peer: await c.ask('started'), capacitySat })
  await until(async () => {
    // The funding transactions are on their way to the chain: they are in one of the blocks.
    chain.mine(1)
    const usable = await Promise.all(nodes.map(node => node.ask('usable')))
    return usable.join() === '1,2,1'
  })
  for (const node of nodes) await until(async () => (await node.ask('height')) === chain.height)
  return {
    name: 'ours',
    invoices: (hops, count, amountSat) => (hops === 1 ? b : c).ask('invoices', { count, amountSat }),
    pay: many => a.ask('payInvoices', many),
    cpuMicros: async () => {
      const times = await Promise.all(nodes.map(node => node.ask('cpu')))
      return times.reduce((sum, time) => sum + time.process, 0)
    },
    async stop() {
      for (const node of nodes) await node.stop()
    },
  }
}
