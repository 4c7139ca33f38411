import type { ChannelDurable, Party, UpdateStage } from '../../src/channel/types.ts'

// What a commitment holds and costs, worked out a second time from the words of BOLT 2 and 3, in plain bigint: the judge of
// the machine's own arithmetic. It shares no code with it.

export interface NaiveHtlc {
  readonly by: Party
  readonly msat: bigint
}

/** The next commitment of one side: what a signature given now would cover. */
export interface NaiveView {
  readonly holder: Party
  readonly local: bigint
  readonly remote: bigint
  readonly feerate: bigint
  readonly htlcs: readonly NaiveHtlc[]
}

const other = (party: Party): Party => (party === 'local' ? 'remote' : 'local')

/** BOLT 2: an update counts for its receiver at once, for its sender when the receiver has acknowledged it. */
function counts(stage: UpdateStage, sender: Party, holder: Party): boolean {
  return sender !== holder || stage === 'acknowledged' || stage === 'countersigned' || stage === 'irrevocable'
}

export function naiveView(durable: ChannelDurable, holder: Party): NaiveView {
  const balance = { local: BigInt(durable.settled.localMsat), remote: BigInt(durable.settled.remoteMsat) }
  const htlcs: NaiveHtlc[] = []
  for (const { offeredBy: by, amountMsat, added, removed, resolution } of durable.htlcs) {
    if (!counts(added, by, holder)) continue
    const gone = removed !== undefined && counts(removed, other(by), holder)
    if (!gone) htlcs.push({ by, msat: amountMsat })
    if (!gone || resolution?.type === 'fulfill') balance[by] -= amountMsat
    if (gone && resolution?.type === 'fulfill') balance[other(by)] += amountMsat
  }
  const opener = durable.params.role === 'opener' ? 'local' : 'remote'
  const fees = durable.feeUpdates.filter(({ stage }) => counts(stage, opener, holder))
  return { holder, ...balance, htlcs, feerate: BigInt(fees.at(-1)?.feeratePerKw ?? durable.feeratePerKw) }
}

/** With one HTLC more, whose amount has left its sender. */
export function withOffer(view: NaiveView, by: Party, msat: bigint): NaiveView {
  return { ...view, [by]: view[by] - msat, htlcs: [...view.htlcs, { by, msat }] }
}

/** BOLT 3, trimmed outputs. */
export function isNaiveDust(
  { params }: ChannelDurable,
  holder: Party,
  feerate: bigint,
  { by, msat }: NaiveHtlc,
): boolean {
  const weight = by === holder ? 663n : 703n
  const secondStage = params.format === 'static_remotekey' ? (weight * feerate) / 1000n : 0n
  return msat / 1000n < params[holder].dustLimitSat + secondStage
}

export function naiveDustMsat(durable: ChannelDurable, holder: Party, { htlcs, feerate }: NaiveView): bigint {
  return htlcs.reduce((sum, htlc) => (isNaiveDust(durable, holder, feerate, htlc) ? sum + htlc.msat : sum), 0n)
}

/** BOLT 3, fee calculation, in sat, with `extra` HTLCs more. */
export function naiveFeeSat(durable: ChannelDurable, holder: Party, { htlcs, feerate }: NaiveView, extra = 0n): bigint {
  const untrimmed = htlcs.filter(htlc => !isNaiveDust(durable, holder, feerate, htlc)).length
  const base = durable.params.format === 'static_remotekey' ? 724n : 1124n
  return (feerate * (base + 172n * (BigInt(untrimmed) + extra))) / 1000n
}

export function naiveAnchorsSat({ params }: ChannelDurable): bigint {
  return params.format === 'anchors_zero_fee_htlc' ? 660n : 0n
}

export const openerOf = ({ params }: ChannelDurable): Party => (params.role === 'opener' ? 'local' : 'remote')

/** What a party lacks to keep its reserve and, as opener, to pay; zero or less where it can. */
export function naiveShortfall(
  durable: ChannelDurable,
  view: NaiveView,
  { party, holder, extra = 0n }: { readonly party: Party; readonly holder: Party; readonly extra?: bigint },
): bigint {
  const reserve = durable.params[other(party)].channelReserveSat
  const pays = party === openerOf(durable)
  const cost = pays ? naiveFeeSat(durable, holder, view, extra) + naiveAnchorsSat(durable) : 0n
  return (reserve + cost) * 1000n - view[party]
}

/** The amounts of all outputs in sat, in no order, and what the miner gets. */
export function naiveOutputs(
  durable: ChannelDurable,
  holder: Party,
  view: NaiveView,
): { readonly outputs: readonly bigint[]; readonly feeSat: bigint } {
  const cost = naiveFeeSat(durable, holder, view) + naiveAnchorsSat(durable)
  const balance = { local: view.local / 1000n, remote: view.remote / 1000n }
  const opener = openerOf(durable)
  balance[opener] = balance[opener] > cost ? balance[opener] - cost : 0n
  const kept = view.htlcs.filter(htlc => !isNaiveDust(durable, holder, view.feerate, htlc))
  const outputs = kept.map(({ msat }) => msat / 1000n)
  for (const party of ['local', 'remote'] as const) {
    const there = balance[party] >= durable.params[holder].dustLimitSat
    if (there) outputs.push(balance[party])
    if (durable.params.format === 'anchors_zero_fee_htlc' && (there || kept.length > 0)) outputs.push(330n)
  }
  const paid = outputs.reduce((sum, amount) => sum + amount, 0n)
  return { outputs, feeSat: durable.params.fundingAmountSat - paid }
}
