import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, jsonDecode, jsonEncode, toHex } from '../../src/base/index.ts'
import type { HtlcResolution } from '../../src/channel/index.ts'
import { decodeFailure, fulfillHoldTimes } from '../../src/onion/index.ts'
import { failing, fulfilling, passingBack, type WayBack } from '../../src/payment/wayBack.ts'
import { fresh, START, secretOf } from './fixture.ts'

// What goes back with an HTLC says how long we have held it, in units of 100 ms (BOLT 4, initialization and update of attribution_data).

const OURS = secretOf(0x11)
const THEIRS = secretOf(0x22)
const way = (change: Partial<WayBack> = {}): WayBack => ({
  sharedSecret: toHex(OURS),
  position: 'outside',
  receivedAt: START,
  ...change,
})
const FAILURE = { type: 'temporary_node_failure' } as const
const EXPIRED = START + 250

function readFailure(resolution: HtlcResolution, sharedSecrets: readonly Uint8Array[] = [OURS]) {
  if (resolution.type !== 'fail') throw new Error(`expected a failure, got ${resolution.type}`)
  return decodeFailure({ ...resolution, sharedSecrets })
}

function readTimes(resolution: HtlcResolution, sharedSecrets: readonly Uint8Array[] = [OURS]) {
  if (resolution.type !== 'fulfill') throw new Error(`expected a preimage, got ${resolution.type}`)
  const { attributionData } = resolution
  return attributionData === undefined ? undefined : fulfillHoldTimes({ sharedSecrets, attributionData })
}

describe('the hold time', () => {
  test.each([
    ['the time since it was irrevocable, cut off to 100 ms', START, EXPIRED, 2],
    ['nothing in less', START, START + 99, 0],
    ['not known where an earlier version has stored the way back', undefined, EXPIRED, 0],
    ['not known where the clock was set back', START, START - 1, 0],
    ['as much as the field holds', 0, 0x1_0000_0000 * 100, 0xffff_ffff],
  ] as const)('is %s', (_, receivedAt, now, holdTime) => {
    const { receivedAt: _none, ...old } = way()
    const from = receivedAt === undefined ? old : way({ receivedAt })
    expect(readFailure(failing(from, FAILURE, now))).toEqual({
      type: 'from_hop',
      hop: 0,
      failure: FAILURE,
      holdTimes: [holdTime],
    })
    expect(readTimes(fulfilling(from, { paymentPreimage: fresh() }, now))).toEqual([holdTime])
  })

  test('is the same after a restart', () => {
    const stored = jsonDecode<WayBack>(jsonEncode(way()))
    if (!stored.ok) throw new Error(stored.error.message)
    expect(failing(stored.value, FAILURE, EXPIRED)).toEqual(failing(way(), FAILURE, EXPIRED))
  })

  test('never makes anything throw, whatever the clock says', () => {
    const times = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER })
    fc.assert(
      fc.property(times, times, (receivedAt, now) => {
        expect(readFailure(failing(way({ receivedAt }), FAILURE, now))).toMatchObject({ type: 'from_hop', hop: 0 })
      }),
      { numRuns: 20 },
    )
  })
})

describe('what comes from behind', () => {
  const behind = failing(way({ sharedSecret: toHex(THEIRS) }), FAILURE, START + 100)

  test('gets our word on top of the others', () => {
    if (behind.type !== 'fail') throw new Error(behind.type)
    expect(readFailure(passingBack(way(), behind, EXPIRED), [OURS, THEIRS])).toMatchObject({
      hop: 1,
      holdTimes: [2, 1],
    })
    const paymentPreimage = fresh()
    const paid = fulfilling(way({ sharedSecret: toHex(THEIRS) }), { paymentPreimage }, START + 100)
    if (paid.type !== 'fulfill') throw new Error(paid.type)
    const passedOn = fulfilling(way(), paid, EXPIRED)
    expect(passedOn).toMatchObject({ type: 'fulfill', paymentPreimage })
    expect(readTimes(passedOn, [OURS, THEIRS])).toEqual([2, 1])
  })

  test('gets it also where nobody behind us has said a word', () => {
    if (behind.type !== 'fail') throw new Error(behind.type)
    const { reason } = behind
    expect(readFailure(passingBack(way(), { type: 'fail', reason }, EXPIRED), [OURS, THEIRS])).toMatchObject({
      hop: 1,
      holdTimes: [2],
    })
    expect(readTimes(fulfilling(way(), { paymentPreimage: fresh() }, EXPIRED), [OURS, THEIRS])).toEqual([2])
  })

  test('is answered in our name where it could not be read there', () => {
    const malformed = { type: 'fail_malformed', sha256OfOnion: secretOf(3), failureCode: 0xc005 } as const
    expect(readFailure(passingBack(way(), malformed, EXPIRED), [OURS, THEIRS])).toMatchObject({
      hop: 0,
      holdTimes: [2],
      failure: { type: 'invalid_onion_hmac' },
    })
  })
})

describe('a blinded path', () => {
  const sha256OfOnion = toHex(secretOf(4))

  test('begins with a node that says how long it has held it', () => {
    const from = way({ position: 'introduction', sha256OfOnion })
    expect(readFailure(failing(from, FAILURE, EXPIRED))).toMatchObject({
      failure: { type: 'invalid_onion_blinding', sha256OfOnion: fromHex(sha256OfOnion) },
      holdTimes: [2],
    })
    expect(readTimes(fulfilling(from, { paymentPreimage: fresh() }, EXPIRED))).toEqual([2])
  })

  test('is of nodes that say nothing', () => {
    const from = way({ position: 'inside', sha256OfOnion })
    const paymentPreimage = fresh()
    const attributionData = new Uint8Array(920)
    expect(failing(from, FAILURE, EXPIRED)).toMatchObject({ type: 'fail_malformed' })
    expect(fulfilling(from, { paymentPreimage, attributionData }, EXPIRED)).toEqual({
      type: 'fulfill',
      paymentPreimage,
    })
  })
})
