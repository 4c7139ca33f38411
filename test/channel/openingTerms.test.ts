import { describe, expect, it } from 'vitest'
import {
  type BlockHash,
  type ChannelId,
  concat,
  defined,
  feeratePerKw,
  fromHex,
  msat,
  sat,
} from '../../src/base/index.ts'
import { acceptChannel } from '../../src/channel/handlers/acceptChannel.ts'
import type { ChannelLimits } from '../../src/channel/limits.ts'
import type { ChannelContext, ChannelStep, NegotiatedFeatures } from '../../src/channel/types.ts'
import { type AcceptChannel, channelTypes, featureBits, type OpenChannel } from '../../src/wire/index.ts'
import {
  ALL_FEATURES,
  answered,
  contextOf,
  input,
  NO_FEATURES,
  type OpeningOptions,
  proposed,
  received,
  rewired,
  TEMPORARY_ID,
  walletScript,
} from './harness.ts'
import { expectRefusal } from './refusals.ts'

// BOLT 2, open_channel and accept_channel: every rule broken by one figure, and kept by the next one.

const ZERO_ID = '00'.repeat(32) as ChannelId
/** The form of a point, but no x coordinate of the curve. */
const NO_POINT = concat(Uint8Array.of(2), new Uint8Array(32).fill(0xff))
const MINIMUM_CHANNEL = { fundingAmountSat: sat(20_000), pushMsat: msat(0n) }

/** A legacy script, which no `shutdown` may carry. */
const P2PKH = fromHex('76a914000102030405060708090a0b0c0d0e0f1011121388ac')
const TAPROOT = concat(fromHex('5120'), new Uint8Array(32).fill(3))
const OP_RETURN = fromHex('6a06000102030405')

const KEYS = [
  ['fundingPubkey', 'invalid_funding_pubkey'],
  ['revocationBasepoint', 'invalid_revocation_basepoint'],
  ['paymentBasepoint', 'invalid_payment_basepoint'],
  ['delayedPaymentBasepoint', 'invalid_delayed_payment_basepoint'],
  ['htlcBasepoint', 'invalid_htlc_basepoint'],
  ['firstPerCommitmentPoint', 'invalid_first_per_commitment_point'],
] as const

/** The fields of both messages. */
type Shared = Pick<OpenChannel, keyof OpenChannel & keyof AcceptChannel & string> & Partial<AcceptChannel>
type Changes = { readonly [K in keyof Shared]?: Shared[K] | undefined }

interface Case<C> {
  readonly code: string
  readonly changes: C
  /** The same message, as far as it may go. */
  readonly kept?: C
  readonly limits?: Partial<ChannelLimits>
  readonly negotiated?: NegotiatedFeatures
  readonly options?: OpeningOptions
  readonly idsInUse?: readonly ChannelId[]
}

/** Rules of open_channel that accept_channel repeats (BOLT 2, accept_channel, last sentence of the requirements). */
const SHARED: readonly Case<Changes>[] = [
  ...KEYS.map(([field, code]) => ({ code, changes: { [field]: NO_POINT } })),
  { code: 'to_self_delay_too_large', changes: { toSelfDelay: 2_017 }, kept: { toSelfDelay: 2_016 } },
  { code: 'max_accepted_htlcs_too_large', changes: { maxAcceptedHtlcs: 484 }, kept: { maxAcceptedHtlcs: 483 } },
  { code: 'max_accepted_htlcs_too_small', changes: { maxAcceptedHtlcs: 4 }, kept: { maxAcceptedHtlcs: 5 } },
  {
    code: 'max_htlc_value_in_flight_too_small',
    changes: { maxHtlcValueInFlightMsat: msat(4_999_999n) },
    kept: { maxHtlcValueInFlightMsat: msat(5_000_000n) },
  },
  {
    // Where the capacity is below the limit, no more than the capacity can be asked for.
    code: 'max_htlc_value_in_flight_too_small',
    changes: { maxHtlcValueInFlightMsat: msat(999_999_999n) },
    kept: { maxHtlcValueInFlightMsat: msat(1_000_000_000n) },
    limits: { minHtlcValueInFlightMsat: msat(2_000_000_000n) },
  },
  {
    code: 'htlc_minimum_too_large',
    changes: { htlcMinimumMsat: msat(1_000_001n) },
    kept: { htlcMinimumMsat: msat(1_000_000n) },
  },
  {
    code: 'dust_limit_too_small',
    changes: { dustLimitSatoshis: sat(353) },
    kept: { dustLimitSatoshis: sat(354) },
  },
  {
    code: 'dust_limit_too_large',
    changes: { dustLimitSatoshis: sat(1_063) },
    kept: { dustLimitSatoshis: sat(1_062) },
  },
  {
    code: 'reserve_below_dust_limit',
    changes: { dustLimitSatoshis: sat(700), channelReserveSatoshis: sat(699) },
    kept: { dustLimitSatoshis: sat(700), channelReserveSatoshis: sat(700) },
  },
  {
    code: 'reserve_too_large',
    changes: { channelReserveSatoshis: sat(50_001) },
    kept: { channelReserveSatoshis: sat(50_000) },
  },
  {
    // 5 % of this channel are less than a dust limit may be.
    code: 'reserve_too_large',
    changes: { channelReserveSatoshis: sat(1_063) },
    kept: { channelReserveSatoshis: sat(1_062) },
    options: MINIMUM_CHANNEL,
  },
  {
    code: 'upfront_shutdown_script_missing',
    changes: { upfrontShutdownScript: undefined },
    kept: { upfrontShutdownScript: new Uint8Array(0) },
  },
  { code: 'upfront_shutdown_script_invalid', changes: { upfrontShutdownScript: P2PKH } },
  { code: 'upfront_shutdown_script_invalid', changes: { upfrontShutdownScript: new Uint8Array(10_000).fill(0x6a) } },
  {
    code: 'upfront_shutdown_script_invalid',
    changes: { upfrontShutdownScript: TAPROOT },
    kept: { upfrontShutdownScript: walletScript(5) },
    negotiated: NO_FEATURES,
  },
  {
    code: 'upfront_shutdown_script_invalid',
    changes: { upfrontShutdownScript: OP_RETURN },
    kept: { upfrontShutdownScript: TAPROOT },
    negotiated: { ...NO_FEATURES, shutdownAnySegwit: true },
  },
  {
    code: 'upfront_shutdown_script_invalid',
    changes: { upfrontShutdownScript: TAPROOT },
    kept: { upfrontShutdownScript: OP_RETURN },
    negotiated: { ...NO_FEATURES, simpleClose: true },
  },
  {
    code: 'reserve_below_our_dust_limit',
    changes: { channelReserveSatoshis: sat(599) },
    kept: { channelReserveSatoshis: sat(600) },
    limits: { dustLimitSat: sat(600) },
  },
]

/** What a feature asks for in the message that is judged: with none negotiated the script may be left out. */
const NEUTRAL = { upfrontShutdownScript: undefined } as const

describe('BOLT 2, open_channel, receiver', () => {
  const section = 'BOLT 2, open_channel, receiver'
  type OpenChanges = { readonly [K in keyof OpenChannel]?: OpenChannel[K] | undefined }
  const cases: readonly Case<OpenChanges>[] = [
    ...SHARED,
    { code: 'unknown_chain', changes: { chainHash: '11'.repeat(32) as BlockHash } },
    { code: 'channel_type_missing', changes: { channelType: undefined } },
    {
      code: 'channel_type_not_minimal',
      changes: { channelType: concat(Uint8Array.of(0), channelTypes.ANCHORS) },
      kept: { channelType: channelTypes.ANCHORS },
    },
    {
      code: 'channel_type_not_supported',
      changes: { channelType: new Uint8Array(0) },
      kept: { channelType: channelTypes.STATIC_REMOTEKEY },
    },
    {
      code: 'zeroconf_not_trusted',
      changes: { channelType: featureBits(12, 22, 50) },
      kept: { channelType: featureBits(12, 22, 46) },
    },
    { code: 'channel_type_not_supported', changes: { channelType: featureBits(12, 22, 47) } },
    { code: 'channel_type_not_supported', changes: { channelType: featureBits(13, 22) } },
    { code: 'channel_type_not_supported', changes: { channelType: new Uint8Array(30_000).fill(0xff) } },
    {
      code: 'funding_too_small',
      changes: { fundingSatoshis: sat(19_999), channelReserveSatoshis: sat(400) },
      kept: { fundingSatoshis: sat(20_000), channelReserveSatoshis: sat(400) },
      options: MINIMUM_CHANNEL,
    },
    {
      code: 'large_channel_not_negotiated',
      changes: { fundingSatoshis: sat(1n << 24n), ...NEUTRAL },
      kept: { fundingSatoshis: sat((1n << 24n) - 1n), ...NEUTRAL },
      negotiated: NO_FEATURES,
    },
    {
      code: 'funding_too_large',
      changes: { fundingSatoshis: sat(1_000_000_001) },
      kept: { fundingSatoshis: sat(1_000_000_000) },
    },
    { code: 'funding_too_large', changes: { fundingSatoshis: sat((1n << 64n) - 1n) } },
    // All of the funding may be pushed as far as push_msat goes; it is the fee that is then missing.
    { code: 'opener_cannot_pay_fee', changes: { pushMsat: msat(1_000_000_000n) } },
    { code: 'push_too_large', changes: { pushMsat: msat(1_000_000_001n) } },
    { code: 'push_too_large', changes: { pushMsat: msat((1n << 64n) - 1n) } },
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
      // 1124 weight at 1000 sat per 1000 weight are 1124 sat, and the two anchors 660.
      code: 'opener_cannot_pay_fee',
      changes: { feeratePerKw: feeratePerKw(1_000), pushMsat: msat(998_216_001n) },
      kept: { feeratePerKw: feeratePerKw(1_000), pushMsat: msat(998_216_000n) },
    },
    {
      code: 'commitment_fee_too_high',
      changes: {
        fundingSatoshis: sat(20_000),
        channelReserveSatoshis: sat(400),
        pushMsat: msat(0n),
        feeratePerKw: feeratePerKw(8_311),
      },
      kept: {
        fundingSatoshis: sat(20_000),
        channelReserveSatoshis: sat(400),
        pushMsat: msat(0n),
        feeratePerKw: feeratePerKw(8_310),
      },
    },
    {
      // 19,999 sat less 18,937 of fee and anchors leave 1,062 to the opener, and the accepter has as much.
      code: 'both_balances_below_reserve',
      changes: {
        fundingSatoshis: sat(21_062),
        channelReserveSatoshis: sat(1_062),
        pushMsat: msat(1_062_999n),
        feeratePerKw: feeratePerKw(16_261),
      },
      kept: {
        fundingSatoshis: sat(21_062),
        channelReserveSatoshis: sat(1_062),
        pushMsat: msat(1_063_000n),
        feeratePerKw: feeratePerKw(16_261),
      },
      limits: { maxCommitmentFeePartsPerMillion: 1_000_000 },
    },
    {
      // The peer asks for little, but we ask for half of the channel.
      code: 'both_balances_below_reserve',
      changes: { pushMsat: msat(500_000_999n) },
      kept: { pushMsat: msat(500_001_000n) },
      limits: { reservePartsPerMillion: 500_000 },
    },
  ]

  function accept(changes: OpenChanges, test: Omit<Case<OpenChanges>, 'code' | 'changes'>): ChannelStep {
    const { message } = proposed({ negotiated: ALL_FEATURES, ...test.options })
    const context: ChannelContext = { ...contextOf('bob', test.limits), channelIdsInUse: test.idsInUse ?? [] }
    const request = { channelKeyIndex: 0, negotiated: test.negotiated ?? ALL_FEATURES, trustZeroConf: false }
    return acceptChannel({ ...request, message: withChanges(message, changes) }, context)
  }

  it.each(cases)('fails the channel: $code', ({ code, changes, ...test }) => {
    expectRefusal(accept(changes, test), undefined, { code, section, severity: 'fail_channel' }, TEMPORARY_ID)
  })

  it.each(cases.filter(({ kept }) => kept !== undefined))('accepts what is just within $code', ({ kept, ...test }) => {
    const { failure, next } = accept(defined(kept, 'filtered'), test)
    expect(failure).toBeUndefined()
    expect(next.state).toBe('wait_for_funding_created')
  })

  it.each([
    { code: 'temporary_id_zero', temporaryChannelId: ZERO_ID, idsInUse: [] },
    { code: 'temporary_id_in_use', temporaryChannelId: TEMPORARY_ID, idsInUse: [ZERO_ID, TEMPORARY_ID] },
  ])('closes the connection instead of sending an error that would fail other channels: $code', ({ code, ...test }) => {
    const result = accept({ temporaryChannelId: test.temporaryChannelId }, { idsInUse: test.idsInUse })
    expectRefusal(result, undefined, { code, section, severity: 'close_connection' }, ZERO_ID)
  })

  it('ignores undefined bits of channel_flags', () => {
    expect(accept({ channelFlags: 0xfe }, {}).next).toMatchObject({ announce: false })
    expect(accept({ channelFlags: 0xff }, {}).next).toMatchObject({ announce: true })
  })

  it('bounds what it repeats of a peer', () => {
    const { failure } = accept({ upfrontShutdownScript: new Uint8Array(10_000).fill(0x6a) }, {})
    expect(failure?.got).toBe(`${'6a'.repeat(64)}... (10000 bytes)`)
    const whole = accept({ upfrontShutdownScript: new Uint8Array(64).fill(0x6a) }, {})
    expect(whole.failure?.got).toBe('6a'.repeat(64))
  })

  it('lets upfront_shutdown_script be left out where it was not negotiated', () => {
    const { next } = accept({ upfrontShutdownScript: undefined }, { negotiated: NO_FEATURES })
    expect(next.state).toBe('wait_for_funding_created')
  })

  it('rejects an upfront script of our own that no shutdown may carry, and sends nothing', () => {
    const { message } = proposed()
    const request = {
      message,
      channelKeyIndex: 0,
      negotiated: ALL_FEATURES,
      trustZeroConf: false,
      upfrontShutdownScript: P2PKH,
    }
    const refusal = { code: 'upfront_shutdown_script_invalid', section: 'BOLT 2, accept_channel, sender' } as const
    const result = acceptChannel(request, contextOf('bob'))
    expectRefusal(result, undefined, { ...refusal, severity: 'reject' }, TEMPORARY_ID)
  })
})

describe('BOLT 2, accept_channel, receiver', () => {
  const section = 'BOLT 2, accept_channel, receiver'
  const cases: readonly Case<Changes>[] = [
    ...SHARED,
    { code: 'wrong_temporary_channel_id', changes: { temporaryChannelId: '7f'.repeat(32) as ChannelId } },
    { code: 'channel_type_missing', changes: { channelType: undefined } },
    { code: 'channel_type_mismatch', changes: { channelType: channelTypes.STATIC_REMOTEKEY } },
    { code: 'channel_type_mismatch', changes: { channelType: concat(Uint8Array.of(0), channelTypes.ANCHORS) } },
    { code: 'minimum_depth_too_large', changes: { minimumDepth: 101 }, kept: { minimumDepth: 100 } },
    {
      // Our reserve in this channel is our own dust limit.
      code: 'dust_limit_above_our_reserve',
      changes: { dustLimitSatoshis: sat(355), channelReserveSatoshis: sat(400) },
      kept: { dustLimitSatoshis: sat(354), channelReserveSatoshis: sat(400) },
      options: MINIMUM_CHANNEL,
    },
    {
      code: 'both_balances_below_reserve',
      changes: { channelReserveSatoshis: sat(1_000) },
      kept: { channelReserveSatoshis: sat(999) },
      options: {
        fundingAmountSat: sat(20_000),
        pushMsat: msat(1_000_000n),
        // 16,014 × 1124 / 1000 = 17,999 sat of fee and 660 of anchors leave 341 to the opener.
        feeratePerKw: feeratePerKw(16_014),
      },
      limits: { maxCommitmentFeePartsPerMillion: 1_000_000 },
    },
  ]

  /** Alice judges Bob's message, whatever limits Bob has. */
  function receive(changes: Changes, test: Omit<Case<Changes>, 'code' | 'changes'>): ChannelStep & { before: unknown } {
    const negotiated = test.negotiated ?? ALL_FEATURES
    const limits = { maxReservePartsPerMillion: 1_000_000, maxCommitmentFeePartsPerMillion: 1_000_000 }
    const duo = answered({ ...test.options, negotiated, limits: { alice: test.limits ?? {}, bob: limits } })
    // Bob has sent accept_channel, and nothing else.
    const message = received(defined(duo.bob.outbox.shift(), 'accept_channel')) as AcceptChannel
    const before = duo.alice.channel
    return { ...input(duo, 'alice', { type: 'message', message: withChanges(message, changes) }), before }
  }

  it.each(cases)('fails the channel: $code', ({ code, changes, ...test }) => {
    expectRefusal(receive(changes, test), undefined, { code, section, severity: 'fail_channel' }, TEMPORARY_ID)
  })

  it.each(cases.filter(({ kept }) => kept !== undefined))('accepts what is just within $code', ({ kept, ...test }) => {
    const { failure, next } = receive(defined(kept, 'filtered'), test)
    expect(failure).toBeUndefined()
    expect(next.state).toBe('wait_for_funding_transaction')
  })
})

/** The message with other fields, over the wire; `undefined` takes a record out. */
function withChanges<M extends OpenChannel | AcceptChannel>(
  message: M,
  changes: { readonly [K in keyof M]?: M[K] | undefined },
): M {
  const changed = Object.entries({ ...message, ...changes }).filter(([, value]) => value !== undefined)
  // The same fields, with values of the same types.
  return rewired(Object.fromEntries(changed) as unknown as M)
}
