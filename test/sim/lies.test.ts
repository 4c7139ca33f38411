import { beforeAll, describe, expect, test } from 'vitest'
import { pmapSet } from '../../src/base/index.ts'
import type { Htlc } from '../../src/channel/index.ts'
import { fundedOf } from '../../src/sim/invariants/changedLinks.ts'
import { invariants } from '../../src/sim/invariants/index.ts'
import { lies, reasonOf } from '../../src/sim/invariants/lies.ts'
import { onions } from '../../src/sim/invariants/onions.ts'
import type { Lie } from '../../src/sim/lies.ts'
import { linksOf } from '../../src/sim/node.ts'
import type { Observer, Turn, WatchedNode } from '../../src/sim/observer.ts'
import { type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import type { World } from '../../src/sim/world.ts'

// A sender whose onions say what is not so, to its peer Bob or over it to Alice: each is found out by who opens it, and refused for the reason
// that BOLT 4 has for it (failure messages). Then the same with one thing in it that is not true.

beforeAll(() => useCrypto('fast'))

const [ALICE, BOB, MALLORY] = [0, 1, 2]

function planFor(lie: Lie, to: number, more: object = {}): Plan {
  const seed = 'lies'
  const made = planOf({ seed, mode: 'fast', nodes: 3, deeds: 1, faults: { mine: 1 }, adversary: true }, randomOf(seed))
  const channel = { capacitySat: 200_000, pushSat: 100_000 }
  const isStraight = to === BOB
  const deed = { type: 'lie', who: MALLORY, to, lie, isStraight, amountMsat: 5_000_000, afterMs: 5_000 } as const
  return {
    ...made,
    closesAll: false,
    channels: [
      { from: ALICE, to: BOB, ...channel },
      { from: BOB, to: MALLORY, ...channel },
    ],
    deeds: [{ id: 0, at: 1_000, deed: { ...deed, ...more } }],
    healAt: 120_000,
  }
}

const offeredTo = ({ after }: Turn): readonly Htlc[] =>
  linksOf(after).flatMap(link =>
    (fundedOf(link)?.durable.htlcs ?? []).filter(({ offeredBy }) => offeredBy === 'remote'),
  )

/** What becomes of the HTLCs that Bob and Alice were offered; and of all rules, the one that breaks. */
function outcomeOf(plan: Plan) {
  const ends = new Set<string>()
  const watching = (world: World): Observer => ({
    name: 'ends',
    durable: (node, turn) => {
      for (const htlc of node.plan.isAdversary ? [] : offeredTo(turn)) {
        const reason = reasonOf(world.lies, htlc)
        const why = reason === undefined ? '' : ` by hop ${reason.hop}: ${reason.said}`
        if (htlc.resolution !== undefined) ends.add(`${node.name} ${htlc.id} ${htlc.resolution.type}${why}`)
      }
      return undefined
    },
  })
  const { failure } = runPlan(plan, world => [watching(world), ...invariants(world)])
  return { failure: failure?.message, ends: [...ends] }
}

describe('the lie of a sender', () => {
  test.each<readonly [Lie, string]>([
    ['amount', 'final_incorrect_htlc_amount'],
    ['expiry', 'final_incorrect_cltv_expiry'],
    ['secret', 'incorrect_or_unknown_payment_details'],
    ['too_little', 'incorrect_or_unknown_payment_details'],
    ['too_much', 'incorrect_or_unknown_payment_details'],
    ['part', 'mpp_timeout'],
  ])('to a payee (%s) is refused with %s, straight and over somebody', (lie, reason) => {
    expect(outcomeOf(planFor(lie, BOB))).toEqual({ failure: undefined, ends: [`bob 0 fail by hop 0: ${reason}`] })
    const over = outcomeOf(planFor(lie, ALICE))
    expect(over).toEqual({ failure: undefined, ends: ['alice 0 fail', `bob 0 fail by hop 1: ${reason}`] })
  })

  test.each<readonly [Lie, string]>([
    ['fee', 'fee_insufficient'],
    ['delta', 'incorrect_cltv_expiry'],
  ])('to a forwarding node (%s) is refused with %s, and nothing goes on', (lie, reason) => {
    expect(outcomeOf(planFor(lie, ALICE))).toEqual({
      failure: undefined,
      ends: [`bob 0 fail by hop 0: ${reason}`],
    })
  })

  test('takes somebody to lie to: who is paid straight asks for no fee', () => {
    expect(outcomeOf(planFor('fee', BOB))).toEqual({ failure: undefined, ends: [] })
  })

  test('about what all parts are together is refused for both', () => {
    const why = 'by hop 0: incorrect_or_unknown_payment_details'
    expect(outcomeOf(planFor('totals', BOB))).toEqual({
      failure: undefined,
      ends: [`bob 0 fail ${why}`, `bob 1 fail ${why}`],
    })
  })

  test('twice as much as an invoice asks for is none', () => {
    expect(outcomeOf(planFor('twice', BOB))).toEqual({ failure: undefined, ends: ['bob 0 fulfill'] })
  })

  test.each([
    ['soon', { afterMs: 200 }, []],
    ['later', {}, []],
    ['after a restart of who has seen it', {}, [BOB]],
  ])('an onion is opened once: %s', (_when, more, restarts) => {
    const plan = planFor('replay', BOB, more)
    const deeds = restarts.map(who => ({
      id: 9,
      at: 4_000,
      deed: { type: 'crash', who, downMs: 50, keepsLast: false } as const,
    }))
    expect(outcomeOf({ ...plan, deeds: [...plan.deeds, ...deeds] })).toEqual({
      failure: undefined,
      ends: ['bob 0 fulfill', 'bob 1 fail by hop 0: temporary_node_failure'],
    })
  })

  test('of an HTLC that has the hash of an invoice, for somebody else: it is passed on, and the invoice stays unpaid', () => {
    expect(outcomeOf(planFor('through', ALICE))).toEqual({
      failure: undefined,
      ends: ['alice 0 fail', 'bob 0 fail by hop 1: incorrect_or_unknown_payment_details'],
    })
    expect(outcomeOf(planFor('through', BOB))).toEqual({ failure: undefined, ends: [] })
  })

  test('nor is it passed on a second time', () => {
    expect(outcomeOf(planFor('replay', ALICE))).toEqual({
      failure: undefined,
      ends: ['alice 0 fulfill', 'bob 0 fulfill', 'bob 1 fail by hop 0: temporary_node_failure'],
    })
  })
})

/** What the rule says where it sees the turns of a node so. */
function saidOf(plan: Plan, rule: (world: World) => Observer, twist: (node: WatchedNode, turn: Turn) => Turn) {
  return runPlan(plan, world => {
    const honest = rule(world)
    return [{ ...honest, durable: (node, turn) => honest.durable?.(node, twist(node, turn)) }]
  }).failure?.message
}

/** The turn, with what is refused told otherwise. */
function answering(turn: Turn, answer: (htlc: Htlc) => Htlc): Turn {
  let { links } = turn.after
  for (const link of linksOf(turn.after)) {
    const channel = fundedOf(link)
    if (channel === undefined) continue
    const htlcs = channel.durable.htlcs.map(htlc =>
      htlc.offeredBy === 'remote' && htlc.resolution?.type === 'fail' ? answer(htlc) : htlc,
    )
    const durable = { ...channel.durable, htlcs }
    // Of the channel nothing but its HTLCs is another.
    const state = { ...link.state, channel: { ...channel, durable } as typeof channel }
    links = pmapSet(links, String(link.index), { ...link, state })
  }
  return { ...turn, after: { ...turn.after, links } }
}

const taken = (htlc: Htlc): Htlc => ({
  ...htlc,
  resolution: { type: 'fulfill', paymentPreimage: new Uint8Array(32) },
})

describe('the rules of lies and onions', () => {
  test('tell of a payee that takes what is not as it was said to be', () => {
    const said = saidOf(planFor('amount', BOB), lies, (_node, turn) => answering(turn, taken))
    expect(said).toMatch(/^bob has taken HTLC 0 of channel \w+, whose sender lies \(amount\)$/)
  })

  test('and not of one that takes twice as much as it has asked for', () => {
    expect(saidOf(planFor('twice', BOB), lies, (_node, turn) => turn)).toBeUndefined()
  })

  test('tell of a node that passes on what does not pay for it', () => {
    // Another payment of that hash goes on.
    const said = saidOf(
      planFor('replay', ALICE),
      world => {
        const rule = lies(world)
        return {
          ...rule,
          durable: (node, turn) => {
            for (const [hash, story] of world.lies.byHash) world.lies.byHash.set(hash, { ...story, lie: 'fee' })
            return rule.durable?.(node, turn)
          },
        }
      },
      (_node, turn) => turn,
    )
    expect(said).toBe('bob has passed on HTLC 0, whose sender lies (fee)')
  })

  test('tell of a node that takes what it was to pass on', () => {
    const said = saidOf(planFor('through', ALICE), lies, (_node, turn) => answering(turn, taken))
    expect(said).toMatch(
      /^bob has taken HTLC 0 of channel \w+ for an invoice of its own, and it was for somebody else$/,
    )
  })

  test('tell of a reason that is another one', () => {
    const said = saidOf(
      planFor('expiry', BOB),
      world => {
        const rule = lies(world)
        return {
          ...rule,
          durable: (node, turn) => {
            for (const [key, told] of world.lies.byOnion)
              world.lies.byOnion.set(key, { ...told, story: { ...told.story, lie: 'amount' } })
            return rule.durable?.(node, turn)
          },
        }
      },
      (_node, turn) => turn,
    )
    expect(said).toMatch(
      /^bob says of HTLC 0 of channel \w+ that hop 0 has refused it with final_incorrect_cltv_expiry, and .*expected final_incorrect_htlc_amount$/,
    )
  })

  test('tell of an onion that is taken a second time', () => {
    expect(saidOf(planFor('replay', BOB), onions, (_node, turn) => turn)).toBeUndefined()
    const said = saidOf(planFor('replay', BOB), onions, (_node, turn) => answering(turn, taken))
    expect(said).toMatch(/^bob has opened the onion of HTLC 0 of channel (\w+) once more, for HTLC 1 of channel \1$/)
  })
})
