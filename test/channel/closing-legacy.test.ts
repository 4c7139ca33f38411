import { describe, expect, it } from 'vitest'
import { feeratePerKw, msat, sat } from '../../src/base/index.ts'
import {
  agreedClose,
  change,
  channelWith,
  expectGood,
  expectRefusedMessage,
  feeOf,
  LEGACY,
  NAMES,
  negotiating,
  paidTo,
  published,
  reconnect,
} from './closingFixtures.ts'
import {
  closingAt,
  closingMessages,
  feeAt,
  legacy,
  offer,
  scripts,
  setFeerate,
  signedFor,
} from './closingSignedOffers.ts'
import { deliver, deliverNext, durableOf, effectsOf, input, sentBy } from './harness.ts'

// BOLT 2, legacy closing negotiation, and BOLT 3, legacy closing transaction. Alice opens, so she pays and speaks first.

describe('BOLT 2, legacy closing negotiation', () => {
  it.each(NAMES)('closes in two messages when the accepter likes the fee (%s asks for it)', first => {
    const duo = negotiating(channelWith(msat(700_000_999n), legacy), first)
    deliver(duo)
    const tx = agreedClose(duo)
    const fee = feeAt(duo, 5_000)
    const [aliceScript, bobScript] = scripts(duo)
    expect(paidTo(tx, aliceScript)).toBe(700_000n - fee)
    expect(paidTo(tx, bobScript)).toBe(299_999n)
    // The fraction of a satoshi on either side goes to the miners as well.
    expect(feeOf(duo, tx)).toBe(fee + 1n)
    expect(tx.inputs[0]?.sequence).toBe(0xffffffff)
    expect(tx.locktime).toBe(0)
    for (const name of NAMES) {
      expect(closingMessages(duo[name]).map(({ feeSatoshis }) => feeSatoshis)).toEqual([fee])
      expect(durableOf(duo[name]).mutualCloses).toEqual([tx])
      // Until the funding output is spent: the peer may have missed the last message.
      expect(duo[name].channel.state).toBe('negotiating')
    }
  })

  it('closes when both ask for it at once, with one shutdown each', () => {
    const duo = channelWith(msat(500_000_000n), legacy)
    for (const name of NAMES) input(duo, name, { type: 'shutdown' })
    deliver(duo)
    agreedClose(duo)
    for (const name of NAMES) expect(sentBy(duo[name]).filter(({ type }) => type === 'shutdown')).toHaveLength(1)
  })

  it('says which fees it takes: the opener half to twice its choice, the accepter all that relay and can be paid', () => {
    const duo = negotiating(channelWith(msat(600_000_000n), legacy))
    deliver(duo)
    const fee = feeAt(duo, 5_000)
    expect(closingMessages(duo.alice)[0]?.feeRange).toEqual({ minFeeSatoshis: fee / 2n, maxFeeSatoshis: 2n * fee })
    expect(closingMessages(duo.bob)[0]?.feeRange).toEqual({
      minFeeSatoshis: feeAt(duo, 253),
      maxFeeSatoshis: 600_000n,
    })
  })

  it('closes in three messages when the accepter proposes another fee of the range', () => {
    const duo = channelWith(msat(600_000_000n), legacy)
    const limits = { ...duo.bob.context.limits, minFeeratePerKw: feeratePerKw(6_000) }
    duo.bob.context = { ...duo.bob.context, limits }
    setFeerate(duo.bob, 7_000)
    negotiating(duo)
    deliver(duo)
    const tx = agreedClose(duo)
    expect(feeOf(duo, tx)).toBe(feeAt(duo, 7_000))
    expect(closingMessages(duo.alice).map(({ feeSatoshis }) => feeSatoshis)).toEqual([
      feeAt(duo, 5_000),
      feeAt(duo, 7_000),
    ])
    expect(closingMessages(duo.bob)).toHaveLength(1)
  })

  it('comes to a fee without ranges, each answer strictly between the two before it', () => {
    const duo = negotiating(channelWith(msat(600_000_000n), legacy))
    duo.alice.outbox = []
    const ideal = feeAt(duo, 5_000)
    const asked = 3n * ideal
    const first = input(duo, 'alice', { type: 'message', message: offer(duo, 'bob', asked) })
    expect(first.failure).toBeUndefined()
    const [, second] = closingMessages(duo.alice)
    const stepped = second?.feeSatoshis ?? 0n
    expect(stepped).toBe(2n * ideal)
    const last = (stepped + asked) / 2n
    // Strictly between, but more than Alice pays: nothing that she allows is left above what she said.
    expectRefusedMessage(duo.alice, offer(duo, 'bob', last), 'fail_channel', 'closing_fee_disagreement')
    // Within her range: she takes it and says so.
    const agreed = input(duo, 'alice', { type: 'message', message: offer(duo, 'bob', stepped) })
    expect(agreed.failure).toBeUndefined()
    expectGood(duo, published(duo.alice)[0] ?? closingAt(duo, 1n).tx)
  })

  it('lets an accepter step toward an opener that sends no range', () => {
    const duo = negotiating(channelWith(msat(600_000_000n), legacy))
    duo.alice.outbox = []
    const least = feeAt(duo, 253)
    const proposed = feeAt(duo, 5_000)
    expect(input(duo, 'bob', { type: 'message', message: offer(duo, 'alice', 10n) }).failure).toBeUndefined()
    expect(closingMessages(duo.bob).at(-1)?.feeSatoshis).toBe(proposed)
    expect(input(duo, 'bob', { type: 'message', message: offer(duo, 'alice', 20n) }).failure).toBeUndefined()
    expect(closingMessages(duo.bob).at(-1)?.feeSatoshis).toBe((proposed + 20n) / 2n)
    expect(input(duo, 'bob', { type: 'message', message: offer(duo, 'alice', 30n) }).failure).toBeUndefined()
    for (let fee = 40n; (closingMessages(duo.bob).at(-1)?.feeSatoshis ?? 0n) > least; fee += 10n) {
      expect(input(duo, 'bob', { type: 'message', message: offer(duo, 'alice', fee) }).failure).toBeUndefined()
    }
    expectRefusedMessage(duo.bob, offer(duo, 'alice', least - 1n), 'fail_channel', 'closing_fee_disagreement')
    input(duo, 'bob', { type: 'message', message: offer(duo, 'alice', least) })
    expect(published(duo.bob)).toHaveLength(1)
    expect(closingMessages(duo.bob).at(-1)?.feeSatoshis).toBe(least)
  })

  it('starts anew after a reconnection, with the feerate of then, and keeps what was agreed before', () => {
    const duo = negotiating(channelWith(msat(600_000_000n), legacy))
    deliver(duo)
    const before = agreedClose(duo)
    setFeerate(duo.alice, 6_000)
    reconnect(duo, LEGACY)
    const after = agreedClose(duo)
    expect(feeOf(duo, after)).toBe(feeAt(duo, 6_000))
    for (const name of NAMES) expect(durableOf(duo[name]).mutualCloses).toEqual([before, after])
  })

  it('repeats the same close after a reconnection in which only one side had it', () => {
    const duo = negotiating(channelWith(msat(600_000_000n), legacy))
    deliverNext(duo, 'bob')
    // Bob's answer is lost.
    expect(published(duo.bob)).toHaveLength(1)
    reconnect(duo, LEGACY)
    expect(agreedClose(duo)).toEqual(published(duo.bob)[0])
    for (const name of NAMES) expect(durableOf(duo[name]).mutualCloses).toHaveLength(1)
  })

  it('publishes again, and stays silent, when the peer repeats the fee that was agreed on', () => {
    const duo = negotiating(channelWith(msat(600_000_000n), legacy))
    deliver(duo)
    const sent = closingMessages(duo.bob).length
    input(duo, 'bob', { type: 'message', message: offer(duo, 'alice', feeAt(duo, 5_000)) })
    expect(published(duo.bob)).toHaveLength(2)
    expect(closingMessages(duo.bob)).toHaveLength(sent)
  })
})

describe('BOLT 3, legacy closing transaction, outputs', () => {
  it('leaves out the accepter below the dust limit', () => {
    const duo = negotiating(channelWith(msat(999_647_000n), legacy))
    deliver(duo)
    const tx = agreedClose(duo)
    expect(tx.outputs.map(({ script }) => script)).toEqual([duo.alice.context.shutdownScript])
    expect(feeOf(duo, tx)).toBe(feeAt(duo, 5_000) + 353n)
  })

  it('leaves out the opener, whose whole balance is the fee', () => {
    const duo = negotiating(channelWith(msat(1_000_000n), legacy))
    deliver(duo)
    const tx = agreedClose(duo)
    expect(tx.outputs.map(({ script }) => script)).toEqual([duo.bob.context.shutdownScript])
    expect(feeOf(duo, tx)).toBe(1_000n)
  })

  it('keeps the output of the opener when the other one is dust, however high the feerate', () => {
    const duo = channelWith(msat(19_900_000n), { ...legacy, fundingAmountSat: sat(20_000), pushMsat: msat(0n) })
    for (const name of NAMES) setFeerate(duo[name], 200_000)
    negotiating(duo)
    deliver(duo)
    const tx = agreedClose(duo)
    expect(tx.outputs).toEqual([{ amountSat: 354n, script: duo.alice.context.shutdownScript }])
  })

  it('fails the channel when both outputs would be dust at any fee', () => {
    const duo = channelWith(msat(10_000_000n), { ...legacy, fundingAmountSat: sat(20_000), pushMsat: msat(0n) })
    // No two sides agree on such dust limits at the opening, so they are forced here.
    const { params } = durableOf(duo.alice)
    change(duo.alice, { params: { ...params, local: { ...params.local, dustLimitSat: sat(10_001) } } })
    input(duo, 'alice', { type: 'shutdown' })
    deliverNext(duo, 'bob')
    deliverNext(duo, 'alice')
    expect(duo.alice.channel.state).toBe('closing')
    expect(sentBy(duo.alice).at(-1)?.type).toBe('error')
    expect(effectsOf(duo.alice, 'publish').at(-1)?.role).toBe('commitment')
  })

  it('takes a form without our output, if that is below the dust limit of the peer', () => {
    const duo = channelWith(msat(1_500_000n), { ...legacy, limits: { bob: { dustLimitSat: sat(1_000) } } })
    setFeerate(duo.alice, 1_000)
    negotiating(duo)
    duo.alice.outbox = []
    const fee = feeAt(duo, 1_000)
    const closing = closingAt(duo, fee, 1_000n)
    expect(closing.tx.outputs.map(({ script }) => script)).toEqual([duo.bob.context.shutdownScript])
    expect(input(duo, 'alice', { type: 'message', message: signedFor(duo.bob, closing, fee) }).failure).toBeUndefined()
    expect(published(duo.alice).map(({ outputs }) => outputs)).toEqual([closing.tx.outputs])
    expectGood(duo, published(duo.alice)[0] ?? closing.tx)
  })

  it('takes a form without the output of the peer, which may give it up', () => {
    const duo = negotiating(channelWith(msat(600_000_000n), legacy))
    duo.alice.outbox = []
    const fee = feeAt(duo, 5_000)
    const closing = closingAt(duo, fee, 354n, 'remote')
    expect(closing.tx.outputs.map(({ script }) => script)).toEqual([duo.alice.context.shutdownScript])
    expect(input(duo, 'alice', { type: 'message', message: signedFor(duo.bob, closing, fee) }).failure).toBeUndefined()
    expect(published(duo.alice).map(({ outputs }) => outputs)).toEqual([closing.tx.outputs])
  })

  it('signs the form that the opener signed, also where its own dust limit would leave an output out', () => {
    const duo = channelWith(msat(1_500_000n), { ...legacy, limits: { bob: { dustLimitSat: sat(1_000) } } })
    for (const name of NAMES) setFeerate(duo[name], 1_000)
    negotiating(duo)
    deliver(duo)
    expect(agreedClose(duo).outputs).toHaveLength(2)
  })
})
