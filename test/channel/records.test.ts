import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesEqual, defined, feeratePerKw, msat, sat } from '../../src/base/index.ts'
import { changedRecords } from '../../src/channel/codec/records.ts'
import { remoteCommitmentTx } from '../../src/channel/contents.ts'
import { htlcsOfRevoked, loadDurable } from '../../src/channel/index.ts'
import type { ChannelDurable, ChannelWrite, Htlc } from '../../src/channel/types.ts'
import { NAMES } from './attacks.ts'
import { change, channelWith, LEGACY, negotiating } from './closingFixtures.ts'
import {
  connect,
  type Duo,
  deliver,
  durableOf,
  fundedOf,
  input,
  type Name,
  opened,
  otherName,
  type Side,
  walletTx,
} from './harness.ts'
import { add, fulfill, hashOf, pay, settle } from './payments.ts'
import { cut } from './reconnecting.ts'

// The stored form: each step writes what it changed, the store alone is enough to go on, and bad bytes are told.

describe('what a step writes', () => {
  /** Both sides hold this many HTLCs that nobody touches, as if they had been there since commitment 1. */
  function withIdle(count: number, amountMsat: bigint): Duo {
    const limits = { maxAcceptedHtlcs: 483 }
    const duo = opened({ limits: { alice: limits, bob: limits } })
    pay(duo, 'alice', { amountMsat: 2_000_000n, secret: 1 })
    const idle = Array.from(
      { length: count },
      (_, id): Htlc => ({
        offeredBy: 'local',
        id: 1_000 + id,
        amountMsat: msat(amountMsat),
        paymentHash: hashOf(3),
        cltvExpiry: 400,
        onionRoutingPacket: new Uint8Array(1366),
        added: 'irrevocable',
        remoteFrom: 1,
      }),
    )
    const next = { local: 10_000, remote: 10_000 }
    change(duo.alice, { htlcs: idle, nextHtlcId: next })
    change(duo.bob, { htlcs: idle.map(htlc => ({ ...htlc, offeredBy: 'remote' })), nextHtlcId: next })
    return duo
  }

  interface Written {
    readonly records: readonly string[]
    readonly bytes: number
  }

  /** All that one payment puts or deletes on both sides, by the kind of record. */
  function writtenByPayment(duo: Duo): Written {
    const writes: ChannelWrite[] = []
    const collected: Duo = { alice: collecting(duo.alice, writes), bob: collecting(duo.bob, writes) }
    const before = durableOf(duo.bob).htlcs.length
    add(collected, 'alice', { amountMsat: 5_000_000n, secret: 2 })
    settle(collected)
    expect(durableOf(collected.bob).htlcs.length).toBe(before + 1)
    fulfill(collected, 'bob', 10_000, 2)
    settle(collected)
    const kinds = writes.map(({ type, key }) => `${type} ${key.replace(/[0-9a-f]{14}/g, 'n')}`).sort()
    return {
      records: kinds,
      bytes: writes.reduce((sum, write) => sum + write.key.length + (write.type === 'put' ? write.value.length : 0), 0),
    }
  }

  /** A store that also remembers what was written to it. */
  function collecting(side: Side, writes: ChannelWrite[]): Side {
    const records = new Map(side.records)
    const put = records.set.bind(records)
    const remove = records.delete.bind(records)
    records.set = (key, value) => {
      writes.push({ type: 'put', key, value })
      return put(key, value)
    }
    records.delete = key => {
      writes.push({ type: 'delete', key })
      return remove(key)
    }
    return { ...side, outbox: [], records }
  }

  it('does not grow with the HTLCs that did not move, but for their signatures, which every commitment has anew', () => {
    const none = writtenByPayment(withIdle(0, 1n))
    const dust = writtenByPayment(withIdle(400, 1n))
    expect(dust).toEqual(none)
    expect(none.records.length).toBeLessThan(60)
    const large = writtenByPayment(withIdle(60, 500_000n))
    expect(large.records).toEqual(none.records)
    // Two commitments on each side, with one signature of 64 bytes for each of the 60.
    expect(large.bytes).toBe(none.bytes + 4 * 60 * 64)
  })

  it('does not grow with the history', () => {
    const young = opened()
    pay(young, 'alice', { amountMsat: 2_000_000n, secret: 1 })
    change(young.alice, { nextHtlcId: { local: 10_000, remote: 0 } })
    change(young.bob, { nextHtlcId: { local: 0, remote: 10_000 } })
    const old = opened()
    for (let payment = 0; payment < 17; payment++) pay(old, 'alice', { amountMsat: 2_000_000n, secret: 1 })
    change(old.alice, { nextHtlcId: { local: 10_000, remote: 0 } })
    change(old.bob, { nextHtlcId: { local: 0, remote: 10_000 } })
    const kinds = ({ records }: Written) => records.filter(kind => !kind.includes('secret'))
    const [first, later] = [writtenByPayment(young), writtenByPayment(old)]
    expect(kinds(later)).toEqual(kinds(first))
    // A payment reveals two secrets of each side, each in one slot.
    expect(first.records.length).toBe(later.records.length)
    expect(later.bytes).toBe(first.bytes)
  })

  it('is nothing for an input that is refused, and the phase alone for a channel that fails', () => {
    const duo = opened()
    expect(add(duo, 'alice', { amountMsat: 0n, secret: 1 }).writes).toEqual([])
    expect(input(duo, 'alice', { type: 'block' }).writes).toEqual([])
    expect(input(duo, 'alice', { type: 'commit' }).writes).toEqual([])
    const { writes } = input(duo, 'alice', { type: 'force_close', reason: 'enough' })
    expect(writes.map(write => write.key)).toEqual(['phase'])
  })

  it('the offer is written once, with its onion', () => {
    const duo = opened()
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 1 })
    const writes: ChannelWrite[] = []
    const collected: Duo = { alice: collecting(duo.alice, writes), bob: { ...duo.bob } }
    settleWith(collected, duo)
    expect(writes.filter(write => write.key.startsWith('offer/'))).toEqual([])
    // Signed, acknowledged, countersigned and irrevocable at once.
    expect(writes.filter(write => write.key.startsWith('htlc/')).length).toBe(3)
  })

  /** The offer is on its way already. */
  function settleWith(collected: Duo, { alice }: Duo): void {
    collected.alice.outbox.push(...alice.outbox)
    settle(collected)
  }

  it('items of a list that became shorter are deleted', () => {
    const side = opened().alice
    const before = fundedOf(side)
    const closes = [walletTx({ amountSat: sat(1), script: new Uint8Array(0) })]
    const after = { ...before, durable: { ...before.durable, mutualCloses: closes } }
    expect(changedRecords(before, after).map(({ type, key }) => [type, key])).toEqual([
      ['put', 'head'],
      ['put', 'mutual-close/00000000000000'],
    ])
    expect(changedRecords(after, before).map(({ type, key }) => [type, key])).toEqual([
      ['put', 'head'],
      ['delete', 'mutual-close/00000000000000'],
    ])
  })
})

describe('the archive', () => {
  type Act = { readonly type: string; readonly by: Name; readonly n: number }
  const act: fc.Arbitrary<Act> = fc.record({
    type: fc.constantFrom(
      'add',
      'add',
      'resolve',
      'resolve',
      'commit',
      'commit',
      'commit',
      'deliver',
      'deliver',
      'cut',
    ),
    by: fc.constantFrom<Name>('alice', 'bob'),
    n: fc.nat(1_000_000),
  })

  it('holds, with the live HTLCs, exactly those of each revoked commitment of the peer', () => {
    let compared = 0
    fc.assert(
      fc.property(fc.array(act, { maxLength: 120, size: 'max' }), acts => {
        const duo = opened()
        const truth = { alice: new Map<number, readonly string[]>(), bob: new Map<number, readonly string[]>() }
        const look = () => {
          for (const name of NAMES) note(durableOf(duo[name]), truth[name])
        }
        look()
        for (const one of acts) {
          perform(duo, one)
          look()
        }
        for (const name of NAMES) {
          const durable = durableOf(duo[name])
          for (let number = 0; number < durable.remoteCommit.number; number++) {
            const found = htlcsOfRevoked(durable, duo[name].records, number)
            expect(found.ok && found.value.map(nameOf).sort()).toEqual(truth[name].get(number))
            compared += 1
          }
        }
      }),
      { numRuns: 20 },
    )
    expect(compared).toBeGreaterThan(20)
  })

  /** What the peer’s valid commitments hold now, by their numbers, as their transactions say. */
  function note(durable: ChannelDurable, truth: Map<number, readonly string[]>): void {
    for (const which of ['previous', 'latest'] as const) {
      const { input: commitment } = remoteCommitmentTx(durable, which)
      const mirrored = commitment.htlcs.map(htlc => ({
        ...htlc,
        offeredBy: htlc.direction === 'offered' ? ('remote' as const) : ('local' as const),
      }))
      truth.set(commitment.commitmentNumber, mirrored.map(nameOf).sort())
    }
  }

  function nameOf(htlc: Pick<Htlc, 'offeredBy' | 'id' | 'amountMsat' | 'paymentHash' | 'cltvExpiry'>): string {
    return `${htlc.offeredBy} ${htlc.id} ${htlc.amountMsat} ${htlc.paymentHash} ${htlc.cltvExpiry}`
  }

  function perform(duo: Duo, { type, by, n }: Act): void {
    switch (type) {
      case 'add':
        add(duo, by, { amountMsat: BigInt(n % 3 === 0 ? 100_000 : 1_000_000 + n), secret: 1 + (n % 20) })
        return
      case 'resolve': {
        const open = durableOf(duo[by]).htlcs.find(
          htlc => htlc.offeredBy === 'remote' && htlc.added === 'irrevocable' && htlc.resolution === undefined,
        )
        if (open === undefined) return
        const resolution = { type: 'fail', reason: new Uint8Array(2) } as const
        input(duo, by, { type: 'resolve_htlc', id: open.id, resolution })
        return
      }
      case 'commit':
        input(duo, by, { type: 'commit' })
        if (n % 3 === 0) deliver(duo)
        return
      case 'deliver':
        deliver(duo)
        return
      default:
        cut(duo, n % 2 === 0 ? [by] : [by, otherName(by)])
        connect(duo)
        deliver(duo)
    }
  }

  it('says what is wrong with it', () => {
    const duo = opened()
    pay(duo, 'alice', { amountMsat: 2_000_000n, secret: 1 })
    const { records } = duo.bob
    const key = defined(
      [...records.keys()].find(one => one.startsWith('archive/')),
      'a payment leaves a record',
    )
    records.set(key, new Uint8Array(3))
    const found = htlcsOfRevoked(durableOf(duo.bob), records, 0)
    expect(found).toMatchObject({ ok: false, error: { code: 'truncated' } })
  })
})

describe('bad records are told, and never thrown', () => {
  /** A channel with something in each of its records. */
  function rich(): Side {
    const duo = opened()
    for (let payment = 0; payment < 5; payment++) pay(duo, 'alice', { amountMsat: 2_000_000n, secret: 1 })
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 2 })
    add(duo, 'bob', { amountMsat: 5_000_000n, secret: 3 })
    settle(duo)
    fulfill(duo, 'bob', 5, 2)
    input(duo, 'alice', { type: 'update_fee', feeratePerKw: feeratePerKw(3_000) })
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 4 })
    input(duo, 'alice', { type: 'commit' })
    input(duo, 'alice', { type: 'shutdown' })
    return duo.alice
  }
  const side = rich()
  const closed = channelClosed()
  const isArchive = (key: string) => key.startsWith('archive/')

  function channelClosed(): Side {
    const duo = negotiating(channelWith(msat(500_000_000), { negotiated: LEGACY }))
    deliver(duo)
    return duo.alice
  }

  it('they are all there', () => {
    const kinds = [...side.records.keys(), ...closed.records.keys()].map(key => key.split('/')[0])
    expect([...new Set(kinds)].sort()).toEqual([
      'archive',
      'head',
      'htlc',
      'local-commit',
      'mutual-close',
      'offer',
      'params',
      'phase',
      'remote-commit',
      'secret',
      'shutdown',
      'version',
    ])
    expect(loadDurable(side.records).ok).toBe(true)
    expect(loadDurable(closed.records).ok).toBe(true)
  })

  it('each of them, if it is missing', () => {
    for (const { records } of [side, closed]) {
      for (const key of records.keys()) {
        const without = new Map(records)
        without.delete(key)
        expect(loadDurable(without).ok, key).toBe(isArchive(key))
      }
    }
  })

  it('each of them, if it ends early or goes on too long', () => {
    for (const { records } of [side, closed]) {
      for (const [key, value] of records) {
        if (isArchive(key)) continue
        for (const bad of [value.subarray(0, -1), value.subarray(1), new Uint8Array(0), Uint8Array.of(...value, 0)]) {
          const loaded = loadDurable(new Map(records).set(key, bad))
          expect(loaded.ok, key).toBe(false)
          if (!loaded.ok) expect(loaded.error.message).toContain(key)
        }
      }
    }
  })

  it('any bit of any record: refused, or another channel that stands in exactly these bytes', () => {
    let refused = 0
    fc.assert(
      fc.property(fc.constantFrom(side, closed), fc.nat(), fc.nat(), ({ records }, which, bit) => {
        const keys = [...records.keys()].filter(key => !isArchive(key))
        const key = defined(keys[which % keys.length], 'there are records')
        const value = Uint8Array.from(defined(records.get(key), 'it was listed'))
        const place = Math.floor(bit / 8) % value.length
        value[place] = defined(value[place], 'it was within') ^ (1 << (bit % 8))
        const spoiled = new Map(records).set(key, value)
        const loaded = loadDurable(spoiled)
        if (!loaded.ok) {
          refused += 1
          return
        }
        const channel = { ...fundedOf(side), state: loaded.value.phase.type, durable: loaded.value }
        const again = new Map(changedRecords(undefined, channel).map(write => [write.key, write]))
        for (const [one, bytes] of spoiled) {
          if (isArchive(one)) continue
          const write = defined(again.get(one), `${one} is written again`)
          expect(write.type === 'put' && bytesEqual(write.value, bytes), one).toBe(true)
        }
      }),
      { numRuns: 3_000 },
    )
    expect(refused).toBeGreaterThan(300)
  })

  it('another version of the layout', () => {
    const loaded = loadDurable(new Map(side.records).set('version', Uint8Array.of(2)))
    expect(loaded).toEqual({
      ok: false,
      error: { code: 'invalid', message: 'expected a channel of version 1, got version 2' },
    })
  })

  it('more secrets than there are slots, or others than there should be', () => {
    const secret = defined(side.records.get('secret/00000000000000'), 'a secret was revealed')
    const many = new Map(side.records)
    for (let slot = 0; slot < 60; slot++) many.set(`secret/${slot.toString(16).padStart(14, '0')}`, secret)
    expect(loadDurable(many)).toMatchObject({ ok: false, error: { code: 'invalid' } })
    const older = new Map(side.records).set('secret/00000000000001', secret)
    expect(loadDurable(older)).toMatchObject({ ok: false, error: { code: 'invalid' } })
  })

  it('an HTLC under the key of another one', () => {
    const key = defined(
      [...side.records.keys()].find(one => one.startsWith('htlc/l/')),
      'an offer is live',
    )
    const moved = new Map(side.records)
    moved.set('htlc/l/000000000000ff', defined(moved.get(key), 'it was listed'))
    moved.delete(key)
    expect(loadDurable(moved)).toMatchObject({ ok: false, error: { code: 'invalid' } })
  })

  it('balances that are not the capacity', () => {
    const { settled, params } = durableOf(side)
    const wrong = { ...settled, localMsat: msat(settled.localMsat + 1n) }
    const channel = { ...fundedOf(side), durable: { ...durableOf(side), settled: wrong } }
    const head = defined(
      changedRecords(undefined, channel).find(write => write.key === 'head'),
      'the head is written',
    )
    const records = new Map(side.records)
    if (head.type === 'put') records.set('head', head.value)
    expect(loadDurable(records)).toMatchObject({
      ok: false,
      error: {
        code: 'invalid',
        message: `expected a channel that may be: balances of 1000000001 msat for ${params.fundingAmountSat} sat`,
      },
    })
  })
})
