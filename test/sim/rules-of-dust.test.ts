import { expect, test } from 'vitest'
import { jsonEncode } from '../../src/base/index.ts'
import type { NodeEvent } from '../../src/engine/index.ts'
import { EVENTS } from '../../src/engine/index.ts'
import { payments } from '../../src/sim/invariants/payments.ts'
import type { WatchedNode, WatchedWorld } from '../../src/sim/observer.ts'

// A payee that counts a payment twice, of which one came over a channel that ended with it: excused only for what has no output, where somebody
// has tried to pay it and a commitment is on the chain.

const HASH = 'ab'.repeat(32)
const DUST = 5_000n

/** All that the rule asks of a node: its log, and that nothing is in flight. */
function nodeWith(name: string, events: readonly unknown[]): WatchedNode {
  const log = new Map(events.map((event, index) => [`${EVENTS}${index}`, jsonEncode({ at: 1, event })]))
  const disk = { load: () => log }
  return { name, id: name, disk, state: { payments: { inFlight: new Map() } } } as unknown as WatchedNode
}

const ended = (type: NodeEvent['type'], peer: string, amountMsat: bigint, number = 1) => ({
  type,
  payment: {
    number,
    paymentHash: HASH,
    amountMsat,
    peer,
    ...(type === 'payment_failed' && { failure: { code: 'refused' } }),
  },
})
const CONFIRMED = {
  type: 'channel_onchain',
  kind: 'commitment_confirmed',
  peer: 'carol',
  sentence: 'The channel closes.',
}

/** Carol pays Alice, and passes on what Bob pays her under the same hash; Alice counts both, and Bob has failed. */
function complaint(amountMsat: bigint, { isForced = true, hasTried = true } = {}): string | undefined {
  const received = (number: number) => ended('payment_received', 'carol', amountMsat, number)
  const honest = [
    nodeWith('alice', [received(1), received(2), ...(isForced ? [CONFIRMED] : [])]),
    nodeWith('bob', hasTried ? [ended('payment_failed', 'alice', amountMsat)] : []),
    nodeWith('carol', [ended('payment_sent', 'alice', amountMsat)]),
  ]
  return payments({ honest, nodes: honest } as unknown as WatchedWorld).rest?.()
}

const TWICE = /alice has ended payment abababab twice: 2 times received, where 1 may have paid it/

test('dust that was lost with a channel is counted by its payee, and failed for its payer', () => {
  expect(complaint(DUST)).toBeUndefined()
})

test('what has an output, what nobody has tried to pay, and what no commitment has lost is counted twice', () => {
  expect(complaint(354_000n)).toMatch(TWICE)
  expect(complaint(DUST, { hasTried: false })).toMatch(TWICE)
  expect(complaint(DUST, { isForced: false })).toMatch(TWICE)
})
