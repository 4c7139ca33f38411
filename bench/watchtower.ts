import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bitcoindChain } from '../src/chain/index.ts'
import { tcpNetwork } from '../src/net/index.ts'
import { serveTower, sqlite, type Tower } from '../src/node/index.ts'
import { type DaemonPair, startPair, until } from './daemons.ts'
import { median } from './quantile.ts'
import type { Figure } from './report.ts'

// What a watchtower costs payments: the same between two pairs of daemons, of which one has a tower, in turns.

const AMOUNT_SAT = 1_000
const ROUNDS = 4

interface Measured {
  readonly aloneMs: number[]
  readonly perSecond: number[]
}

export async function benchWatchtower({ quick }: { readonly quick: boolean }): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'bookend-bench-tower-'))
  let tower: Tower | undefined
  const watched = await startPair({
    tower: async url => {
      tower = await serveTower({
        chain: bitcoindChain({ url, network: 'regtest' }),
        store: sqlite({ file: join(folder, 'tower.sqlite') }),
        nodeSecret: new Uint8Array(32).fill(9),
        net: nodeSecret => tcpNetwork({ nodeSecret }),
        listen: { host: '127.0.0.1', port: 0 },
      })
      return `${tower.nodeId}@${tower.listening.port}`
    },
  })
  const plain = await startPair()
  const figures: Figure[] = []
  try {
    const count = quick ? 100 : 400
    const [without, having]: [Measured, Measured] = [
      { aloneMs: [], perSecond: [] },
      { aloneMs: [], perSecond: [] },
    ]
    for (let round = 0; round < ROUNDS; round++) {
      await measure(plain, without, count)
      await measure(watched, having, count)
    }
    const started = performance.now()
    await until(async () => (await watched.payer.ask('waiting')) + (await watched.payee.ask('waiting')) === 0)
    const drainMs = performance.now() - started
    const [alone, aloneHaving] = [median(without.aloneMs), median(having.aloneMs)]
    const [rate, rateHaving] = [median(without.perSecond), median(having.perSecond)]
    figures.push(
      { name: 'one payment, p50, without a watchtower', value: alone, unit: 'ms', better: 'less' },
      { name: 'one payment, p50, with a watchtower', value: aloneHaving, unit: 'ms', better: 'less' },
      { name: 'so many times as long', value: aloneHaving / alone, unit: 'x', better: 'less' },
      { name: '100 in flight, without a watchtower', value: rate, unit: '/s', better: 'more' },
      { name: '100 in flight, with a watchtower', value: rateHaving, unit: '/s', better: 'more' },
      { name: 'so many times as fast', value: rateHaving / rate, unit: 'x', better: 'more' },
      { name: 'until the tower has all, after the last payment', value: drainMs, unit: 'ms', better: 'less' },
      { name: 'kept by the tower for one payment', value: keptPerPayment(tower, count), unit: 'bytes', better: 'less' },
    )
  } finally {
    await watched.stop()
    await plain.stop()
    await tower?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  return figures
}

async function measure({ payer, payeeAt }: DaemonPair, into: Measured, count: number): Promise<void> {
  const to = payeeAt.nodeId
  const { preimageMs } = await payer.ask('alone', { to, count: count / 4, amountSat: AMOUNT_SAT, pauseMs: 5 })
  into.aloneMs.push(median(preimageMs))
  const ms = await payer.ask('rolling', { to, count, amountSat: AMOUNT_SAT, inFlight: 100 })
  into.perSecond.push((count * 1000) / ms)
}

/** By both clients. */
function keptPerPayment(tower: Tower | undefined, count: number): number {
  let bytes = 0
  for (const use of tower?.status().clients.values() ?? []) bytes += use.bytes
  return bytes / (ROUNDS * (count + count / 4))
}
