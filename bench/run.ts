import { parseArgs } from 'node:util'
import { installBestBackends } from '../src/node/index.ts'
import { benchWire } from './codecs.ts'
import { type Floor, measureFloor } from './floor.ts'
import { benchGraph } from './graph.ts'
import { benchIdle } from './idle.ts'
import { benchPayments } from './payments.ts'
import { type Figure, isMet, MACHINE, printTable, saveBaseline } from './report.ts'
import { benchRivals } from './rivals.ts'
import { benchWatchtower } from './watchtower.ts'

// All benchmarks. Each figure stands beside what the machine could do at best, beside its goal, and beside the baseline that
// is stored in the project. It judges nobody: machines differ, and other programs run on them.

const HELP = `node bench/run.ts [options]

  --only NAME   wire, graph, payments, watchtower, rivals or idle alone
  --quick       fewer rounds, for a look
  --json        figures as JSON
  --save        keep the figures as the baseline
  --profile DIR leave profiles of the daemons' processor time there`

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    save: { type: 'boolean', default: false },
    profile: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const { quick, profile } = values
const BENCHES: Readonly<Record<string, (floor: Floor) => readonly Figure[] | Promise<readonly Figure[]>>> = {
  wire: benchWire,
  graph: () => benchGraph({ quick }),
  payments: floor => benchPayments(floor, { quick, ...(profile !== undefined && { profileIn: profile }) }),
  watchtower: () => benchWatchtower({ quick }),
  rivals: () => benchRivals({ quick, ...(profile !== undefined && { profileIn: profile }) }),
  idle: () => benchIdle({ quick }),
}

if (values.help) console.log(HELP)
else if (values.only !== undefined && BENCHES[values.only] === undefined) {
  console.error(`error: there is no benchmark '${values.only}'; there are ${Object.keys(BENCHES).join(', ')}.`)
  process.exitCode = 2
} else await run()

async function run(): Promise<void> {
  const { secp256k1, hashes } = await installBestBackends()
  const floor = await measureFloor()
  const figures: Figure[] = []
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (values.only === undefined || values.only === name) figures.push(...(await bench(floor)))
  }
  if (values.json) print(floor, figures)
  else {
    console.log(`Crypto: ${secp256k1.name}, hashes: ${hashes.name}. Primitives, in microseconds:`)
    console.log(
      `${Object.entries(floor)
        .map(([name, micros]) => `${name} ${micros.toFixed(1)}`)
        .join(', ')}\n`,
    )
    printTable(figures)
  }
  if (values.save) saveBaseline(figures)
}

function print(floor: Floor, figures: readonly Figure[]): void {
  const judged = figures.map(figure => ({
    ...figure,
    ...(figure.goal !== undefined && { met: isMet(figure, figure.goal) }),
  }))
  console.log(JSON.stringify({ machine: MACHINE, primitivesMicros: floor, figures: judged }, undefined, 2))
}
