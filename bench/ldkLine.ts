import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sat } from '../src/base/index.ts'
import { LdkProcess } from '../test/interop/ldkProcess.ts'
import { fund, type ServedChain, until } from './daemons.ts'
import type { Line } from './lines.ts'

// Three nodes of LDK in a row, processes of their own, whose disks sync: as ours, on the same chain.

const NAMES = ['a', 'b', 'c'] as const
const COINS_SAT = sat(20_000_000)
const FEERATE_PER_KW = 1_000

export async function startLdkLine(served: ServedChain, capacitySat: number): Promise<Line> {
  const folder = mkdtempSync(join(tmpdir(), 'bookend-bench-ldk-'))
  const nodes = await Promise.all(
    NAMES.map((name, at) =>
      LdkProcess.start({
        seed: `${at + 1}e`.repeat(32),
        dataDir: join(folder, name),
        chain: served.url,
        port: 0,
        feeratePerKw: FEERATE_PER_KW,
        synced: true,
      }),
    ),
  )
  // One for each name.
  const [a, b, c] = nodes as [LdkProcess, LdkProcess, LdkProcess]
  const pairs = [
    [a, b],
    [b, c],
  ] as const
  const mine = async (count: number) => {
    served.chain.mine(count)
    for (const node of nodes) await node.ask('sync')
  }
  // Coins for the fees of anchors are wanted of whoever accepts as well.
  for (const node of nodes) fund(served.chain, (await node.ask('address')).address, COINS_SAT)
  await mine(1)
  for (const [from, to] of pairs) {
    await from.ask('connect', { nodeId: to.nodeId, host: '127.0.0.1', port: to.port })
    await until(async () => (await to.ask('peers')).includes(from.nodeId))
    await from.ask('open', { nodeId: to.nodeId, capacitySat: `${capacitySat}`, pushMsat: '0' })
    await from.until('its channel is funded', ({ event }) => event === 'channel_pending')
  }
  await until(async () => served.chain.mempool().length === pairs.length)
  await mine(6)
  const usable = async (node: LdkProcess) => (await node.ask('channels')).filter(channel => channel.usable).length
  for (const [node, count] of [
    [a, 1],
    [b, 2],
    [c, 1],
  ] as const) {
    await until(async () => (await usable(node)) === count)
  }
  return {
    name: 'LDK',
    invoices: (hops, count, amountSat) => {
      const payee = hops === 1 ? b : c
      return payee.ask('invoices', { count, amountMsat: `${amountSat * 1000}` })
    },
    pay: many => a.ask('payMany', many),
    cpuMicros: async () => {
      const times = await Promise.all(nodes.map(node => node.ask('cpu')))
      return times.reduce((sum, time) => sum + time.process, 0)
    },
    async stop() {
      for (const node of nodes) await node.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
