import { deepEqual, ok, strictEqual } from 'node:assert'
import { registerHooks } from 'node:module'
import { parseArgs } from 'node:util'
import type { Side } from '../engine/side.ts'
import { randomFrom } from '../processes/random.ts'

// A small world for the runner of mutants to be tested with: two nodes on the stage of the engine's tests, payments both ways, messages
// one by one, cuts and restarts. It speaks as the seeded world does, and finds what shows in a minute.

const EXPECT = new URL('./standIn.ts?expect', import.meta.url).href
const SHIM = 'export const expect = globalThis.expectOfStandIn'

// The stage is made for the test runner, whose `expect` works nowhere else.
registerHooks({
  resolve: (name, context, next) => (name === 'vitest' ? { url: EXPECT, shortCircuit: true } : next(name, context)),
  load: (url, context, next) =>
    url === EXPECT ? { format: 'module', source: SHIM, shortCircuit: true } : next(url, context),
})
Object.assign(globalThis, {
  expectOfStandIn: (got: unknown, words?: string) => ({
    toBe: (wanted: unknown) => strictEqual(got, wanted, words),
    toEqual: (wanted: unknown) => deepEqual(got, wanted, words),
    toBeLessThanOrEqual: (wanted: number) => ok((got as number) <= wanted, words),
  }),
})

const { localMsat, Stage } = await import('../engine/stage.ts')
const { installBestBackends } = await import('../../src/node/crypto/installBestBackends.ts')
await installBestBackends()

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string' },
    json: { type: 'boolean', default: false },
  },
})
const [seeds, firstSeed] = [Number(values.seeds), Number(values.seed)]
let failure: { readonly seed: number; readonly rule: string; readonly message: string } | undefined
let seedsRun = 0
for (; seedsRun < seeds && failure === undefined; seedsRun++) {
  const seed = firstSeed + seedsRun
  try {
    runSeed(seed)
  } catch (error) {
    failure = { seed, rule: 'all is well', message: error instanceof Error ? error.message : String(error) }
  }
}
console.log(JSON.stringify({ seedsRun, failed: failure !== undefined, ...failure }))
process.exitCode = failure === undefined ? 0 : 1

function runSeed(seed: number): void {
  const random = randomFrom(seed)
  const stage = new Stage()
  const sides = stage.sidesOf(['alice', 'bob'], { limits: { payment: { finalCltvExpiryDelta: 300 } } })
  const [alice, bob] = sides
  const channel = stage.ready(alice, bob, { push: 90_000n })
  for (let deed = 0; deed < 30; deed++) {
    const [one, other] = random.chance(0.5) ? [alice, bob] : [bob, alice]
    const what = random.between(0, 11)
    if (what < 4) stage.keysend(one, other, BigInt(random.between(1, 30_000)))
    else if (what < 9) deliverSome(one, random.between(1, 4))
    else if (what === 9) stage.cut(alice, bob)
    else if (what === 10) stage.restart(one)
    else stage.wait(10_000)
  }
  for (let i = 0; i < 12; i++) stage.wait(30_000)

  function deliverSome(to: Side, count: number): void {
    for (let i = 0; i < count; i++) for (const wire of [...stage.wires.keys()]) stage.deliver(wire, to)
  }
  const sentBy = (side: Side) =>
    side.eventsOf('payment_sent').reduce((sum, { payment }) => sum + payment.amountMsat, 0n)
  for (const side of sides) {
    strictEqual(side.link(channel).state.channel?.state, 'normal', `${side.name} has lost the channel`)
    strictEqual(side.state.payments.inFlight.size, 0, `payments of ${side.name} have no end`)
  }
  const expected = 110_000_000n - sentBy(alice) + sentBy(bob)
  strictEqual(localMsat(alice, channel), expected, 'alice has another balance than her payments make')
  strictEqual(localMsat(bob, channel), 200_000_000n - expected, 'bob has another balance than his payments make')
}
