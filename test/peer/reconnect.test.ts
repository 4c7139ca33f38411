import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BugError } from '../../src/base/index.ts'
import { DEFAULT_PEER_LIMITS, type PeerInput } from '../../src/peer/index.ts'
import { closes, DOWN, initOf, One, sends } from './one.ts'

// When a peer is dialled: backed off, never beside another dial or a line.

const here = { host: 'here', port: 9735 }
const there = { host: 'there', port: 9735 }
const yonder = { host: 'there', port: 19735 }
const want = (...addresses: readonly { host: string; port: number }[]): PeerInput => ({
  type: 'wanted',
  wanted: true,
  addresses,
})
const dials = (...addresses: readonly { host: string; port: number }[]) => ({ type: 'dial', addresses })

function wanted(context = {}): One {
  const one = new One(context)
  expect(one.do(want(here, there))).toEqual([dials(here, there)])
  return one
}

/** The time until the next dial, which then fails. */
function failOnce(one: One): number {
  one.do({ type: 'dial_failed' })
  return untilDial(one)
}

function untilDial(one: One): number {
  const { phase } = one.state.dial
  if (phase.type !== 'waiting') throw new Error('expected another dial')
  const ms = phase.nextAt - one.context.now
  expect(one.after(ms - 1)).toEqual([])
  expect(one.after(1)).toMatchObject([{ type: 'dial' }])
  return ms
}

describe('a wanted peer', () => {
  it('is dialled at once', () => {
    wanted()
  })

  it('is not dialled without an address, nor when it is not wanted', () => {
    const one = new One()
    expect(one.all({ type: 'wanted', wanted: true })).toEqual([])
    expect(one.all({ type: 'wanted', wanted: false, addresses: [here] })).toEqual([])
    expect(one.state.dial.addresses).toEqual([here])
    expect(one.do({ type: 'wanted', wanted: true })).toEqual([dials(here)])
  })

  it('wanted once more is no other peer', () => {
    const one = wanted()
    const before = one.state
    expect(one.do({ type: 'wanted', wanted: true })).toEqual([])
    expect(one.state).toBe(before)
  })

  it('is dialled once, however often it is asked for', () => {
    const one = wanted()
    expect(one.do(want(yonder))).toEqual([])
    expect(one.do({ type: 'wanted', wanted: false })).toEqual([])
    expect(one.do({ type: 'wanted', wanted: true })).toEqual([])
    expect(one.after(1_000_000)).toEqual([])
  })

  it('is dialled at once, before the back-off is over, where it is asked for by address', () => {
    const one = wanted()
    for (let failures = 0; failures < 6; failures++) failOnce(one)
    one.do({ type: 'dial_failed' })
    expect(one.do({ type: 'wanted', wanted: true })).toEqual([])
    expect(one.do(want(yonder))).toEqual([dials(yonder)])
    // And patience starts anew.
    expect(failOnce(one)).toBe(1_000)
  })

  it('has a bounded number of addresses', () => {
    const addresses = Array.from({ length: 20 }, (_, port) => ({ host: 'here', port }))
    expect(new One().do(want(...addresses))).toEqual([dials(...addresses.slice(0, 8))])
  })

  it('that is no longer wanted is not dialled again, and a line with it stays', () => {
    const one = wanted()
    one.do({ type: 'dial_failed' })
    expect(one.do({ type: 'wanted', wanted: false })).toEqual([])
    expect(one.after(1_000_000)).toEqual([])
    one.up()
    one.do({ type: 'wanted', wanted: true })
    expect(one.do({ type: 'wanted', wanted: false })).toEqual([])
    expect(one.state.line.type).toBe('up')
    expect(one.do({ type: 'ended', connection: 1 })).toEqual([DOWN])
    expect(one.after(1_000_000)).toEqual([])
  })
})

describe('the back-off', () => {
  it('doubles from its lower bound to half of its upper one, without jitter', () => {
    const one = wanted()
    const waits = Array.from({ length: 11 }, () => failOnce(one))
    expect(waits.map(ms => ms / 1000)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 150, 150, 150])
  })

  it('stays within its bounds, whatever the jitter and the failures', () => {
    const entropy = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
    fc.assert(
      fc.property(fc.array(entropy, { maxLength: 40 }), entropies => {
        const one = wanted()
        for (const [failures, entropy] of entropies.entries()) {
          one.context = { ...one.context, entropy }
          const ms = failOnce(one)
          expect(ms).toBeGreaterThanOrEqual(Math.min(1_000 * 2 ** failures, 150_000))
          expect(ms).toBeLessThanOrEqual(Math.min(2_000 * 2 ** failures, 300_000))
        }
      }),
    )
  })

  it('is not below its lower bound where the bounds are one', () => {
    const limits = { ...DEFAULT_PEER_LIMITS, maxBackoffMs: 1_000 }
    const one = wanted({ limits })
    expect([failOnce(one), failOnce(one)]).toEqual([1_000, 1_000])
  })

  it('grows with lines that do not last', () => {
    const one = wanted()
    const waits = Array.from({ length: 4 }, (_, connection) => {
      one.do({ type: 'connected', connection, outgoing: true, address: here })
      one.receive(initOf(), connection)
      one.at(one.context.now + 59_999)
      one.do({ type: 'ended', connection })
      return untilDial(one)
    })
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000])
  })

  it('starts anew after a line that lasted', () => {
    const one = wanted()
    for (let failures = 0; failures < 6; failures++) failOnce(one)
    one.do({ type: 'connected', connection: 1, outgoing: true, address: there })
    one.receive(initOf())
    one.at(one.context.now + 60_000)
    expect(one.do({ type: 'ended', connection: 1 })).toEqual([DOWN])
    expect(one.after(999)).toEqual([])
    // The address that worked comes first.
    expect(one.after(1)).toEqual([dials(there, here)])
    expect(failOnce(one)).toBe(1_000)
  })

  it('holds for a peer that is refused as for one that is not there', () => {
    const one = wanted()
    one.do({ type: 'connected', connection: 1, outgoing: true, address: here })
    expect(one.receive(initOf({ networks: [] }))).toEqual([sends('warning'), closes('networks')])
    expect(one.after(999)).toEqual([])
    expect(one.after(1)).toEqual([dials(here, there)])
    expect(failOnce(one)).toBe(2_000)
  })
})

describe('addresses', () => {
  it('take turns to be tried first', () => {
    const one = new One()
    one.do(want(here, there, yonder))
    one.do({ type: 'dial_failed' })
    expect(one.after(1_000)).toEqual([dials(there, yonder, here)])
    one.do({ type: 'dial_failed' })
    expect(one.after(2_000)).toEqual([dials(yonder, here, there)])
  })

  it('that were taken off the list while they were dialled stay off', () => {
    const one = wanted()
    one.do(want(yonder))
    one.do({ type: 'connected', connection: 1, outgoing: true, address: here })
    expect(one.state.dial.addresses).toEqual([yonder])
  })

  it('that are gone when the dial fails are not dialled again', () => {
    const one = wanted()
    one.do(want())
    one.do({ type: 'dial_failed' })
    expect(one.after(1_000_000)).toEqual([])
  })
})

describe('a dial and a line', () => {
  it('never wait beside each other: a peer that comes by itself is not dialled', () => {
    const one = wanted()
    one.do({ type: 'dial_failed' })
    one.up()
    expect(one.state.dial.phase).toEqual({ type: 'idle' })
    expect(one.do(want(yonder))).toEqual([])
  })

  it('may meet when the peer comes first; a dial that fails then is no matter', () => {
    const one = wanted().up()
    expect(one.do(want(here))).toEqual([])
    expect(one.all({ type: 'dial_failed' })).toEqual([])
    expect(one.state.line.type).toBe('up')
    expect(one.state.dial).toMatchObject({ phase: { type: 'idle' }, attempts: 0 })
  })

  it('may meet, and the line may end first: the dial under way is the next one', () => {
    const one = wanted().up()
    expect(one.all({ type: 'ended', connection: 1 })).toEqual([DOWN])
    expect(one.after(20_000)).toEqual([])
    expect(one.do({ type: 'connected', connection: 2, outgoing: true })).toEqual([sends('init', 2)])
  })

  it('fail only when they are there', () => {
    expect(() => new One().do({ type: 'dial_failed' })).toThrow(BugError)
  })
})
