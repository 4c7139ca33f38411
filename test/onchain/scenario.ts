import type { CommitmentTx } from '../../src/commitment/index.ts'
import type { ModelHtlc, Name } from './fixture.ts'

/** Two HTLCs each way, of which the receiver may know one preimage (1 of Alice's, 3 of Bob's), and one without an output. */
export function fourHtlcs(height: number): readonly ModelHtlc[] {
  const each = { from: 1, until: 9 }
  return [
    { ...each, offeredBy: 'alice', id: 0, amountSat: 50_000, cltvExpiry: height + 30, preimageSeed: 1 },
    { ...each, offeredBy: 'alice', id: 1, amountSat: 40_000, cltvExpiry: height + 34, preimageSeed: 2 },
    { ...each, offeredBy: 'bob', id: 0, amountSat: 30_000, cltvExpiry: height + 32, preimageSeed: 3 },
    { ...each, offeredBy: 'bob', id: 1, amountSat: 20_000, cltvExpiry: height + 36, preimageSeed: 4 },
    { ...each, offeredBy: 'alice', id: 2, amountSat: 300, cltvExpiry: height + 31, preimageSeed: 5 },
  ]
}

/**
 * What `name` gets from a commitment, once the HTLCs with id 0 are fulfilled and the others timed out: less the fees that are
 * fixed in second stages without anchors, which count as its own.
 */
export function dueSat(built: CommitmentTx, holder: Name, name: Name): bigint {
  let due = 0n
  for (const output of built.outputs) {
    if (output.type === 'to_local' && holder === name) due += output.amountSat
    if (output.type === 'to_remote' && holder !== name) due += output.amountSat
    if (output.type !== 'htlc') continue
    const offerer = (output.htlc.direction === 'offered') === (holder === 'alice') ? 'alice' : 'bob'
    const isFulfilled = output.htlc.id === 0
    if ((offerer === name) !== isFulfilled) due += output.amountSat
  }
  return due
}
