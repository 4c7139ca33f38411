import { beforeAll, expect, test } from 'vitest'
import { invariants } from '../../src/sim/invariants/index.ts'
import type { Observer } from '../../src/sim/observer.ts'
import { type Faults, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import type { World } from '../../src/sim/world.ts'

// Worlds in REAL mode: secp256k1, and BOLT 8 on every connection.

/** A key of BOLT 8 is used twice for each message, and a thousand times. */
const MESSAGES_OF_A_KEY = 500

beforeAll(() => useCrypto('real'), 120_000)

function planned(seed: string, faults: Faults, deeds: number, nodes = 2) {
  return planOf({ seed, mode: 'real', nodes, deeds, faults, adversary: false }, randomOf(seed))
}

/** How many messages each end of each connection has heard. */
function counting() {
  const heard = new Map<string, number>()
  const observer: Observer = {
    name: 'counting',
    connected: (node, connection) => {
      heard.set(`${connection} ${node.name}`, 0)
      return undefined
    },
    received: (node, connection) => {
      const key = `${connection} ${node.name}`
      heard.set(key, (heard.get(key) ?? 0) + 1)
      return undefined
    },
  }
  return { heard, observer }
}

test('a connection that lasts goes on with other keys', () => {
  const { heard, observer } = counting()
  const plan = planned('rotation', { pay: 60, mine: 1 }, 200)
  expect(runPlan(plan, world => [observer, ...invariants(world)]).failure).toBeUndefined()
  for (const name of ['alice', 'bob']) {
    const most = Math.max(...[...heard].filter(([key]) => key.endsWith(name)).map(([, count]) => count))
    expect(most).toBeGreaterThan(MESSAGES_OF_A_KEY)
  }
})

test('whatever is cut, lost, spoilt or misled, the channels go on; and one seed tells the same twice', () => {
  const faults = {
    pay: 40,
    mine: 4,
    cut: 8,
    stall: 3,
    half_open: 3,
    second_connection: 5,
    spoil: 8,
    mislead: 4,
    crash: 4,
  }
  for (const seed of ['bytes', 'bits']) {
    const { heard, observer } = counting()
    const plan = planned(seed, faults, 60, 3)
    const outcome = runPlan(plan, world => [observer, ...invariants(world)])
    expect(outcome.failure).toBeUndefined()
    // More than one for each pair: there were cuts.
    expect(heard.size).toBeGreaterThan(6)
    expect(runPlan(plan, () => []).traceHash).toBe(outcome.traceHash)
  }
})

test('a node whose id is not the public key of its secret is reached by nobody', () => {
  const forge = (world: World): readonly Observer[] => {
    const [first, second] = world.nodes
    if (first !== undefined && second !== undefined) world.network.join(second, first.context(0).nodeSecret)
    return []
  }
  const { heard, observer } = counting()
  runPlan(planned('forged', { pay: 1 }, 5), world => [observer, ...forge(world)])
  expect(heard.size).toBe(0)
})
