import { defined, type FeeratePerKw } from '../base/index.ts'
import { type DustLimits, isBelow } from './dustLimits.ts'
import type { ChannelDurable, Htlc, Party } from './types.ts'
import { isRemovedFrom, otherParty, standsOn } from './updates.ts'

// What the HTLCs of a next commitment add up to. Each offer is judged by these sums, and with up to 966 HTLCs they are
// carried on from one offer to the next instead of being made anew.

/** Of what a signature given now would cover. Balances are before the fee and the anchors, which the opener pays. */
export interface Tally {
  readonly feeratePerKw: FeeratePerKw
  readonly toLocalMsat: bigint
  readonly toRemoteMsat: bigint
  /** What stands there, by who offered it. */
  readonly offered: Readonly<Record<Party, Sum>>
  readonly dust: readonly DustSum[]
}

interface Sum {
  readonly count: number
  readonly amountMsat: bigint
}

/** How many HTLCs have an output of their own under these limits, and what the others come to. */
export interface DustSum {
  readonly limits: DustLimits
  readonly untrimmed: number
  readonly dustMsat: bigint
}

/** The part of a tally that follows from the HTLCs alone. Changed in place while it is made, and never afterwards. */
interface Sums {
  /** What they change in the settled balances. */
  readonly changeMsat: Record<Party, bigint>
  readonly count: Record<Party, number>
  readonly amountMsat: Record<Party, bigint>
  readonly dust: readonly { readonly limits: DustLimits; untrimmed: number; dustMsat: bigint }[]
}

// A cache and nothing more: a list never changes, and its sums follow from it. They go when the list goes.
const known = new WeakMap<readonly Htlc[], Partial<Record<Party, Sums>>>()

/** Cost: constant where the list came from one with known sums; else one pass over the live HTLCs. */
export function nextTally(
  durable: ChannelDurable,
  holder: Party,
  terms: { readonly feeratePerKw: FeeratePerKw; readonly limits: readonly DustLimits[] },
): Tally {
  const { changeMsat, count, amountMsat, dust } = sumsOf(durable.htlcs, holder, terms.limits)
  const of = (party: Party): Sum => ({ count: count[party], amountMsat: amountMsat[party] })
  return {
    feeratePerKw: terms.feeratePerKw,
    toLocalMsat: durable.settled.localMsat + changeMsat.local,
    toRemoteMsat: durable.settled.remoteMsat + changeMsat.remote,
    offered: { local: of('local'), remote: of('remote') },
    dust,
  }
}

/** With one offer more. */
export function withOffer(tally: Tally, { offeredBy, amountMsat }: Htlc): Tally {
  const { offered } = tally
  const sum = { count: offered[offeredBy].count + 1, amountMsat: offered[offeredBy].amountMsat + amountMsat }
  return {
    feeratePerKw: tally.feeratePerKw,
    toLocalMsat: offeredBy === 'local' ? tally.toLocalMsat - amountMsat : tally.toLocalMsat,
    toRemoteMsat: offeredBy === 'remote' ? tally.toRemoteMsat - amountMsat : tally.toRemoteMsat,
    offered: offeredBy === 'local' ? { ...offered, local: sum } : { ...offered, remote: sum },
    dust: tally.dust.map(({ limits, untrimmed, dustMsat }) =>
      isBelow(limits, { offeredBy, amountMsat })
        ? { limits, untrimmed, dustMsat: dustMsat + amountMsat }
        : { limits, untrimmed: untrimmed + 1, dustMsat },
    ),
  }
}

/** `next` is `old` with one HTLC put in place of another, or added: what is known of `old` is carried on. */
export function carryTally(
  old: readonly Htlc[],
  next: readonly Htlc[],
  change: { readonly was?: Htlc; readonly is: Htlc },
): void {
  const sums = known.get(old)
  if (sums === undefined) return
  const carried: Partial<Record<Party, Sums>> = {}
  for (const holder of ['local', 'remote'] as const) {
    const before = sums[holder]
    if (before === undefined) continue
    const after = copyOf(before)
    if (change.was !== undefined) count(after, change.was, holder, -1)
    count(after, change.is, holder, 1)
    carried[holder] = after
  }
  known.set(next, carried)
}

function sumsOf(htlcs: readonly Htlc[], holder: Party, limits: readonly DustLimits[]): Sums {
  const found = known.get(htlcs)
  const sums = found?.[holder]
  if (sums !== undefined && covers(sums, limits)) return sums
  const made: Sums = {
    changeMsat: { local: 0n, remote: 0n },
    count: { local: 0, remote: 0 },
    amountMsat: { local: 0n, remote: 0n },
    dust: limits.map(each => ({ limits: each, untrimmed: 0, dustMsat: 0n })),
  }
  for (const htlc of htlcs) count(made, htlc, holder, 1)
  known.set(htlcs, { ...found, [holder]: made })
  return made
}

function covers({ dust }: Sums, limits: readonly DustLimits[]): boolean {
  return limits.every(each => dust.some(sum => isSame(sum.limits, each)))
}

function isSame(a: DustLimits, b: DustLimits): boolean {
  return a.local === b.local && a.remote === b.remote
}

/** Of limits that the tally was made for. */
export function dustSumOf({ dust }: Tally, limits: DustLimits): DustSum {
  return defined(
    dust.find(sum => isSame(sum.limits, limits)),
    'a tally was asked for limits that it was not made for',
  )
}

function copyOf({ changeMsat, count: counts, amountMsat, dust }: Sums): Sums {
  return {
    changeMsat: { local: changeMsat.local, remote: changeMsat.remote },
    count: { local: counts.local, remote: counts.remote },
    amountMsat: { local: amountMsat.local, remote: amountMsat.remote },
    dust: dust.map(({ limits, untrimmed, dustMsat }) => ({ limits, untrimmed, dustMsat })),
  }
}

/** Adds an HTLC, or takes it away. */
function count(sums: Sums, htlc: Htlc, holder: Party, sign: 1 | -1): void {
  const { offeredBy } = htlc
  const amount = sign === 1 ? htlc.amountMsat : -htlc.amountMsat
  if (standsOn(htlc, holder, 'next')) {
    sums.changeMsat[offeredBy] -= amount
    sums.count[offeredBy] += sign
    sums.amountMsat[offeredBy] += amount
    for (const sum of sums.dust) {
      if (isBelow(sum.limits, htlc)) sum.dustMsat += amount
      else sum.untrimmed += sign
    }
  } else if (htlc.resolution?.type === 'fulfill' && isRemovedFrom(htlc, holder, 'next')) {
    sums.changeMsat[offeredBy] -= amount
    sums.changeMsat[otherParty(offeredBy)] += amount
  }
}
