import { beforeAll, describe, expect, test } from 'vitest'
import { defined, pmapEntries, pmapSet } from '../../src/base/index.ts'
import type { CloseCause, Htlc } from '../../src/channel/index.ts'
import type { EngineState } from '../../src/engine/index.ts'
import { fundedOf } from '../../src/sim/invariants/changedLinks.ts'
import { continuity } from '../../src/sim/invariants/continuity.ts'
import type { Observer, Turn } from '../../src/sim/observer.ts'
import { planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'

// The rule that a channel of two honest nodes goes on sees a run in which one does, and is then told of a turn that closes it.

const SEED = 'continuity'
const plan = planOf(
  { seed: SEED, mode: 'fast', nodes: 2, deeds: 30, faults: { pay: 60, mine: 6 }, adversary: false },
  randomOf(SEED),
)
const deadline: CloseCause = { kind: 'deadline', reason: 'an HTLC is overdue', mayPublishCommitment: true }

/** What the rule says of turns that are told in the place of the first one with an HTLC of a channel that is open. */
function saidOf(turns: (turn: Turn, htlc: Htlc) => readonly Turn[]) {
  let told = 0
  const { failure } = runPlan(plan, world => {
    const honest = continuity(world)
    const durable: Observer['durable'] = (node, turn) => {
      const htlc = [...pmapEntries(turn.after.links)].flatMap(([, link]) => fundedOf(link)?.durable.htlcs ?? [])[0]
      if (told > 0 || htlc === undefined) return honest.durable?.(node, turn)
      told += 1
      for (const each of turns(turn, htlc)) {
        const complaint = honest.durable?.(node, each)
        if (complaint !== undefined) return complaint
      }
      return undefined
    }
    return [{ ...honest, durable }]
  })
  expect(told, failure?.message).toBe(1)
  return failure?.message
}

function closedAt(state: EngineState, height: number, reason = deadline.reason): EngineState {
  let { links } = state
  for (const [key, link] of pmapEntries(links)) {
    const channel = fundedOf(link)
    if (channel === undefined) continue
    const durable = { ...channel.durable, phase: { type: 'closing', cause: { ...deadline, reason } } as const }
    links = pmapSet(links, key, {
      ...link,
      state: { ...link.state, channel: { ...channel, state: 'closing' as const, durable } },
    })
  }
  const tip = defined(state.blocks.at(-1), 'a node has seen blocks')
  return { ...state, links, blocks: [...state.blocks.slice(0, -1), { ...tip, height }] }
}

describe('continuity', () => {
  beforeAll(() => useCrypto('fast'))

  test('has nothing to say of a channel that an HTLC has closed whose time had come', () => {
    expect(
      saidOf((turn, { cltvExpiry }) => [{ ...turn, after: closedAt(turn.after, cltvExpiry - 18) }]),
    ).toBeUndefined()
  })

  test('complains of one that was closed before that', () => {
    const said = saidOf((turn, { cltvExpiry }) => [{ ...turn, after: closedAt(turn.after, cltvExpiry - 25) }])
    expect(said).toMatch(/closed for a deadline that no HTLC has/)
  })

  test('judges a cause when it is stated, and not again when blocks have gone since', () => {
    const said = saidOf((turn, { cltvExpiry }) => {
      const after = closedAt(turn.after, cltvExpiry - 18)
      return [
        { ...turn, after },
        { ...turn, before: after, after: closedAt(after, cltvExpiry - 38) },
      ]
    })
    expect(said).toBeUndefined()
  })

  test('complains of another cause that comes later and is none', () => {
    const said = saidOf((turn, { cltvExpiry }) => {
      const after = closedAt(turn.after, cltvExpiry - 18)
      return [
        { ...turn, after },
        { ...turn, before: after, after: closedAt(after, cltvExpiry - 38, 'another HTLC is overdue') },
      ]
    })
    expect(said).toMatch(/another HTLC is overdue/)
  })
})
