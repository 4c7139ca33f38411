import { describe, expect, test } from 'vitest'
import type { FeeratePerKw } from '../../src/base/index.ts'
import { feeratePerKw, msat, pmapGet, sat, toHex } from '../../src/base/index.ts'
import { addressFromScript, p2wpkhScript } from '../../src/bitcoin/index.ts'
import { publicKeyFromSecret, sha256 } from '../../src/crypto/index.ts'
import type { Side } from './side.ts'
import { failureOf, Stage } from './stage.ts'

// What a peer, a thief of a token or a chain that refuses may try against the whole of a node.

const WEEK_MS = 7 * 24 * 3600 * 1000

/** Opens a channel whose funding never goes out, and fails it as soon as the other side has signed. */
function fake(stage: Stage, mallory: Side, bob: Side, push = 0n): string | undefined {
  const request = stage.askToOpen(mallory, bob, { capacity: 20_000n, push })
  stage.settle()
  const reply = mallory.replyTo(request)
  if (reply?.type !== 'opened') return failureOf(reply)
  stage.forge(mallory, bob, { type: 'error', channelId: reply.channelId, data: new Uint8Array(0) })
  expect(bob.link(reply.channelId).state.channel?.state).toBe('closing')
  return undefined
}

/** Bob, and others with coins who do not publish what they fund. */
function fakers(names: readonly string[], maxUnfundedOfStrangers = 50) {
  const stage = new Stage()
  const bob = stage.side('bob', { engine: { maxUnfundedOfStrangers } })
  const others = names.map(name => stage.side(name, { engine: { maxUnfundedPerPeer: 1_000 } }))
  for (const other of others) {
    for (let i = 0; i < 12; i++) other.fund(150_000n)
    other.refuses = (_, role) => (role === 'funding' ? 'kept back' : undefined)
  }
  stage.mine()
  for (const other of others) stage.connect(other, bob)
  return { stage, bob, others }
}

describe('channels whose funding never comes', () => {
  test('that failed are counted as those that wait are: one peer has no more of them', () => {
    const { stage, bob, others } = fakers(['mallory'])
    const [mallory] = others as [Side]
    for (let i = 0; i < 4; i++) expect(fake(stage, mallory, bob, BigInt(1000 * i))).toBeUndefined()
    expect(fake(stage, mallory, bob)).toBe('opening_failed')
    expect(bob.links).toHaveLength(4)
  })

  test('make nobody known: strangers together have no more of them', () => {
    const { stage, bob, others } = fakers(['mallory', 'eve'], 2)
    const [mallory, eve] = others as [Side, Side]
    expect(fake(stage, mallory, bob)).toBeUndefined()
    expect(fake(stage, mallory, bob)).toBeUndefined()
    expect(fake(stage, mallory, bob)).toBe('opening_failed')
    expect(fake(stage, eve, bob)).toBe('opening_failed')
  })

  test('are forgotten some weeks later, and make room; those that we pay for are not', () => {
    const { stage, bob, others } = fakers(['mallory'], 1)
    const [mallory] = others as [Side]
    expect(fake(stage, mallory, bob, 5_000n)).toBeUndefined()
    stage.now += 2 * WEEK_MS
    stage.mine()
    expect(bob.channelStates()).toEqual(['closing'])
    stage.now += 2 * WEEK_MS
    stage.mine()
    expect(bob.channelStates()).toEqual(['closed'])
    expect(mallory.channelStates()).toEqual(['wait_for_funding_confirmed'])
    stage.restart(bob)
    stage.settle()
    expect(bob.channelStates()).toEqual(['closed'])
    stage.cut(mallory, bob)
    stage.connect(mallory, bob)
    expect(fake(stage, mallory, bob)).toBeUndefined()
  })
})

/** An address of somebody else. */
const SHOP = addressFromScript(p2wpkhScript(publicKeyFromSecret(sha256(new Uint8Array(1)))), 'regtest') ?? ''

interface Send {
  readonly amount?: bigint
  readonly token?: string
  readonly key?: string
  readonly feeratePerKw?: FeeratePerKw
}

function send(side: Side, { amount = 100_000n, token, key, ...more }: Send = {}): number {
  return side.ask(request => ({
    type: 'send_onchain',
    request,
    address: SHOP,
    amountSat: sat(amount),
    ...more,
    ...(token !== undefined && { token }),
    ...(key !== undefined && { idempotency: { key, fingerprint: toHex(sha256(new Uint8Array(2))) } }),
  }))
}

const spent = (side: Side, token: string) => pmapGet(side.state.payments.tokens, token)?.spentMsat

describe('coins that are sent under a token', () => {
  test('cost the fee as well: nobody burns what is beyond the budget', () => {
    const stage = new Stage()
    const [alice] = stage.sidesOf(['alice'])
    stage.token(alice, 'shop', 110_000n)
    const rate = feeratePerKw(40_000)
    // 100,000 sat are within the budget, 20,000 sat of fee are not.
    expect(failureOf(alice.replyTo(send(alice, { token: 'shop', feeratePerKw: rate })))).toBe('budget_exceeded')
    expect(spent(alice, 'shop')).toBe(0n)
    expect([...alice.state.wallet.transactions.values()]).toEqual([])
    expect(alice.replyTo(send(alice, { token: 'shop' }))?.type).toBe('sent')
    const [entry] = stage.chain.mempool()
    expect(spent(alice, 'shop')).toBe(msat(100_000_000n + 1000n * (entry?.feeSat ?? 0n)))
  })

  test('and that the chain refuses leave nothing behind: coins, budget and key are free', () => {
    const stage = new Stage()
    const [alice] = stage.sidesOf(['alice'])
    stage.token(alice, 'shop', 110_000n)
    alice.refuses = () => 'mempool min fee not met'
    send(alice, { token: 'shop', key: 'once' })
    expect(alice.records.has('request/once')).toBe(true)
    stage.settle()
    expect([...alice.state.wallet.transactions.values()]).toEqual([])
    expect(spent(alice, 'shop')).toBe(0n)
    // Or the next call with the key would be told that it was sent.
    expect(alice.records.has('request/once')).toBe(false)
    alice.refuses = () => undefined
    expect(alice.replyTo(send(alice, { token: 'shop', key: 'once' }))?.type).toBe('sent')
  })
})

describe('the reserve for the fees of channels', () => {
  test('is not kept for channels that are closed', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'], { coins: [500_000n] })
    const id = stage.ready(alice, bob)
    stage.close(alice, id)
    stage.mine(8)
    expect(alice.channelStates()).toEqual(['closed'])
    const request = alice.ask(number => ({ type: 'send_onchain', request: number, address: SHOP, amountSat: 'all' }))
    expect(alice.replyTo(request)?.type).toBe('sent')
    stage.mine()
    expect([...alice.state.wallet.coins.values()].filter(coin => coin.spent === undefined)).toEqual([])
  })

  test('does not grow by channels of others whose funding never comes', () => {
    const { stage, bob, others } = fakers(['mallory'])
    const [mallory] = others as [Side]
    bob.fund(100_000n)
    stage.mine()
    for (let i = 0; i < 3; i++) fake(stage, mallory, bob)
    expect(bob.replyTo(send(bob, { amount: 99_000n }))?.type).toBe('sent')
  })
})

describe('the log of events', () => {
  test('is not filled by what one peer says, nor by its coming and going', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const channelId = stage.ready(alice, bob)
    const before = bob.log.length
    for (let i = 0; i < 500; i++) stage.forge(alice, bob, { type: 'warning', channelId, data: new Uint8Array(9) })
    for (let i = 0; i < 100; i++) {
      stage.cut(alice, bob)
      stage.wait(400_000 / 100)
    }
    expect(bob.log.length - before).toBeLessThan(120)
    expect(bob.eventsOf('peer_said').length).toBeGreaterThan(10)
    // An hour later it is heard again.
    stage.wait(3_600_000)
    const said = bob.eventsOf('peer_said').length
    stage.connect(alice, bob)
    stage.forge(alice, bob, { type: 'warning', channelId, data: new Uint8Array(9) })
    expect(bob.eventsOf('peer_said').length).toBe(said + 1)
  })
})

describe('a chain that stands still', () => {
  test('releases no preimage: what looks like time for a claim may be over', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    stage.ready(alice, bob)
    // Nobody tells Bob of blocks any more. Alice, who sees them, could take the HTLC back as soon as she has the preimage.
    bob.catchUp = () => undefined
    stage.now += 3 * 3_600_000
    const late = stage.keysend(alice, bob, 10_000n)
    stage.settle()
    expect(alice.replyTo(late)).toMatchObject({ type: 'payment', payment: { status: 'failed' } })
    stage.pay(alice, stage.invoice(bob, 10_000n))
    stage.settle()
    expect(bob.eventsOf('payment_received')).toEqual([])
    // A block, or a start that has asked for blocks, is a sign of life.
    delete (bob as { catchUp?: unknown }).catchUp
    stage.mine()
    const paid = stage.pay(alice, stage.invoice(bob, 10_000n))
    stage.settle()
    expect(alice.replyTo(paid)).toMatchObject({ type: 'payment', payment: { status: 'succeeded' } })
    stage.now += 3 * 3_600_000
    stage.restart(bob)
    stage.settle()
    stage.connect(alice, bob)
    const more = stage.pay(alice, stage.invoice(bob, 10_000n))
    stage.settle()
    expect(alice.replyTo(more)).toMatchObject({ type: 'payment', payment: { status: 'succeeded' } })
  })
})
