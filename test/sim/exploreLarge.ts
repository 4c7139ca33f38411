// `npm run sim:spec`: the specification in larger bounds than a test has time for. Prints figures; ends with 1 where a rule is broken.
import { explore } from '../../src/sim/explore.ts'
import type { Bounds } from '../../src/sim/specPair.ts'

/** Enough for some gigabytes of memory; more of them are only begun. */
const MOST_STATES = 2_000_000

const LARGE: readonly (readonly [string, Bounds])[] = [
  ['three HTLCs at once, with the chain', { htlcs: 3, pace: 'any', chain: true }],
  ['four HTLCs at once, as the engine plays', { htlcs: 4, pace: 'eager' }],
  ['four HTLCs at once', { htlcs: 4, pace: 'any' }],
]

for (const [what, bounds] of LARGE) {
  const started = performance.now()
  const { states, edges, depth, isComplete, broken } = explore(bounds, { most: MOST_STATES })
  const seconds = ((performance.now() - started) / 1000).toFixed(1)
  const how = isComplete ? 'all of them' : 'the nearest'
  console.info(`${what}: ${states} states, ${how}, ${edges} moves, the furthest ${depth} moves away, in ${seconds} s`)
  if (broken === undefined) continue
  console.error(`broken: ${broken.rule}\n  ${broken.path.join('\n  ')}`)
  process.exitCode = 1
}
