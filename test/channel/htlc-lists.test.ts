import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decode, encode, feeratePerKw, msat } from '../../src/base/index.ts'
import { type Head, head } from '../../src/channel/codec/v1.ts'
import { commitmentContents } from '../../src/channel/contents.ts'
import { dustExposureMsat, openerCostMsat } from '../../src/channel/cost.ts'
import { dustLimitsOf } from '../../src/channel/dustLimits.ts'
import { differenceOf, withAdded, withReplaced } from '../../src/channel/htlcList.ts'
import { nextTally } from '../../src/channel/tally.ts'
import type { ChannelDurable, Htlc, Party, UpdateRef, UpdateStage } from '../../src/channel/types.ts'
import { durableOf, opened } from './harness.ts'
import { hashOf } from './payments.ts'

// What a list of HTLCs is known to hold without looking at all of it again, against looking at all of it.

const durable = durableOf(opened().alice)
const party = fc.constantFrom<Party>('local', 'remote')
const stage = fc.constantFrom<UpdateStage>('proposed', 'signed', 'acknowledged', 'countersigned', 'irrevocable')
const unfinished = fc.constantFrom<UpdateStage>('proposed', 'signed', 'acknowledged', 'countersigned')

/** An offer, or the next state of one that is there already. */
const change = fc.record({
  place: fc.option(fc.nat(30)),
  offeredBy: party,
  amountMsat: fc.oneof(fc.integer({ min: 1, max: 800_000 }), fc.integer({ min: 800_000, max: 5_000_000 })),
  added: stage,
  removed: fc.option(unfinished),
  isFulfilled: fc.boolean(),
  /** Which sums somebody asks for then. */
  asked: fc.constantFrom<readonly Party[]>([], ['local'], ['remote'], ['local', 'remote']),
  feerate: fc.constantFrom(253, 5_000),
})
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never

function htlcOf(drawn: Change, id: number): Htlc {
  const { offeredBy, added, removed, isFulfilled } = drawn
  const resolution = isFulfilled
    ? ({ type: 'fulfill', paymentPreimage: new Uint8Array(32) } as const)
    : ({ type: 'fail', reason: new Uint8Array(0) } as const)
  return {
    offeredBy,
    id,
    amountMsat: msat(drawn.amountMsat),
    paymentHash: hashOf(1),
    cltvExpiry: 300,
    onionRoutingPacket: new Uint8Array(0),
    added,
    ...(added === 'irrevocable' && removed !== null && { removed, resolution }),
  }
}

function changed(htlcs: readonly Htlc[], drawn: Change, id: number): readonly Htlc[] {
  const old = drawn.place === null ? undefined : htlcs[drawn.place]
  if (old === undefined) return withAdded(htlcs, htlcOf({ ...drawn, added: 'proposed' }, id))
  return withReplaced(htlcs, old, { ...htlcOf(drawn, old.id), offeredBy: old.offeredBy, amountMsat: old.amountMsat })
}

function expectTally(
  htlcs: readonly Htlc[],
  holder: Party,
  format: 'static_remotekey' | 'anchors_zero_fee_htlc',
  rate: number,
) {
  const with_ = (list: readonly Htlc[]): ChannelDurable => ({
    ...durable,
    params: { ...durable.params, format },
    htlcs: list,
    feeratePerKw: feeratePerKw(rate),
  })
  const now = with_(htlcs)
  const limits = (['local', 'remote'] as const).map(each => dustLimitsOf(now.params, each, now.feeratePerKw))
  const terms = { feeratePerKw: now.feeratePerKw, limits }
  const tally = nextTally(now, holder, terms)
  const contents = commitmentContents(with_([...htlcs]), holder, 'next')
  expect([tally.toLocalMsat, tally.toRemoteMsat]).toEqual([contents.toLocalMsat, contents.toRemoteMsat])
  for (const by of ['local', 'remote'] as const) {
    const theirs = contents.htlcs.filter(htlc => htlc.offeredBy === by)
    const amountMsat = theirs.reduce((sum, htlc) => sum + htlc.amountMsat, 0n)
    expect(tally.offered[by]).toEqual({ count: theirs.length, amountMsat })
    expect(dustExposureMsat(now.params, by, tally)).toBe(dustExposureMsat(now.params, by, contents))
    expect(openerCostMsat(now.params, by, tally)).toBe(openerCostMsat(now.params, by, contents))
  }
}

describe('sums that are carried on', () => {
  it('are those of the list, whatever was put into it and whoever asked when', () => {
    const formats = fc.constantFrom('static_remotekey' as const, 'anchors_zero_fee_htlc' as const)
    fc.assert(
      fc.property(formats, fc.array(change, { maxLength: 25, size: 'max' }), (format, changes) => {
        let htlcs: readonly Htlc[] = []
        for (const [id, drawn] of changes.entries()) {
          const before = htlcs
          htlcs = changed(htlcs, drawn, id)
          for (const holder of drawn.asked) expectTally(htlcs, holder, format, drawn.feerate)
          // The one before is as it was, however its sums were carried on.
          for (const holder of drawn.asked) expectTally(before, holder, format, drawn.feerate)
        }
      }),
      { numRuns: 400 },
    )
  })
})

describe('where two lists differ', () => {
  it('is between the longest equal begin and the longest equal end', () => {
    const pool = Array.from({ length: 6 }, (_, id) =>
      htlcOf(
        {
          place: null,
          offeredBy: 'local',
          amountMsat: 1,
          added: 'signed',
          removed: null,
          isFulfilled: false,
          asked: [],
          feerate: 253,
        },
        id,
      ),
    )
    const list = fc.subarray(pool)
    fc.assert(
      fc.property(list, list, (old, next) => {
        const { start, oldEnd, nextEnd } = differenceOf(old, next)
        expect(old.slice(0, start)).toEqual(next.slice(0, start))
        expect(old.slice(oldEnd)).toEqual(next.slice(nextEnd))
        expect(start).toBeLessThanOrEqual(Math.min(oldEnd, nextEnd))
        const [first, last] = [old.slice(start, oldEnd), next.slice(start, nextEnd)]
        if (first.length > 0 && last.length > 0) {
          expect(first[0]).not.toBe(last[0])
          expect(first.at(-1)).not.toBe(last.at(-1))
        }
      }),
    )
    expect(differenceOf(pool, pool)).toEqual({ start: 6, oldEnd: 6, nextEnd: 6 })
  })
})

describe('updates in the store', () => {
  const ref = fc.oneof(
    fc.record({ type: fc.constantFrom('add' as const, 'remove' as const), id: fc.nat(4) }),
    fc.record({ type: fc.constant('fee' as const), feeratePerKw: fc.nat(2).map(feeratePerKw) }),
  )
  const headWith = (proposed: readonly UpdateRef[]): Head => ({
    ...durable,
    proposed,
    htlcCount: durable.htlcs.length,
    mutualCloseCount: 0,
  })
  const emptyLength = encode(head, headWith([])).length

  it('come back in their order', () => {
    fc.assert(
      fc.property(fc.array(ref, { maxLength: 12 }), proposed => {
        const decoded = decode(head, encode(head, headWith(proposed)))
        expect(decoded.ok && decoded.value.proposed).toEqual(proposed)
      }),
    )
  })

  it('take no more room when there are many in a row', () => {
    const many = Array.from({ length: 483 }, (_, id) => ({ type: 'add', id }) as const)
    expect(encode(head, headWith(many)).length).toBe(emptyLength + 11)
    const decoded = decode(head, encode(head, headWith(many)))
    expect(decoded.ok && decoded.value.proposed).toEqual(many)
  })

  it('are refused where a record says more than there can be, or none', () => {
    const bytes = encode(head, headWith([{ type: 'add', id: 5 }]))
    // The run is the last but five bytes of the head: its count stands before `lastSent` and the two counts.
    const count = bytes.length - 5 - 2
    expect([...bytes.slice(count, count + 2)]).toEqual([0, 1])
    const twice = encode(
      head,
      headWith([
        { type: 'add', id: 5 },
        { type: 'remove', id: 5 },
      ]),
    )
    const broken = (of: Uint8Array, places: Readonly<Record<number, number>>) => {
      const copy = new Uint8Array(of)
      for (const [place, byte] of Object.entries(places)) copy[Number(place)] = byte
      return decode(head, copy)
    }
    const refused = { ok: false, error: { code: 'out_of_range' } }
    expect(broken(bytes, { [count + 1]: 0 })).toMatchObject(refused)
    // 65535 of the one and 1 of the other.
    const first = twice.length - 5 - 2 - 11
    expect(broken(twice, { [first]: 0xff, [first + 1]: 0xff })).toMatchObject(refused)
    expect(broken(bytes, { [count]: 0xff, [count + 1]: 0xff })).toMatchObject({ ok: true })
    // Ids beyond what a number holds.
    const high = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [count - 7 + i, i === 0 ? 0x1f : 0xff]))
    expect(broken(bytes, high)).toMatchObject(refused)
  })
})
