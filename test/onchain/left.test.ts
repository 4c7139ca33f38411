import { describe, expect, it } from 'vitest'
import { feeratePerKw } from '../../src/base/index.ts'
import { sweepYieldSat } from '../../src/onchain/claimTx.ts'
import { type DirectPath, type SpendPath, spendPaths } from '../../src/onchain/index.ts'
import { LEFT_AFTER_BLOCKS, LEFT_FEERATE_PER_KW } from '../../src/onchain/limits.ts'
import { destination, makeModel, type Name, preimageOf, signedOf, viewOf } from './fixture.ts'
import { EnforcerNode, mine, mineUntil, reorg } from './node.ts'

// Outputs that are not worth their claims: looked at for a time with a name, and then given up.

const EXPIRES_IN = 10
/** An HTLC-timeout with anchors: 666 weight units at 1,000 satoshis for 1,000 of them. */
const TIMEOUT_FEE = 666

/** Has no output, so that nothing else is swept with the main one. */
const TRIMMED = 300

interface Scene {
  /** Whose commitment is mined. */
  readonly holder: Name
  readonly amountSat: number
  readonly offeredBy?: Name
  readonly aliceMsat?: bigint
  readonly feerate?: number
}

/** One HTLC on a commitment with anchors, and Alice, who looks after it. */
function scene({ holder, amountSat, offeredBy = 'alice', aliceMsat, feerate = 1_000 }: Scene) {
  const model = makeModel({
    format: 'anchors_zero_fee_htlc',
    htlcs: height => [
      { offeredBy, id: 0, amountSat, cltvExpiry: height + EXPIRES_IN, preimageSeed: 1, from: 1, until: 9 },
    ],
    ...(aliceMsat !== undefined && { aliceMsat: () => aliceMsat }),
  })
  const knows = offeredBy === 'bob' ? [1] : []
  const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2, { knows })).fundCoins(2)
  const expiry = model.htlcs[0]?.cltvExpiry ?? 0
  alice.feerate = feerate
  alice.start()
  model.chain.mine(1, { transactions: [signedOf(model, holder, 2)] })
  alice.catchUp()
  return { model, alice, expiry, last: expiry + LEFT_AFTER_BLOCKS }
}

const mineTo = (alice: EnforcerNode, height: number) => mine([alice], height - alice.height)
const endsOf = (alice: EnforcerNode) => alice.eventsOf('htlc_timed_out').map(({ cause }) => cause)
const isDirect = (path: SpendPath): path is DirectPath => 'sequence' in path

/** The most that an output may hold without being worth a sweep at 1,000 satoshis per 1,000 weight units. */
function worthlessSat(alice: EnforcerNode, way: DirectPath['way']): number {
  const { facts } = alice.state
  const path = spendPaths(alice.view, facts, 'local', alice.height).find(each => each.way === way)
  if (path === undefined || !isDirect(path)) throw new Error(`no way ${way}`)
  const terms = { feeratePerKw: feeratePerKw(1_000), destinationScript: destination('alice') }
  for (let amount = 5_000n; ; amount--) {
    if (sweepYieldSat([{ ...path, amountSat: amount as DirectPath['amountSat'] }], terms) === undefined)
      return Number(amount)
  }
}

describe('an HTLC of ours that is not worth its HTLC-timeout', () => {
  it('is given up 144 blocks after its expiry and not a block before, which ends the payment and the channel', () => {
    const { alice, last } = scene({ holder: 'alice', amountSat: TIMEOUT_FEE })
    mineTo(alice, last)
    expect(alice.eventsOf('claim_not_worthwhile').length).toBe(1)
    expect([endsOf(alice), alice.eventsOf('claim_given_up'), alice.isResolved]).toEqual([[], [], false])
    mineTo(alice, last + 1)
    expect(endsOf(alice)).toEqual(['given_up'])
    expect(alice.eventsOf('claim_given_up').map(({ amountSat }) => amountSat)).toEqual([BigInt(TIMEOUT_FEE)])
    expect(alice.isResolved).toBe(true)
    mine([alice], 20)
    expect(endsOf(alice)).toEqual(['given_up'])
    expect(alice.eventsOf('resolved').length).toBe(1)
    expect(alice.published.some(({ role }) => role === 'htlc-timeout')).toBe(false)
  })

  it('is taken where it holds one satoshi more', () => {
    const { alice, last } = scene({ holder: 'alice', amountSat: TIMEOUT_FEE + 1 })
    mineUntil([alice], () => endsOf(alice).length > 0)
    expect(endsOf(alice)).toEqual(['output_taken_back'])
    expect(alice.height).toBeLessThan(last - 100)
  })

  it('is taken where feerates fall in time, were it in the last block', () => {
    const { alice, last } = scene({ holder: 'alice', amountSat: TIMEOUT_FEE })
    mineTo(alice, last)
    alice.feerate = 900
    mine([alice], 10)
    expect(endsOf(alice)).toEqual(['output_taken_back'])
    expect(alice.confirmed().length).toBeGreaterThan(0)
  })

  it('is not given up where the peer takes it in time: then it was paid', () => {
    const { model, alice, last } = scene({ holder: 'alice', amountSat: TIMEOUT_FEE })
    const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 2, { knows: [1] }))
    bob.feerate = 253
    mineTo(alice, last - 10)
    bob.start()
    mine([alice, bob], 20)
    expect(alice.eventsOf('preimage_found').map(({ paymentPreimage }) => paymentPreimage)).toEqual([preimageOf(1)])
    expect(endsOf(alice)).toEqual([])
    expect(alice.eventsOf('claim_given_up')).toEqual([])
    expect(alice.isResolved).toBe(true)
  })

  it('is not given up while our claim of it is out, however long that waits for its block', () => {
    const { model, alice, last } = scene({ holder: 'alice', amountSat: TIMEOUT_FEE + 1 })
    mineTo(alice, last - LEFT_AFTER_BLOCKS)
    expect(alice.state.claims.length).toBeGreaterThan(0)
    alice.feerate = 1_001
    for (let i = 0; i <= LEFT_AFTER_BLOCKS + 10; i++) model.chain.mine(1, { transactions: [] })
    alice.catchUp()
    expect(endsOf(alice)).toEqual([])
    mine([alice], 10)
    expect(endsOf(alice)).toEqual(['output_taken_back'])
  })

  it('waits on where it would pay at an ordinary feerate: that is gone, and comes back', () => {
    const amountSat = Math.ceil((TIMEOUT_FEE * LEFT_FEERATE_PER_KW) / 1000) + 1
    const { alice, last } = scene({ holder: 'alice', amountSat, feerate: 50_000 })
    mineTo(alice, last + 300)
    expect(endsOf(alice)).toEqual([])
    alice.feerate = LEFT_FEERATE_PER_KW
    mineUntil([alice], () => endsOf(alice).length > 0)
    expect(endsOf(alice)).toEqual(['output_taken_back'])
  })

  it('is not given up by a high feerate at the wrong moment', () => {
    const amountSat = Math.ceil((TIMEOUT_FEE * LEFT_FEERATE_PER_KW) / 1000)
    const { alice, last } = scene({ holder: 'alice', amountSat, feerate: 50_000 })
    mineTo(alice, last)
    expect(endsOf(alice)).toEqual([])
    mine([alice], 1)
    expect(endsOf(alice)).toEqual(['given_up'])
  })

  it('is awaited again where the block is undone in which it was given up, and given up again with the next', () => {
    const { alice, last } = scene({ holder: 'alice', amountSat: TIMEOUT_FEE })
    mineTo(alice, last + 1)
    const names = () => alice.state.reported.filter(name => /claim_given_up|resolved|timed_out/.test(name))
    expect(names().length).toBe(3)
    alice.give({ type: 'reorg', height: last })
    alice.height = last
    alice.give({ type: 'block' })
    expect(names()).toEqual([])
    reorg([alice], 1)
    expect(names().length).toBe(3)
  })
})

describe('an HTLC of ours on the commitment of the peer', () => {
  it('is awaited until it is given up, also where no feerate would make it worth its claim', () => {
    const { alice, last } = scene({ holder: 'bob', amountSat: 360 })
    mineTo(alice, last)
    expect([endsOf(alice), alice.isResolved]).toEqual([[], false])
    mineTo(alice, last + 1)
    expect([endsOf(alice), alice.isResolved]).toEqual([['given_up'], true])
  })

  it('counts as paid where the peer takes it although it is worth nothing to us', () => {
    const { model, alice } = scene({ holder: 'bob', amountSat: 360 })
    mine([alice], 20)
    expect(alice.isResolved).toBe(false)
    const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 2, { knows: [1] })).fundCoins(2)
    bob.feerate = 253
    bob.start()
    mine([alice, bob], 10)
    expect(alice.eventsOf('preimage_found').length).toBe(1)
    expect(endsOf(alice)).toEqual([])
    expect(alice.isResolved).toBe(true)
  })

  it('is given up below what a sweep costs, and taken with one satoshi more', () => {
    const amountSat = worthlessSat(scene({ holder: 'bob', amountSat: 5_000 }).alice, 'htlc_expired')
    const left = scene({ holder: 'bob', amountSat })
    mineTo(left.alice, left.last + 1)
    expect(endsOf(left.alice)).toEqual(['given_up'])
    const taken = scene({ holder: 'bob', amountSat: amountSat + 1 })
    mineTo(taken.alice, taken.expiry + 20)
    expect(endsOf(taken.alice)).toEqual(['output_taken_back'])
  })
})

describe('other outputs', () => {
  it('an HTLC of the peer is given up with its preimage 144 blocks after its expiry', () => {
    const amountSat = worthlessSat(scene({ holder: 'bob', amountSat: 5_000, offeredBy: 'bob' }).alice, 'htlc_preimage')
    const left = scene({ holder: 'bob', amountSat, offeredBy: 'bob' })
    mineTo(left.alice, left.last - 1)
    expect(left.alice.isResolved).toBe(false)
    mineTo(left.alice, left.last)
    expect(left.alice.eventsOf('claim_given_up').map(each => each.amountSat)).toEqual([BigInt(amountSat)])
    expect([left.alice.isResolved, endsOf(left.alice)]).toEqual([true, []])
    const taken = scene({ holder: 'bob', amountSat: amountSat + 1, offeredBy: 'bob' })
    mine([taken.alice], 10)
    expect(taken.alice.eventsOf('htlc_claimed').length).toBe(1)
  })

  it('an HTLC on a revoked commitment whose preimage we have forgotten is given up where its penalty does not pay', () => {
    const model = makeModel({
      format: 'anchors_zero_fee_htlc',
      htlcs: height => [
        {
          offeredBy: 'bob',
          id: 0,
          amountSat: 500,
          cltvExpiry: height + EXPIRES_IN,
          preimageSeed: 1,
          from: 1,
          until: 2,
        },
      ],
    })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2)).start()
    model.chain.mine(1, { transactions: [signedOf(model, 'bob', 1)] })
    alice.catchUp()
    const last = (model.htlcs[0]?.cltvExpiry ?? 0) + LEFT_AFTER_BLOCKS
    mineTo(alice, last - 1)
    expect(alice.isResolved).toBe(false)
    mineTo(alice, last)
    expect(alice.eventsOf('claim_given_up').map(({ amountSat }) => amountSat)).toEqual([500n])
    expect(alice.isResolved).toBe(true)
  })

  it('an HTLC of ours on a revoked commitment is given up by what its penalty is worth, though its expiry weighs less', () => {
    const revoked = (amountSat: number) => {
      const model = makeModel({
        format: 'anchors_zero_fee_htlc',
        htlcs: height => [
          { offeredBy: 'alice', id: 0, amountSat, cltvExpiry: height + EXPIRES_IN, preimageSeed: 1, from: 1, until: 2 },
        ],
      })
      const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2)).start()
      model.chain.mine(1, { transactions: [signedOf(model, 'bob', 1)] })
      alice.catchUp()
      return { alice, last: (model.htlcs[0]?.cltvExpiry ?? 0) + LEFT_AFTER_BLOCKS }
    }
    const { alice: rich } = revoked(5_000)
    const [penalty, expiry] = [worthlessSat(rich, 'htlc_revoked'), worthlessSat(rich, 'htlc_expired')]
    expect(expiry).toBeLessThan(penalty)
    const { alice, last } = revoked(penalty)
    mineTo(alice, last - 1)
    expect(alice.isResolved).toBe(false)
    mineTo(alice, last)
    expect(alice.eventsOf('claim_given_up').map(({ amountSat }) => amountSat)).toEqual([BigInt(penalty)])
    expect(alice.isResolved).toBe(true)
    const taken = revoked(penalty + 1).alice
    mine([taken], 10)
    expect(taken.eventsOf('claim_given_up')).toEqual([])
    expect(taken.isResolved).toBe(true)
  })

  it.each([
    ['to_remote', 'bob'],
    ['to_local', 'alice'],
  ] as const)('%s is given up 144 blocks after we could have taken it', (way, holder) => {
    const most = worthlessSat(scene({ holder, amountSat: TRIMMED }).alice, way)
    // Alice, who opened, pays for the commitment and its anchors out of her own, of which the HTLC is a part.
    const costs = 1_124 + 660 + TRIMMED
    const aliceMsat = (own: number) => BigInt(own + costs) * 1_000n
    const { alice, model } = scene({ holder, amountSat: TRIMMED, aliceMsat: aliceMsat(most) })
    const from = model.chain.height
    mineUntil([alice], () => alice.eventsOf('claim_given_up').some(({ amountSat }) => amountSat === BigInt(most)))
    const waited = alice.height - from
    expect(waited).toBe(LEFT_AFTER_BLOCKS + (way === 'to_local' ? model.delays.alice : 1))
    const taken = scene({ holder, amountSat: TRIMMED, aliceMsat: aliceMsat(most + 1) })
    mine([taken.alice], 160)
    expect(taken.alice.eventsOf('claim_given_up').map(({ amountSat }) => amountSat)).not.toContain(BigInt(most + 1))
    expect(taken.alice.confirmed().length).toBeGreaterThan(0)
  })
})
