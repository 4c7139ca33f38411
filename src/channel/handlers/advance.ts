import { add, assert, subtract } from '../../base/index.ts'
import type { Balances, ChannelDurable, ChannelEffect, FeeUpdate, Htlc, Party, UpdateStage } from '../types.ts'
import { otherParty } from '../updates.ts'

// Moves every update one stage on, after a commitment_signed or a revoke_and_ack of either side, and settles what has
// become irrevocable: the base feerate changes, finished HTLCs leave the state and their money finds its owner.

export interface Advanced {
  readonly durable: ChannelDurable
  /** HTLCs of the peer that have just become irrevocable: they may be resolved now. */
  readonly received: readonly Htlc[]
  /** What there is to tell of the HTLCs that are gone for good. */
  readonly effects: readonly ChannelEffect[]
}

type Move = (stage: UpdateStage, sender: Party, by: Party) => UpdateStage

/** Cost: one pass over the live HTLCs; those that do not move keep their identity, so that they are not stored again. */
export function advance(durable: ChannelDurable, move: Move, by: Party): Advanced {
  const opener: Party = durable.params.role === 'opener' ? 'local' : 'remote'
  const effects: ChannelEffect[] = []
  const received: Htlc[] = []
  const htlcs: Htlc[] = []
  let settled = durable.settled
  for (const htlc of durable.htlcs) {
    const moved = moveHtlc(htlc, move, by)
    const isNew = moved.added === 'irrevocable' && htlc.added !== 'irrevocable'
    if (isNew && moved.offeredBy === 'remote') received.push(moved)
    if (moved.removed === 'irrevocable') {
      settled = settle(settled, moved)
      effects.push(...endOf(moved))
    } else htlcs.push(moved)
  }
  const fee = moveFees(durable, update => move(update.stage, opener, by))
  return { durable: { ...durable, ...fee, htlcs, settled }, received, effects }
}

function moveHtlc(htlc: Htlc, move: Move, by: Party): Htlc {
  const added = move(htlc.added, htlc.offeredBy, by)
  const removed = htlc.removed === undefined ? undefined : move(htlc.removed, otherParty(htlc.offeredBy), by)
  if (added === htlc.added && removed === htlc.removed) return htlc
  return { ...htlc, added, ...(removed !== undefined && { removed }) }
}

function settle(settled: Balances, htlc: Htlc): Balances {
  if (htlc.resolution?.type !== 'fulfill') return settled
  const { amountMsat } = htlc
  return htlc.offeredBy === 'local'
    ? { localMsat: subtract(settled.localMsat, amountMsat), remoteMsat: add(settled.remoteMsat, amountMsat) }
    : { localMsat: add(settled.localMsat, amountMsat), remoteMsat: subtract(settled.remoteMsat, amountMsat) }
}

function endOf(htlc: Htlc): readonly ChannelEffect[] {
  const { offeredBy, id, paymentHash, resolution } = htlc
  assert(resolution !== undefined, 'an HTLC is removed with a resolution')
  const settledEvent: ChannelEffect = { type: 'event', event: { type: 'htlc_settled', offeredBy, id } }
  if (offeredBy === 'remote' || resolution.type === 'fulfill') return [settledEvent]
  return [{ type: 'event', event: { type: 'htlc_failed', id, paymentHash, resolution } }, settledEvent]
}

function moveFees(
  durable: ChannelDurable,
  move: (update: FeeUpdate) => UpdateStage,
): Pick<ChannelDurable, 'feeratePerKw' | 'feeUpdates'> {
  let feeratePerKw = durable.feeratePerKw
  const feeUpdates: FeeUpdate[] = []
  for (const update of durable.feeUpdates) {
    const stage = move(update)
    if (stage === 'irrevocable') feeratePerKw = update.feeratePerKw
    else feeUpdates.push(stage === update.stage ? update : { ...update, stage })
  }
  return { feeratePerKw, feeUpdates }
}
