import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ChannelId } from '../../src/base/index.ts'
import type { OracleOptions } from '../../src/sim/oracle.ts'
import { Coverage, reachable } from '../../src/sim/specCoverage.ts'
import type { Side } from '../engine/side.ts'
import { Stage } from '../engine/stage.ts'
import { Overseer } from './oracleStage.ts'

type Action =
  | { readonly type: 'pay'; readonly from: number; readonly amount: number }
  | { readonly type: 'deliver'; readonly to: number; readonly count: number }
  | { readonly type: 'restart'; readonly who: number }
  | { readonly type: 'cut' | 'settle' | 'reconnect' | 'mine' }

const who = fc.nat(1)
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ type: fc.constant('pay'), from: who, amount: fc.integer({ min: 1, max: 9_000 }) }),
  },
  {
    weight: 12,
    arbitrary: fc.record({ type: fc.constant('deliver'), to: who, count: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('restart'), who }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constantFrom('cut', 'settle', 'reconnect', 'reconnect', 'mine') }) },
)

class World {
  readonly overseer: Overseer
  readonly stage = new Stage()
  readonly sides: readonly [Side, Side]
  readonly channel: ChannelId

  constructor(options: OracleOptions = {}) {
    this.overseer = new Overseer(options)
    const { stage, overseer } = this
    const sides = stage.sidesOf(['alice', 'bob'], { limits: { payment: { finalCltvExpiryDelta: 300 } } })
    for (const side of sides) {
      side.compares = false
      overseer.watch(side)
    }
    this.sides = sides
    this.channel = stage.ready(sides[0], sides[1], { push: 90_000n })
  }

  act(action: Action): void {
    const { stage, sides } = this
    const side = (index: number) => (index === 0 ? sides[0] : sides[1])
    switch (action.type) {
      case 'pay':
        stage.keysend(side(action.from), side(1 - action.from), BigInt(action.amount))
        return
      case 'deliver':
        for (let i = 0; i < action.count; i++)
          for (const wire of [...stage.wires.keys()]) stage.deliver(wire, side(action.to))
        return
      case 'restart':
        stage.restart(side(action.who))
        return
      case 'cut':
        stage.cut(...sides)
        return
      case 'settle':
        stage.settle()
        return
      case 'reconnect':
        stage.now += 10_000
        for (const each of sides) each.turn({ type: 'tick' })
        return
      case 'mine':
        stage.chain.mine(1)
        for (const each of sides) each.catchUp()
        return
    }
  }
}

test('the engine does what the specification says, whatever the world does', () => {
  let steps = 0
  let spent = 0
  const one = new Coverage(reachable({ htlcs: 1, pace: 'eager' }))
  const two = new Coverage(reachable({ htlcs: 2, pace: 'eager' }))
  const onState = (key: string, before: string | undefined) => {
    one.onState(key, before)
    two.onState(key, before)
  }
  fc.assert(
    fc.property(fc.array(action, { minLength: 60, maxLength: 200, size: 'max' }), actions => {
      const world = new World({ onState })
      for (const each of actions) world.act(each)
      world.stage.wait(30_000)
      expect(world.overseer.complaints).toEqual([])
      steps += world.overseer.oracle.steps
      spent += world.overseer.spent
    }),
    { numRuns: 100 },
  )
  const share = ({ seen, of }: { seen: number; of: number }) => `${seen} of ${of}`
  console.info(`${steps} turns followed, ${((1000 * spent) / steps).toFixed(1)} µs each`)
  console.info(`with one HTLC: ${share(one.states)} states, ${share(one.edges)} moves`)
  console.info(`with two: ${share(two.states)} states, ${share(two.edges)} moves`)
  expect(steps).toBeGreaterThan(5_000)
})
