import { beforeAll, describe, expect, test } from 'vitest'
import type { PaymentProgress } from '../../src/payment/index.ts'
import type { Deceit } from '../../src/sim/deceits.ts'
import { blame } from '../../src/sim/invariants/blame.ts'
import { eventsOf } from '../../src/sim/invariants/endedPayments.ts'
import { invariants } from '../../src/sim/invariants/index.ts'
import { payments } from '../../src/sim/invariants/payments.ts'
import type { Observer, Turn } from '../../src/sim/observer.ts'
import { type Deed, type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'
import type { World } from '../../src/sim/world.ts'

// Alice pays Bob over Mallory, who deceives both: nobody honest loses, the payment comes to its end, and who has spoilt a reason is suspected.

beforeAll(() => useCrypto('fast'))

const [ALICE, BOB, MALLORY] = [0, 1, 2]
type Pay = Extract<Deed, { type: 'pay' }>

function planFor(deceit: Deceit | undefined, more: Partial<Pay> = {}): Plan {
  const seed = 'deceits'
  const made = planOf({ seed, mode: 'fast', nodes: 3, deeds: 1, faults: { mine: 1 }, adversary: true }, randomOf(seed))
  const channel = { capacitySat: 200_000, pushSat: 100_000 }
  const pay: Pay = {
    type: 'pay',
    from: ALICE,
    to: BOB,
    amountMsat: 5_000_000,
    by: 'invoice',
    twin: false,
    timeoutMs: 60_000,
    ...more,
  }
  const deceive: readonly Deed[] = deceit === undefined ? [] : [{ type: 'deceive', who: MALLORY, deceit }]
  return {
    ...made,
    closesAll: true,
    channels: [
      { from: ALICE, to: MALLORY, ...channel },
      { from: BOB, to: MALLORY, ...channel },
    ],
    deeds: [...deceive, pay].map((deed, id) => ({ id, at: 1_000, deed })),
    healAt: 120_000,
  }
}

interface Seen {
  readonly broken: string | undefined
  /** What Alice and Bob say that has become of it. */
  readonly ends: readonly string[]
  /** What Alice hears: by which hop, why, and whom she suspects. */
  readonly heard: readonly string[]
  /** Whether Alice has left her channel before everything is closed. */
  readonly isClosed: boolean
}

function outcomeOf(plan: Plan): Seen {
  const [ends, heard]: [string[], string[]] = [[], []]
  let isClosed = false
  const watching = (world: World): Observer => ({
    name: 'ends',
    durable: (node, { effects }) => {
      const nameOf = (id: string) => world.nodes.find(each => each.id === id)?.name
      for (const effect of effects) {
        if (node.plan.isAdversary || effect.type !== 'progress' || effect.progress.type !== 'part_failed') continue
        const { hop, failureName, suspects } = effect.progress
        heard.push(suspects === undefined ? `${hop}: ${failureName}` : suspects.map(nameOf).join(', '))
      }
      return undefined
    },
    rest: () => {
      isClosed = world.nodeAt(ALICE).links.every(({ state }) => state.channel?.state === 'closed')
      for (const node of world.honest)
        for (const { type } of eventsOf(node)) if (ENDS.has(type)) ends.push(`${node.name} ${type}`)
      return undefined
    },
  })
  const { failure } = runPlan(plan, world => [watching(world), ...invariants(world)])
  return { broken: failure?.message, ends, heard, isClosed }
}

const ENDS: ReadonlySet<string> = new Set(['payment_sent', 'payment_failed', 'payment_received'])
const SENT = ['alice payment_sent', 'bob payment_received']
const FAILED = ['alice payment_failed']
/** Its payee gives it back. */
const CANCELLED = { hold: { ms: 1_000, settles: false } }

describe('who is to pass on a payment of others', () => {
  test('and does, is paid for it', () => {
    expect(outcomeOf(planFor(undefined))).toEqual({ broken: undefined, ends: SENT, heard: [], isClosed: false })
  })

  test('may take it with a preimage that it knows from a payment of its own: its payer can prove that it has paid', () => {
    const claim = outcomeOf(planFor('claim', { twin: true }))
    expect(claim).toEqual({ broken: undefined, ends: SENT, heard: [], isClosed: false })
  })

  test('and cannot where it knows none', () => {
    expect(outcomeOf(planFor('claim'))).toMatchObject({ broken: undefined, ends: FAILED, heard: ['mallory'] })
  })

  test.each<Deceit>(['refuse', 'keep', 'less', 'sooner'])('is suspected where it does something else (%s)', deceit => {
    expect(outcomeOf(planFor(deceit))).toEqual({ broken: undefined, ends: FAILED, heard: ['mallory'], isClosed: false })
  })

  test('loses the channel where it keeps it beyond its expiry', () => {
    expect(outcomeOf(planFor('keep_on'))).toEqual({ broken: undefined, ends: FAILED, heard: [], isClosed: true })
  })

  test('is suspected where it spoils the reason of somebody else, who would be believed', () => {
    const honest = outcomeOf(planFor(undefined, CANCELLED))
    expect(honest).toMatchObject({ ends: FAILED, heard: ['2: incorrect_or_unknown_payment_details'] })
    const garbled = outcomeOf(planFor('garble', CANCELLED))
    expect(garbled).toEqual({ broken: undefined, ends: FAILED, heard: ['mallory'], isClosed: false })
  })

  test('has to say itself that the onion was none, where it has spoilt it', () => {
    const { broken, ends, heard } = outcomeOf(planFor('other_onion'))
    expect([broken, ends]).toEqual([undefined, FAILED])
    expect(heard).toEqual([expect.stringMatching(/^1: invalid_onion_/)])
  })

  test.each<Deceit>(['other_preimage', 'twice'])('is heard once, and only with what fits (%s)', deceit => {
    expect(outcomeOf(planFor(deceit))).toEqual({ broken: undefined, ends: SENT, heard: [], isClosed: false })
  })

  test('nor does what it has failed become paid afterwards', () => {
    const failed = outcomeOf(planFor('twice', CANCELLED))
    expect([failed.broken, failed.ends]).toEqual([undefined, FAILED])
  })
})

describe('the rules', () => {
  test('ask that whoever is suspected is not honest', () => {
    const honestSuspects = (turn: Turn, world: World): Turn => ({
      ...turn,
      effects: turn.effects.map(effect => {
        if (effect.type !== 'progress' || effect.progress.type !== 'part_failed') return effect
        const progress: PaymentProgress = { ...effect.progress, suspects: [world.nodeAt(BOB).id] }
        return { ...effect, progress }
      }),
    })
    const saidOf = (twist: (turn: Turn, world: World) => Turn) =>
      runPlan(planFor('garble', CANCELLED), world => {
        const honest = blame(world)
        return [{ ...honest, durable: (node, turn) => honest.durable?.(node, twist(turn, world)) }]
      }).failure?.message
    expect(saidOf(turn => turn)).toBeUndefined()
    expect(saidOf(honestSuspects)).toMatch(/^alice takes bob for who has spoilt the reason of \w{8}$/)
  })

  test('take a payment that its payee has from somebody else for paid only where it was claimed on the way', () => {
    // As if everything were known of Mallory: then it is seen that Bob was paid by it alone.
    const saidOf = (knows: 'claims' | 'nothing') =>
      runPlan(planFor('claim', { twin: true }), world => [
        payments({ honest: world.nodes, chain: world.chain, ...(knows === 'claims' && { lies: world.lies }) }),
      ]).failure?.message
    expect(saidOf('nothing')).toMatch(/^alice has paid 5000000 msat to bob, who was not paid/)
    expect(saidOf('claims')).toMatch(/^mallory was paid 5\d+ msat by alice, who has not paid/)
  })
})
