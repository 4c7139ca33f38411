import { describe, expect, test } from 'vitest'
import { explain } from '../../src/node/explain.ts'
import type { ExplainedOutput } from '../../src/node/index.ts'
import type { Side } from '../engine/side.ts'
import { type ChannelId, Stage } from '../engine/stage.ts'

// `channel ID --explain` of a channel that ends: each output, who may take it when, what was published at what fee, and what is awaited.

const AMOUNT_SAT = 20_000n

function outputsOf(side: Side, id: ChannelId): readonly ExplainedOutput[] {
  return explain(side.link(id), side.state, side.context()).outputs
}

function named(side: Side, id: ChannelId, what: RegExp): ExplainedOutput {
  const found = outputsOf(side, id).filter(output => what.test(output.what))
  const [first] = found
  if (first === undefined || found.length > 1) throw new Error(`${found.length} outputs are ${what}`)
  return first
}

/** Alice has paid, Bob has gone before he answered, and Alice has closed alone. */
function closing() {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  const id = stage.ready(alice, bob, { push: 60_000n })
  expect(outputsOf(alice, id)).toEqual([])
  const wire = stage.wireOf(alice, bob)
  stage.keysend(alice, bob, AMOUNT_SAT)
  for (const to of [bob, bob, alice, alice]) stage.deliver(wire, to)
  stage.crash(bob)
  const expiry = alice.channels()[0]?.durable.htlcs[0]?.cltvExpiry ?? 0
  stage.close(alice, id, true)
  return { stage, alice, id, expiry }
}

describe('the outputs of a channel that we closed alone', () => {
  test('from the funding output to the last spend', () => {
    const { stage, alice, id, expiry } = closing()
    expect(outputsOf(alice, id)).toMatchObject([
      { what: 'the funding output', amountSat: 200_000n, awaited: 'A block that holds what closes the channel.' },
    ])
    stage.mine()
    const confirmed = stage.chain.height
    const delay = alice.channels()[0]?.durable.params.remote.toSelfDelay ?? 0
    const ours = named(alice, id, /^our balance/)
    expect(ours).toMatchObject({
      ways: [{ by: 'us', now: false, afterHeight: confirmed + delay }],
      spending: undefined,
      awaited: `Block ${confirmed + delay}, the first that may hold our transaction.`,
    })
    expect(named(alice, id, /^the peer's balance/).awaited).toBe("Nothing of ours: it is the peer's.")
    expect(named(alice, id, /^our anchor/).awaited).toMatch(/^Nothing/)
    const htlc = named(alice, id, /^HTLC/)
    expect(htlc).toMatchObject({
      what: `HTLC 0 that we offered, of 20000000 msat, until block ${expiry}`,
      amountSat: AMOUNT_SAT,
      spending: undefined,
      awaited: `Block ${expiry + 1}, the first that may hold our transaction.`,
    })
    expect(htlc.ways.map(({ by }) => by).sort()).toEqual(['peer', 'us'])
    stage.mine(delay - 1)
    const pending = named(alice, id, /^our balance/)
    const sweep = alice.published.findLast(({ role }) => role === 'claim')
    expect(pending.awaited).toBe('A block that holds our transaction.')
    expect(pending.spending).toMatchObject({ role: 'claim', confirmedHeight: undefined })
    const paid = sweep?.tx.outputs.reduce((sum, { amountSat }) => sum + amountSat, 0n) ?? 0n
    expect(pending.spending?.feeSat).toBe(pending.amountSat - paid)
    expect(Math.abs((pending.spending?.feeratePerKw ?? 0) - alice.feeratePerKw)).toBeLessThan(10)
    stage.mine()
    expect(named(alice, id, /^our balance/)).toMatchObject({
      ways: [],
      spending: { role: undefined, confirmedHeight: stage.chain.height },
      awaited: '5 more blocks, which make its spend final.',
    })
    stage.mine(5)
    expect(named(alice, id, /^our balance/).awaited).toBe('Nothing: it is spent for good.')
  })

  test('an HTLC-timeout with the coin of the wallet that pays for it, and its second stage', () => {
    const { stage, alice, id, expiry } = closing()
    stage.mine(expiry - stage.chain.height)
    const { spending } = named(alice, id, /^HTLC/)
    expect(spending).toMatchObject({ role: 'htlc-timeout', confirmedHeight: undefined })
    expect(spending?.feeSat).toBeGreaterThan(600n)
    stage.mine()
    const second = named(alice, id, /^our HTLC, after the delay/)
    expect(second.amountSat).toBe(AMOUNT_SAT)
    expect(second.awaited).toMatch(/^Block \d+, the first/)
    expect(named(alice, id, /^HTLC/).spending).toMatchObject({ feeSat: spending?.feeSat })
  })

  test('that both closed: the wallet has its own, and nothing is awaited', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const id = stage.ready(alice, bob, { push: 60_000n })
    stage.close(alice, id)
    stage.mine()
    expect(
      outputsOf(alice, id)
        .map(({ what }) => what)
        .sort(),
    ).toEqual(['our output of the closing transaction', "the peer's output"])
  })
})
