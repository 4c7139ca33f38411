import { type OutPoint, outPointKey, type PaymentHash, paymentHash } from '../base/index.ts'
import type { Tx } from '../bitcoin/index.ts'
import { sha256 } from '../crypto/index.ts'
import { offererOf } from './outputs.ts'
import type { ChainFacts, ChannelHtlc, ChannelView, HtlcRef } from './types.ts'

// Preimages that transactions reveal. They are looked for by what they hash to, in every witness, whatever transaction it is in:
// an HTLC-success, a direct claim, or many of them joined in one (BOLT 5, HTLC output handling).

/** The HTLCs of every commitment that may still confirm, each once, and those of the revoked one that did. */
export function knownHtlcs(view: ChannelView, facts: ChainFacts): readonly ChannelHtlc[] {
  const known = new Map<string, ChannelHtlc>()
  for (const htlc of [...validHtlcs(view), ...(facts.revoked?.htlcs ?? [])]) known.set(htlcKey(htlc), htlc)
  return [...known.values()]
}

/** The HTLCs of every commitment that may still confirm, each once. */
export function validHtlcs({ localCommit, remoteCommit, remoteNext }: ChannelView): readonly ChannelHtlc[] {
  const valid = new Map<string, ChannelHtlc>()
  for (const { holder, input } of [
    { holder: 'local', input: localCommit.input },
    { holder: 'remote', input: remoteCommit.input },
    ...(remoteNext === undefined ? [] : [{ holder: 'remote', input: remoteNext.input } as const]),
  ] as const) {
    for (const { direction, id, amountMsat, paymentHash, cltvExpiry } of input.htlcs) {
      const htlc = { offeredBy: offererOf(direction, holder), id, amountMsat, paymentHash, cltvExpiry }
      valid.set(htlcKey(htlc), htlc)
    }
  }
  return [...valid.values()]
}

/** The key of an HTLC in maps. Never its hash: several may share one. */
export function htlcKey({ offeredBy, id }: HtlcRef): string {
  return `${offeredBy}:${id}`
}

/** The preimages among the witnesses of `tx` that belong to one of these hashes. Cost: one hash for each item of 32 bytes. */
export function preimagesIn(tx: Tx, hashes: ReadonlySet<PaymentHash>): ReadonlyMap<PaymentHash, Uint8Array> {
  const found = new Map<PaymentHash, Uint8Array>()
  for (const input of tx.inputs) {
    for (const item of input.witness) {
      if (item.length !== 32) continue
      const hash = paymentHash(sha256(item))
      if (hashes.has(hash)) found.set(hash, item)
    }
  }
  return found
}

/** Whether the input of `tx` that spends `outpoint` shows the preimage of `hash`. */
export function revealsPreimage(tx: Tx, outpoint: OutPoint, hash: PaymentHash): boolean {
  const spent = outPointKey(outpoint)
  const inputs = tx.inputs.filter(input => outPointKey(input.outpoint) === spent)
  return preimagesIn({ ...tx, inputs }, new Set([hash])).size > 0
}
