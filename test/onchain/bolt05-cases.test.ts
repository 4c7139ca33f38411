import { describe, expect, it } from 'vitest'
import { msat, outPointKey, sat } from '../../src/base/index.ts'
import { p2wshScript, type Tx, txid } from '../../src/bitcoin/index.ts'
import { buildLegacyClosingTx, signClosing, signedClosingTx } from '../../src/commitment/index.ts'
import { type ChannelView, emptyOnchainState, spendPaths, step } from '../../src/onchain/index.ts'
import {
  basepoints,
  builtOf,
  CAPACITY,
  destination,
  FORMATS,
  type Model,
  makeModel,
  preimageOf,
  secrets,
  signedOf,
  viewOf,
} from './fixture.ts'
import { EnforcerNode, mine, mineUntil } from './node.ts'
import { dueSat } from './scenario.ts'

// BOLT 5, the other ways in which a channel ends, and what may come in between.

/** A mutual close of state 2, signed by both. */
function closing(model: Model, feeSat: bigint): Tx {
  const funding = {
    outpoint: model.input.fundingOutpoint,
    amountSat: CAPACITY,
    pubkeys: [basepoints.alice.fundingPubkey, basepoints.bob.fundingPubkey] as const,
  }
  const built = buildLegacyClosingTx({
    funding,
    opener: 'local',
    local: { amountMsat: msat(model.aliceMsat(2)), script: destination('alice') },
    remote: { amountMsat: msat(CAPACITY * 1000n - model.aliceMsat(2)), script: destination('bob') },
    feeSat: sat(feeSat),
    dustLimitSat: sat(354),
  })
  if (!built.ok) throw new Error(built.error.message)
  const { fundingSecret } = secrets.alice
  return signedClosingTx(built.value, [
    signClosing(built.value, fundingSecret),
    signClosing(built.value, secrets.bob.fundingSecret),
  ])
}

describe('mutual close', () => {
  it('is published until it confirms, and needs nothing more', () => {
    const model = makeModel({ format: 'anchors_zero_fee_htlc' })
    const tx = closing(model, 1000n)
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2)).start()
    expect(alice.published).toEqual([])
    alice.update(viewOf(model, 'alice', 2, { publish: 'mutual_close', mutualCloses: [tx] }))
    expect(alice.published.map(({ role, outcome }) => [role, outcome])).toEqual([['mutual-close', 'accepted']])
    const open = spendPaths(alice.view, alice.state.facts, 'local', alice.height)
    const close = open.find(({ way }) => way === 'mutual_close')
    expect(close?.yieldSat).toBe(model.aliceMsat(2) / 1000n - 1000n)
    mine([alice], 5)
    expect(alice.isResolved).toBe(false)
    const rows = spendPaths(alice.view, alice.state.facts, 'remote', alice.height)
    expect(rows.map(({ way, amountSat }) => [way, amountSat])).toEqual([['mutual_close_output', 420_000n]])
    mine([alice], 1)
    expect(alice.isResolved).toBe(true)
    expect(alice.events.map(({ type }) => type)).toEqual(['mutual_close_confirmed', 'resolved'])
    expect(alice.published.filter(({ role }) => role !== 'mutual-close')).toEqual([])
  })

  it('is recognised by what it pays where its last signature never came', () => {
    const model = makeModel({ format: 'static_remotekey' })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2)).start()
    model.chain.mine(1, { transactions: [closing(model, 2000n)] })
    alice.catchUp()
    expect(alice.events.map(({ type }) => type)).toEqual(['mutual_close_confirmed'])
  })

  it('is one of several: whichever confirms', () => {
    const model = makeModel({ format: 'static_remotekey' })
    const mutualCloses = [closing(model, 1000n), closing(model, 9000n)]
    const view = viewOf(model, 'alice', 2, { publish: 'mutual_close', mutualCloses })
    const alice = new EnforcerNode(model, 'alice', view).start()
    // The second one replaces the first one by its fee.
    expect(alice.published.map(({ outcome }) => outcome)).toEqual(['accepted', 'accepted'])
    mine([alice], 6)
    expect(alice.isResolved).toBe(true)
  })
})

describe('spends that need explaining', () => {
  it.each(FORMATS)('%s: data loss: the main output is taken from a commitment newer than our records', format => {
    const model = makeModel({
      format,
      htlcs: height => [
        { offeredBy: 'alice', id: 4, amountSat: 25_000, cltvExpiry: height + 9, preimageSeed: 6, from: 1, until: 9 },
      ],
    })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2)).start()
    const before = alice.walletSat()
    model.chain.mine(1, { transactions: [signedOf(model, 'bob', 5)] })
    alice.catchUp()
    expect(alice.events.map(({ type }) => type)).toEqual(['commitment_confirmed', 'data_loss'])
    expect(alice.events.at(-1)?.sentence).toMatch(/newer than all we know/)
    mineUntil([alice], () => alice.isResolved)
    const main = builtOf(model, 'bob', 5).outputs.find(({ type }) => type === 'to_remote')?.amountSat
    expect(alice.walletSat() - before + alice.feesSat()).toBe(main)
    // Whether the HTLC stands on that commitment cannot be known: it must not be failed upstream.
    expect(alice.eventsOf('htlc_timed_out')).toEqual([])
  })

  it.each(FORMATS)('%s: data loss: what we published ourselves and have forgotten is ours after its delay', format => {
    const model = makeModel({
      format,
      htlcs: height => [
        { offeredBy: 'alice', id: 4, amountSat: 25_000, cltvExpiry: height + 3, preimageSeed: 6, from: 1, until: 9 },
      ],
    })
    const knowing = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 5, { publish: 'commitment' }))
    knowing.fundCoins(2).start()
    const lost = new EnforcerNode(model, 'alice', { ...viewOf(model, 'alice', 2), isOldCopy: true }).start()
    lost.online = false
    const htlcTx = () => knowing.published.find(({ role }) => role === 'htlc-timeout')?.tx
    mineUntil([knowing, lost], () => htlcTx() !== undefined)
    mine([knowing, lost], 1)
    lost.online = true
    const before = lost.walletSat()
    expect(lost.events.slice(0, 2)).toMatchObject([
      { type: 'commitment_confirmed', which: 'own_future', commitmentNumber: 5 },
      { type: 'data_loss', commitmentNumber: 5 },
    ])
    mineUntil([lost], () => lost.isResolved)
    const main = builtOf(model, 'alice', 5).outputs.find(({ type }) => type === 'to_local')?.amountSat ?? sat(0)
    expect(lost.walletSat() - before + lost.feesSat()).toBe(main + (htlcTx()?.outputs[0]?.amountSat ?? 0n))
    // What became of the HTLC is not known; that it was ours is.
    expect(lost.eventsOf('htlc_timed_out')).toEqual([])
    expect(lost.eventsOf('htlc_unknown').map(({ cause }) => cause)).toEqual(['untold'])
  })

  it('data loss: an HTLC of ours has an end where nobody publishes anything, after its expiry and not before', () => {
    const model = makeModel({
      format: 'anchors_zero_fee_htlc',
      htlcs: height => [
        { offeredBy: 'alice', id: 4, amountSat: 25_000, cltvExpiry: height + 30, preimageSeed: 6, from: 1, until: 9 },
        { offeredBy: 'bob', id: 0, amountSat: 25_000, cltvExpiry: height + 30, preimageSeed: 7, from: 1, until: 9 },
      ],
    })
    const expiry = model.chain.height + 30
    const lost = new EnforcerNode(model, 'alice', { ...viewOf(model, 'alice', 2), isOldCopy: true }).start()
    mineUntil([lost], () => lost.eventsOf('htlc_unknown').length > 0)
    expect(model.chain.height).toBe(expiry + 6)
    expect(lost.eventsOf('htlc_unknown')).toMatchObject([{ htlc: { offeredBy: 'local', id: 4 }, cause: 'untold' }])
    expect(lost.isResolved).toBe(false)
  })

  it('data loss: an own commitment without our main output, or as old as our records, is none to be claimed', () => {
    const model = makeModel({ format: 'static_remotekey' })
    const lost = new EnforcerNode(model, 'alice', { ...viewOf(model, 'alice', 4), isOldCopy: true }).start()
    model.chain.mine(1, { transactions: [signedOf(model, 'alice', 1)] })
    lost.catchUp()
    expect(lost.events.map(({ type }) => type)).toEqual(['unknown_spend'])
    expect(lost.published).toEqual([])
  })

  it('data loss: nothing of ours may be published, and any other spend than a commitment is a close', () => {
    const model = makeModel({ format: 'anchors_zero_fee_htlc' })
    const view: ChannelView = {
      ...viewOf(model, 'alice', 2),
      isOldCopy: true,
      closingScripts: { local: [], remote: [] },
    }
    const open = spendPaths(view, emptyOnchainState.facts, 'local', 200)
    expect(open.filter(({ on, way }) => on === 'local' || way === 'commitment')).toEqual([])
    const lost = new EnforcerNode(model, 'alice', view).start()
    model.chain.mine(1, { transactions: [closing(model, 400n)] })
    lost.catchUp()
    expect(lost.events.map(({ type }) => type)).toEqual(['mutual_close_confirmed'])
    mine([lost], 5)
    expect(lost.isResolved).toBe(true)
  })

  it('the preimage of an HTLC on a commitment newer than our records is found all the same', () => {
    const model = makeModel({
      format: 'static_remotekey',
      htlcs: height => [
        { offeredBy: 'alice', id: 4, amountSat: 25_000, cltvExpiry: height + 40, preimageSeed: 6, from: 1, until: 9 },
      ],
    })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2)).start()
    const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 5, { publish: 'commitment', knows: [6] })).start()
    mine([alice, bob], 3)
    expect(alice.eventsOf('preimage_found').map(({ paymentPreimage }) => paymentPreimage)).toEqual([preimageOf(6)])
  })

  it.each(FORMATS)('%s: an old commitment of our own is nobody to punish for', format => {
    const model = makeModel({ format })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4)).start()
    model.chain.mine(1, { transactions: [signedOf(model, 'alice', 1)] })
    alice.catchUp()
    expect(alice.events.map(({ type }) => type)).toEqual(['unknown_spend'])
    expect(alice.published).toEqual([])
    mine([alice], 5)
    expect(alice.isResolved).toBe(true)
  })

  it('a spend that nobody signed for us is cried about', () => {
    const model = makeModel({ format: 'static_remotekey' })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4)).start()
    const tx = closing(model, 1000n)
    const stolen = { ...tx, outputs: [{ amountSat: sat(900_000), script: p2wshScript(new Uint8Array(1)) }] }
    alice.give({ type: 'spent', outpoint: model.input.fundingOutpoint, tx: stolen, height: alice.height })
    expect(alice.events.map(({ type }) => type)).toEqual(['unknown_spend'])
    expect(alice.events[0]?.sentence).toMatch(/keys may have leaked/)
    expect(spendPaths(alice.view, alice.state.facts, 'local', alice.height)).toEqual([])
  })
})

describe('preimages', () => {
  const received = (height: number) => [
    {
      offeredBy: 'bob',
      id: 0,
      amountSat: 30_000,
      cltvExpiry: height + 40,
      preimageSeed: 3,
      from: 1,
      until: 9,
    } as const,
  ]

  it.each(FORMATS)('%s: one that comes late is used at once, on our commitment and on theirs', format => {
    for (const holder of ['alice', 'bob'] as const) {
      const model = makeModel({ format, htlcs: received })
      const publish = (name: string) => (name === holder ? 'commitment' : 'nothing')
      const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2, { publish: publish('alice') }))
      const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 2, { publish: publish('bob') }))
      const nodes = [alice.fundCoins(1).start(), bob.fundCoins(1).start()]
      mine(nodes, 4)
      const count = alice.published.length
      alice.update(viewOf(model, 'alice', 2, { publish: publish('alice'), knows: [3] }))
      const more = alice.published.slice(count)
      expect(more.map(({ role, outcome }) => [role, outcome])).toEqual([
        [holder === 'alice' ? 'htlc-success' : 'claim', 'accepted'],
      ])
      mineUntil(nodes, () => alice.isResolved)
      expect(alice.eventsOf('htlc_claimed').length).toBe(1)
      expect(alice.eventsOf('htlc_returned')).toEqual([])
    }
  })

  it('one that is never known leaves the HTLC to the peer, also where the peer does nothing', () => {
    const model = makeModel({ format: 'anchors_zero_fee_htlc', htlcs: received })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2, { publish: 'commitment' })).start()
    const expiry = model.htlcs[0]?.cltvExpiry ?? 0
    mineUntil([alice], () => alice.height === expiry + 5)
    expect(alice.isResolved).toBe(false)
    mine([alice], 1)
    expect(alice.isResolved).toBe(true)
  })

  const offeredTwice = (height: number) =>
    [0, 1].map(id => ({
      offeredBy: 'alice' as const,
      id,
      amountSat: 30_000,
      cltvExpiry: height + 40,
      preimageSeed: 3,
      from: 1,
      until: id === 0 ? 9 : 3,
    }))

  it.each(FORMATS)('%s: one is read off the mempool before it confirms', format => {
    const model = makeModel({ format, htlcs: offeredTwice })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2)).start()
    const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 2, { publish: 'commitment', knows: [3] }))
    bob.fundCoins(2).start()
    mine([bob], 1)
    const success = bob.published.find(({ role }) => role === 'htlc-success')
    if (success === undefined) throw new Error('Bob has the preimage')
    alice.give({ type: 'unconfirmed_spend', tx: success.tx })
    // Two HTLCs with one hash and one amount: both are named, by their ids.
    expect(alice.eventsOf('preimage_found').map(({ htlcs }) => htlcs)).toEqual([
      [
        { offeredBy: 'local', id: 0 },
        { offeredBy: 'local', id: 1 },
      ],
    ])
    expect(alice.state.facts.transactions).toEqual([])
    // It is told once, and remembered.
    alice.give({ type: 'unconfirmed_spend', tx: success.tx })
    expect(alice.eventsOf('preimage_found').length).toBe(1)
  })

  it.each(FORMATS)('%s: an HTLC with the same hash as a fulfilled one, but no output, is not failed', format => {
    const model = makeModel({ format, htlcs: offeredTwice })
    // Bob publishes state 3, on which HTLC 1 stands no longer; Alice has not got his revocation of state 2.
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2, { next: true })).start()
    const bob = new EnforcerNode(model, 'bob', viewOf(model, 'bob', 3, { publish: 'commitment', knows: [3] }))
    const nodes = [alice, bob.fundCoins(2).start()]
    mineUntil(nodes, () => alice.isResolved)
    expect(alice.eventsOf('preimage_found').length).toBe(1)
    expect(alice.eventsOf('htlc_timed_out')).toEqual([])
  })

  it.each(FORMATS)('%s: two HTLCs that are equal in all but their ids both come back', format => {
    const model = makeModel({ format, htlcs: offeredTwice })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2, { publish: 'commitment' }))
    alice.fundCoins(2).start()
    mineUntil([alice], () => alice.isResolved)
    expect(alice.eventsOf('htlc_timed_out').map(({ htlc }) => htlc.id)).toEqual([0, 1])
  })

  it.each(FORMATS)('%s: two equal HTLCs of a revoked state are both taken', format => {
    const model = makeModel({ format, htlcs: offeredTwice })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4)).start()
    model.chain.mine(1, { transactions: [signedOf(model, 'bob', 1)] })
    alice.catchUp()
    mine([alice], 2)
    const taken = alice.confirmed().flatMap(tx => tx.inputs)
    expect(taken.length).toBe(4)
  })
})

describe('fees', () => {
  const offered = (height: number) =>
    [0, 1, 2].map(id => ({
      offeredBy: 'alice' as const,
      id,
      amountSat: 30_000 + 1000 * id,
      cltvExpiry: height + 10,
      preimageSeed: 10 + id,
      from: 1,
      until: 9,
    }))
  const anchors = () => makeModel({ format: 'anchors_zero_fee_htlc', htlcs: offered })
  const closingAlice = (model: Model) =>
    new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2, { publish: 'commitment' }))

  it('without wallet coins, says so once for each HTLC, and goes on when there are some', () => {
    const model = anchors()
    const alice = closingAlice(model).start()
    mine([alice], 14)
    expect(alice.eventsOf('fee_coin_missing').map(({ htlc }) => htlc.id)).toEqual([2, 1, 0])
    expect(alice.published.some(({ role }) => role === 'htlc-timeout')).toBe(false)
    alice.fundCoins(3)
    mineUntil([alice], () => alice.isResolved)
    expect(alice.eventsOf('htlc_timed_out').length).toBe(3)
    const before = 60_000n
    const due = dueSat(builtOf(model, 'alice', 2), 'alice', 'alice')
    // HTLC 0 counts as fulfilled in `dueSat`, but nobody did fulfil it.
    expect(alice.walletSat() - before + alice.feesSat()).toBe(due + 30_000n)
  })

  it('without wallet coins to the end, a payment ends 144 blocks after its expiry: nobody can say how', () => {
    const model = anchors()
    const alice = closingAlice(model).start()
    mine([alice], 100)
    expect(alice.eventsOf('htlc_unknown')).toEqual([])
    mine([alice], 70)
    expect(alice.eventsOf('htlc_unknown').map(({ cause }) => cause)).toEqual(['unclaimed', 'unclaimed', 'unclaimed'])
    // The money is still ours to take.
    expect([alice.eventsOf('htlc_timed_out'), alice.isResolved]).toEqual([[], false])
    const before = alice.walletSat()
    alice.fundCoins(3)
    mineUntil([alice], () => alice.isResolved)
    expect(alice.eventsOf('htlc_timed_out').length).toBe(3)
    expect(alice.walletSat()).toBeGreaterThan(before + 90_000n)
  })

  it('scarce coins go to the largest HTLCs, and no coin goes to two', () => {
    const alice = closingAlice(anchors()).fundCoins(2)
    alice.start()
    mine([alice], 12)
    const timeouts = alice.published.filter(({ role }) => role === 'htlc-timeout')
    expect(alice.eventsOf('fee_coin_missing').map(({ htlc }) => htlc.id)).toEqual([0])
    const amounts = new Set(timeouts.map(({ tx }) => tx.outputs[0]?.amountSat))
    expect(amounts).toEqual(new Set([32_000n, 31_000n]))
  })

  it('coins that are too small alone are taken together, and change that would be dust is left to the fee', () => {
    const alice = closingAlice(anchors()).fundCoins(8, 800)
    alice.start()
    mine([alice], 12)
    const timeouts = alice.published.filter(({ role }) => role === 'htlc-timeout')
    expect(timeouts.every(({ outcome }) => outcome === 'accepted' || outcome === 'known')).toBe(true)
    expect(timeouts[0]?.tx.inputs.length).toBe(3)
    expect(timeouts.every(({ tx }) => tx.outputs.length === 1)).toBe(true)
  })

  it('a coin that was spent elsewhere makes the transaction anew with another one', () => {
    const model = anchors()
    const alice = closingAlice(model).fundCoins(4)
    alice.start()
    alice.online = false
    const commitment = signedOf(model, 'alice', 2)
    model.chain.mine(1, { transactions: [commitment] })
    alice.catchUp()
    mine([alice], 10)
    const [first] = alice.state.claims
    const coin = first?.feeCoins[0]
    if (first === undefined || coin === undefined) throw new Error('a timeout waits')
    const spend: Tx = {
      version: 2,
      inputs: [{ outpoint: coin.outpoint, scriptSig: new Uint8Array(0), sequence: 0, witness: [] }],
      outputs: [],
      locktime: 0,
    }
    alice.give({ type: 'spent', outpoint: coin.outpoint, tx: spend, height: alice.height })
    alice.give({ type: 'block' })
    expect(alice.state.claims.some(({ txid }) => txid === first.txid)).toBe(false)
    const coins = alice.state.claims.flatMap(claim => claim.feeCoins.map(each => outPointKey(each.outpoint)))
    expect(coins.length).toBe(3)
    expect(coins).not.toContain(outPointKey(coin.outpoint))
  })

  it.each(FORMATS)('%s: what costs more than it is worth is left, said so once, and taken when fees fall', format => {
    const model = makeModel({ format, aliceMsat: () => 3_000_000n })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2))
    alice.feerate = 50_000
    alice.start()
    model.chain.mine(1, { transactions: [signedOf(model, 'bob', 2)] })
    alice.catchUp()
    mine([alice], 9)
    expect(alice.eventsOf('claim_not_worthwhile').length).toBe(1)
    // It may be worth something yet: nothing is over.
    expect(alice.isResolved).toBe(false)
    alice.feerate = 253
    mineUntil([alice], () => alice.isResolved)
    expect(alice.confirmed().length).toBe(1)
  })

  it('what will never pay for its own claim holds nothing up', () => {
    // Alice has 400 sat left after the fee: dust after the cheapest claim.
    const model = makeModel({ format: 'static_remotekey', aliceMsat: () => 724_000n + 400_000n })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2))
    alice.feerate = 300
    alice.start()
    model.chain.mine(1, { transactions: [signedOf(model, 'bob', 2)] })
    alice.catchUp()
    mine([alice], 5)
    expect(alice.eventsOf('claim_not_worthwhile').map(({ amountSat }) => amountSat)).toEqual([400n])
    expect(alice.isResolved).toBe(true)
  })

  it('an HTLC of less than its transaction costs is left with anchors', () => {
    const model = anchors()
    const alice = closingAlice(model).fundCoins(3)
    alice.feerate = 50_000
    alice.start()
    model.chain.mine(1, { transactions: [signedOf(model, 'alice', 2)] })
    alice.catchUp()
    mine([alice], 10)
    expect(alice.eventsOf('claim_not_worthwhile').length).toBe(3)
    expect(alice.isResolved).toBe(false)
  })
})

describe('claims', () => {
  it.each(FORMATS)('%s: go out again in each block, the same until feerates rise', format => {
    const model = makeModel({ format })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2)).start()
    alice.online = false
    model.chain.mine(1, { transactions: [signedOf(model, 'bob', 2)] })
    alice.catchUp()
    for (const feerate of [500, 5000, 253]) {
      alice.feerate = feerate
      mine([alice], 2)
    }
    const txids = () => alice.published.map(({ tx }) => txid(tx))
    const [first, , , second] = txids()
    expect(second).not.toBe(first)
    expect(txids()).toEqual([first, first, first, second, second, second, second])
    alice.restart()
    expect(txids().slice(7)).toEqual([second])
  })

  it('of far HTLCs are joined, and parted 18 blocks before the first expires', () => {
    const model = makeModel({
      format: 'anchors_zero_fee_htlc',
      htlcs: height =>
        [0, 1, 2].map(id => ({
          offeredBy: 'bob' as const,
          id,
          amountSat: 30_000,
          cltvExpiry: height + 30 + 5 * id,
          preimageSeed: id,
          from: 1,
          until: 9,
        })),
    })
    const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 2, { knows: [0, 1, 2] })).start()
    alice.online = false
    const start = model.chain.height
    model.chain.mine(1, { transactions: [signedOf(model, 'bob', 2)] })
    alice.catchUp()
    const shapes = () => alice.state.claims.map(({ tx }) => tx.inputs.length).toSorted()
    // The main output by itself, the three HTLCs together.
    expect(shapes()).toEqual([1, 3])
    mineUntil([alice], () => alice.height === start + 11)
    expect(shapes()).toEqual([1, 3])
    mine([alice], 1)
    expect(shapes()).toEqual([1, 1, 2])
    mine([alice], 5)
    expect(shapes()).toEqual([1, 1, 1, 1])
  })

  it('HTLCs that the peer can take by preimage with anchors are claimed one by one', () => {
    for (const format of FORMATS) {
      const model = makeModel({
        format,
        htlcs: height =>
          [0, 1].map(id => ({
            offeredBy: 'alice' as const,
            id,
            amountSat: 30_000,
            cltvExpiry: height + 90,
            preimageSeed: id,
            from: 1,
            until: 3,
          })),
      })
      const alice = new EnforcerNode(model, 'alice', viewOf(model, 'alice', 4)).start()
      alice.online = false
      model.chain.mine(1, { transactions: [signedOf(model, 'bob', 1)] })
      alice.catchUp()
      const shapes = alice.state.claims.map(({ tx }) => tx.inputs.length).toSorted()
      expect(shapes).toEqual(format === 'static_remotekey' ? [1, 1, 2] : [1, 1, 1, 1])
    }
  })
})

describe('the step', () => {
  const model = makeModel({ format: 'static_remotekey' })
  const node = (view: ChannelView) => new EnforcerNode(model, 'alice', view)

  it('asks for the funding output first, and publishes nothing unless it is told to', () => {
    const { effects, next, writes } = node(viewOf(model, 'alice', 2)).give({ type: 'started' })
    expect(effects.map(({ type }) => type)).toEqual(['watch'])
    expect([next, writes]).toEqual([emptyOnchainState, []])
  })

  it('gives the same effects for the same input, and changes nothing for a repeated one', () => {
    const alice = node(viewOf(model, 'alice', 2))
    const tx = signedOf(model, 'bob', 2)
    const input = { type: 'spent', outpoint: model.input.fundingOutpoint, tx, height: alice.height } as const
    const first = step(emptyOnchainState, input, alice.context())
    expect(step(emptyOnchainState, input, alice.context())).toEqual(first)
    expect(first.effects.map(({ type }) => type)).toEqual(['watch', 'watch', 'event'])
    const again = step(first.next, input, alice.context())
    expect(again).toEqual({ next: first.next, writes: [], effects: [] })
  })

  it('takes a contradicting spend as the newer truth', () => {
    const alice = node(viewOf(model, 'alice', 2))
    const outpoint = model.input.fundingOutpoint
    const theirs = signedOf(model, 'bob', 2)
    const ours = signedOf(model, 'alice', 2)
    alice.give({ type: 'spent', outpoint, tx: theirs, height: alice.height })
    alice.give({ type: 'spent', outpoint, tx: ours, height: alice.height })
    expect(alice.state.facts.transactions.map(each => each.txid)).toEqual([txid(ours)])
    alice.give({ type: 'spent', outpoint, tx: ours, height: alice.height - 1 })
    expect(alice.state.facts.transactions.map(({ height }) => height)).toEqual([alice.height - 1])
    expect(alice.eventsOf('commitment_confirmed').map(({ which }) => which)).toEqual(['remote', 'local'])
  })

  it('refuses a spend that is none of the outpoint', () => {
    const alice = node(viewOf(model, 'alice', 2))
    const outpoint = { ...model.input.fundingOutpoint, vout: 9 }
    const tx = signedOf(model, 'bob', 2)
    expect(() => alice.give({ type: 'spent', outpoint, tx, height: 1 })).toThrow(/bug in Bookend/)
  })

  it('lists what each commitment would give while nothing has confirmed', () => {
    const view = viewOf(model, 'alice', 2, { next: true })
    const rows = spendPaths(view, emptyOnchainState.facts, 'local', 200)
    expect(rows.map(({ way, on, confirmed }) => [way, on, confirmed])).toEqual([
      ['commitment', 'funding', true],
      ['to_local', 'local', false],
      ['to_remote', 'remote', false],
      ['to_remote', 'remote_next', false],
    ])
    expect(rows[1]?.earliestHeight).toBe(201 + model.delays.alice)
    const theirs = spendPaths(view, emptyOnchainState.facts, 'remote', 200)
    expect(theirs.filter(({ way }) => way === 'commitment').map(({ yieldSat }) => yieldSat)).toEqual([
      420_000n,
      430_000n,
    ])
  })
})
