import { expect, test } from 'vitest'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// A payment whose output on the chain is worth less than it costs to take it back.

const LEFT_AFTER_BLOCKS = 144
/** An HTLC-timeout with anchors, at the feerate of the stage. */
const TIMEOUT_FEE = 666n

/** Alice pays, Bob goes away for good before he claims it, and Alice closes alone. Mined to the block before the payment is given up. */
function abandoned(amountSat: bigint) {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  const channelId = stage.ready(alice, bob)
  const wire = stage.wireOf(alice, bob)
  const request = stage.keysend(alice, bob, amountSat)
  // The HTLC and its signature, and Bob's answers: after them both commitments hold it.
  for (const to of [bob, bob, alice, alice]) stage.deliver(wire, to)
  stage.crash(bob)
  const expiry = alice.channels()[0]?.durable.htlcs[0]?.cltvExpiry ?? 0
  expect(expiry).toBeGreaterThan(stage.chain.height)
  stage.close(alice, channelId, true)
  stage.mine(expiry + LEFT_AFTER_BLOCKS - stage.chain.height)
  return { stage, alice, request }
}

const kindsOf = (side: Side) => side.eventsOf('channel_onchain').map(({ kind }) => kind)

test('ends as failed, 144 blocks after it ran out, and says what was left; the channel is closed, also after a restart', () => {
  const { stage, alice, request } = abandoned(TIMEOUT_FEE)
  expect(alice.replyTo(request)).toBeUndefined()
  expect(alice.channelStates()).toEqual(['closing'])
  expect(kindsOf(alice)).toContain('claim_not_worthwhile')
  stage.mine()
  const lost = { status: 'failed', failure: { code: 'lost_on_chain', message: expect.stringMatching(/not worth/) } }
  expect(alice.replyTo(request)).toMatchObject({ type: 'payment', payment: lost })
  expect(alice.channelStates()).toEqual(['closed'])
  const [event] = alice.eventsOf('channel_onchain').filter(({ kind }) => kind === 'claim_given_up')
  expect(event?.sentence).toMatch(/^Output .* of 666 sat is given up: 144 blocks after/)
  stage.restart(alice)
  stage.mine(10)
  expect(alice.eventsOf('payment_failed')).toHaveLength(1)
  expect(kindsOf(alice).filter(kind => kind === 'claim_given_up')).toHaveLength(1)
})

test('is taken back where it holds one satoshi more', () => {
  const { alice, request } = abandoned(TIMEOUT_FEE + 1n)
  const taken = { status: 'failed', failure: { code: 'lost_on_chain', message: expect.stringMatching(/taken back/) } }
  expect(alice.replyTo(request)).toMatchObject({ type: 'payment', payment: taken })
  expect(alice.published.some(({ role, outcome }) => role === 'htlc-timeout' && outcome === 'accepted')).toBe(true)
})
