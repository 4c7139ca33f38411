import { describe, expect, it } from 'vitest'
import { feeratePerKw, fromHex, msat, sat } from '../../src/base/index.ts'
import { OP, p2pkhScript, p2trScript, script, type Tx, txWeight } from '../../src/bitcoin/index.ts'
import { closingFunding, closingParties } from '../../src/channel/closing.ts'
import { offeredVariants, replacementFeeSat } from '../../src/channel/closingProposal.ts'
import { buildClosingTx, type ClosingVariant, closingFeeSat, signClosing } from '../../src/commitment/index.ts'
import type { ClosingComplete, ClosingSig } from '../../src/wire/index.ts'
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
  withHighS,
} from './closingFixtures.ts'
import {
  connect,
  type Duo,
  deliver,
  deliverNext,
  disconnect,
  durableOf,
  fundedOf,
  input,
  type Name,
  opened,
  otherName,
  type Side,
  START_HEIGHT,
  sentBy,
  walletScript,
} from './harness.ts'

// BOLT 2, closing_complete and closing_sig. Alice opened, but here that means nothing: whoever offers pays.

const FIELD = {
  closer_output_only: 'closerOutputOnly',
  closee_output_only: 'closeeOutputOnly',
  closer_and_closee_outputs: 'closerAndCloseeOutputs',
} as const

function setFeerate(side: Side, feerate: number): void {
  side.context = { ...side.context, feerates: { ...side.context.feerates, mutualClose: feeratePerKw(feerate) } }
}

function bump(duo: Duo, name: Name, feerate: number, to?: Uint8Array): void {
  const result = input(duo, name, {
    type: 'bump_close',
    feeratePerKw: feeratePerKw(feerate),
    ...(to && { script: to }),
  })
  expect(result.failure).toBeUndefined()
}

function fieldsOf(message: ClosingComplete | ClosingSig): readonly string[] {
  return Object.values(FIELD).filter(field => message[field] !== undefined)
}

/** The last offer of a side. */
function lastOffer(side: Side): ClosingComplete {
  const offers = sentBy(side).filter(message => message.type === 'closing_complete')
  const last = offers.at(-1)
  if (last === undefined) throw new Error('no offer')
  return last
}

/** An offer of `by` that the test chooses, signed by its key in each field that is named. */
function offerBy(
  duo: Duo,
  by: Name,
  terms: { readonly feeSat: bigint; readonly variants: readonly ClosingVariant[]; readonly closerScript?: Uint8Array },
): ClosingComplete {
  const durable = durableOf(duo[by])
  const { local, remote } = closingParties(durable)
  const closer = { ...local, script: terms.closerScript ?? local.script }
  const signatures = terms.variants.map(variant => {
    const built = buildClosingTx({
      funding: closingFunding(durable),
      variant,
      closer,
      closee: remote,
      feeSat: sat(terms.feeSat),
      locktime: 7,
    })
    if (!built.ok) throw new Error(built.error.message)
    return [FIELD[variant], signClosing(built.value, duo[by].context.secrets.fundingSecret)]
  })
  return {
    type: 'closing_complete',
    channelId: durable.params.channelId,
    closerScriptpubkey: closer.script,
    closeeScriptpubkey: remote.script,
    feeSatoshis: sat(terms.feeSat),
    locktime: 7,
    ...Object.fromEntries(signatures),
  }
}

function twoOutputFee(feerate: number): bigint {
  return closingFeeSat(feeratePerKw(feerate), [walletScript(1), walletScript(2)])
}

/** Both offers are answered. */
function closed(duo: Duo): Duo {
  deliver(duo)
  for (const name of NAMES) expect(fundedOf(duo[name]).session.closing).toEqual({ type: 'simple' })
  return duo
}

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

/** The close that both sides published with this fee. */
function closeAt(duo: Duo, feeSat: bigint): Tx {
  const [low, high] = [feeSat, feeSat + 1n]
  const tx = published(duo.alice).find(one => feeOf(duo, one) === low || feeOf(duo, one) === high)
  if (tx === undefined) throw new Error(`no close at ${feeSat} sat`)
  expect(published(duo.bob)).toContainEqual(tx)
  return tx
}

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

describe('BOLT 2, closing_complete, receiver', () => {
  function started(aliceMsat = 700_000_000n): { readonly duo: Duo; readonly message: ClosingComplete } {
    const duo = negotiating(channelWith(msat(aliceMsat)))
    return { duo, message: onTheWayAs(duo, 'bob', 'closing_complete') }
  }

  it('refuses it before the shutdowns, and without option_simple_close', () => {
    const { message } = started()
    expectRefusedMessage(opened().bob, message, 'close_connection', 'unexpected_message')
    const legacy = negotiating(
      opened({ negotiated: { ...fundedOf(opened().bob).session.negotiated, simpleClose: false } }),
    )
    expectRefusedMessage(legacy.bob, message, 'close_connection', 'unexpected_closing_complete')
  })

  it('refuses a fee above the balance of the closer', () => {
    const { duo, message } = started()
    const greedy = { ...message, feeSatoshis: sat(700_001) }
    expectRefusedMessage(duo.bob, greedy, 'close_connection', 'closing_fee_above_balance')
  })

  it('refuses to sign for a script that is not the last one we said', () => {
    const { duo, message } = started()
    const stale = { ...message, closeeScriptpubkey: walletScript(50) }
    expectRefusedMessage(duo.bob, stale, 'close_connection', 'closee_script_mismatch')
  })

  it('refuses a closer script that a shutdown may not carry', () => {
    const { duo, message } = started()
    const old = { ...message, closerScriptpubkey: p2pkhScript(new Uint8Array(20)) }
    expectRefusedMessage(duo.bob, old, 'close_connection', 'shutdown_script_not_allowed')
  })

  it('refuses another closer script than the upfront one', () => {
    const duo = negotiating(channelWith(msat(700_000_000n), { upfront: { alice: walletScript(40) } }))
    const message = { ...onTheWayAs(duo, 'bob', 'closing_complete'), closerScriptpubkey: walletScript(41) }
    expectRefusedMessage(duo.bob, message, 'close_connection', 'upfront_shutdown_script_mismatch')
  })

  it.each([
    ['nothing', []],
    ['a form without our output, which is not dust', ['closer_output_only']],
  ] as const)('refuses signatures for %s', (_name, variants) => {
    const { duo } = started()
    const message = offerBy(duo, 'alice', { feeSat: 1_000n, variants })
    expectRefusedMessage(duo.bob, message, 'close_connection', 'closing_signature_missing')
  })

  it('refuses an offer that keeps our output where that is dust', () => {
    const { duo } = started(999_800_000n)
    const variants = ['closer_and_closee_outputs', 'closee_output_only'] as const
    const message = offerBy(duo, 'alice', { feeSat: 1_000n, variants })
    expectRefusedMessage(duo.bob, message, 'close_connection', 'closing_signature_missing')
  })

  it('refuses a signature that is not valid, or of a high S', () => {
    const { duo, message } = started()
    const { closerAndCloseeOutputs: good = new Uint8Array(64) } = message
    for (const bad of [withHighS(good), new Uint8Array(64), message.closerOutputOnly ?? new Uint8Array(64)]) {
      const spoiled = { ...message, closerAndCloseeOutputs: bad }
      expectRefusedMessage(duo.bob, spoiled, 'close_connection', 'invalid_closing_signature')
    }
    const otherTime = { ...message, locktime: message.locktime + 1 }
    expectRefusedMessage(duo.bob, otherTime, 'close_connection', 'invalid_closing_signature')
    const otherFee = { ...message, feeSatoshis: sat(message.feeSatoshis - 1n) }
    expectRefusedMessage(duo.bob, otherFee, 'close_connection', 'invalid_closing_signature')
  })

  it('prefers both outputs, and takes the form without the closer where that is all', () => {
    const { duo } = started()
    const all = ['closer_output_only', 'closee_output_only', 'closer_and_closee_outputs'] as const
    input(duo, 'bob', { type: 'message', message: offerBy(duo, 'alice', { feeSat: 2_000n, variants: all }) })
    expect(published(duo.bob).at(-1)?.outputs).toHaveLength(2)
    const only = offerBy(duo, 'alice', { feeSat: 3_000n, variants: ['closee_output_only'] })
    input(duo, 'bob', { type: 'message', message: only })
    expect(
      published(duo.bob)
        .at(-1)
        ?.outputs.map(output => output.script),
    ).toEqual([duo.bob.context.shutdownScript])
  })

  it('signs what may never relay: the closer pays, and nothing of ours is lost', () => {
    const { duo } = started()
    const variants = ['closer_and_closee_outputs'] as const
    for (const feeSat of [0n, 699_999n]) {
      const before = published(duo.bob).length
      input(duo, 'bob', { type: 'message', message: offerBy(duo, 'alice', { feeSat, variants }) })
      expect(published(duo.bob)).toHaveLength(before + 1)
      expect(paidTo(published(duo.bob)[before] ?? fail(), duo.bob.context.shutdownScript)).toBe(300_000n)
    }
  })

  it('takes an OP_RETURN script of the closer, whose output then holds nothing', () => {
    const { duo } = started()
    const data = fromHex(`6a4c50${'ab'.repeat(80)}`)
    const variants = ['closer_and_closee_outputs'] as const
    const message = offerBy(duo, 'alice', { feeSat: 1_000n, variants, closerScript: data })
    expect(input(duo, 'bob', { type: 'message', message }).failure).toBeUndefined()
    const tx = published(duo.bob).at(-1) ?? fail()
    expect(paidTo(tx, data)).toBe(0n)
    expectGood(duo, tx)
  })
})

function fail(): never {
  throw new Error('expected a transaction')
}

describe('BOLT 2, closing_sig, receiver', () => {
  /** Bob's answer to Alice's first offer is on its way. */
  function answeredOffer(): { readonly duo: Duo; readonly message: ClosingSig } {
    const duo = negotiating(channelWith(msat(700_000_000n)))
    deliverNext(duo, 'bob')
    deliverNext(duo, 'alice')
    return { duo, message: onTheWayAs(duo, 'alice', 'closing_sig') }
  }

  it('refuses one that nothing asked for', () => {
    const { duo, message } = answeredOffer()
    deliver(duo)
    expectRefusedMessage(duo.alice, message, 'close_connection', 'unexpected_closing_sig')
    reconnect(duo)
    disconnect(duo)
    connect(duo)
    deliverNext(duo, 'alice')
    // The offer of the connection before is forgotten.
    expectRefusedMessage(duo.alice, message, 'close_connection', 'unexpected_closing_sig')
  })

  it.each([
    ['closer script', { closerScriptpubkey: walletScript(60) }],
    ['closee script', { closeeScriptpubkey: walletScript(60) }],
    ['fee', { feeSatoshis: sat(1) }],
    ['locktime', { locktime: 1 }],
  ])('refuses another %s than the one we offered', (_name, changes) => {
    const { duo, message } = answeredOffer()
    expectRefusedMessage(duo.alice, { ...message, ...changes }, 'close_connection', 'closing_sig_mismatch')
  })

  it('refuses none or two signatures', () => {
    const { duo, message } = answeredOffer()
    const { closerAndCloseeOutputs: signature = new Uint8Array(64), ...none } = message
    expectRefusedMessage(duo.alice, none, 'close_connection', 'closing_signature_count')
    const two = { ...message, closerOutputOnly: signature }
    expectRefusedMessage(duo.alice, two, 'close_connection', 'closing_signature_count')
  })

  it('refuses a form that we did not offer', () => {
    const { duo, message } = answeredOffer()
    const { closerAndCloseeOutputs: signature = new Uint8Array(64), ...none } = message
    const other = { ...none, closeeOutputOnly: signature }
    expectRefusedMessage(duo.alice, other, 'close_connection', 'closing_variant_not_offered')
  })

  it('refuses a signature that is not valid, or of a high S', () => {
    const { duo, message } = answeredOffer()
    const { closerAndCloseeOutputs: signature = new Uint8Array(64), ...none } = message
    const highS = { ...message, closerAndCloseeOutputs: withHighS(signature) }
    expectRefusedMessage(duo.alice, highS, 'close_connection', 'invalid_closing_signature')
    const otherForm = { ...none, closerOutputOnly: signature }
    expectRefusedMessage(duo.alice, otherForm, 'close_connection', 'invalid_closing_signature')
  })

  it('takes a signature for the form without the closee, which that side may prefer', () => {
    const { duo, message } = answeredOffer()
    const { closerAndCloseeOutputs: _both, ...none } = message
    const { settled } = durableOf(duo.alice)
    const built = buildClosingTx({
      funding: closingFunding(durableOf(duo.alice)),
      variant: 'closer_output_only',
      closer: { amountMsat: settled.localMsat, script: message.closerScriptpubkey },
      closee: { amountMsat: settled.remoteMsat, script: message.closeeScriptpubkey },
      feeSat: message.feeSatoshis,
      locktime: message.locktime,
    })
    if (!built.ok) throw new Error(built.error.message)
    const closerOutputOnly = signClosing(built.value, duo.bob.context.secrets.fundingSecret)
    input(duo, 'alice', { type: 'message', message: { ...none, closerOutputOnly } })
    const tx = published(duo.alice).at(-1) ?? fail()
    expect(tx.outputs).toHaveLength(1)
    expectGood(duo, tx)
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
