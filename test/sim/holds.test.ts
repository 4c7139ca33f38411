import { beforeAll, describe, expect, test } from 'vitest'
import { defined, pmapValues } from '../../src/base/index.ts'
import type { Hold } from '../../src/sim/draws.ts'
import { linksOf } from '../../src/sim/node.ts'
import { type Deed, type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'

// Users who hold what they are paid: when they decide, and in what state they find the channel.

const SEED = 'holds'
const START_MS = 1_000
/** Time for a payment to arrive, and for a block to be read. */
const PAUSE_MS = 5_000

const paying = (hold: Hold): Deed => ({
  type: 'pay',
  from: 0,
  to: 1,
  amountMsat: 1_000_000,
  by: 'invoice',
  twin: false,
  timeoutMs: 60_000,
  hold,
})
const BLOCK = { type: 'mine', count: 1, contents: 'all' } as const

function planOfDeeds(deeds: readonly Deed[]): Plan {
  const made = planOf(
    { seed: SEED, mode: 'fast', nodes: 2, deeds: 1, faults: { pay: 1 }, adversary: false },
    randomOf(SEED),
  )
  const planned = deeds.map((deed, id) => ({ id, at: START_MS + id * PAUSE_MS, deed }))
  return {
    ...made,
    channels: made.channels.slice(0, 1),
    apartMs: 70,
    deeds: planned,
    healAt: START_MS + deeds.length * PAUSE_MS,
    closesAll: false,
  }
}

interface Decision {
  readonly isHealed: boolean
  readonly channels: readonly (string | undefined)[]
  /** Of what is held. */
  readonly blocksLeft: number | undefined
  readonly type: string
}

/** What the payee's user asks its node for, and when. */
function decisionsIn(deeds: readonly Deed[]): readonly Decision[] {
  const decisions: Decision[] = []
  const { failure } = runPlan(planOfDeeds(deeds), world => [
    {
      name: 'decisions',
      turn: (_node, { before, inputs }) => {
        for (const each of inputs) {
          if (each.type !== 'payment') continue
          const { type } = each.input
          if (type !== 'settle_invoice' && type !== 'cancel_invoice') continue
          const [set] = [...pmapValues(before.payments.sets)]
          decisions.push({
            type,
            isHealed: world.isHealed,
            channels: linksOf(before).map(({ state }) => state.channel?.state),
            blocksLeft: set && set.cltvExpiry - world.chain.height,
          })
        }
        return undefined
      },
    },
  ])
  expect(failure).toBeUndefined()
  return decisions
}

describe('a user who holds a payment', () => {
  beforeAll(() => useCrypto('fast'))

  test('decides after some time', () => {
    const [decision, ...others] = decisionsIn([paying({ ms: 500, settles: false }), BLOCK])
    expect(decision).toMatchObject({ type: 'cancel_invoice', isHealed: false, channels: ['normal'] })
    expect(others).toEqual([])
  })

  test('or once its channel ends on the chain, at the next block', () => {
    const hold: Hold = { ms: 0, settles: true, awaits: { type: 'close' } }
    const close: Deed = { type: 'close', who: 0, channel: 0, force: true }
    const decisions = decisionsIn([paying(hold), BLOCK, close, BLOCK, BLOCK])
    expect(decisions).toMatchObject([{ type: 'settle_invoice', isHealed: false, channels: ['closing'] }])
    expect(defined(decisions[0], 'it has decided').blocksLeft).toBeGreaterThan(30)
  })

  test('or when everything ends, where no channel does', () => {
    const hold: Hold = { ms: 0, settles: true, awaits: { type: 'close' } }
    expect(decisionsIn([paying(hold), BLOCK, BLOCK])).toMatchObject([{ isHealed: true, channels: ['normal'] }])
  })

  test('or when so few blocks are left', () => {
    const hold: Hold = { ms: 0, settles: true, awaits: { type: 'expiry', blocks: 30 } }
    const blocks = Array.from({ length: 120 }, () => BLOCK)
    expect(decisionsIn([paying(hold), ...blocks])).toMatchObject([{ isHealed: false, blocksLeft: 30 }])
  })

  test('too late, where its node has given back what it held', () => {
    const hold: Hold = { ms: 0, settles: true, awaits: { type: 'expiry', blocks: 20 } }
    const blocks = Array.from({ length: 130 }, () => BLOCK)
    const decisions = decisionsIn([paying(hold), ...blocks])
    expect(decisions.length).toBeGreaterThan(0)
    for (const { isHealed, blocksLeft } of decisions) expect([isHealed, blocksLeft]).toEqual([true, undefined])
  })

  test('or asks from the beginning on, again and again, until it is there', () => {
    const decisions = decisionsIn([paying({ ms: 500, settles: true, isImpatient: true }), BLOCK])
    expect(decisions.length).toBeGreaterThan(5)
    expect(decisions.slice(0, -1).every(({ blocksLeft }) => blocksLeft === undefined)).toBe(true)
    expect(decisions.at(-1)?.blocksLeft).toBeGreaterThan(30)
  })
})
