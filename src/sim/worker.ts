import { parentPort, workerData } from 'node:worker_threads'
import type { Mode } from './plan.ts'
import { type SeedJob, SeedRunner } from './seeds.ts'
import { useCrypto } from './useCrypto.ts'

// One thread of the simulator: takes a seed, runs it, says what came of it.

// What starts it says so.
await useCrypto((workerData as { readonly mode: Mode }).mode)
const runner = new SeedRunner()
parentPort?.on('message', (job: SeedJob) => parentPort?.postMessage(runner.run(job)))
