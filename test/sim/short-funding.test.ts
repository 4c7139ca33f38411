import { beforeAll, describe, expect, test } from 'vitest'
import { fundedChannels } from '../../src/sim/ghost.ts'
import { invariants } from '../../src/sim/invariants/index.ts'
import type { Observer } from '../../src/sim/observer.ts'
import { type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import type { World } from '../../src/sim/world.ts'

// An opener that says more than it pays (BOLT 2, channel_ready, sender): its peer looks, and has nothing to do with such a channel.

function endedWith(missingSat: number | undefined) {
  const made = planOf(
    { seed: 'short', mode: 'fast', nodes: 2, deeds: 1, faults: { mine: 1 }, adversary: true },
    randomOf('short'),
  )
  const open = { type: 'open', from: 1, to: 0, capacitySat: 100_000, pushSat: 9_000 } as const
  const deed = { ...open, ...(missingSat !== undefined && { missingSat }) }
  const mine = { type: 'mine', count: 6, contents: 'all' } as const
  const deeds = [
    { id: 0, at: 100, deed },
    { id: 1, at: 5_000, deed: mine },
  ]
  const plan: Plan = { ...made, deeds, healAt: 10_000, closesAll: true }
  let seen: World | undefined
  const published: string[] = []
  const watching: Observer = {
    name: 'published',
    published: ({ name }, { inputs: [input] }, role) => {
      published.push(`${name} ${role} ${input?.outpoint.txid}`)
      return undefined
    },
  }
  const { failure } = runPlan(plan, world => {
    seen = world
    return [watching, ...invariants(world)]
  })
  const durable = (seen?.honest ?? [])
    .flatMap(({ state }) => fundedChannels(state))
    .map(channel => channel.durable)
    .find(({ params }) => params.role === 'accepter')
  return { failure, published, durable }
}

describe('an opener that funds less than it said', () => {
  beforeAll(() => useCrypto('fast'))

  test.each([1, 1_000, 50_000])(
    'is found out by %s sat: its channel never opens, and nothing of it is published',
    missing => {
      const { failure, published, durable } = endedWith(missing)
      expect(failure).toBeUndefined()
      expect(durable?.params.fundingAmountSat).toBe(100_000n + BigInt(missing))
      expect(durable?.ready.local).toBe(false)
      expect(durable?.phase).toMatchObject({ type: 'closing', cause: { mayPublishCommitment: false } })
      expect(durable?.phase).toMatchObject({ cause: { reason: expect.stringContaining('wrong_funding_output') } })
      expect(published).not.toContain(`alice commitment ${durable?.params.fundingOutpoint.txid}`)
    },
  )

  test('is believed where it has paid what it said', () => {
    const { failure, durable } = endedWith(undefined)
    expect(failure).toBeUndefined()
    expect(durable?.params.fundingAmountSat).toBe(100_000n)
    expect(durable?.ready).toEqual({ local: true, remote: true })
    expect(durable?.phase.type).toBe('closed')
  })
})
