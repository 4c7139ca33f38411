// Runs before every test file: the tests run on the fastest crypto there is here, or on the one that BOOKEND_CRYPTO names.
import { fileURLToPath } from 'node:url'
import { installBestBackends } from '../src/node/crypto/installBestBackends.ts'

// Hundreds of commands and nodes are started as processes of their own, and most of what a start costs is reading the product again:
// they share what Node has compiled of it. `npm ci` takes it away.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/bookend-compiled', import.meta.url))

await installBestBackends()

// Drawn anew in each run, unless BOOKEND_SEED says what to draw from: then each property sees the same cases again.
if (process.env.BOOKEND_SEED !== undefined) {
  const { default: fc } = await import('fast-check')
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.BOOKEND_SEED) | 0 })
}
