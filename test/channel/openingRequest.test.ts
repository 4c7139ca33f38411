import { describe, expect, it } from 'vitest'
import { type ChannelId, concat, defined, feeratePerKw, fromHex, msat, sat } from '../../src/base/index.ts'
import { type OpenChannelRequest, openChannel } from '../../src/channel/handlers/openChannel.ts'
import type { ChannelLimits } from '../../src/channel/limits.ts'
import type { ChannelContext, ChannelStep } from '../../src/channel/types.ts'
import { ALL_FEATURES, contextOf, requestOf, TEMPORARY_ID } from './harness.ts'
import { expectRefusal } from './refusals.ts'

// BOLT 2, open_channel, sender: every rule broken by one figure of a request of our own, and kept by the next one.

const ZERO_ID = '00'.repeat(32) as ChannelId
/** A legacy script, which no `shutdown` may carry. */
const P2PKH = fromHex('76a914000102030405060708090a0b0c0d0e0f1011121388ac')
const TAPROOT = concat(fromHex('5120'), new Uint8Array(32).fill(3))

interface Case {
  readonly code: string
  readonly changes: Partial<OpenChannelRequest>
  /** The same request, as far as it may go. */
  readonly kept?: Partial<OpenChannelRequest>
  readonly limits?: Partial<ChannelLimits>
  readonly idsInUse?: readonly ChannelId[]
}

describe('BOLT 2, open_channel, sender', () => {
  const section = 'BOLT 2, open_channel, sender'
  const base = requestOf({ pushMsat: msat(0n) })
  const cases: readonly Case[] = [
    { code: 'temporary_id_zero', changes: { temporaryChannelId: ZERO_ID } },
    { code: 'temporary_id_in_use', changes: {}, idsInUse: [TEMPORARY_ID] },
    {
      code: 'funding_too_small',
      changes: { fundingAmountSat: sat(19_999) },
      kept: { fundingAmountSat: sat(20_000) },
    },
    {
      code: 'large_channel_not_negotiated',
      changes: { fundingAmountSat: sat(16_777_216), negotiated: { ...ALL_FEATURES, largeChannels: false } },
      kept: { fundingAmountSat: sat(16_777_215), negotiated: { ...ALL_FEATURES, largeChannels: false } },
    },
    {
      code: 'funding_too_large',
      changes: { fundingAmountSat: sat(1_000_000_001) },
      kept: { fundingAmountSat: sat(1_000_000_000) },
    },
    { code: 'push_too_large', changes: { pushMsat: msat(1_000_000_001n) } },
    {
      code: 'feerate_too_low',
      changes: { feeratePerKw: feeratePerKw(252) },
      kept: { feeratePerKw: feeratePerKw(253) },
    },
    {
      code: 'feerate_too_high',
      changes: { feeratePerKw: feeratePerKw(250_001) },
      kept: { feeratePerKw: feeratePerKw(250_000) },
    },
    {
      // 724 weight without anchors.
      code: 'opener_cannot_pay_fee',
      changes: { format: 'static_remotekey', feeratePerKw: feeratePerKw(1_000), pushMsat: msat(999_276_001n) },
      kept: { format: 'static_remotekey', feeratePerKw: feeratePerKw(1_000), pushMsat: msat(999_276_000n) },
    },
    {
      code: 'commitment_fee_too_high',
      changes: { fundingAmountSat: sat(20_000), feeratePerKw: feeratePerKw(8_311) },
      kept: { fundingAmountSat: sat(20_000), feeratePerKw: feeratePerKw(8_310) },
    },
    {
      code: 'both_balances_below_reserve',
      changes: { pushMsat: msat(500_000_999n) },
      kept: { pushMsat: msat(500_001_000n) },
      limits: { reservePartsPerMillion: 500_000 },
    },
    {
      code: 'upfront_shutdown_script_invalid',
      changes: { upfrontShutdownScript: P2PKH },
      kept: { upfrontShutdownScript: TAPROOT },
    },
    { code: 'to_self_delay_out_of_range', changes: { toSelfDelay: 0 }, kept: { toSelfDelay: 1 } },
    { code: 'to_self_delay_out_of_range', changes: { toSelfDelay: 2_017 }, kept: { toSelfDelay: 2_016 } },
    { code: 'to_self_delay_out_of_range', changes: { toSelfDelay: 1.5 } },
  ]

  function open(changes: Partial<OpenChannelRequest>, test: Pick<Case, 'limits' | 'idsInUse'>): ChannelStep {
    const context: ChannelContext = { ...contextOf('alice', test.limits), channelIdsInUse: test.idsInUse ?? [] }
    return openChannel({ ...base, ...changes }, context)
  }

  it.each(cases)('rejects the request and sends nothing: $code', ({ code, changes, ...test }) => {
    expectRefusal(open(changes, test), undefined, { code, section, severity: 'reject' }, TEMPORARY_ID)
  })

  it.each(cases.filter(({ kept }) => kept !== undefined))(
    'opens with what is just within $code',
    ({ kept, ...test }) => {
      const { failure, next } = open(defined(kept, 'filtered'), test)
      expect(failure).toBeUndefined()
      expect(next.state).toBe('wait_for_accept_channel')
    },
  )

  it('says with figures what was wrong', () => {
    expect(open({ pushMsat: msat(1_000_000_001n) }, {}).failure).toEqual({
      severity: 'reject',
      code: 'push_too_large',
      expected: 'a push_msat of at most the funding, 1000000000 msat',
      got: '1000000001 msat',
      section,
    })
  })
})
