import { describe, expect, it } from 'vitest'
import { msat, toHex } from '../../src/base/index.ts'
import { txid } from '../../src/bitcoin/index.ts'
import { signedLocalCommitment } from '../../src/channel/handlers/signedLocalCommitment.ts'
import type { ChannelPhase } from '../../src/channel/types.ts'
import { agreedClose, channelWith, LEGACY, NAMES, negotiating, published } from './closingFixtures.ts'
import { type Duo, deliver, deliverNext, durableOf, fundedOf, input, opened, type Side, signed } from './harness.ts'

// The funding output is spent: by a close that both agreed on, or by something else.

function closedDuo(aliceMsat = 700_000_000n, legacy = false): Duo {
  const duo = negotiating(channelWith(msat(aliceMsat), legacy ? { negotiated: LEGACY } : {}))
  deliver(duo)
  return duo
}

function phaseOf(side: Side): ChannelPhase {
  return fundedOf(side).durable.phase
}

describe('BOLT 2, the close confirms', () => {
  it.each([true, false])('is a close by agreement, told in words (legacy: %s)', legacy => {
    const duo = closedDuo(700_000_000n, legacy)
    const tx = agreedClose(duo)
    for (const name of NAMES) {
      const { effects } = input(duo, name, { type: 'funding_spent', tx })
      const phase = phaseOf(duo[name])
      expect(phase).toMatchObject({ type: 'closing', cause: { kind: 'mutual', mayPublishCommitment: true } })
      const reason = phase.type === 'closing' ? phase.cause.reason : ''
      const script = duo[name].context.shutdownScript
      const paid = tx.outputs.find(output => toHex(output.script) === toHex(script))?.amountSat
      expect(reason).toContain(`closed by agreement in ${txid(tx)}: it pays us ${paid} sat to ${toHex(script)}`)
      expect(effects).toEqual([
        { type: 'event', event: { type: 'state_changed', from: 'negotiating', to: 'closing', reason } },
      ])
    }
  })

  it('says so where it pays us nothing', () => {
    const duo = closedDuo(1_000_000_000n)
    input(duo, 'bob', { type: 'funding_spent', tx: agreedClose(duo) })
    expect(phaseOf(duo.bob)).toMatchObject({
      cause: { kind: 'mutual', reason: expect.stringContaining('pays us nothing') },
    })
  })

  it('knows a close that the peer published without ever sending its signature', () => {
    const duo = negotiating(channelWith(msat(700_000_000n)))
    deliverNext(duo, 'bob')
    const tx = published(duo.bob)[0]
    if (tx === undefined) throw new Error('Bob published')
    expect(durableOf(duo.alice).mutualCloses).toEqual([])
    input(duo, 'alice', { type: 'funding_spent', tx })
    expect(phaseOf(duo.alice)).toMatchObject({ type: 'closing', cause: { kind: 'mutual' } })
  })

  it('takes a commitment of the peer for what it is, before and during a close', () => {
    for (const duo of [opened(), closedDuo(), signed()]) {
      const tx = signedLocalCommitment(durableOf(duo.bob), duo.bob.context.secrets)
      input(duo, 'alice', { type: 'funding_spent', tx })
      const reason = expect.stringContaining(txid(tx))
      expect(phaseOf(duo.alice)).toMatchObject({ type: 'closing', cause: { kind: 'spent_by_peer', reason } })
    }
  })

  it('takes nothing for a close before a shutdown of ours, nor what spends more than the funding', () => {
    const duo = closedDuo()
    const tx = agreedClose(duo)
    const early = opened()
    input(early, 'alice', { type: 'funding_spent', tx })
    expect(phaseOf(early.alice)).toMatchObject({ cause: { kind: 'spent_by_peer' } })
    const twice = { ...tx, inputs: [...tx.inputs, ...tx.inputs] }
    input(duo, 'alice', { type: 'funding_spent', tx: twice })
    expect(phaseOf(duo.alice)).toMatchObject({ cause: { kind: 'spent_by_peer' } })
  })

  it('keeps the first cause of a channel that is closing already', () => {
    const duo = closedDuo()
    input(duo, 'alice', { type: 'force_close', reason: 'the fee is too low' })
    input(duo, 'alice', { type: 'funding_spent', tx: agreedClose(duo) })
    expect(phaseOf(duo.alice)).toMatchObject({ type: 'closing', cause: { kind: 'local_force' } })
  })
})
