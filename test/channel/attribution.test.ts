import { describe, expect, it } from 'vitest'
import { type HtlcResolution, loadDurable } from '../../src/channel/index.ts'
import type { UpdateFailHtlc } from '../../src/wire/index.ts'
import { ALL_FEATURES, connect, type Duo, deliver, deliverNext, durableOf, input, opened, received } from './harness.ts'
import { add, eventsOf, preimageOf, settle } from './payments.ts'
import { cut } from './reconnecting.ts'

// Attribution data on their way over a channel (BOLT 2, removing an HTLC). What they say is nothing to a channel: they are 920 bytes to it.

const SAID = new Uint8Array(920).map((_, at) => at)
const FAILED: HtlcResolution = { type: 'fail', reason: new Uint8Array(292).fill(5), attributionData: SAID }
const PAID: HtlcResolution = { type: 'fulfill', paymentPreimage: preimageOf(1), attributionData: SAID }
const WITHOUT = { ...ALL_FEATURES, attributionData: false }

/** Alice has offered Bob an HTLC, and he decides; with what he has sent not yet arrived. */
function decided(resolution: HtlcResolution): Duo {
  const duo = opened()
  add(duo, 'alice', { amountMsat: 20_000_000n, secret: 1 })
  settle(duo)
  input(duo, 'bob', { type: 'resolve_htlc', id: 0, resolution })
  return duo
}

const recordsOf = (side: Duo['alice']): readonly string[] =>
  [...side.records.keys()].filter(key => key.startsWith('attribution/'))

describe('what is said of hold times', () => {
  it('arrives with a failure, and is told when that is irrevocable', () => {
    const duo = decided(FAILED)
    expect(received(duo.bob.outbox[0] ?? SAID)).toMatchObject({ type: 'update_fail_htlc', attributionData: SAID })
    settle(duo)
    expect(eventsOf(duo.alice)).toContainEqual(expect.objectContaining({ type: 'htlc_failed', resolution: FAILED }))
  })

  it('arrives with a preimage, and is told at once; nothing of it is kept', () => {
    const duo = decided(PAID)
    deliverNext(duo, 'alice')
    expect(eventsOf(duo.alice)).toContainEqual(
      expect.objectContaining({ type: 'htlc_fulfilled', paymentPreimage: preimageOf(1), attributionData: SAID }),
    )
    expect(recordsOf(duo.alice)).toEqual([])
  })

  it.each([
    ['a failure', { type: 'fail', reason: new Uint8Array(292) }],
    ['a preimage', { type: 'fulfill', paymentPreimage: preimageOf(1) }],
  ] as const)('is nothing where %s comes without', (_, resolution) => {
    const duo = decided(resolution)
    expect(received(duo.bob.outbox[0] ?? SAID)).not.toHaveProperty('attributionData')
    settle(duo)
    expect(JSON.stringify(eventsOf(duo.alice))).not.toContain('attributionData')
  })

  it.each([FAILED, PAID])(
    'of a $type is said again to a peer that has not got it, also after a restart',
    resolution => {
      for (const restarts of [[], ['bob']] as const) {
        const duo = decided(resolution)
        input(duo, 'bob', { type: 'commit' })
        const said = duo.bob.outbox[0]
        cut(duo, restarts)
        connect(duo)
        deliverNext(duo, 'bob')
        // After channel_reestablish.
        expect(duo.bob.outbox[1]).toEqual(said)
        deliver(duo)
        settle(duo)
        expect(durableOf(duo.alice).htlcs).toEqual([])
      }
    },
  )

  it.each([FAILED, PAID])('of a $type is not said to a peer without the feature', resolution => {
    for (const restarts of [[], ['bob']] as const) {
      const duo = decided(resolution)
      input(duo, 'bob', { type: 'commit' })
      cut(duo, restarts)
      connect(duo, WITHOUT)
      deliverNext(duo, 'bob')
      expect(received(duo.bob.outbox[1] ?? SAID)).not.toHaveProperty('attributionData')
      deliver(duo)
      settle(duo)
      expect(durableOf(duo.alice).htlcs).toEqual([])
    }
  })

  it('is left out where the reason leaves no room for it in a message', () => {
    // type, channel_id, id, len; and the record: type, length, data.
    const longest = 65_535 - (2 + 32 + 8 + 2) - (1 + 3 + 920)
    for (const [bytes, has] of [
      [longest, true],
      [longest + 1, false],
    ] as const) {
      const duo = decided({ type: 'fail', reason: new Uint8Array(bytes), attributionData: SAID })
      const message = received(duo.bob.outbox[0] ?? SAID) as UpdateFailHtlc
      expect(message.reason).toHaveLength(bytes)
      expect(message.attributionData).toEqual(has ? SAID : undefined)
      expect((duo.bob.outbox[0] ?? SAID).length).toBe(has ? 65_535 : 65_535 - 923)
    }
  })
})

describe('the record of it', () => {
  it('is there as long as the HTLC, on the side that says it and on the one that waits for the failure', () => {
    const duo = decided(FAILED)
    expect(recordsOf(duo.bob)).toEqual(['attribution/r/00000000000000'])
    deliverNext(duo, 'alice')
    expect(recordsOf(duo.alice)).toEqual(['attribution/l/00000000000000'])
    settle(duo)
    expect([recordsOf(duo.alice), recordsOf(duo.bob)]).toEqual([[], []])
  })

  it('is written once', () => {
    const duo = decided(FAILED)
    const { writes } = input(duo, 'bob', { type: 'commit' })
    expect(writes.some(({ key }) => key.startsWith('htlc/'))).toBe(true)
    expect(writes.filter(({ key }) => key.startsWith('attribution/'))).toEqual([])
  })

  it('may be missing, as it was before there was any', () => {
    const { bob } = decided(FAILED)
    const [key = ''] = recordsOf(bob)
    const old = new Map(bob.records)
    old.delete(key)
    const loaded = loadDurable(old)
    const { attributionData: _none, ...before } = FAILED as Extract<HtlcResolution, { type: 'fail' }>
    expect(loaded.ok && loaded.value.htlcs[0]?.resolution).toEqual(before)
  })

  it.each([
    ['is too short', FAILED, SAID.subarray(1)],
    [
      'is of an HTLC that could not be read',
      { type: 'fail_malformed', sha256OfOnion: SAID.slice(0, 32), failureCode: 0xc005 },
      SAID,
    ],
  ] as const)('is damaged where it %s', (_, resolution, bytes) => {
    const { bob } = decided(resolution)
    const records = new Map(bob.records).set('attribution/r/00000000000000', bytes)
    expect(loadDurable(records)).toMatchObject({ ok: false })
  })
})
