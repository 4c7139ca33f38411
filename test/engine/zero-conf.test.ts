import { describe, expect, test } from 'vitest'
import { pmapValues } from '../../src/base/index.ts'
import { isIdle, isUnfunded, shortChannelIdOf } from '../../src/link/index.ts'
import { Line } from './line.ts'
import type { Limits, Side } from './side.ts'
import { type ChannelId, failureOf, localMsat, Stage } from './stage.ts'

// Channels that are used before they are confirmed, and channels that payments name by an alias alone (BOLT 2, option_zeroconf and
// option_scid_alias), in whole nodes.

const AMOUNT = 50_000_000n
const AMOUNT_SAT = AMOUNT / 1000n

function trusting(limits: Limits = {}): { readonly stage: Stage; readonly alice: Side; readonly bob: Side } {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'], { limits })
  bob.trustZeroConf = new Set([alice.id])
  return { stage, alice, bob }
}

function expiryOf(side: Side, id: ChannelId): number {
  const { channel } = side.link(id).state
  const [htlc] = channel !== undefined && 'durable' in channel ? channel.durable.htlcs : []
  if (htlc === undefined) throw new Error('an HTLC is on its way')
  return htlc.cltvExpiry
}

const statesOf = (id: ChannelId, ...sides: readonly Side[]) => sides.map(side => side.link(id).state.channel?.state)

describe('a channel is used before it is confirmed', () => {
  test('with a peer that our user has named: paid over at once, and like any other when its blocks have come', () => {
    const { stage, alice, bob } = trusting()
    const id = stage.open(alice, bob, { zeroConf: true })
    expect(statesOf(id, alice, bob)).toEqual(['normal', 'normal'])
    stage.pay(alice, stage.invoice(bob, AMOUNT_SAT))
    stage.settle()
    expect([localMsat(bob, id), alice.eventsOf('payment_sent').length]).toEqual([AMOUNT, 1])
    for (const side of [alice, bob]) {
      expect(isUnfunded(side.link(id).state)).toBe(true)
      expect(isIdle(side.link(id).state)).toBe(false)
    }
    stage.mine(3)
    for (const side of [alice, bob]) {
      expect(shortChannelIdOf(side.link(id).state)).toBeDefined()
      expect(isUnfunded(side.link(id).state)).toBe(false)
      expect(isIdle(side.link(id).state)).toBe(true)
    }
  })

  test('with nobody else: neither by the type nor by a minimum_depth of 0', () => {
    const { stage, alice, bob } = trusting()
    // Alice's user trusts nobody.
    const request = stage.askToOpen(bob, alice, { zeroConf: true })
    stage.settle()
    expect(failureOf(bob.replyTo(request))).toBe('opening_failed')
    const id = stage.open(bob, alice)
    expect(statesOf(id, alice, bob)).toEqual(['wait_for_funding_confirmed', 'wait_for_funding_confirmed'])
  })

  test('survives the processes of both, and the funding is published again until it is confirmed', () => {
    const { stage, alice, bob } = trusting()
    const id = stage.open(alice, bob, { zeroConf: true })
    stage.pay(alice, stage.invoice(bob, AMOUNT_SAT))
    stage.settle()
    const published = () => alice.published.filter(({ role }) => role === 'funding').length
    for (const side of [alice, bob]) stage.restart(side)
    stage.settle()
    const before = published()
    expect(before).toBeGreaterThan(1)
    stage.connect(alice, bob)
    expect(statesOf(id, alice, bob)).toEqual(['normal', 'normal'])
    stage.keysend(bob, alice, 1_000n)
    stage.settle()
    expect(localMsat(bob, id)).toBe(AMOUNT - 1_000_000n)
    stage.mine(3)
    expect(localMsat(bob, id)).toBe(AMOUNT - 1_000_000n)
  })

  test('a reorganisation of its funding is no news: the opener publishes it again, and payments go on', () => {
    const { stage, alice, bob } = trusting()
    const id = stage.open(alice, bob, { zeroConf: true })
    stage.mine(1)
    stage.reorg(1)
    expect(statesOf(id, alice, bob)).toEqual(['normal', 'normal'])
    stage.pay(alice, stage.invoice(bob, AMOUNT_SAT))
    stage.settle()
    stage.mine(3)
    expect(localMsat(bob, id)).toBe(AMOUNT)
    for (const side of [alice, bob]) expect(isUnfunded(side.link(id).state)).toBe(false)
  })

  test('what a deadline finds unconfirmed goes to the chain with its funding', () => {
    const { stage, alice, bob } = trusting()
    const id = stage.open(alice, bob, { zeroConf: true })
    const request = alice.ask(each => ({ type: 'close_channel', request: each, channelId: id, force: true }))
    stage.settle()
    expect(alice.replyTo(request)).toEqual({ type: 'done' })
    stage.mine(30)
    expect(statesOf(id, alice, bob)).toEqual(['closed', 'closed'])
  })

  test('a peer may have no more of them than others have channels that wait', () => {
    const { stage, alice, bob } = trusting()
    for (let i = 0; i < 4; i++) {
      alice.fund(300_000n)
      stage.catchUp()
    }
    const opened = [...Array(5).keys()].map(() => {
      const request = stage.askToOpen(alice, bob, { zeroConf: true, capacity: 100_000n })
      stage.settle()
      return alice.replyTo(request)?.type
    })
    expect(opened).toEqual(['opened', 'opened', 'opened', 'opened', 'failed'])
    expect([...pmapValues(bob.state.links)]).toHaveLength(4)
  })
})

describe('a funding that never comes', () => {
  const WAITED = 24
  const neverFunded = () => {
    const world = trusting({ channel: { fundingTimeoutBlocks: WAITED } })
    world.alice.refuses = (_, role) => (role === 'funding' ? 'nobody sees it' : undefined)
    return { ...world, id: world.stage.open(world.alice, world.bob, { zeroConf: true }) }
  }

  test('costs who has trusted its opener what was received, and nothing else: the channel ends, and is forgotten in the end', () => {
    const { stage, alice, bob, id } = neverFunded()
    stage.pay(alice, stage.invoice(bob, AMOUNT_SAT))
    stage.settle()
    expect(bob.eventsOf('payment_received')).toHaveLength(1)
    stage.mine(WAITED - 1)
    expect(statesOf(id, bob)).toEqual(['normal'])
    stage.mine(1)
    expect(statesOf(id, bob)).toEqual(['closing'])
    stage.now += 22 * 24 * 3_600_000
    stage.mine(1)
    expect(statesOf(id, bob)).toEqual(['closed'])
  })

  test('keeps no payment of ours waiting: 144 blocks after its HTLC has run out it ends', () => {
    const { stage, alice, bob, id } = neverFunded()
    stage.pay(alice, stage.invoice(bob, AMOUNT_SAT))
    stage.settle()
    // On its way when the peer goes for good.
    stage.pay(bob, stage.invoice(alice, 1_000n), { timeoutMs: 1_000 })
    while (stage.answer(bob));
    stage.crash(alice)
    const expiry = expiryOf(bob, id)
    while (stage.chain.height < expiry + 143) stage.mine(1)
    expect(bob.eventsOf('payment_failed')).toEqual([])
    stage.mine(1)
    expect(bob.eventsOf('payment_failed')).toMatchObject([{ payment: { failure: { code: 'outcome_unknown' } } }])
  })
})

describe('a channel that is named by its alias alone', () => {
  test('is found by the alias, and by where it stands on the chain it is not there', () => {
    const line = new Line({}, { scidAlias: true })
    const { alias } = line.bob.link(line.downstream)
    if (alias === undefined) throw new Error('a channel has an alias')
    const wish = () => ({ ...line.invoice(AMOUNT), amount: AMOUNT })
    expect(line.answer(line.send({ ...wish(), scid: alias }))).toBe('taken')
    expect(line.answer(line.send({ ...wish(), scid: line.scid }))).toEqual({ type: 'unknown_next_peer' })
    line.stage.restart(line.bob)
    line.stage.settle()
    expect([...pmapValues(line.bob.state.shortIds)]).toHaveLength(3)
  })
})
