import { describe, expect, it } from 'vitest'
import { fromHex, msat, sat } from '../../src/base/index.ts'
import { p2pkhScript } from '../../src/bitcoin/index.ts'
import { closingFunding } from '../../src/channel/closing.ts'
import { buildClosingTx, signClosing } from '../../src/commitment/index.ts'
import type { ClosingComplete, ClosingSig } from '../../src/wire/index.ts'
import { fail, offerBy } from './closingCompleteOffers.ts'
import {
  channelWith,
  expectGood,
  expectRefusedMessage,
  negotiating,
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
  opened,
  walletScript,
} from './harness.ts'

// BOLT 2, closing_complete and closing_sig, receiver: each rule broken once.

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
