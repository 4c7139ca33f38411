import { describe, expect, test } from 'vitest'
import { feeratePerKw, jsonDecode, msat, pmapGet, sat } from '../../src/base/index.ts'
import { txWeight } from '../../src/bitcoin/index.ts'
import { type EngineInput, walletContext } from '../../src/engine/index.ts'
import { balanceOf } from '../../src/wallet/index.ts'
import { decodeMessage } from '../../src/wire/index.ts'
import type { Limits, Side } from './side.ts'
import { failureOf, Stage } from './stage.ts'

// BOLT 2, channel establishment: however an opening ends, its request is answered once, its coins are free again, and the token that was
// charged for it has its money back.

const spendable = (side: Side) =>
  balanceOf(side.state.wallet, walletContext({ context: side.context(), state: side.state })).spendableSat
const held = (side: Side) => [...side.state.wallet.transactions.values()].filter(({ standing }) => standing === 'held')
const spent = (side: Side, token: string) => pmapGet(side.state.payments.tokens, token)?.spentMsat

function expectAsBefore(side: Side, before: bigint): void {
  expect(spendable(side)).toBe(before)
  expect(held(side)).toEqual([])
  expect(side.links).toEqual([])
  expect(spent(side, 'shop')).toBe(0n)
}

/** Alice has asked Bob for a channel under a token, and nothing has arrived yet. */
function asked({ capacity = 200_000n, coins = [2_000_000n], limits = {} as Limits } = {}) {
  const stage = new Stage()
  const [alice] = stage.sidesOf(['alice'], { coins })
  const bob = stage.side('bob', limits)
  stage.connect(alice, bob)
  stage.token(alice, 'shop', 1_000_000n)
  const before = spendable(alice)
  const request = stage.askToOpen(alice, bob, { capacity, token: 'shop' })
  const wire = stage.wireOf(alice, bob)
  return { stage, alice, bob, before, request, wire }
}

describe('an opening that comes to nothing', () => {
  test('the peer refuses the terms', () => {
    const { stage, alice, bob, before, request } = asked({ limits: { channel: { minFundingSat: sat(300_000) } } })
    stage.settle()
    expect(alice.replyTo(request)).toMatchObject({ type: 'failed', failure: { code: 'opening_failed' } })
    expectAsBefore(alice, before)
    expect(bob.links).toEqual([])
  })

  test('the peer sends an error in the middle, with nothing printable in it', () => {
    const { stage, alice, bob, before, request, wire } = asked()
    stage.deliver(wire, bob)
    stage.deliver(wire, alice)
    while (stage.answer(alice));
    expect(held(alice)).toHaveLength(1)
    const temporary = alice.links[0]?.state.channel
    if (temporary === undefined || !('temporaryChannelId' in temporary)) throw new Error('an opening')
    stage.forge(bob, alice, { type: 'error', channelId: temporary.temporaryChannelId, data: new Uint8Array(3) })
    expect(failureOf(alice.replyTo(request))).toBe('opening_failed')
    expectAsBefore(alice, before)
    stage.settle()
    expect(alice.replies.get(request)).toHaveLength(1)
  })

  test('the wallet cannot pay the fee: nobody is charged, and the peer hears that it is cancelled', () => {
    const { stage, alice, bob, before, request } = asked({ coins: [250_000n], capacity: 239_950n })
    stage.settle()
    expect(failureOf(alice.replyTo(request))).toBe('opening_failed')
    expectAsBefore(alice, before)
    expect(bob.links).toEqual([])
  })

  test('the chain would not take the funding: the peer hears of no transaction, and that it is cancelled', () => {
    const { stage, alice, bob, before, request } = asked()
    stage.chain.setMempoolMinFee(50_000n)
    stage.settle()
    expect(alice.replyTo(request)).toMatchObject({
      type: 'failed',
      failure: { code: 'opening_failed', got: expect.stringContaining('mempool min fee not met') },
    })
    expectAsBefore(alice, before)
    expect(bob.links).toEqual([])
    expect(alice.published).toEqual([])
    // The same again, for a fee that it takes.
    stage.askToOpen(alice, bob, { feeratePerKw: feeratePerKw(20_000) })
    stage.settle()
    expect(alice.published.map(({ role, outcome }) => [role, outcome])).toEqual([['funding', 'accepted']])
  })

  test('a chain that cannot say beforehand what it would not take is told of it with the first commitment', () => {
    const { stage, alice, request } = asked()
    alice.asksChain = false
    stage.chain.setMempoolMinFee(50_000n)
    stage.settle()
    expect(alice.replyTo(request)).toMatchObject({ type: 'opened' })
    expect(alice.published[0]).toMatchObject({ role: 'funding', outcome: 'mempool min fee not met' })
    // It is offered again with each block, until it is taken.
    stage.chain.setMempoolMinFee(0n)
    stage.mine(7)
    expect(alice.channelStates()).toEqual(['normal'])
  })

  test.each(['dust', undefined])(
    'what the chain says (%s) of the funding of an opening that has ended is nothing to anybody',
    refusal => {
      const { stage, alice, bob, before, request, wire } = asked()
      stage.deliver(wire, bob)
      const questions: EngineInput[] = []
      const turn = alice.turn.bind(alice)
      // The answer is on its way for as long as the connection lasts.
      alice.turn = (...inputs) => {
        const late = inputs.filter(({ type }) => type === 'funding_tested')
        questions.push(...late)
        return turn(...inputs.filter(input => !late.includes(input)))
      }
      stage.deliver(wire, alice)
      stage.deliver(wire, alice)
      expect(questions).toHaveLength(1)
      stage.cut(alice, bob)
      expect(failureOf(alice.replyTo(request))).toBe('opening_failed')
      expectAsBefore(alice, before)
      const [late] = questions
      if (late?.type !== 'funding_tested') throw new Error('it was asked')
      expect(turn({ ...late, ...(refusal !== undefined && { refusal }) })).toEqual([])
      expect(alice.lastCommit).toEqual([])
      expectAsBefore(alice, before)
      expect(alice.replies.get(request)).toHaveLength(1)
    },
  )

  test('the wallet has too little, and the peer is not bothered', () => {
    const { stage, alice, bob, before, request } = asked({ coins: [150_000n] })
    expect(failureOf(alice.replyTo(request))).toBe('insufficient_funds')
    const sent: string[] = []
    stage.onSent = (_, bytes) => sent.push(String(bytes[1]))
    stage.settle()
    expect(sent).toEqual([])
    expectAsBefore(alice, before)
    expect(bob.links).toEqual([])
  })

  test.each([0, 1, 2, 3])('the connection ends after %i messages, before funding_signed has come', messages => {
    const { stage, alice, bob, before, request, wire } = asked()
    const [first, second] = [bob, alice]
    for (let i = 0; i < messages; i++) expect(stage.deliver(wire, i % 2 === 0 ? first : second)).toBe(true)
    stage.cut(alice, bob)
    expect(failureOf(alice.replyTo(request))).toBe('opening_failed')
    expectAsBefore(alice, before)
    // Once it has signed, Bob keeps what Alice forgets, and forgets it himself when no funding comes.
    expect(bob.channelStates()).toEqual(messages === 3 ? ['wait_for_funding_confirmed'] : [])
    stage.settle()
    expect(alice.replies.get(request)).toHaveLength(1)
  })

  test('the accepter vanishes: its process ends after funding_created has come', () => {
    const { stage, alice, bob, before, request, wire } = asked()
    for (let i = 0; i < 3; i++) stage.deliver(wire, i % 2 === 0 ? bob : alice)
    stage.crash(bob)
    stage.wires.get(wire)?.on.set(alice, ['end'])
    stage.settle()
    expect(failureOf(alice.replyTo(request))).toBe('opening_failed')
    expectAsBefore(alice, before)
  })

  test.each([1, 2, 3])(
    'the opener vanishes after %i messages: its coins and the budget are free after the start',
    messages => {
      const { stage, alice, bob, before, wire } = asked()
      for (let i = 0; i < messages; i++) stage.deliver(wire, i % 2 === 0 ? bob : alice)
      while (stage.answer(alice));
      stage.restart(alice)
      stage.settle()
      expectAsBefore(alice, before)
      expect(stage.open(alice, bob)).toBeDefined()
    },
  )
})

describe('an opening that is asked for in vain', () => {
  test('the peer is not connected, the id is taken, the token knows no such amount', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const carol = stage.side('carol')
    stage.token(alice, 'shop', 100_000n)
    const before = spendable(alice)
    expect(failureOf(alice.replyTo(stage.askToOpen(alice, carol)))).toBe('not_connected')
    expect(failureOf(alice.replyTo(stage.askToOpen(alice, bob, { token: 'shop' })))).toBe('budget_exceeded')
    expect(failureOf(alice.replyTo(stage.askToOpen(alice, bob, { token: 'none' })))).toBe('unknown_token')
    expect(failureOf(alice.replyTo(stage.askToOpen(alice, bob, { push: 300_000n })))).toBeDefined()
    expectAsBefore(alice, before)
    stage.settle()
    expect(bob.links).toEqual([])
  })

  test('an id of another channel, also of another peer', () => {
    const stage = new Stage()
    const [alice, bob, carol] = stage.sidesOf(['alice', 'bob', 'carol'])
    const used = stage.open(bob, alice)
    stage.token(bob, 'shop', 1_000_000n)
    const request = bob.ask(number => ({
      type: 'open_channel',
      request: number,
      nodeId: carol.id,
      capacitySat: sat(100_000),
      pushMsat: msat(0),
      temporaryChannelId: used,
      token: 'shop',
    }))
    expect(failureOf(bob.replyTo(request))).toBeDefined()
    expect(spent(bob, 'shop')).toBe(0n)
    expect(bob.links).toHaveLength(1)
    expect(alice.links).toHaveLength(1)
  })
})

describe('an opening that succeeds', () => {
  test('is remembered under its key in the commit that first stores the channel', () => {
    const { stage, alice, bob } = asked()
    stage.settle()
    stage.mine()
    const request = stage.askToOpen(alice, bob, { idempotency: { key: 'once', fingerprint: 'f' } })
    const commits: (readonly string[])[] = []
    const turn = alice.turn.bind(alice)
    alice.turn = (...inputs) => {
      const effects = turn(...inputs)
      commits.push(alice.lastCommit.map(({ key }) => key))
      return effects
    }
    stage.settle()
    const reply = alice.replyTo(request)
    if (reply?.type !== 'opened') throw new Error('it is opened')
    const { channelId, fundingOutpoint } = reply
    const stored = commits.filter(keys => keys.includes('request/once'))
    expect(stored).toHaveLength(1)
    expect(stored[0]).toContain(`channel/${channelId}/peer`)
    expect(stored[0]).toContain(`channel/${channelId}/state/params`)
    const record = jsonDecode(alice.records.get('request/once') ?? new Uint8Array())
    expect(record).toMatchObject({ ok: true, value: { kind: 'open', fingerprint: 'f', channelId, fundingOutpoint } })
    expect(spent(alice, 'shop')).toBe(200_000_000n)
  })

  test('keys are never used twice, also where an opening came to nothing and the process ended', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const keys: string[] = []
    stage.onSent = (_, bytes) => {
      const decoded = decodeMessage(bytes)
      if (decoded.ok && decoded.value.type === 'open_channel') keys.push(String(decoded.value.fundingPubkey))
    }
    for (let i = 0; i < 3; i++) {
      stage.askToOpen(alice, bob)
      stage.restart(alice)
      stage.settle()
    }
    stage.open(alice, bob)
    expect(new Set(keys).size).toBe(4)
  })

  test('takes the feerate that the user named, for the transaction alone', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'], { coins: [600_000n, 500_000n] })
    stage.open(alice, bob)
    stage.open(alice, bob, { feeratePerKw: feeratePerKw(5_000) })
    const rates = stage.chain.mempool().map(({ tx, feeSat }) => (1000 * Number(feeSat)) / txWeight(tx))
    expect(rates.map(rate => Math.round(rate / 1_000))).toEqual([1, 5])
    expect(alice.channels().map(({ durable }) => durable.feeratePerKw)).toEqual([1_000, 1_000])
  })
})
