import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat, sat } from '../../src/base/index.ts'
import { commitmentContents, commitmentInput } from '../../src/channel/contents.ts'
import { dustExposureMsat, openerCostMsat, shortfallMsat } from '../../src/channel/cost.ts'
import type { ChannelFailure } from '../../src/channel/failure.ts'
import type { ChannelLimits } from '../../src/channel/limits.ts'
import { step } from '../../src/channel/step.ts'
import type { ChannelDurable, ChannelInput, FundedChannel, Htlc, Party, UpdateStage } from '../../src/channel/types.ts'
import { buildCommitmentTx } from '../../src/commitment/index.ts'
import { NAMES, said, tried } from './attacks.ts'
import { type Duo, deliverNext, fundedOf, input, type Name, type OpeningOptions, opened, type Side } from './harness.ts'
import {
  naiveAnchorsSat,
  naiveDustMsat,
  naiveFeeSat,
  naiveOutputs,
  naiveShortfall,
  naiveView,
  openerOf,
  withOffer,
} from './naive.ts'
import { judgeFee, judgeOffer, judgeOwnOffer, type Verdict } from './naiveRules.ts'
import { add, eventsOf, fulfill, hashOf, settle } from './payments.ts'

// Fees, reserves and dust: whatever the machine says of a state, the naive calculator says to the millisatoshi.

const FORMATS = ['anchors_zero_fee_htlc', 'static_remotekey'] as const
const SIDES: readonly Side[] = FORMATS.flatMap(format => {
  const duo = opened({ format })
  return NAMES.map(name => duo[name])
})

const stage = fc.constantFrom<UpdateStage>('proposed', 'signed', 'acknowledged', 'countersigned', 'irrevocable')
const unfinished = fc.constantFrom<UpdateStage>('proposed', 'signed', 'acknowledged', 'countersigned')
const party = fc.constantFrom<Party>('local', 'remote')
/** Near the dust limits, where the second stage costs something and where it does not, and far above. */
const amount = fc.oneof(
  fc.integer({ min: 1, max: 400_000 }),
  fc.integer({ min: 340_000, max: 1_100_000 }),
  fc.integer({ min: 1_000_000, max: 9_000_000 }),
  fc.integer({ min: 9_000_000, max: 20_000_000 }),
)
const htlcs = fc.array(
  fc.record({ by: party, amount, added: stage, removed: fc.option(unfinished), fulfilled: fc.boolean() }),
  { maxLength: 14, size: 'max' },
)
const terms = fc.record({
  dustLimitSat: fc.integer({ min: 354, max: 2_000 }).map(sat),
  channelReserveSat: fc.integer({ min: 0, max: 20_000 }).map(sat),
  htlcMinimumMsat: fc.constantFrom(0, 1, 1_000).map(msat),
  maxAcceptedHtlcs: fc.integer({ min: 2, max: 20 }),
  maxHtlcValueInFlightMsat: fc.constantFrom(30_000_000, 1_000_000_000).map(msat),
})
const FEERATE = fc.oneof(fc.integer({ min: 253, max: 3_000 }), fc.integer({ min: 253, max: 30_000 }))

/** Prints what was drawn and not the whole channel. */
interface State {
  readonly channel: FundedChannel
  readonly side: Side
  readonly limits: ChannelLimits
}

/** Any state that the stages allow, also many that no history leads to: the arithmetic has to hold in all of them. */
const state: fc.Arbitrary<State> = fc
  .record({
    side: fc.constantFrom(...SIDES),
    htlcs,
    local: terms,
    remote: terms,
    feerate: FEERATE,
    fees: fc.array(fc.record({ feerate: FEERATE, stage: unfinished }), { maxLength: 2 }),
    /** How the money outside HTLCs is shared: little for one side, or anything. */
    share: fc.oneof(fc.integer({ min: 0, max: 40_000_000 }), fc.integer({ min: 0, max: 1_000_000_000 })),
    poor: party,
    dustExposure: fc.integer({ min: 0, max: 6_000_000 }),
    feeShare: fc.constantFrom(5_000, 20_000, 500_000),
  })
  .map(drawn => {
    const { side } = drawn
    const before = fundedOf(side)
    const live = drawn.htlcs.map((htlc, index) => htlcOf(htlc, index))
    const offered = (by: Party) => live.reduce((sum, htlc) => (htlc.offeredBy === by ? sum + htlc.amountMsat : sum), 0n)
    const free = 1_000_000_000n - offered('local') - offered('remote')
    const share = BigInt(drawn.share) < free ? BigInt(drawn.share) : free
    const localMsat = offered('local') + (drawn.poor === 'local' ? share : free - share)
    const { params } = before.durable
    const order: readonly UpdateStage[] = ['countersigned', 'acknowledged', 'signed', 'proposed']
    const fees = [...drawn.fees].sort((a, b) => order.indexOf(a.stage) - order.indexOf(b.stage))
    const durable: ChannelDurable = {
      ...before.durable,
      params: { ...params, local: { ...params.local, ...drawn.local }, remote: { ...params.remote, ...drawn.remote } },
      htlcs: [...live.filter(htlc => htlc.offeredBy === 'local'), ...live.filter(htlc => htlc.offeredBy === 'remote')],
      nextHtlcId: { local: 20, remote: 20 },
      settled: { localMsat: msat(localMsat), remoteMsat: msat(1_000_000_000n - localMsat) },
      feeratePerKw: feeratePerKw(drawn.feerate),
      feeUpdates: fees.map(fee => ({ feeratePerKw: feeratePerKw(fee.feerate), stage: fee.stage })),
    }
    const limits = {
      ...side.context.limits,
      maxDustHtlcExposureMsat: msat(drawn.dustExposure),
      maxCommitmentFeePartsPerMillion: drawn.feeShare,
    }
    const shown = () =>
      JSON.stringify({ ...drawn, side: durable.params.role }, (_, value) =>
        typeof value === 'bigint' ? `${value}` : value,
      )
    return { channel: { ...before, durable }, side, limits, [fc.toStringMethod]: shown }
  })

function htlcOf(
  drawn: { by: Party; amount: number; added: UpdateStage; removed: UpdateStage | null; fulfilled: boolean },
  id: number,
): Htlc {
  const { by, added, removed, fulfilled } = drawn
  const resolution = fulfilled
    ? ({ type: 'fulfill', paymentPreimage: new Uint8Array(32).fill(id) } as const)
    : ({ type: 'fail', reason: new Uint8Array(0) } as const)
  return {
    offeredBy: by,
    id,
    amountMsat: msat(drawn.amount),
    paymentHash: hashOf(1 + id),
    cltvExpiry: 300,
    onionRoutingPacket: new Uint8Array(0),
    added,
    ...(added === 'irrevocable' && removed !== null && { removed, resolution }),
  }
}

/** The amounts at which something changes, and those beside them. */
function edges({ channel }: State, by: Party): readonly bigint[] {
  const { durable } = channel
  const receiver: Party = by === 'local' ? 'remote' : 'local'
  const view = naiveView(durable, receiver)
  const reserve = BigInt(durable.params[receiver].channelReserveSat) * 1000n
  const around: bigint[] = [view[by], BigInt(durable.params[receiver].htlcMinimumMsat)]
  for (const holder of ['local', 'remote'] as const) {
    for (const [feerate, extra] of [
      [view.feerate, 0n],
      [view.feerate, 1n],
      [2n * view.feerate, 1n],
      [2n * view.feerate, 2n],
    ] as const) {
      const fee = naiveFeeSat(durable, holder, { ...view, feerate }, extra) + naiveAnchorsSat(durable)
      around.push(view[by] - reserve - (by === openerOf(durable) ? fee * 1000n : 0n))
    }
    const timeout = (663n * view.feerate) / 1000n
    const success = (703n * view.feerate) / 1000n
    for (const second of [0n, timeout, success]) around.push((durable.params[holder].dustLimitSat + second) * 1000n)
  }
  const inFlight = view.htlcs.reduce((sum, htlc) => (htlc.by === by ? sum + htlc.msat : sum), 0n)
  around.push(durable.params[receiver].maxHtlcValueInFlightMsat - inFlight)
  return around.flatMap(edge => [edge - 1n, edge, edge + 1n]).filter(edge => edge >= 0n)
}

function offerMessage({ channel }: State, amountMsat: bigint): ChannelInput {
  return said({
    type: 'update_add_htlc',
    channelId: channel.durable.params.channelId,
    id: 20,
    amountMsat: msat(amountMsat),
    paymentHash: hashOf(99),
    cltvExpiry: 300,
    onionRoutingPacket: new Uint8Array(1366),
  })
}

/** Code for code, and where the rule names what is missing, to the millisatoshi. */
function expectVerdict(failure: ChannelFailure | undefined, verdict: Verdict | undefined): void {
  expect(failure?.code).toBe(verdict?.code)
  if (verdict?.short !== undefined) expect(failure?.got).toMatch(new RegExp(` ${verdict.short} msat short$`))
}

describe('whatever the state, the machine and the naive calculator agree', () => {
  it('on what the next commitment of either side holds, costs and burns, to the millisatoshi', () => {
    fc.assert(
      fc.property(state, ({ channel: { durable } }) => {
        for (const holder of ['local', 'remote'] as const) {
          const contents = commitmentContents(durable, holder, 'next')
          const view = naiveView(durable, holder)
          expect([contents.toLocalMsat, contents.toRemoteMsat]).toEqual([view.local, view.remote])
          expect(BigInt(contents.feeratePerKw)).toBe(view.feerate)
          expect(contents.htlcs.map(htlc => htlc.amountMsat)).toEqual(view.htlcs.map(htlc => htlc.msat))
          const cost = (naiveFeeSat(durable, holder, view) + naiveAnchorsSat(durable)) * 1000n
          expect(openerCostMsat(durable.params, holder, contents)).toBe(cost)
          expect(dustExposureMsat(durable.params, holder, contents)).toBe(naiveDustMsat(durable, holder, view))
          for (const one of ['local', 'remote'] as const) {
            const short = naiveShortfall(durable, view, { party: one, holder })
            expect(shortfallMsat(durable.params, contents, { party: one, holder })).toBe(short > 0n ? short : 0n)
          }
        }
      }),
      { numRuns: 3_000 },
    )
  })

  it('on the outputs and the fee of the transaction', () => {
    fc.assert(
      fc.property(state, party, ({ channel: { durable }, side }, holder) => {
        const view = naiveView(durable, holder)
        // An opener that cannot pay for its anchors never comes to be: it had to when it offered its last HTLC.
        fc.pre(view[openerOf(durable)] >= naiveAnchorsSat(durable) * 1000n)
        const contents = commitmentContents(durable, holder, 'next')
        const point = durable.params[holder].basepoints.htlcBasepoint
        const built = buildCommitmentTx(commitmentInput(durable, contents, { holder, number: 7, point }))
        const naive = naiveOutputs(durable, holder, view)
        const ascending = (amounts: readonly bigint[]) => [...amounts].sort((a, b) => (a < b ? -1 : 1))
        expect(ascending(built.tx.outputs.map(output => output.amountSat))).toEqual(ascending(naive.outputs))
        expect(built.feeSat).toBe(naive.feeSat)
        expect(side.channel.state).toBe('normal')
      }),
      { numRuns: 400 },
    )
  })

  it('on every offer of the peer, at every edge', () => {
    let taken = 0
    fc.assert(
      fc.property(state, amount, (drawn, any) => {
        const { channel, side, limits } = drawn
        for (const amountMsat of [BigInt(any), ...edges(drawn, 'remote')]) {
          const { failure } = step(channel, offerMessage(drawn, amountMsat), { ...side.context, limits })
          expectVerdict(failure, judgeOffer(channel.durable, 'remote', amountMsat))
          if (failure === undefined) taken += 1
        }
      }),
      { numRuns: 300 },
    )
    expect(taken).toBeGreaterThan(1_000)
  })

  it('on every offer of ours, at every edge', () => {
    let taken = 0
    fc.assert(
      fc.property(state, amount, (drawn, any) => {
        const { channel, side, limits } = drawn
        for (const amountMsat of [BigInt(any), ...edges(drawn, 'local')]) {
          const offer = {
            type: 'add_htlc',
            amountMsat: msat(amountMsat),
            paymentHash: hashOf(99),
            cltvExpiry: 300,
            onionRoutingPacket: new Uint8Array(1366),
          } as const
          const { failure } = step(channel, offer, { ...side.context, limits })
          expectVerdict(failure, judgeOwnOffer(channel.durable, amountMsat, limits))
          if (failure === undefined) taken += 1
        }
      }),
      { numRuns: 300 },
    )
    expect(taken).toBeGreaterThan(1_000)
  })

  it('on every feerate, of either side, at every edge', () => {
    let taken = 0
    fc.assert(
      fc.property(state, FEERATE, (drawn, any) => {
        const { channel, side, limits } = drawn
        const { channelId } = channel.durable.params
        for (const feerate of [any, ...feerateEdges(drawn)]) {
          const fee = { type: 'update_fee', feeratePerKw: feeratePerKw(feerate) } as const
          for (const [by, what] of [
            ['local', fee],
            ['remote', said({ ...fee, channelId })],
          ] as const) {
            const { failure } = step(channel, what, { ...side.context, limits })
            expectVerdict(failure, judgeFee(channel.durable, by, BigInt(feerate), limits))
            if (failure === undefined) taken += 1
          }
        }
      }),
      { numRuns: 600 },
    )
    expect(taken).toBeGreaterThan(1_000)
  })

  /** The highest feerate that the opener, and the share of the capacity, allow, if no HTLC changed its side of the dust limit. */
  function feerateEdges({ channel: { durable }, limits }: State): readonly number[] {
    const opener = openerOf(durable)
    const holder: Party = opener === 'local' ? 'remote' : 'local'
    const view = naiveView(durable, holder)
    const weight = naiveFeeSat(durable, holder, { ...view, feerate: 1_000n })
    const reserve = BigInt(durable.params[holder].channelReserveSat)
    const purse = view[opener] / 1000n - reserve - naiveAnchorsSat(durable)
    const share = (1_000_000n * BigInt(limits.maxCommitmentFeePartsPerMillion)) / 1_000_000n - naiveAnchorsSat(durable)
    const most = [purse, share].map(fee => Number(((fee + 1n) * 1000n - 1n) / weight))
    return [...most, Number(view.feerate)].flatMap(edge => [edge - 1, edge, edge + 1]).filter(edge => edge >= 253)
  }
})

describe('BOLT 2, bounding exposure to trimmed in-flight HTLCs', () => {
  const limit = (value: number): OpeningOptions => ({
    limits: { alice: { maxDustHtlcExposureMsat: msat(value) }, bob: { maxDustHtlcExposureMsat: msat(value) } },
  })
  const overOf = (duo: Duo, name: Name) =>
    eventsOf(duo[name]).flatMap(event => (event.type === 'htlc_received' ? [event.overDustExposure] : []))

  it('our own offers stay within it: the last msat is taken, one more is not, and what is no dust does not count', () => {
    const duo = opened(limit(700_000))
    expect(add(duo, 'alice', { amountMsat: 353_999n, secret: 1 }).failure).toBeUndefined()
    expect(add(duo, 'alice', { amountMsat: 346_002n, secret: 2 }).failure).toMatchObject({
      severity: 'reject',
      code: 'dust_exposure',
      expected: 'at most 700000 msat in HTLCs too small for the chain',
      got: '700001 msat',
      section: 'BOLT 2, bounding exposure to trimmed in-flight HTLCs',
    })
    expect(add(duo, 'alice', { amountMsat: 346_001n, secret: 2 }).failure).toBeUndefined()
    expect(add(duo, 'alice', { amountMsat: 354_000n, secret: 3 }).failure).toBeUndefined()
  })

  it('what the peer has offered counts as soon as it has come, before any commitment of its own holds it', () => {
    const duo = opened(limit(700_000))
    add(duo, 'bob', { amountMsat: 353_999n, secret: 1 })
    deliverNext(duo, 'alice')
    expect(add(duo, 'alice', { amountMsat: 346_002n, secret: 2 }).failure).toMatchObject({
      code: 'dust_exposure',
      got: '700001 msat',
    })
    expect(add(duo, 'alice', { amountMsat: 346_001n, secret: 2 }).failure).toBeUndefined()
  })

  it('a peer that goes beyond it does not keep us from offering what is no dust', () => {
    const duo = opened({ limits: { alice: { maxDustHtlcExposureMsat: msat(100_000) } } })
    add(duo, 'bob', { amountMsat: 100_001n, secret: 1 })
    settle(duo)
    expect(overOf(duo, 'alice')).toEqual([true])
    expect(add(duo, 'alice', { amountMsat: 353_999n, secret: 2 }).failure?.code).toBe('dust_exposure')
    expect(add(duo, 'alice', { amountMsat: 354_000n, secret: 2 }).failure).toBeUndefined()
  })

  it('of the peer’s offers those that are dust beyond it are marked, so that they are failed', () => {
    const duo = opened({ limits: { bob: { maxDustHtlcExposureMsat: msat(700_000) } } })
    for (const [secret, amountMsat] of [353_999n, 346_001n, 5_000_000n].entries()) {
      add(duo, 'alice', { amountMsat, secret: 1 + secret })
      settle(duo)
    }
    expect(overOf(duo, 'bob')).toEqual([false, false, false])
    add(duo, 'alice', { amountMsat: 1n, secret: 4 })
    settle(duo)
    add(duo, 'alice', { amountMsat: 5_000_000n, secret: 5 })
    settle(duo)
    expect(overOf(duo, 'bob')).toEqual([false, false, false, true, false])
  })

  it('a feerate that would make dust of too much is refused without anchors, and only if it is a rise', () => {
    const options = { ...limit(3_000_000), format: 'static_remotekey' as const }
    const duo = opened(options)
    // No dust at 2,500, where the second stage costs 1,657 or 1,757 sat; both are at 4,000: 2,652 or 2,812 sat and 354.
    for (const secret of [1, 2]) add(duo, 'alice', { amountMsat: 2_200_000n, secret })
    settle(duo)
    const fee = { type: 'update_fee', feeratePerKw: feeratePerKw(4_000) } as const
    const message = said({ ...fee, channelId: fundedOf(duo.bob).durable.params.channelId })
    for (const [name, what, severity] of [
      ['alice', fee, 'reject'],
      ['bob', message, 'close_connection'],
    ] as const) {
      expect(tried(duo, name, what).failure).toMatchObject({
        severity,
        code: 'dust_exposure',
        expected: 'at most 3000000 msat in HTLCs too small for the chain at this feerate',
        got: '4400000 msat at 4000 sat per 1000 weight',
      })
    }
    const anchors = opened(limit(3_000_000))
    for (const secret of [1, 2]) add(anchors, 'alice', { amountMsat: 2_200_000n, secret })
    settle(anchors)
    expect(tried(anchors, 'alice', fee).failure).toBeUndefined()
    // The limit of the node has become stricter, and some dust is there: a lower feerate can only help.
    add(duo, 'bob', { amountMsat: 100_000n, secret: 3 })
    settle(duo)
    for (const name of NAMES) {
      const { limits } = duo[name].context
      duo[name].context = { ...duo[name].context, limits: { ...limits, maxDustHtlcExposureMsat: msat(0) } }
    }
    const lower = { type: 'update_fee', feeratePerKw: feeratePerKw(2_000) } as const
    expect(tried(duo, 'alice', lower).failure).toBeUndefined()
    input(duo, 'alice', lower)
    settle(duo)
  })
})

describe('BOLT 2, update_add_htlc, sender: the fee now, not only the fee at twice the feerate', () => {
  it('without anchors twice the feerate trims HTLCs, so that it may cost less than the present one', () => {
    // Bob’s dust limit is high: on his commitment the HTLCs are dust already, on Alice’s they have outputs.
    const duo = opened({
      format: 'static_remotekey',
      limits: { alice: { maxDustHtlcExposureMsat: msat(100_000_000) }, bob: { dustLimitSat: sat(1_062) } },
    })
    for (let secret = 1; secret <= 20; secret++) add(duo, 'alice', { amountMsat: 2_300_000n, secret })
    settle(duo)
    const { durable } = fundedOf(duo.alice)
    const view = withOffer(naiveView(durable, 'remote'), 'local', 2_300_000n)
    const now = naiveFeeSat(durable, 'local', view)
    const later = naiveFeeSat(durable, 'local', { ...view, feerate: 2n * view.feerate }, 1n)
    expect(now).toBeGreaterThan(later)
    // Between the two: as rich as it takes for the one, and not for the other.
    const reserve = 10_000n
    const left = view.local - (reserve + later) * 1000n
    const poorer = { ...durable.settled, localMsat: msat(durable.settled.localMsat - left) }
    const settled = { ...poorer, remoteMsat: msat(1_000_000_000n - poorer.localMsat) }
    const channel = { ...fundedOf(duo.alice), durable: { ...durable, settled } }
    const offer = {
      type: 'add_htlc',
      amountMsat: msat(2_300_000),
      paymentHash: hashOf(77),
      cltvExpiry: 300,
      onionRoutingPacket: new Uint8Array(1366),
    } as const
    expectVerdict(step(channel, offer, duo.alice.context).failure, {
      code: 'opener_cannot_pay_fee',
      short: (now - later) * 1000n,
    })
  })
})

describe('money that is on its way in', () => {
  it('may be spent in the same batch, by a side that had none before', () => {
    for (const format of FORMATS) {
      const duo = opened({ format, pushMsat: msat(0) })
      add(duo, 'alice', { amountMsat: 60_000_000n, secret: 1 })
      settle(duo)
      fulfill(duo, 'bob', 0, 1)
      expect(add(duo, 'bob', { amountMsat: 50_000_001n, secret: 2 }).failure?.code).toBe('cannot_afford_htlc')
      expect(add(duo, 'bob', { amountMsat: 50_000_000n, secret: 2 }).failure).toBeUndefined()
      settle(duo)
      fulfill(duo, 'alice', 0, 2)
      settle(duo)
      for (const name of NAMES) expect(fundedOf(duo[name]).durable.htlcs).toEqual([])
      expect(fundedOf(duo.bob).durable.settled).toEqual({ localMsat: 10_000_000n, remoteMsat: 990_000_000n })
    }
  })
})
