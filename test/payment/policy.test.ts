import { describe, expect, test } from 'vitest'
import { type ChannelId, jsonEncode, msat } from '../../src/base/index.ts'
import { DEFAULT_PAYMENT_LIMITS, type Outgoing, policyOf } from '../../src/payment/index.ts'
import { Node, nextRequest, START, secretOf } from './fixture.ts'

// What we ask for passing payments on (BOLT 7, the channel_update message).

const ID = '02'.repeat(32) as ChannelId

function bob(): Node {
  const node = new Node(secretOf(0xb0))
  // Of the channel, only that it is there is looked at.
  node.ways.set('1x1x1', [{ channelId: ID } as Outgoing])
  return node
}

function set(node: Node, change: object, channelId = ID) {
  const request = nextRequest()
  node.step({ type: 'set_policy', request, channelId, ...change })
  return node.replyTo(request)
}

describe('the policy of a channel', () => {
  test('is the default until our user sets another, and what is not named stays', () => {
    const node = bob()
    expect(policyOf(node.state, ID, node.context)).toEqual({
      feeBaseMsat: 1_000n,
      feeProportionalMillionths: 100,
      cltvExpiryDelta: 80,
      htlcMinimumMsat: 1n,
      disabled: false,
      updatedAt: 0,
    })
    set(node, { feeBaseMsat: msat(5n) })
    node.at({ now: START + 9_000 }).restart()
    expect(set(node, { disabled: true, htlcMaximumMsat: msat(7_000n) })).toEqual({
      type: 'policy',
      channelId: ID,
      policy: {
        feeBaseMsat: 5n,
        feeProportionalMillionths: 100,
        cltvExpiryDelta: 80,
        htlcMinimumMsat: 1n,
        htlcMaximumMsat: 7_000n,
        disabled: true,
        updatedAt: START + 9_000,
      },
    })
    expect(policyOf(node.loaded(), ID, node.context)).toMatchObject({ feeBaseMsat: 5n, disabled: true })
  })

  test.each([
    ['a delta below what is safe', { cltvExpiryDelta: 33 }],
    ['a delta of weeks', { cltvExpiryDelta: 2_017 }],
    ['half a block', { cltvExpiryDelta: 40.5 }],
    ['a base fee of more than 32 bits', { feeBaseMsat: 2n ** 32n }],
    ['a negative base fee', { feeBaseMsat: -1n }],
    ['a negative share', { feeProportionalMillionths: -1 }],
    ['a negative amount', { htlcMinimumMsat: -1n }],
    ['a largest amount below the least', { htlcMinimumMsat: 10n, htlcMaximumMsat: 9n }],
  ])('cannot have %s', (_name, change) => {
    const node = bob()
    expect(set(node, change)).toMatchObject({ type: 'refused', failure: { code: 'invalid_policy' } })
    expect(node.state.policies.size).toBe(0)
  })

  test('is one of a channel that there is', () => {
    const reply = set(bob(), { disabled: true }, '03'.repeat(32) as ChannelId)
    expect(reply).toMatchObject({ type: 'refused', failure: { code: 'unknown_channel' } })
  })

  test('can ask for the least that is safe', () => {
    const { minCltvExpiryDelta: least } = DEFAULT_PAYMENT_LIMITS
    expect(set(bob(), { cltvExpiryDelta: least })).toMatchObject({ type: 'policy' })
  })

  test('whose record is damaged is not loaded', () => {
    const node = bob()
    node.store.set(`policy/${ID}`, jsonEncode({ feeBaseMsat: 1 }))
    expect(() => node.restart()).toThrow(/policy/)
  })
})
