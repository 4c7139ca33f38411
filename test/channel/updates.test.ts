import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat } from '../../src/base/index.ts'
import { commitmentContents, remoteCommitmentTx } from '../../src/channel/contents.ts'
import { localCommitmentTx } from '../../src/channel/handlers/commitmentSigned.ts'
import type { Htlc } from '../../src/channel/types.ts'
import { type Duo, deliver, deliverNext, durableOf, effectsOf, input, type Name, opened, otherName } from './harness.ts'
import { add, eventsOf, fulfill, hashOf, pay, settle } from './payments.ts'

describe('BOLT 2, normal operation', () => {
  it('a payment takes ten messages: one offer, one fulfilment, four commitments, four revocations', () => {
    const duo = opened()
    const before = { alice: effectsOf(duo.alice, 'send').length, bob: effectsOf(duo.bob, 'send').length }
    pay(duo, 'alice', { amountMsat: 10_000_000n, secret: 1 })
    const sent = (name: Name) =>
      effectsOf(duo[name], 'send')
        .slice(before[name])
        .map(effect => effect.message.type)
    expect(sent('alice')).toEqual([
      'update_add_htlc',
      'commitment_signed',
      'revoke_and_ack',
      'revoke_and_ack',
      'commitment_signed',
    ])
    expect(sent('bob')).toEqual([
      'revoke_and_ack',
      'commitment_signed',
      'update_fulfill_htlc',
      'commitment_signed',
      'revoke_and_ack',
    ])
    expect(durableOf(duo.alice).htlcs).toEqual([])
    expect(durableOf(duo.alice).settled).toEqual({ localMsat: 890_000_000n, remoteMsat: 110_000_000n })
    expect(durableOf(duo.bob).settled).toEqual({ localMsat: 110_000_000n, remoteMsat: 890_000_000n })
  })

  it('tells the receiver when an HTLC is irrevocable, the sender of the preimage at once, both of the end', () => {
    const duo = opened()
    pay(duo, 'bob', { amountMsat: 5_000_000n, secret: 2 })
    expect(eventsOf(duo.bob).map(event => event.type)).toEqual([
      'htlc_added',
      'htlc_signed',
      'htlc_fulfilled',
      'htlc_settled',
    ])
    expect(eventsOf(duo.alice).map(event => event.type)).toEqual(['htlc_received', 'htlc_settled'])
  })

  it('a failed HTLC leaves the balances as they were, and is told when its removal is irrevocable', () => {
    const duo = opened()
    const before = durableOf(duo.alice).settled
    add(duo, 'alice', { amountMsat: 7_000_000n, secret: 3 })
    settle(duo)
    input(duo, 'bob', { type: 'resolve_htlc', id: 0, resolution: { type: 'fail', reason: Uint8Array.of(1, 2, 3) } })
    expect(eventsOf(duo.alice).some(event => event.type === 'htlc_failed')).toBe(false)
    settle(duo)
    expect(eventsOf(duo.alice).filter(event => event.type === 'htlc_failed')).toMatchObject([
      { id: 0, paymentHash: hashOf(3), resolution: { type: 'fail', reason: Uint8Array.of(1, 2, 3) } },
    ])
    expect(durableOf(duo.alice).settled).toEqual(before)
  })

  it('both sides update at once: crossing offers, fulfilments, failures and a fee change end in one state', () => {
    const duo = opened()
    add(duo, 'alice', { amountMsat: 20_000_000n, secret: 4 })
    add(duo, 'bob', { amountMsat: 8_000_000n, secret: 5 })
    input(duo, 'alice', { type: 'update_fee', feeratePerKw: feeratePerKw(3_000) })
    input(duo, 'alice', { type: 'commit' })
    input(duo, 'bob', { type: 'commit' })
    settle(duo)
    fulfill(duo, 'bob', 0, 4)
    input(duo, 'alice', {
      type: 'resolve_htlc',
      id: 0,
      resolution: { type: 'fail_malformed', sha256OfOnion: new Uint8Array(32), failureCode: 0xc005 },
    })
    add(duo, 'alice', { amountMsat: 1_000_000n, secret: 6 })
    settle(duo)
    expect(durableOf(duo.alice)).toMatchObject({
      feeratePerKw: 3_000,
      feeUpdates: [],
      settled: { localMsat: 880_000_000n },
    })
    expect(durableOf(duo.alice).htlcs.map(htlc => htlc.id)).toEqual([1])
    expectAgreement(duo)
  })

  it('one commitment carries many updates', () => {
    const duo = opened()
    for (let secret = 10; secret < 40; secret++) add(duo, 'alice', { amountMsat: 2_000_000n, secret })
    settle(duo)
    for (let secret = 10; secret < 40; secret++) fulfill(duo, 'bob', secret - 10, secret)
    settle(duo)
    expect(durableOf(duo.alice)).toMatchObject({ localCommit: { number: 2 }, settled: { localMsat: 840_000_000n } })
  })

  it('nothing is signed twice while a revocation is awaited, and nothing at all without a change', () => {
    const duo = opened()
    const sent = () => effectsOf(duo.alice, 'send').filter(effect => effect.message.type === 'commitment_signed').length
    input(duo, 'alice', { type: 'commit' })
    expect(sent()).toBe(0)
    add(duo, 'alice', { amountMsat: 2_000_000n, secret: 1 })
    input(duo, 'alice', { type: 'commit' })
    add(duo, 'alice', { amountMsat: 2_000_000n, secret: 2 })
    input(duo, 'alice', { type: 'commit' })
    expect(sent()).toBe(1)
    settle(duo)
    expect(durableOf(duo.bob).htlcs.map(htlc => htlc.added)).toEqual(['irrevocable', 'irrevocable'])
  })
})

/** What each side signs is what the other one holds. */
function expectAgreement(duo: Duo): void {
  for (const name of ['alice', 'bob'] as const) {
    const own = durableOf(duo[name])
    const other = durableOf(duo[otherName(name)])
    expect(remoteCommitmentTx(other, 'latest').txid).toBe(
      localCommitmentTx(own, own.localCommit.number, duo[name].context).txid,
    )
    expect(own.settled.localMsat).toBe(other.settled.remoteMsat)
  }
}

describe('properties of the update machine', () => {
  type Action = {
    readonly type: 'add' | 'fulfill' | 'fail' | 'commit' | 'deliver' | 'fee'
    readonly by: Name
    readonly n: number
  }
  const action: fc.Arbitrary<Action> = fc.record({
    type: fc.constantFrom('add', 'add', 'fulfill', 'fail', 'commit', 'commit', 'deliver', 'deliver', 'deliver', 'fee'),
    by: fc.constantFrom<Name>('alice', 'bob'),
    n: fc.nat(1_000_000),
  })

  it('any interleaving of updates ends, after silence, in one state on both sides with no money lost', () => {
    fc.assert(
      fc.property(
        fc.array(action, { maxLength: 60, size: 'max' }),
        fc.constantFrom('anchors_zero_fee_htlc', 'static_remotekey'),
        (actions, format) => {
          const duo = opened({ format: format as 'static_remotekey' })
          const due = new Map<string, bigint>([
            ['alice', 900_000_000n],
            ['bob', 100_000_000n],
          ])
          for (const act of actions) perform(duo, act, due)
          settle(duo)
          for (const name of ['alice', 'bob'] as const) {
            for (const htlc of durableOf(duo[name]).htlcs) expect(htlc.added).toBe('irrevocable')
            expect(durableOf(duo[name]).settled.localMsat).toBe(due.get(name))
          }
          expectAgreement(duo)
        },
      ),
      { numRuns: 60 },
    )
  })

  function perform(duo: Duo, { type, by, n }: Action, due: Map<string, bigint>): void {
    switch (type) {
      case 'add':
        add(duo, by, { amountMsat: BigInt(n % 3 === 0 ? 100_000 : 1_000_000 + n), secret: 1 + (n % 200) })
        return
      case 'fulfill':
      case 'fail': {
        const open = durableOf(duo[by]).htlcs.filter(isOpen)
        const htlc = open[n % Math.max(1, open.length)]
        if (htlc === undefined) return
        if (type === 'fail') {
          input(duo, by, { type: 'resolve_htlc', id: htlc.id, resolution: { type: 'fail', reason: new Uint8Array(3) } })
          return
        }
        fulfill(duo, by, htlc.id, secretOf(htlc))
        due.set(by, (due.get(by) ?? 0n) + htlc.amountMsat)
        due.set(otherName(by), (due.get(otherName(by)) ?? 0n) - htlc.amountMsat)
        return
      }
      case 'commit':
        input(duo, by, { type: 'commit' })
        return
      case 'deliver':
        if (duo[otherName(by)].outbox.length > 0) deliverNext(duo, by)
        return
      case 'fee':
        if (by === 'alice') input(duo, by, { type: 'update_fee', feeratePerKw: feeratePerKw(1_000 + (n % 3_000)) })
        return
    }
  }

  function isOpen(htlc: Htlc): boolean {
    return htlc.offeredBy === 'remote' && htlc.added === 'irrevocable' && htlc.resolution === undefined
  }

  function secretOf(htlc: Htlc): number {
    for (let secret = 1; secret <= 200; secret++) if (hashOf(secret) === htlc.paymentHash) return secret
    throw new Error('an HTLC of this test has a secret of this test')
  }
})

describe('what a commitment holds', () => {
  it('follows the update: on the receiver first, on the sender once it is acknowledged', () => {
    const duo = opened()
    add(duo, 'alice', { amountMsat: 3_000_000n, secret: 1 })
    const held = (name: Name, holder: 'local' | 'remote', which: 'next' | 'latest' | 'previous') =>
      commitmentContents(durableOf(duo[name]), holder, which).htlcs.length
    expect([
      held('alice', 'remote', 'next'),
      held('alice', 'remote', 'latest'),
      held('alice', 'local', 'next'),
    ]).toEqual([1, 0, 0])
    input(duo, 'alice', { type: 'commit' })
    expect([
      held('alice', 'remote', 'latest'),
      held('alice', 'remote', 'previous'),
      held('alice', 'local', 'latest'),
    ]).toEqual([1, 0, 0])
    deliverNext(duo, 'bob')
    deliverNext(duo, 'bob')
    expect([held('bob', 'local', 'latest'), held('bob', 'remote', 'next'), held('bob', 'remote', 'latest')]).toEqual([
      1, 1, 0,
    ])
    settle(duo)
    for (const name of ['alice', 'bob'] as const) {
      expect([held(name, 'local', 'latest'), held(name, 'remote', 'latest')]).toEqual([1, 1])
    }
    expect(msat(3_000_000)).toBe(durableOf(duo.bob).htlcs[0]?.amountMsat)
    deliver(duo)
  })
})
