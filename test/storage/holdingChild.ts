// A process that opens the data directory of its first argument, says so or why not, and holds it until it is killed.
import { writeSync } from 'node:fs'
import { openDataDirectory, StorageError } from '../../src/storage/index.ts'

const [path = ''] = process.argv.slice(2)
try {
  openDataDirectory(path)
  // The lock has to outlive the garbage collector, which nothing here keeps from taking the result.
  for (let i = 0; i < 50; i++) new Uint8Array(2 ** 22).fill(1)
  globalThis.gc?.()
  writeSync(1, 'held\n')
  setInterval(() => {}, 1 << 30)
} catch (error) {
  if (!(error instanceof StorageError)) throw error
  writeSync(1, `${error.code}: ${error.message}\n`)
}
