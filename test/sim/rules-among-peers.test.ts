import { beforeAll, describe, expect, test } from 'vitest'
import { pmapEntries, pmapSet, sat } from '../../src/base/index.ts'
import { fundedOf } from '../../src/sim/invariants/changedLinks.ts'
import { hangUps } from '../../src/sim/invariants/hangUps.ts'
import { reserve } from '../../src/sim/invariants/reserve.ts'
import type { Observer, Turn } from '../../src/sim/observer.ts'
import { type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import type { World } from '../../src/sim/world.ts'

// Each rule sees a run in which all goes well, and has nothing to say; then the same run with one thing in it that is not true.

const SEED = 'among peers'
const plan = planOf(
  {
    seed: SEED,
    mode: 'fast',
    nodes: 2,
    deeds: 15,
    faults: { pay: 60, mine: 6, second_connection: 10 },
    adversary: false,
  },
  randomOf(SEED),
)

function saidOf(
  rule: (world: World) => Observer,
  told: (honest: Observer, turn: Turn, world: World) => Turn = (_, turn) => turn,
  run: Plan = plan,
) {
  return runPlan(run, world => {
    const honest = rule(world)
    return [{ ...honest, durable: (node, turn) => honest.durable?.(node, told(honest, turn, world)) }]
  }).failure?.message
}

/** The peer has asked for so much more of a reserve. */
function stricter(turn: Turn, moreSat: bigint): Turn {
  let { links } = turn.after
  for (const [key, link] of pmapEntries(links)) {
    const channel = fundedOf(link)
    if (channel === undefined) continue
    const { params } = channel.durable
    const remote = { ...params.remote, channelReserveSat: sat(params.remote.channelReserveSat + moreSat) }
    const durable = { ...channel.durable, params: { ...params, remote } }
    links = pmapSet(links, key, { ...link, state: { ...link.state, channel: { ...channel, durable } } })
  }
  return { ...turn, after: { ...turn.after, links } }
}

const KEPT = /and keeps (\d+) msat of the (\d+) msat that its reserve/

/** What the offerers of a run have at least beside what they have to keep, in whole satoshis. */
function leastToSpare(): bigint {
  let least = 1_000_000n
  for (;;) {
    const [, keeps, needs] = saidOf(reserve, (_, turn) => stricter(turn, least))?.match(KEPT) ?? []
    if (keeps === undefined || needs === undefined) return least
    least -= (BigInt(needs) - BigInt(keeps) + 999n) / 1000n
  }
}

const closing = (turn: Turn, reason: string, connection = 1): Turn => ({
  ...turn,
  effects: [{ type: 'close', connection, reason }],
})

describe('the rules among peers', () => {
  beforeAll(() => useCrypto('fast'))

  test('have nothing to say where all goes well', () => {
    expect(saidOf(reserve)).toBeUndefined()
    expect(saidOf(hangUps)).toBeUndefined()
  })

  test('an offer that takes what the reserve or the fee of the commitment asks for', () => {
    const spare = leastToSpare()
    expect(spare).toBeGreaterThanOrEqual(0n)
    const said = saidOf(reserve, (_, turn) => stricter(turn, spare + 1n))
    const [, keeps = '', needs = ''] = said?.match(KEPT) ?? []
    expect(BigInt(needs) - BigInt(keeps)).toBeGreaterThan(0n)
    expect(BigInt(needs) - BigInt(keeps)).toBeLessThanOrEqual(1000n)
  })

  test('a rise of the feerate that takes what the reserve or the fee of the commitment asks for', () => {
    const rises = planOf(
      { seed: SEED, mode: 'fast', nodes: 2, deeds: 30, faults: { mine: 20, feerate: 20 }, adversary: false },
      randomOf(SEED),
    )
    expect(saidOf(reserve, undefined, rises)).toBeUndefined()
    // No channel holds so much.
    const said = saidOf(reserve, (_, turn) => stricter(turn, 2_000_000n), rises)
    expect(said).toMatch(
      /^\w+ has raised the feerate of channel \w+ from \d+ to \d+, and keeps \d+ msat of the \d+ msat/,
    )
  })

  test('a connection that is ended over what an honest peer has said on it', () => {
    const init = 'expected init first, got update_add_htlc (BOLT 1, the init message)'
    expect(saidOf(hangUps, (_, turn) => closing(turn, init))).toMatch(/with an honest node: expected init first/)
    const duplicate = 'of two connections the one that the peer dialled goes (BOLT 1, connection handling)'
    expect(saidOf(hangUps, (_, turn) => closing(turn, duplicate))).toBeUndefined()
  })

  test('but not one that has ended before, nor one with a node that has forgotten or is hostile', () => {
    const init = 'expected init first, got update_add_htlc (BOLT 1, the init message)'
    expect(saidOf(hangUps, (_, turn) => closing(turn, init, 1_000))).toBeUndefined()
    const lost = saidOf(hangUps, (_, turn, world) => {
      for (const node of world.nodes) world.lost.add(node)
      return closing(turn, init)
    })
    expect(lost).toBeUndefined()
  })
})
