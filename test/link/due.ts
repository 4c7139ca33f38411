import type { CommitmentFormat } from '../../src/commitment/index.ts'
import type { Picture, PictureHtlc } from './scribe.ts'
import { DUST_LIMITS_SAT, type Name, otherName } from './stage.ts'

// What a side is owed when a commitment transaction confirms. It is calculated from the picture of that commitment alone, which
// is drawn from the messages on the wire, by this rule:
//
//   of a commitment that is not revoked:
//       its balance, in whole satoshis; for Alice, who opened the channel, less the commitment fee and two anchors of 330 sat;
//       nothing where that is below the dust limit of the commitment's holder
//     + each HTLC that it offered, unless the peer took it on the chain with the preimage
//     + each HTLC that it was offered and whose preimage it may use
//     - an HTLC counts in whole satoshis, and for nothing where it is trimmed: below the holder's dust limit plus the fee of its
//       second stage
//     - what its own transactions pay to miners, each at most its feerate × its weight; second stages without anchors pay what
//       both have signed
//     - outputs that cost more to take than they hold, which nobody takes
//
//   of a commitment that the peer has revoked: everything on it but the anchors, less the same fees, and less the fees that the
//   peer's second stages have burnt before.
//
// All weights are those of BOLT 3, appendix A, as figures.

const ANCHOR_SAT = 330n

interface Terms {
  readonly base: bigint
  readonly perHtlc: bigint
  readonly timeout: bigint
  readonly success: bigint
  readonly anchors: bigint
}

const TERMS: Readonly<Record<CommitmentFormat, Terms>> = {
  static_remotekey: { base: 724n, perHtlc: 172n, timeout: 663n, success: 703n, anchors: 0n },
  // Second stages pay no fee of their own.
  anchors_zero_fee_htlc: { base: 1124n, perHtlc: 172n, timeout: 0n, success: 0n, anchors: 2n * ANCHOR_SAT },
}

/** The fee that both sides have signed for the second stage of an HTLC on this commitment. */
export function secondStageFeeSat(format: CommitmentFormat, picture: Picture, htlc: PictureHtlc): bigint {
  const weight = htlc.offeredBy === picture.holder ? TERMS[format].timeout : TERMS[format].success
  return (BigInt(picture.feeratePerKw) * weight) / 1000n
}

/** The HTLCs that have an output. */
export function untrimmed(format: CommitmentFormat, picture: Picture): readonly PictureHtlc[] {
  const dustLimit = DUST_LIMITS_SAT[picture.holder]
  return picture.htlcs.filter(htlc => wholeSat(htlc.amountMsat) >= dustLimit + secondStageFeeSat(format, picture, htlc))
}

/** What a side's main output holds; zero where it has none. */
export function mainOutputSat(format: CommitmentFormat, picture: Picture, name: Name): bigint {
  const { base, perHtlc, anchors } = TERMS[format]
  const weight = base + perHtlc * BigInt(untrimmed(format, picture).length)
  const cost = name === 'alice' ? (BigInt(picture.feeratePerKw) * weight) / 1000n + anchors : 0n
  const left = wholeSat(picture.balancesMsat[name]) - cost
  return left >= DUST_LIMITS_SAT[picture.holder] ? left : 0n
}

/** Due of a commitment that is not revoked, before the fees of the side's own transactions. */
export function dueSat(
  format: CommitmentFormat,
  picture: Picture,
  name: Name,
  facts: {
    /** Whether the peer took an HTLC of ours with its preimage, on the chain. */
    readonly isTaken: (htlc: PictureHtlc) => boolean
    /** Whether we may use the preimage of an HTLC that we were offered. */
    readonly isKnown: (htlc: PictureHtlc) => boolean
  },
): bigint {
  let due = mainOutputSat(format, picture, name)
  for (const htlc of untrimmed(format, picture)) {
    const isOurs = htlc.offeredBy === name ? !facts.isTaken(htlc) : facts.isKnown(htlc)
    if (isOurs) due += wholeSat(htlc.amountMsat)
  }
  return due
}

/** Due of a commitment that the peer has revoked, before the fees of the side's own transactions: `burntSat` is the peer's. */
export function dueOfRevokedSat(format: CommitmentFormat, picture: Picture, burntSat: bigint): bigint {
  const { holder } = picture
  const mains = mainOutputSat(format, picture, holder) + mainOutputSat(format, picture, otherName(holder))
  return untrimmed(format, picture).reduce((sum, htlc) => sum + wholeSat(htlc.amountMsat), mains) - burntSat
}

function wholeSat(amountMsat: bigint): bigint {
  return amountMsat / 1000n
}
