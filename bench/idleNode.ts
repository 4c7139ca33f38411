// A node that starts from a store and does nothing, and says what that costs. Started by idle.ts as a process of its own.
import { bitcoindChain } from '../src/chain/index.ts'
import { createNode, sqlite, tcp } from '../src/node/index.ts'

export interface Measured {
  readonly channels: number
  /** From the call of `createNode` until it listens. */
  readonly startMs: number
  /** Of the processor, from the begin of the process: loading the program counts too. */
  readonly startCpuMs: number
  /** On the heap and beside it, where larger byte arrays are. */
  readonly heapBytes: number
  readonly rssBytes: number
}

const [file = '', url = '', phrase = ''] = process.argv.slice(2)
const start = performance.now()
const node = await createNode({
  chain: bitcoindChain({ url, network: 'regtest' }),
  store: sqlite({ file }),
  net: tcp({ port: 0 }),
  // The phrase of the parent.
  phrase: phrase as never,
})
const startMs = performance.now() - start
const { user, system } = process.cpuUsage()
const startCpuMs = (user + system) / 1000
await new Promise(resolve => setTimeout(resolve, 500))
globalThis.gc?.()
globalThis.gc?.()
const { heapUsed, external, rss } = process.memoryUsage()
const channels = (await node.channels()).length
process.send?.({ channels, startMs, startCpuMs, heapBytes: heapUsed + external, rssBytes: rss } satisfies Measured)
await node.stop()
process.disconnect()
