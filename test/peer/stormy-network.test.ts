import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StormyNetwork } from './stormyNetwork.ts'

// Two nodes on a network with delays, failed dials and connections that die, at both ends or at one: each end has one connection at
// most at any time and never dials beside it, and when the storm is over they find one another.

const MINUTE = 60_000
const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 })

function expectOneLine(network: StormyNetwork): void {
  const [{ line: a }, { line: b }] = network.peers
  expect([a.type, b.type]).toEqual(['up', 'up'])
  expect(a.type !== 'none' && b.type !== 'none' && a.connection === b.connection).toBe(true)
  expect(network.live()).toHaveLength(1)
}

describe('two nodes that want each other', () => {
  it('have one line and the same, once the storm is over', () => {
    fc.assert(
      fc.property(seeds, seed => {
        const network = new StormyNetwork(seed, 20 * MINUTE)
        network.runUntil(20 * MINUTE)
        // A dead line is noticed within 50 seconds, and the longest back-off takes 5 minutes.
        network.runUntil(28 * MINUTE)
        expectOneLine(network)
        // It is the last one: nothing moves but pings.
        const { dials } = network
        network.runUntil(60 * MINUTE)
        expect(network.dials).toBe(dials)
        expectOneLine(network)
      }),
      { numRuns: 100 },
    )
  })

  it('need a dial of each, and no third, where there is no storm', () => {
    fc.assert(
      fc.property(seeds, seed => {
        const network = new StormyNetwork(seed, 0)
        network.runUntil(MINUTE)
        expectOneLine(network)
        expect(network.dials).toBeLessThanOrEqual(2)
      }),
      { numRuns: 500 },
    )
  })
})
