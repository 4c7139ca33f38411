import { describe, expect, test } from 'vitest'
import { explore } from '../../src/sim/explore.ts'
import { askForFeerate, decide, newSide, offer, receive, type Side, sign } from '../../src/sim/spec.ts'
import type { Fault } from '../../src/sim/specFaults.ts'
import { exploreForwarding, FORWARD_RULES, type ForwardFault } from '../../src/sim/specForward.ts'
import { keyOf } from '../../src/sim/specKey.ts'
import { type Bounds, type Move, moves, newPair, type State } from '../../src/sim/specPair.ts'
import { brokenRule, RULES, type RuleName } from '../../src/sim/specRules.ts'

const say = (what: string, { states, edges, depth }: { states: number; edges: number; depth: number }) =>
  console.info(`${what}: ${states} states, ${edges} moves, the furthest ${depth} moves away`)

describe('the specification keeps its rules in every state', () => {
  // A channel's numbers grow for ever, but states that differ by numbers alone are one: so these are all states, after any number of
  // payments, commitments, cuts and crashes.
  test.each<[string, Bounds, number]>([
    ['one HTLC, with the chain', { htlcs: 1, pace: 'any', chain: true }, 500],
    ['two HTLCs, with the chain', { htlcs: 2, pace: 'any', chain: true }, 19_000],
    ['two HTLCs as the engine plays, with the chain', { htlcs: 2, pace: 'eager', chain: true }, 1_900],
    ['three HTLCs', { htlcs: 3, pace: 'any' }, 400_000],
    ['two feerates beside one HTLC, with the chain', { htlcs: 1, pace: 'any', chain: true, fees: 2 }, 10_000],
  ])('%s', (what, bounds, least) => {
    const explored = explore(bounds)
    say(what, explored)
    expect(explored.broken).toBeUndefined()
    expect(explored.isComplete).toBe(true)
    expect(explored.states).toBeGreaterThan(least)
  })

  test('an HTLC that is forwarded', () => {
    const explored = exploreForwarding()
    say('forwarding', explored)
    expect(explored.broken).toBeUndefined()
    expect(explored.isComplete).toBe(true)
    expect(explored.states).toBeGreaterThan(90)
  })

  test('each rule has a sentence', () => {
    for (const { sentence } of [...Object.values(RULES), ...Object.values(FORWARD_RULES)])
      expect(sentence).toMatch(/^\w.{20,}\w$/)
  })
})

describe('a mistake in the specification is found, by the shortest way', () => {
  test.each<[Fault, RuleName, number]>([
    ['signs while a revocation is awaited', 'signatures fit', 17],
    ['forgets signed updates at reestablish', 'signatures fit', 12],
    ['forgets decisions at reestablish', 'nothing forgotten', 25],
    ['sends again in the wrong order', 'signatures fit', 18],
    ['reveals the secret before the store', 'secret after commitment', 7],
    ['forgets that it signed', 'one remote commitment', 8],
    ['fulfils before it is irrevocable', 'provable', 11],
    ['keeps uncommitted updates of the peer', 'both agree', 11],
    ['ends an HTLC when its removal is acknowledged', 'provable', 25],
    ['publishes what it has revoked', 'revoked stays home', 11],
  ])('%s: %s', (fault, rule, steps) => {
    const { broken, states } = explore({ htlcs: 2, pace: 'any', chain: true, fault })
    console.info(`${fault}: after ${states} states, ${broken?.path.join(', ')}`)
    expect(broken?.rule).toBe(rule)
    expect(broken?.path.length).toBe(steps)
  })

  test.each<[ForwardFault, string]>([
    ['fails upstream when D says so', 'claimed is never failed'],
    ['fails upstream at the first confirmation', 'claimed is never failed'],
    ['fails upstream though the preimage is known', 'claimed is never failed'],
    ['forgets what it forwarded', 'forwarded once'],
    ['gives itself no time between the two expiries', 'claimed is never failed'],
  ])('forwarding: %s: %s', (fault, rule) => {
    const { broken } = exploreForwarding(fault)
    expect(broken?.rule).toBe(rule)
    expect(broken?.path.length).toBeLessThan(9)
  })
})

describe('the rules see what they are there for', () => {
  const start = newPair()
  const [a, b] = start.sides
  const wrong: readonly (readonly [RuleName, Partial<State>])[] = [
    ['secret after commitment', { wire: [[], [{ type: 'revoke', number: 0 }]] }],
    ['one unrevoked', withBoth({ ...a, number: 1, peerNumber: 0 }, b)],
    ['one unrevoked', withBoth(a, { ...b, peerNumber: 1 })],
    ['both agree', { ...withBoth(a, { ...b, nextId: [1, 0] }) }],
    ['both agree', { ...withBoth(a, { ...b, settled: [999, 1_001] }) }],
    ['balances conserve', withBoth({ ...a, settled: [1_000, 1_001] }, { ...b, settled: [1_000, 1_001] })],
    ['balances conserve', withBoth({ ...a, settled: [-1, 2_001] }, { ...b, settled: [-1, 2_001] })],
    ['one end', { broken: 'one end' }],
  ]

  test.each(wrong)('%s', (rule, change) => {
    expect(brokenRule(start)).toBeUndefined()
    expect(brokenRule({ ...start, ...change })).toBe(rule)
  })

  function withBoth(one: Side, two: Side): Pick<State, 'sides' | 'stored'> {
    return { sides: [one, two], stored: [one, two] }
  }
})

describe('what a party takes from the other', () => {
  const side = newSide([10, 10])
  test.each<[string, Side, Parameters<typeof receive>[2], string]>([
    ['an id out of order', side, { type: 'add', id: 1, amount: 1 }, 'messages fit'],
    ['the end of an HTLC that is not there', side, { type: 'remove', id: 0, end: 'fail' }, 'messages fit'],
    ['a revocation that nothing asked for', side, { type: 'revoke', number: 0 }, 'messages fit'],
    ['a signature for another number', side, { type: 'sign', number: 2, contents: '10+10' }, 'signatures fit'],
    ['a signature for other contents', side, { type: 'sign', number: 1, contents: '9+11' }, 'signatures fit'],
    ['reestablish while up', side, { type: 'reestablish', nextCommitment: 1, nextRevocation: 0 }, 'messages fit'],
    ['a signature at another feerate', side, { type: 'sign', number: 1, contents: '10+10 at 1' }, 'signatures fit'],
    [
      'a feerate while another one is on its way',
      { ...side, fee: { by: 1, rate: 1, stage: 0 } },
      { type: 'fee', rate: 2 },
      'messages fit',
    ],
    ['anything else first', { ...side, line: 'greeting' }, { type: 'add', id: 0, amount: 1 }, 'messages fit'],
    [
      'a commitment number that is none of ours',
      { ...side, line: 'greeting' },
      { type: 'reestablish', nextCommitment: 3, nextRevocation: 0 },
      'both agree',
    ],
    [
      'a revocation number that is ahead of us',
      { ...side, line: 'greeting' },
      { type: 'reestablish', nextCommitment: 1, nextRevocation: 1 },
      'both agree',
    ],
  ])('%s is refused', (_, known, message, broken) => {
    expect(receive(known, 0, message).broken).toBe(broken)
  })

  test('what it has agreed to at the same feerate it takes', () => {
    const asked = askForFeerate(side, 0, 7)
    const told = receive(side, 1, asked.out[0] ?? { type: 'fee', rate: 0 }).side
    const [signature] = sign(asked.side, 0).out
    if (signature === undefined) throw new Error('nothing is signed')
    expect(receive(told, 1, signature).broken).toBeUndefined()
    expect(receive(side, 1, signature).broken).toBe('signatures fit')
  })

  test('an HTLC that is not irrevocable is not ended by a message', () => {
    const offered = sign(offer(side, 0, 1).side, 0).side
    expect(receive(offered, 0, { type: 'remove', id: 0, end: 'fulfil' }).broken).toBe('messages fit')
  })

  test('a decision while the line is down is kept and not said', () => {
    const down: Side = {
      ...side,
      line: 'down',
      htlcs: [{ by: 1, id: 0, amount: 1, added: 4, removed: undefined, end: undefined }],
      nextId: [0, 1],
    }
    const decided = decide(down, 0, 0, 'fulfil')
    expect(decided.out).toEqual([])
    expect(decided.side.htlcs[0]?.end).toBe('fulfil')
  })
})

describe('states are named by what matters in them', () => {
  /** Follows labels from the start. */
  function reached(...labels: readonly string[]): State {
    let state = newPair()
    for (const label of labels) {
      const found: Move | undefined = moves(state, { htlcs: 2, pace: 'eager' }).find(([name]) => name === label)
      if (found === undefined) throw new Error(`${label} is not a move here`)
      state = found[1]
    }
    return state
  }

  const payment = (from: 'A' | 'B', id: number, end: 'fulfils' | 'fails') => {
    const to = from === 'A' ? 'B' : 'A'
    const dance = [`${to} gets add`, `${to} gets sign`, `${from} gets revoke`, `${from} gets sign`, `${to} gets revoke`]
    const back = [
      `${from} gets remove`,
      `${from} gets sign`,
      `${to} gets revoke`,
      `${to} gets sign`,
      `${from} gets revoke`,
    ]
    return [`${from} offers HTLC ${id}`, ...dance, `${to} ${end} HTLC ${id}`, ...back]
  }

  test('numbers that grow make no new state', () => {
    const once = reached(...payment('A', 0, 'fails'))
    expect(keyOf(once)).toBe(keyOf(newPair()))
    expect(keyOf(reached(...payment('A', 0, 'fulfils'), ...payment('A', 1, 'fulfils')))).toBe(keyOf(newPair()))
    expect(once.sides[0].number).toBe(2)
  })

  test('A may be B', () => {
    expect(keyOf(reached('A offers HTLC 0'))).toBe(keyOf(reached('B offers HTLC 0')))
  })

  test('what differs in the next step differs', () => {
    const keys = [
      reached(),
      reached('A offers HTLC 0'),
      reached('A offers HTLC 0', 'B gets add'),
      reached('A offers HTLC 0', 'A loses the connection'),
      reached('A offers HTLC 0', 'B loses the connection'),
      reached('A offers HTLC 0', 'A offers HTLC 1'),
      reached('A offers HTLC 0', 'B offers HTLC 0'),
    ].map(keyOf)
    expect(new Set(keys).size).toBe(keys.length)
  })
})
