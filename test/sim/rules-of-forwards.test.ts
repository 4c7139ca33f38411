import { beforeAll, expect, test } from 'vitest'
import { msat, pmapEntries, pmapGet, pmapHas, pmapSet } from '../../src/base/index.ts'
import type { Htlc } from '../../src/channel/index.ts'
import { fundedOf } from '../../src/sim/invariants/changedLinks.ts'
import { forwards } from '../../src/sim/invariants/forwards.ts'
import type { Observer, Turn } from '../../src/sim/observer.ts'
import { type Plan, planOf } from '../../src/sim/plan.ts'
import { randomOf } from '../../src/sim/random.ts'
import { runPlan } from '../../src/sim/run.ts'
import { useCrypto } from '../../src/sim/useCrypto.ts'

// A payment from the first of three nodes to the last, which takes it, and another one, which it gives back; then the same with one thing in
// it that is not true.

const plan: Plan = (() => {
  const seed = 'forwards'
  const made = planOf({ seed, mode: 'fast', nodes: 3, deeds: 1, faults: { mine: 1 }, adversary: false }, randomOf(seed))
  const pay = {
    type: 'pay',
    from: 0,
    to: 2,
    by: 'invoice',
    amountMsat: 5_000_000,
    twin: false,
    timeoutMs: 60_000,
  } as const
  const channels = [
    { from: 0, to: 1, capacitySat: 200_000, pushSat: 0 },
    { from: 1, to: 2, capacitySat: 200_000, pushSat: 0 },
  ]
  return {
    ...made,
    channels,
    closesAll: false,
    deeds: [
      { id: 0, at: 1_000, deed: pay },
      { id: 1, at: 20_000, deed: { ...pay, hold: { ms: 5_000, settles: false } } },
    ],
    healAt: 60_000,
  }
})()

beforeAll(async () => {
  await useCrypto('fast')
})

function saidOf(lie: (turn: Turn) => Turn) {
  return runPlan(plan, () => {
    const honest = forwards()
    const durable: Observer['durable'] = (node, turn) => honest.durable?.(node, lie(turn))
    return [{ ...honest, durable }]
  }).failure?.message
}

test('two payments are passed on, and the rule has nothing to say of either', () => {
  let ended = 0
  const said = saidOf(turn => {
    for (const [key] of pmapEntries(turn.before.payments.forwards))
      if (!pmapHas(turn.after.payments.forwards, key)) ended += 1
    return turn
  })
  expect([said, ended]).toEqual([undefined, 2])
})

test('it tells of one that goes back while it stands downstream', () => {
  const said = saidOf(turn => {
    let { links } = turn.after
    for (const [, { outbound }] of pmapEntries(turn.before.payments.forwards)) {
      const earlier = pmapGet(turn.before.links, String(outbound.link))
      if (earlier !== undefined) links = pmapSet(links, String(outbound.link), earlier)
    }
    return { ...turn, after: { ...turn.after, links } }
  })
  expect(said).toMatch(/^bob has given HTLC 1 back, and 1 of channel .* can still be taken$/)
})

test('it tells of one that is answered while it counts as open', () => {
  const said = saidOf(turn => {
    const { before, after } = turn
    return { ...turn, after: { ...after, payments: { ...after.payments, forwards: before.payments.forwards } } }
  })
  expect(said).toMatch(/^bob has answered HTLC 0 with a fulfill, and the one that it offered for it is still open$/)
})

test.each([
  [
    'a fee of 1499 msat, and asks for 1500',
    (htlc: Htlc): Htlc => ({ ...htlc, amountMsat: msat(htlc.amountMsat + 1n) }),
  ],
  ['79 blocks of its own, and asks for 80', (htlc: Htlc): Htlc => ({ ...htlc, cltvExpiry: htlc.cltvExpiry + 1 })],
])('it tells of one that leaves %s', (words, change) => {
  const said = saidOf(turn => {
    let { links } = turn.after
    for (const [key, { outbound }] of pmapEntries(turn.after.payments.forwards)) {
      if (pmapHas(turn.before.payments.forwards, key)) continue
      const link = pmapGet(links, String(outbound.link))
      const channel = fundedOf(link)
      if (link === undefined || channel === undefined) continue
      const htlcs = channel.durable.htlcs.map(htlc => (htlc.offeredBy === 'local' ? change(htlc) : htlc))
      // Of the channel nothing but its HTLCs is another.
      const changed = { ...channel, durable: { ...channel.durable, htlcs } } as typeof channel
      links = pmapSet(links, String(outbound.link), { ...link, state: { ...link.state, channel: changed } })
    }
    return { ...turn, after: { ...turn.after, links } }
  })
  expect(said).toMatch(new RegExp(`^bob passes HTLC 0 on (for|with) ${words}$`))
})
