import { describe, expect, test } from 'vitest'
import { type ChannelId, msat } from '../../src/base/index.ts'
import type { EngineInput } from '../../src/engine/index.ts'
import type { Side } from './side.ts'
import { Stage } from './stage.ts'

// Payments whose HTLC is offered on a channel that closes before any commitment holds it: nobody can claim it any more.

function keysend(stage: Stage, to: Side, request: number): EngineInput {
  const [preimage, sessionKey] = [stage.freshBytes(), stage.freshBytes()]
  const amountMsat = msat(1_000_000n)
  const input = { type: 'keysend', request, peer: to.id, preimage, sessionKey, amountMsat, timeoutMs: 60_000 } as const
  return { type: 'payment', input }
}

/** The payment and the close come in one turn, so that the HTLC is never signed. */
function payAndClose(stage: Stage, from: Side, to: Side, channelId: ChannelId): number {
  const request = 1_000
  from.replies.set(request, [])
  from.replies.set(request + 1, [])
  const close = { type: 'close_channel', request: request + 1, channelId, force: true } as const
  from.turn(keysend(stage, to, request), close)
  return request
}

describe('a channel that is closed in the turn of a payment', () => {
  test('ends the payment in that turn, without the end of the connection', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    const request = payAndClose(stage, alice, bob, stage.ready(alice, bob))
    expect(alice.isUp(bob.id)).toBe(true)
    expect(alice.replyTo(request)).toMatchObject({
      type: 'payment',
      payment: { status: 'failed', failure: { code: 'no_channel' } },
    })
    expect(alice.eventsOf('payment_failed')).toHaveLength(1)
    stage.settle()
    stage.restart(alice)
    stage.mine(12)
    expect(alice.eventsOf('payment_failed')).toHaveLength(1)
    expect(alice.channelStates()).toEqual(['closed'])
    expect(bob.eventsOf('payment_received')).toEqual([])
  })

  test('gives the payment to another one that can be used', () => {
    const stage = new Stage()
    const [alice, bob] = stage.sidesOf(['alice', 'bob'])
    // The larger one is taken first.
    const first = stage.ready(alice, bob, { capacity: 300_000n })
    const second = stage.ready(alice, bob)
    const request = payAndClose(stage, alice, bob, first)
    stage.settle()
    expect(alice.replyTo(request)).toMatchObject({ type: 'payment', payment: { status: 'succeeded' } })
    expect(bob.eventsOf('payment_received')).toHaveLength(1)
    expect([first, second].map(id => alice.link(id).state.channel?.state)).toEqual(['closing', 'normal'])
  })
})

test('a payment that waits for its turn behind another ends when the peer fails the channel; the one that is signed does not', () => {
  const stage = new Stage()
  const [alice, bob] = stage.sidesOf(['alice', 'bob'])
  const channelId = stage.ready(alice, bob)
  const [signed, proposed] = [stage.keysend(alice, bob, 1_000n), stage.keysend(alice, bob, 2_000n)]
  expect(alice.channels()[0]?.durable.htlcs.map(({ added }) => added)).toEqual(['signed', 'proposed'])
  stage.forge(bob, alice, { type: 'error', channelId, data: new Uint8Array(0) })
  expect(alice.replyTo(signed)).toBeUndefined()
  expect(alice.replyTo(proposed)).toMatchObject({ type: 'payment', payment: { status: 'failed' } })
})
