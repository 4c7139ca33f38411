import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defined, feeratePerKw, msat, sat } from '../../src/base/index.ts'
import { remoteCommitmentTx } from '../../src/channel/contents.ts'
import { acceptChannel } from '../../src/channel/handlers/acceptChannel.ts'
import { localCommitmentTx } from '../../src/channel/handlers/commitmentSigned.ts'
import { openChannel } from '../../src/channel/handlers/openChannel.ts'
import type { PeerMessage } from '../../src/channel/types.ts'
import { decodeMessage, type OpenChannel } from '../../src/wire/index.ts'
import {
  ALL_FEATURES,
  contextOf,
  created,
  deliverNext,
  durableOf,
  input,
  opened,
  otherName,
  proposed,
  requestOf,
  rewired,
} from './harness.ts'

// What holds for every opening, whatever its terms.

const terms = fc.record({
  format: fc.constantFrom('static_remotekey' as const, 'anchors_zero_fee_htlc' as const),
  funding: fc.bigInt(20_000n, 30_000_000n),
  pushPercent: fc.bigInt(0n, 100n),
  feerate: fc.integer({ min: 253, max: 20_000 }),
})

describe('BOLT 2, channel establishment v1: properties', () => {
  it('every request is refused, or leads to two sides that agree to the satoshi', () => {
    let opens = 0
    fc.assert(
      fc.property(terms, ({ format, funding, pushPercent, feerate }) => {
        const options = {
          format,
          fundingAmountSat: sat(funding),
          pushMsat: msat((funding * 1000n * pushPercent) / 100n),
          feeratePerKw: feeratePerKw(feerate),
        }
        const request = openChannel(requestOf(options), contextOf('alice'))
        if (request.next.state === 'aborted') return
        opens += 1
        const { alice, bob } = opened(options)
        expect([alice.channel.state, bob.channel.state]).toEqual(['normal', 'normal'])
        const [ours, theirs] = [durableOf(alice), durableOf(bob)]
        expect(theirs.settled).toEqual({ localMsat: ours.settled.remoteMsat, remoteMsat: ours.settled.localMsat })
        expect(remoteCommitmentTx(ours, 'latest').txid).toBe(localCommitmentTx(theirs, 0, bob.context).txid)
        expect(remoteCommitmentTx(theirs, 'latest').txid).toBe(localCommitmentTx(ours, 0, alice.context).txid)
      }),
      { numRuns: 40, seed: 1 },
    )
    // The property would say nothing if everything were refused.
    expect(opens).toBeGreaterThan(20)
  })

  it('open_channel with any figures is answered or refused, and never throws', () => {
    const u64 = fc.bigInt(0n, (1n << 64n) - 1n)
    const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 })
    const u16 = fc.integer({ min: 0, max: 65_535 })
    const point = fc.uint8Array({ minLength: 33, maxLength: 33 }).map(bytes => bytes.with(0, 2))
    const changes: fc.Arbitrary<Partial<OpenChannel>> = fc.record(
      {
        fundingSatoshis: u64.map(sat),
        pushMsat: u64.map(msat),
        dustLimitSatoshis: u64.map(sat),
        maxHtlcValueInFlightMsat: u64.map(msat),
        channelReserveSatoshis: u64.map(sat),
        htlcMinimumMsat: u64.map(msat),
        feeratePerKw: u32.map(feeratePerKw),
        toSelfDelay: u16,
        maxAcceptedHtlcs: u16,
        paymentBasepoint: point,
        channelFlags: fc.integer({ min: 0, max: 255 }),
        upfrontShutdownScript: fc.uint8Array({ maxLength: 90 }),
        channelType: fc.uint8Array({ maxLength: 8 }),
      },
      { requiredKeys: [] },
    )
    const { message } = proposed()
    fc.assert(
      fc.property(changes, changed => {
        const open = rewired({ ...message, ...changed })
        const result = acceptChannel(
          { message: open, channelKeyIndex: 0, negotiated: ALL_FEATURES, trustZeroConf: false },
          contextOf('bob'),
        )
        const [effect] = result.effects
        expect(result.effects).toHaveLength(1)
        const answer = result.failure === undefined ? 'accept_channel' : 'error'
        expect(effect).toMatchObject({ type: 'send', message: { type: answer } })
        expect(result.next.state).toBe(result.failure === undefined ? 'wait_for_funding_created' : 'aborted')
      }),
      { numRuns: 200, seed: 2 },
    )
  })

  it.each([
    { name: 'bob', stage: 'funding_created' },
    { name: 'alice', stage: 'funding_signed' },
  ] as const)('one wrong bit anywhere in $stage keeps nothing', ({ name, stage }) => {
    fc.assert(
      fc.property(fc.nat(), fc.nat({ max: 7 }), (place, bit) => {
        const duo = created()
        if (stage === 'funding_signed') deliverNext(duo, 'bob')
        const bytes = defined(duo[otherName(name)].outbox.shift(), stage)
        const at = place % bytes.length
        const decoded = decodeMessage(bytes.with(at, (bytes[at] ?? 0) ^ (1 << bit)))
        if (!decoded.ok || decoded.value.type === 'unknown') return
        // Another message type than a channel's cannot come out of one flipped bit here.
        const message = decoded.value as PeerMessage
        const { next, writes, effects } = input(duo, name, { type: 'message', message })
        expect(next.state).toBe('aborted')
        expect(writes).toEqual([])
        expect(effects.map(({ type }) => type)).toEqual(['send', 'event'])
      }),
      { numRuns: 60, seed: 3 },
    )
  })
})
