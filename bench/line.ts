import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { useCrypto } from '../src/sim/index.ts'
import { memoryStore, sqliteStore } from '../src/storage/index.ts'
import { ForwardLine } from './forwardLine.ts'

// Payments over a line of nodes in one process, in both directions: what they do to the memory, whether anything is left of them, and
// whether everybody has what is due. Says so, and ends with 1 where it is not so.

const HELP = `node bench/line.ts [options]

  --payments N    default 10,000; half of them each way
  --nodes N       default 5
  --in-flight N   in each direction, default 50
  --refused N     one of so many is refused by its payee, default 50
  --block N       so many payments make a block, default 25
  --store NAME    sqlite (default; on disk, synced) or memory (which keeps its records there)
  --crypto NAME   real (default) or fast: keys without a curve`

const { values } = parseArgs({
  options: {
    payments: { type: 'string', default: '10000' },
    nodes: { type: 'string', default: '5' },
    'in-flight': { type: 'string', default: '50' },
    refused: { type: 'string', default: '50' },
    block: { type: 'string', default: '25' },
    store: { type: 'string', default: 'sqlite' },
    crypto: { type: 'string', default: 'real' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

/** Samples of the memory in a run. */
const SAMPLES = 20
const MIB = 1024 * 1024

if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  await useCrypto(values.crypto === 'fast' ? 'fast' : 'real')
  const folder = mkdtempSync(join(tmpdir(), 'bookend-line-'))
  const fileOf = (name: string) => join(folder, `${name}.sqlite`)
  const names = Array.from({ length: Number(values.nodes) }, (_, at) => `node ${at}`)
  const isOnDisk = values.store !== 'memory'
  const payments = Number(values.payments)
  const line = await ForwardLine.open({
    names,
    storeOf: name => (isOnDisk ? sqliteStore({ file: fileOf(name) }) : memoryStore()),
    seed: 1,
  })
  const start = performance.now()
  console.log('payments  seconds  heap MiB  beside it MiB  resident MiB  records on disk MiB')
  const sample = (done: number): void => {
    if (done % Math.ceil(payments / SAMPLES) !== 0) return
    collect()
    collect()
    const { heapUsed, external, rss } = process.memoryUsage()
    const disk = isOnDisk ? names.reduce((sum, name) => sum + statSync(fileOf(name)).size, 0) : 0
    const seconds = (performance.now() - start) / 1000
    const mib = [heapUsed, external, rss, disk].map(bytes => (bytes / MIB).toFixed(1))
    console.log([done, seconds.toFixed(0), ...mib].join('  '))
  }
  sample(0)
  await line.run({
    payments,
    inFlight: Number(values['in-flight']),
    refusedOneOf: Number(values.refused),
    paymentsPerBlock: Number(values.block),
    onDone: sample,
  })
  const complaints = await line.complaints()
  const { user, system } = process.cpuUsage()
  console.log(
    `${line.fulfilled} taken, ${line.refused} refused, ${((user + system) / 1e6).toFixed(0)} s of the processor`,
  )
  console.log(
    complaints.length === 0 ? 'Nothing is left of them, and everybody has what is due.' : complaints.join('\n'),
  )
  if (complaints.length > 0) process.exitCode = 1
  await line.stop()
  rmSync(folder, { recursive: true })
}
