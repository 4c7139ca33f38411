import { expect, test } from 'vitest'
import { pmapValues } from '../../src/base/index.ts'
import { invariants } from '../../src/sim/invariants/index.ts'
import type { Observer } from '../../src/sim/observer.ts'
import { type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'

// Worlds whose honest nodes use each other's channels before they are confirmed.

/** Alice opens a channel with Bob for at once, pays over it, and no block comes meanwhile. */
function plan(changes: Partial<Plan>, isHostile = false): Plan {
  const { nodes, ...drawn } = planOf(
    { seed: 'trust', mode: 'fast', nodes: 2, deeds: 1, adversary: false },
    randomOf('trust'),
  )
  const open = { type: 'open', from: 0, to: 1, capacitySat: 1_500_000, pushSat: 0, manner: { zeroConf: true } } as const
  const pay = {
    type: 'pay',
    from: 0,
    to: 1,
    amountMsat: 5_000_000,
    by: 'keysend',
    twin: false,
    timeoutMs: 60_000,
  } as const
  return {
    ...drawn,
    nodes: nodes.map((node, index) => ({ ...node, isAdversary: isHostile && index === 0 })),
    deeds: [
      { id: 0, at: 100, deed: open },
      { id: 1, at: 2_000, deed: pay },
    ],
    healAt: 4_000,
    ...changes,
  }
}

/** What Bob has of channels that no block has shown yet, at most. */
function paidBeforeItsBlock(of: Plan): bigint {
  let most = -1n
  const observer: Observer = {
    name: 'unconfirmed',
    turn: ({ name }, { after }) => {
      if (name !== of.nodes[1]?.name) return undefined
      for (const { state } of pmapValues(after.links)) {
        const { channel, funding } = state
        if (channel?.state !== 'normal' || funding !== undefined) continue
        const { localMsat } = channel.durable.settled
        if (localMsat > most) most = localMsat
      }
      return undefined
    },
  }
  const { failure } = runPlan(of, world => [...invariants(world), observer])
  expect(failure).toBeUndefined()
  return most
}

test('they are paid over before their first block, and all rules hold', () => {
  expect(paidBeforeItsBlock(plan({ isTrusting: true }))).toBe(5_000_000n)
})

test('without trust there is no such channel, and who is hostile is trusted by nobody', () => {
  expect(paidBeforeItsBlock(plan({}))).toBe(-1n)
  expect(paidBeforeItsBlock(plan({ isTrusting: true }, true))).toBe(-1n)
})
