import { beforeAll, describe, expect, test } from 'vitest'
import { jsonEncode } from '../../src/base/index.ts'
import type { PublishedRole } from '../../src/engine/index.ts'
import type { Disk } from '../../src/sim/disk.ts'
import { type Faults, type Outcome, planOf, randomOf, runPlan, useCrypto } from '../../src/sim/index.ts'
import { endedPayments } from '../../src/sim/invariants/endedPayments.ts'
import { money } from '../../src/sim/invariants/money.ts'

// Invariant 1, over a whole run: what is missing in the end is what the chain has taken.

beforeAll(() => useCrypto('fast'))

interface Twin {
  readonly faults?: Faults
  readonly adversary?: boolean
  /** What the first node publishes as this role never gets anywhere. */
  readonly swallowed?: PublishedRole
  /** Its log has none of its payments. */
  readonly forgets?: boolean
}

function runTo(seed: string, { faults, adversary = false, swallowed, forgets = false }: Twin = {}): Outcome {
  const options = {
    seed,
    mode: 'fast',
    nodes: 2,
    deeds: 60,
    adversary,
    ...(faults !== undefined && { faults }),
  } as const
  return runPlan({ ...planOf(options, randomOf(seed)), closesAll: true }, world => {
    const [first] = world.nodes
    if (first !== undefined) {
      first.publishes = role => role !== swallowed
      if (forgets) first.disk.load = () => new Map()
    }
    return [money(world)]
  })
}

describe('the money at the end', () => {
  test.each(['1', '2', '3'])('seed %s of honest nodes: fees, anchors and dust, to the millisatoshi', seed => {
    expect(runTo(seed).failure).toBeUndefined()
  })

  test.each(['1', '2'])('seed %s with somebody who cheats: nobody else has lost by it', seed => {
    expect(runTo(seed, { adversary: true, faults: { pay: 20, mine: 3, publish_old: 3 } }).failure).toBeUndefined()
  })

  test('who does not sweep has less than it should', () => {
    const { failure } = runTo('7', { faults: { pay: 20, mine: 3, close: 3 }, swallowed: 'claim' })
    expect(failure?.message).toMatch(
      /^alice has \d+ msat less than it had, and all that it did cost at most \d+: it had/,
    )
  })

  test('who does not punish has less than it should', () => {
    const faults = { pay: 20, mine: 3, publish_old: 3 }
    const { failure } = runTo('3', { faults, adversary: true, swallowed: 'penalty' })
    expect(failure?.message).toMatch(/^alice has \d+ msat less than it had/)
  })

  test('who has forgotten payments has more than it can have, or less', () => {
    const { failure } = runTo('2', { forgets: true })
    expect(failure?.message).toMatch(/^alice has \d+ msat (more than it can have|less than it had)/)
  })
})

test('fees of others are paid with a payment, and earned by passing one on', () => {
  const events = [
    { type: 'payment_sent', payment: { amountMsat: 10_000n, feeMsat: 7n } },
    { type: 'payment_received', payment: { amountMsat: 4_000n, feeMsat: 0n } },
    { type: 'payment_forwarded', amountMsat: 90_000n, feeMsat: 5n },
    { type: 'payment_failed', payment: { amountMsat: 1n, feeMsat: 1n } },
  ]
  const log = new Map(events.map((event, number) => [`event/${number}`, jsonEncode({ at: 0, event })]))
  // Nothing else of a disk is asked for.
  expect(endedPayments({ name: 'alice', disk: { load: () => log } as unknown as Disk })).toEqual([
    { type: 'payment_sent', amountMsat: 10_007n },
    { type: 'payment_received', amountMsat: 4_000n },
    { type: 'payment_forwarded', amountMsat: 5n },
  ])
})
