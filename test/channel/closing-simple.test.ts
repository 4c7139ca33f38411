import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat, sat } from '../../src/base/index.ts'
import { OP, p2pkhScript, p2trScript, script, txWeight } from '../../src/bitcoin/index.ts'
import { offeredVariants, replacementFeeSat } from '../../src/channel/closingProposal.ts'
import { closingFeeSat } from '../../src/commitment/index.ts'
import { bump, closeAt, closed, fieldsOf, lastOffer, setFeerate, twoOutputFee } from './closingCompleteOffers.ts'
import {
  agreedClose,
  channelWith,
  expectGood,
  expectRefused,
  expectRefusedMessage,
  feeOf,
  NAMES,
  negotiating,
  onTheWay,
  onTheWayAs,
  paidTo,
  published,
  reconnect,
} from './closingFixtures.ts'
import {
  connect,
  deliverNext,
  disconnect,
  durableOf,
  fundedOf,
  input,
  opened,
  otherName,
  START_HEIGHT,
  sentBy,
  walletScript,
} from './harness.ts'

// BOLT 2, closing_complete and closing_sig. Alice opened, but here that means nothing: whoever offers pays.

describe('BOLT 2, closing_complete and closing_sig', () => {
  it.each(NAMES)('makes one transaction that each side pays for (%s asks for the close)', first => {
    const duo = channelWith(msat(700_000_999n))
    setFeerate(duo.bob, 4_000)
    closed(negotiating(duo, first))
    const [alice, bob] = [lastOffer(duo.alice), lastOffer(duo.bob)]
    expect(alice.feeSatoshis).toBe(twoOutputFee(5_000))
    expect(bob.feeSatoshis).toBe(twoOutputFee(4_000))
    expect(fieldsOf(alice)).toEqual(['closerOutputOnly', 'closerAndCloseeOutputs'])
    // The side with less may leave out its own output only, and here has no reason to.
    expect(fieldsOf(bob)).toEqual(['closerAndCloseeOutputs'])
    for (const [closer, offer] of [
      ['alice', alice],
      ['bob', bob],
    ] as const) {
      const tx = closeAt(duo, offer.feeSatoshis)
      const balance = { alice: 700_000n, bob: 299_999n }
      const closee = otherName(closer)
      expect(paidTo(tx, duo[closer].context.shutdownScript)).toBe(balance[closer] - offer.feeSatoshis)
      expect(paidTo(tx, duo[closee].context.shutdownScript)).toBe(balance[closee])
      expect(tx.inputs[0]?.sequence).toBe(0xfffffffd)
      expect(tx.locktime).toBe(START_HEIGHT)
      expectGood(duo, tx)
      for (const name of NAMES) expect(published(duo[name])).toContainEqual(tx)
    }
    for (const name of NAMES) {
      expect(durableOf(duo[name]).mutualCloses).toHaveLength(2)
      expect(duo[name].channel.state).toBe('negotiating')
    }
  })

  it('closes when both ask for it at once', () => {
    const duo = channelWith(msat(500_000_000n))
    for (const name of NAMES) input(duo, name, { type: 'shutdown' })
    closed(duo)
    agreedClose(duo)
    // With equal balances neither is the lesser side.
    for (const name of NAMES) expect(fieldsOf(lastOffer(duo[name]))).toHaveLength(2)
  })

  it('answers with one signature, in the field that keeps our output', () => {
    const duo = negotiating(channelWith(msat(700_000_000n)))
    deliverNext(duo, 'bob')
    // Bob's own offer, then his answer to Alice's.
    duo.bob.outbox.shift()
    const answer = onTheWayAs(duo, 'alice', 'closing_sig')
    expect(fieldsOf(answer)).toEqual(['closerAndCloseeOutputs'])
    const offer = lastOffer(duo.alice)
    expect(answer).toMatchObject({
      closerScriptpubkey: offer.closerScriptpubkey,
      closeeScriptpubkey: offer.closeeScriptpubkey,
      feeSatoshis: offer.feeSatoshis,
      locktime: offer.locktime,
    })
  })

  it.each(NAMES)('lets %s raise the fee, by what a replacement costs', name => {
    const duo = closed(negotiating(channelWith(msat(700_000_000n))))
    const before = durableOf(duo[name]).mutualCloses
    for (const feerate of [5_300, 6_000, 20_000]) {
      bump(duo, name, feerate)
      closed(duo)
      const tx = agreedClose(duo)
      expect(feeOf(duo, tx)).toBe(twoOutputFee(feerate))
      for (const old of before) {
        expect(feeOf(duo, tx) - feeOf(duo, old)).toBeGreaterThanOrEqual(BigInt(txWeight(tx)) / 4n)
      }
    }
    expect(durableOf(duo[name]).mutualCloses).toHaveLength(5)
  })

  it('lets both raise the fee in turn, each above the other', () => {
    const duo = closed(negotiating(channelWith(msat(700_000_000n))))
    const fees: bigint[] = []
    for (const [name, feerate] of [
      ['bob', 6_000],
      ['alice', 7_000],
      ['bob', 8_000],
    ] as const) {
      bump(duo, name, feerate)
      closed(duo)
      fees.push(feeOf(duo, agreedClose(duo)))
    }
    expect(fees).toEqual([6_000, 7_000, 8_000].map(twoOutputFee))
  })

  it('pays to a new script from then on, and the peer uses it', () => {
    const duo = closed(negotiating(channelWith(msat(700_000_000n))))
    const taproot = p2trScript(new Uint8Array(32).fill(5))
    bump(duo, 'alice', 7_000, taproot)
    closed(duo)
    expect(paidTo(agreedClose(duo), taproot)).toBeGreaterThan(600_000n)
    bump(duo, 'bob', 9_000)
    closed(duo)
    expect(paidTo(agreedClose(duo), taproot)).toBe(700_000n)
    expect(durableOf(duo.alice).shutdown.local).toEqual(taproot)
    expect(durableOf(duo.bob).shutdown.remote).toEqual(taproot)
  })

  it('gives its own output to the miners with an OP_RETURN script', () => {
    const data = script(OP.OP_RETURN, new Uint8Array(20).fill(1))
    const duo = closed(negotiating(channelWith(msat(1_000_000n)), 'alice', data))
    const offer = lastOffer(duo.alice)
    expect(offer.closerScriptpubkey).toEqual(data)
    const tx = closeAt(duo, 1_000n)
    expect(paidTo(tx, data)).toBe(0n)
    expect(paidTo(tx, duo.bob.context.shutdownScript)).toBe(999_000n)
    expectGood(duo, tx)
  })

  it('keeps a bounded number of closes, the cheapest going first', () => {
    const duo = channelWith(msat(700_000_000n), { limits: { bob: { maxMutualCloses: 3 } } })
    closed(negotiating(duo))
    for (const feerate of [6_000, 7_000, 8_000, 9_000]) {
      bump(duo, 'alice', feerate)
      closed(duo)
    }
    const fees = durableOf(duo.bob).mutualCloses.map(tx => feeOf(duo, tx))
    expect(fees.toSorted()).toEqual([7_000, 8_000, 9_000].map(twoOutputFee))
    expect(durableOf(duo.alice).mutualCloses).toHaveLength(6)
  })
})

describe('BOLT 2, closing_complete, outputs', () => {
  it('leaves out the closee whose output is dust', () => {
    const duo = closed(negotiating(channelWith(msat(999_707_000n))))
    expect(fieldsOf(lastOffer(duo.alice))).toEqual(['closerOutputOnly'])
    const tx = agreedClose(duo)
    expect(tx.outputs).toHaveLength(1)
    expect(paidTo(tx, duo.alice.context.shutdownScript)).toBe(999_707n - lastOffer(duo.alice).feeSatoshis)
  })

  it('leaves out the closer whose output would be dust after the fee', () => {
    const duo = closed(negotiating(channelWith(msat(999_000_000n))))
    expect(fieldsOf(lastOffer(duo.bob))).toEqual(['closeeOutputOnly'])
    expect(lastOffer(duo.bob).feeSatoshis).toBe(1_000n)
    const tx = closeAt(duo, 1_000n)
    expect(tx.outputs).toEqual([{ amountSat: 999_000n, script: duo.alice.context.shutdownScript }])
    expectGood(duo, tx)
  })

  it('waits for the offer of the peer where it has nothing to pay with', () => {
    const duo = closed(negotiating(channelWith(msat(1_000_000_000n))))
    expect(sentBy(duo.bob).some(({ type }) => type === 'closing_complete')).toBe(false)
    expect(agreedClose(duo).outputs).toHaveLength(1)
    const tooMuch = { type: 'bump_close', feeratePerKw: feeratePerKw(9_000) } as const
    expectRefused(duo.bob, tooMuch, 'reject', 'closing_fee_too_high')
  })

  it.each([
    ['not enough for a transaction that relays', 137n, []],
    ['just enough for one', 138n, ['closeeOutputOnly']],
  ] as const)('waits for the offer of the peer where it has %s', (_, bobSat, fields) => {
    const duo = closed(negotiating(channelWith(msat(1_000_000_000n - bobSat * 1000n))))
    const offers = sentBy(duo.bob).filter(({ type }) => type === 'closing_complete')
    expect(offers.flatMap(offer => fieldsOf(offer as ReturnType<typeof lastOffer>))).toEqual(fields)
    for (const name of NAMES) {
      for (const tx of published(duo[name])) expect(feeOf(duo, tx) * 4n).toBeGreaterThanOrEqual(BigInt(txWeight(tx)))
    }
    const tooMuch = { type: 'bump_close', feeratePerKw: feeratePerKw(9_000) } as const
    expectRefused(duo.bob, tooMuch, 'reject', 'closing_fee_too_high')
  })

  it('keeps an output above dust, however high the feerate', () => {
    const duo = channelWith(msat(19_900_000n), { fundingAmountSat: sat(20_000), pushMsat: msat(0n) })
    for (const name of NAMES) setFeerate(duo[name], 200_000)
    closed(negotiating(duo))
    expect(agreedClose(duo).outputs).toEqual([{ amountSat: 294n, script: duo.alice.context.shutdownScript }])
  })

  it('has no form where both outputs are dust and ours is the lesser one', () => {
    const closer = { amountMsat: msat(250_000n), script: walletScript(1) }
    const closee = { amountMsat: msat(260_000n), script: walletScript(2) }
    expect(offeredVariants({ closer, closee, feeSat: sat(1) })).toEqual([])
  })

  it('asks a replacement for a higher feerate as well, where the old transaction is small', () => {
    const duo = closed(negotiating(channelWith(msat(999_000_000n))))
    const durable = durableOf(duo.alice)
    const small = durable.mutualCloses.filter(tx => tx.outputs.length === 1)
    const tx = small[0]
    if (tx === undefined) throw new Error('a close with one output')
    const long = p2trScript(new Uint8Array(32))
    const weight = closingFeeSat(feeratePerKw(1_000), [long, duo.bob.context.shutdownScript])
    const least = replacementFeeSat({ ...durable, mutualCloses: small }, long)
    expect(least * BigInt(txWeight(tx))).toBeGreaterThan(feeOf(duo, tx) * weight)
    expect(least).toBeGreaterThanOrEqual(feeOf(duo, tx) + weight / 4n)
    expect(replacementFeeSat({ ...durable, mutualCloses: [] }, long)).toBe(0n)
  })
})

describe('BOLT 2, closing_complete, sender', () => {
  it('waits for closing_sig before it offers again', () => {
    const duo = negotiating(channelWith(msat(700_000_000n)))
    const again = { type: 'bump_close', feeratePerKw: feeratePerKw(9_000) } as const
    expectRefused(duo.alice, again, 'reject', 'closing_sig_awaited')
  })

  it('refuses a fee that replaces nothing, or that the balance cannot pay', () => {
    const duo = closed(negotiating(channelWith(msat(700_000_000n))))
    const at = (feerate: number) => ({ type: 'bump_close', feeratePerKw: feeratePerKw(feerate) }) as const
    expectRefused(duo.bob, at(5_000), 'reject', 'closing_fee_too_low')
    expectRefused(duo.bob, at(5_200), 'reject', 'closing_fee_too_low')
    expectRefused(duo.bob, at(0), 'reject', 'closing_fee_too_low')
    expectRefused(duo.bob, at(1_000_000), 'reject', 'closing_fee_too_high')
  })

  it('refuses a script that may not be, and any but the upfront one', () => {
    const duo = closed(negotiating(channelWith(msat(700_000_000n), { upfront: { alice: walletScript(40) } })))
    const to = (to: Uint8Array) => ({ type: 'bump_close', feeratePerKw: feeratePerKw(9_000), script: to }) as const
    expectRefused(duo.bob, to(p2pkhScript(new Uint8Array(20))), 'reject', 'shutdown_script_not_allowed')
    expectRefused(duo.alice, to(walletScript(41)), 'reject', 'upfront_shutdown_script_mismatch')
    expect(paidTo(agreedClose(duo), walletScript(40))).toBeGreaterThan(600_000n)
  })

  it('needs a close that is being negotiated', () => {
    const duo = opened()
    const again = { type: 'bump_close', feeratePerKw: feeratePerKw(9_000) } as const
    expectRefused(duo.alice, again, 'reject', 'no_simple_close')
    closed(negotiating(duo))
    disconnect(duo)
    expectRefused(duo.alice, again, 'reject', 'no_simple_close')
  })
})

describe('BOLT 2, closing_complete, two scripts at once', () => {
  it('ends in warnings, and a reconnection lets each side use the latest script of the other', () => {
    const duo = closed(negotiating(channelWith(msat(700_000_000n))))
    const [a3, b2] = [walletScript(73), walletScript(82)]
    bump(duo, 'alice', 6_000, a3)
    bump(duo, 'bob', 7_000, b2)
    for (const name of NAMES) {
      expectRefused(
        duo[name],
        { type: 'message', message: onTheWay(duo, name) },
        'close_connection',
        'closee_script_mismatch',
      )
    }
    const before = NAMES.map(name => published(duo[name]).length)
    reconnect(duo)
    closed(duo)
    for (const [index, name] of NAMES.entries()) {
      // The best one of before is published again, then come the two new ones.
      expect(published(duo[name])).toHaveLength((before[index] ?? 0) + 3)
      expect(durableOf(duo[name]).mutualCloses).toHaveLength(4)
    }
    const tx = agreedClose(duo)
    expect(paidTo(tx, a3)).toBeGreaterThan(0n)
    expect(paidTo(tx, b2)).toBeGreaterThan(0n)
    // Raising the fee goes on from there.
    bump(duo, 'bob', 8_000)
    closed(duo)
    expect(paidTo(agreedClose(duo), a3)).toBe(700_000n)
  })

  it('crosses without harm where no script changes', () => {
    const duo = closed(negotiating(channelWith(msat(700_000_000n))))
    bump(duo, 'alice', 6_000)
    bump(duo, 'bob', 7_000)
    closed(duo)
    for (const feerate of [6_000, 7_000]) expectGood(duo, closeAt(duo, twoOutputFee(feerate)))
  })
})

describe('BOLT 2, closing_complete, after a reconnection', () => {
  it('starts anew: an offer whose answer was lost is made again', () => {
    const duo = negotiating(channelWith(msat(700_000_000n)))
    deliverNext(duo, 'bob')
    expect(published(duo.alice)).toEqual([])
    expect(published(duo.bob)).toHaveLength(1)
    reconnect(duo)
    closed(duo)
    expect(published(duo.alice)).toContainEqual(published(duo.bob)[0])
    for (const name of NAMES) expect(durableOf(duo[name]).mutualCloses).toHaveLength(2)
  })

  it('needs the shutdown of the peer again first', () => {
    const duo = negotiating(channelWith(msat(700_000_000n)))
    const message = onTheWayAs(duo, 'bob', 'closing_complete')
    disconnect(duo)
    connect(duo)
    deliverNext(duo, 'bob')
    expectRefusedMessage(duo.bob, message, 'close_connection', 'unexpected_closing_complete')
    expectRefused(duo.bob, { type: 'bump_close', feeratePerKw: feeratePerKw(9_000) }, 'reject', 'no_simple_close')
  })

  it('publishes the best close of before again', () => {
    const duo = channelWith(msat(700_000_000n))
    setFeerate(duo.alice, 9_000)
    closed(negotiating(duo))
    const best = durableOf(duo.bob).mutualCloses.find(tx => feeOf(duo, tx) === twoOutputFee(9_000))
    for (const name of NAMES) {
      const before = published(duo[name]).length
      reconnect(duo)
      expect(published(duo[name])[before]).toEqual(best)
    }
  })

  it('goes on with closing_signed where the peer no longer speaks the simple close', () => {
    const duo = closed(negotiating(channelWith(msat(700_000_000n))))
    reconnect(duo, { ...fundedOf(duo.alice).session.negotiated, simpleClose: false })
    expect(fundedOf(duo.alice).session.closing?.type).toBe('legacy')
    expect(agreedClose(duo).inputs[0]?.sequence).toBe(0xffffffff)
  })
})
