import { describe, expect, it } from 'vitest'
import { commitmentTxidOf, expectTaken, publishedTxid, tried } from './attacks.ts'
import { type Duo, deliver, deliverNext, durableOf, input, type Name, opened } from './harness.ts'
import { add, fulfill, settle } from './payments.ts'
import { cut, meetAgain } from './reconnecting.ts'

// BOLT 2, cltv_expiry_delta selection: past these heights only the chain can settle an HTLC. All expire at height 300.

const EXPIRY = 300
const SECTION = 'BOLT 2, cltv_expiry_delta selection'

function offered(): Duo {
  const duo = opened()
  add(duo, 'alice', { amountMsat: 5_000_000n, secret: 1, cltvExpiry: EXPIRY })
  return duo
}

function atHeight(duo: Duo, name: Name, height: number): void {
  duo[name].context = { ...duo[name].context, height }
}

/** One block earlier nothing happens; at the height the channel goes to the chain, once. */
function expectDeadline(duo: Duo, name: Name, height: number, reason: string): void {
  expectNoDeadline(duo, name, height - 1)
  atHeight(duo, name, height)
  const { next, effects } = tried(duo, name, { type: 'block' })
  expect(next).toMatchObject({
    state: 'closing',
    durable: { phase: { cause: { kind: 'deadline', reason, mayPublishCommitment: true } } },
  })
  expect(publishedTxid(effects)).toBe(commitmentTxidOf(duo, name))
  input(duo, name, { type: 'block' })
  atHeight(duo, name, height + 1)
  expect(tried(duo, name, { type: 'block' })).toEqual({ next: duo[name].channel, writes: [], effects: [] })
}

function expectNoDeadline(duo: Duo, name: Name, height: number): void {
  atHeight(duo, name, height)
  const result = expectTaken(duo, name, { type: 'block' })
  expect(result.next).toEqual(duo[name].channel)
  expect(result.writes).toEqual([])
  expect(result.effects).toEqual([])
}

describe('an HTLC that we offered', () => {
  const reason = `offered_htlc_timed_out: expected the peer to remove HTLC 0 before height 302, got height 302; its cltv_expiry is 300 (${SECTION})`

  it('takes the channel to the chain two blocks after its expiry, on whichever commitment it stands', () => {
    const stages: readonly ((duo: Duo) => void)[] = [
      duo => input(duo, 'alice', { type: 'commit' }),
      duo => deliverNext(duo, 'bob'),
      duo => deliverNext(duo, 'bob'),
      duo => deliverNext(duo, 'alice'),
      duo => settle(duo),
    ]
    for (const count of stages.keys()) {
      const duo = offered()
      for (const stage of stages.slice(0, count + 1)) stage(duo)
      expectDeadline(duo, 'alice', EXPIRY + 2, reason)
    }
  })

  it('also while its removal is on the way, and also without a connection', () => {
    const duo = offered()
    settle(duo)
    fulfill(duo, 'bob', 0, 1)
    input(duo, 'bob', { type: 'commit' })
    deliver(duo)
    expect(durableOf(duo.alice).htlcs[0]?.removed).toBe('acknowledged')
    cut(duo, ['alice'])
    expectDeadline(duo, 'alice', EXPIRY + 2, reason)
  })

  it('does nothing before it is signed for, nor once it is removed', () => {
    const duo = offered()
    expectNoDeadline(duo, 'alice', EXPIRY + 1_000)
    settle(duo)
    fulfill(duo, 'bob', 0, 1)
    settle(duo)
    expectNoDeadline(duo, 'alice', EXPIRY + 1_000)
  })

  it('is looked at again after a new connection, whatever the peer has said meanwhile', () => {
    const duo = offered()
    settle(duo)
    cut(duo)
    meetAgain(duo)
    expectDeadline(duo, 'alice', EXPIRY + 2, reason)
  })

  it('keeps to the grace of the node', () => {
    const duo = opened({ limits: { alice: { timeoutGraceBlocks: 0 } } })
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 1, cltvExpiry: EXPIRY })
    settle(duo)
    expectDeadline(duo, 'alice', EXPIRY, reason.replaceAll('302', '300'))
  })
})

describe('an HTLC of the peer that we fulfilled', () => {
  const reason = `fulfilled_htlc_near_expiry: expected the peer to acknowledge the preimage of HTLC 0 before height 282, got height 282; its cltv_expiry is 300 (${SECTION})`

  it('takes the channel to the chain 18 blocks before its expiry, until its removal is irrevocable', () => {
    for (const rounds of [0, 1, 2]) {
      const duo = offered()
      settle(duo)
      fulfill(duo, 'bob', 0, 1)
      if (rounds > 0) input(duo, 'bob', { type: 'commit' })
      if (rounds > 1) deliver(duo)
      expectDeadline(duo, 'bob', EXPIRY - 18, reason)
    }
    const duo = offered()
    settle(duo)
    fulfill(duo, 'bob', 0, 1)
    settle(duo)
    expectNoDeadline(duo, 'bob', EXPIRY + 1_000)
  })

  it('also where the preimage could not be sent, since nobody was there', () => {
    const duo = offered()
    settle(duo)
    cut(duo, ['bob'])
    fulfill(duo, 'bob', 0, 1)
    expectDeadline(duo, 'bob', EXPIRY - 18, reason)
  })

  it('one that is failed, or not decided, has no deadline of ours: it is the peer’s money', () => {
    const duo = offered()
    settle(duo)
    expectNoDeadline(duo, 'bob', EXPIRY + 1_000)
    input(duo, 'bob', { type: 'resolve_htlc', id: 0, resolution: { type: 'fail', reason: new Uint8Array(3) } })
    expectNoDeadline(duo, 'bob', EXPIRY + 1_000)
  })

  it('keeps to the margin of the node', () => {
    const duo = opened({ limits: { bob: { fulfillDeadlineBlocks: 100 } } })
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 1, cltvExpiry: EXPIRY })
    settle(duo)
    fulfill(duo, 'bob', 0, 1)
    expectDeadline(duo, 'bob', EXPIRY - 100, reason.replaceAll('282', '200'))
  })
})

describe('the first of several deadlines counts', () => {
  it('of two HTLCs the one that expires first', () => {
    const duo = opened()
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 1, cltvExpiry: EXPIRY + 50 })
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 2, cltvExpiry: EXPIRY })
    settle(duo)
    expectNoDeadline(duo, 'alice', EXPIRY + 1)
    atHeight(duo, 'alice', EXPIRY + 2)
    expect(tried(duo, 'alice', { type: 'block' }).next.state).toBe('closing')
  })
})
