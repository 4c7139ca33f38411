import { expect, test } from 'vitest'
import { jsonEncode } from '../../src/base/index.ts'
import { EVENTS } from '../../src/engine/index.ts'
import { keptMsat } from '../../src/sim/invariants/endedPayments.ts'
import type { WatchedNode } from '../../src/sim/observer.ts'

// What a node may keep of what its log says that it has paid or passed on: only where the chain shows why.

const HASH = 'ab'.repeat(32)
const FORWARDED = { type: 'payment_forwarded', paymentHash: HASH, amountMsat: 1_000n, feeMsat: 5n }
const SENT = { type: 'payment_sent', payment: { number: 1, paymentHash: HASH, amountMsat: 700n, feeMsat: 3n } }

function shown(htlcs: string, hash = HASH) {
  const sentence = `The chain shows the preimage of ${hash}, which belongs to ${htlcs}: 00.`
  return { type: 'channel_onchain', kind: 'preimage_found', peer: 'bob', sentence }
}

function keptOf(...events: readonly unknown[]): bigint {
  const log = new Map(events.map((event, index) => [`${EVENTS}${index}`, jsonEncode({ at: 1, event })]))
  // All that is asked of a node.
  return keptMsat({ name: 'alice', disk: { load: () => log } } as unknown as WatchedNode)
}

test('what was passed on by the proof of another HTLC of the same hash may be kept', () => {
  expect(keptOf(FORWARDED, shown('HTLC 0 of ours and HTLC 1 of ours'))).toBe(1_000n)
})

test('what was passed on by its own proof, by that of another hash, or without any is not', () => {
  expect(keptOf(FORWARDED, shown('HTLC 1 of ours'))).toBe(0n)
  expect(keptOf(FORWARDED, shown('HTLC 0 of ours and HTLC 1 of ours', 'cd'.repeat(32)))).toBe(0n)
  expect(keptOf(FORWARDED)).toBe(0n)
})

test('what its payer has shown the preimage of itself may be kept, and nothing else of what was paid', () => {
  expect(keptOf(SENT, shown('HTLC 0 of ours and HTLC 3 of the peer'))).toBe(703n)
  expect(keptOf(SENT, shown('HTLC 0 of ours and HTLC 1 of ours'))).toBe(0n)
})
